//! Factors on their way into a formula.

use super::account::Input;

/// A formula without the parentheses around all of it.
pub fn alone(formula: &str) -> &str {
    let inside = formula.strip_prefix('(').and_then(|f| f.strip_suffix(')'));
    let closes = |inside: &&str| {
        let mut open = 0;
        inside.chars().all(|c| {
            open += i32::from(c == '(') - i32::from(c == ')');
            open >= 0
        })
    };
    inside.filter(closes).unwrap_or(formula)
}

/// Factors, of which those that are 1 are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Product {
    /// Nothing for 1.
    pub formula: String,
    /// What stands in it.
    pub inputs: Vec<Input>,
}

impl Product {
    /// Times this.
    pub fn by(&mut self, input: Input) {
        if input.value != 1.0 {
            let name = input.name.clone();
            self.times(&name, vec![input]);
        }
    }

    /// Times what this gives.
    pub fn times(&mut self, formula: &str, inputs: Vec<Input>) {
        if !self.formula.is_empty() {
            self.formula.push_str(" x ");
        }
        self.formula.push_str(formula);
        self.know(inputs);
    }

    /// Plus another.
    pub fn plus(&mut self, other: Product) {
        if !self.formula.is_empty() {
            self.formula.push_str(" + ");
        }
        self.formula.push_str(other.text());
        self.know(other.inputs);
    }

    /// Minus another, a product.
    pub fn minus(&mut self, other: Product) {
        self.formula.push_str(" - ");
        self.formula.push_str(other.text());
        self.know(other.inputs);
    }

    fn know(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            if !self.inputs.contains(&input) {
                self.inputs.push(input);
            }
        }
    }

    /// As a formula.
    pub fn text(&self) -> &str {
        if self.formula.is_empty() {
            "1"
        } else {
            &self.formula
        }
    }
}
