//! `let` constants: their values, and the values of all that is computed from them.

use super::amounts::{self, Slot};
use super::arithmetic::{Amount, by_zero, combine};
use super::doubtful;
use super::fields::remedy;
use super::kind::{Kind, header};
use super::quantity;
use super::scope::{Program, Ref};
use crate::base::span::{Span, Spanned};
use crate::base::units;
use crate::base::units::Unit;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::syntax::ast::{Arith, Expr, Item, Name, Number, Param, SizeExpr, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Constants that lead from one to the next without end in sight.
const DEEPEST: usize = 500;

/// Why something has no value.
#[derive(Debug, Clone, Copy)]
pub enum Stop {
    /// For a mistake that is reported.
    Reported,
    /// It depends on a parameter that has no value yet.
    Open(Known),
}

/// What is known of an amount without a value.
#[derive(Debug, Clone, Copy)]
pub enum Known {
    /// Nothing: a parameter may have any unit.
    Nothing,
    /// Its unit, `None` for a plain number: it is a sum with an amount of this unit.
    Unit(Option<&'static Unit>),
}

/// What names mean in an expression besides constants.
#[derive(Default)]
pub struct Env {
    /// The module whose constants are meant.
    pub module: usize,
    /// Parameters, with their values once they have some.
    pub params: BTreeMap<String, Option<Amount>>,
    /// Parameters that were read.
    pub read: BTreeSet<String>,
}

/// The constants of all modules.
#[derive(Default)]
pub struct Constants {
    known: BTreeMap<Ref, Option<Amount>>,
    computing: Vec<Ref>,
    read: BTreeSet<Ref>,
}

impl Program<'_> {
    /// Computes all constants of some modules and puts the values of all expressions in their
    /// places. What depends on parameters waits for arguments.
    pub fn settle_modules(&mut self, modules: std::ops::Range<usize>) {
        for module in modules.clone() {
            for at in self.blocks(module) {
                if let Item::Let(decl) = self.item(at) {
                    let name = decl.name.clone();
                    self.check_name(&name, "constant");
                    let _ = self.constant(at);
                }
            }
        }
        for module in modules {
            let mut items = self.take_items(module);
            for item in &mut items {
                let params = match item {
                    Item::Dataflow(decl) => decl.params.clone(),
                    Item::Menu(decl) => decl.params.clone(),
                    Item::Let(_) | Item::Use(_) => continue,
                    _ => Vec::new(),
                };
                let mut env = Env {
                    module,
                    ..Env::default()
                };
                if let Item::Network(decl) = &*item {
                    self.diagnostics.extend(doubtful::products(decl));
                }
                self.check_params(&params, &mut env);
                self.settle(item, &mut env);
                self.unread_params(item, &params, &env);
            }
            self.put_items(module, items);
        }
    }

    /// Puts the values of a block's expressions in their places.
    pub fn settle(&mut self, item: &mut Item, env: &mut Env) {
        amounts::visit(item, &mut |slot| match slot {
            Slot::Number(number) => self.settle_number(number, env),
            Slot::Value(value) => {
                let word = match value {
                    Value::Path(path) => path.word().cloned(),
                    _ => None,
                };
                if let Some(word) = word.filter(|w| self.is_constant(&w.node, env)) {
                    *value = Value::Number(self.settled(word, env));
                }
            }
            Slot::Size(SizeExpr::Number(number)) => self.settle_number(number, env),
            Slot::Size(size @ SizeExpr::Computed(_)) => self.settle_computed(size, env),
            Slot::Size(size) => {
                let SizeExpr::Name(word) = &*size else {
                    return;
                };
                if Dim::parse(&word.node).is_some() || !self.is_constant(&word.node, env) {
                    return;
                }
                if matches!(env.params.get(&word.node), Some(None)) {
                    // Any name is a size as long as there is no menu.
                    env.read.insert(word.node.clone());
                    return;
                }
                *size = SizeExpr::Number(self.settled(word.clone(), env));
            }
        });
    }

    /// A computed size is a number, unless a dimension or a knob is in it: then the constants among
    /// its operands have their values put in their places.
    fn settle_computed(&mut self, size: &mut SizeExpr, env: &mut Env) {
        let SizeExpr::Computed(expr) = size else {
            return;
        };
        if !self.depends(expr, env) {
            let mut number = Number {
                value: 0.0,
                integer: None,
                unit: None,
                span: expr.span(),
                expr: Some(Box::new(expr.clone())),
            };
            self.settle_number(&mut number, env);
            let settled = number.expr.is_none() && number.unit.is_none();
            if settled && number.value.fract() != 0.0 && divides(expr) {
                // Its quotients are rounded up, as those of knobs and dimensions are.
                self.settle_parts(expr, env);
            } else {
                *size = SizeExpr::Number(number);
            }
            return;
        }
        self.settle_operands(expr, env);
    }

    /// Whether a name in an expression is no constant: a dimension, or what may be a knob.
    fn depends(&self, expr: &Expr, env: &Env) -> bool {
        match expr {
            Expr::Literal(_) => false,
            Expr::Name(word) => self.is_plain_size(&word.node, env),
            Expr::Chain { first, rest, .. } => {
                self.depends(first, env) || rest.iter().any(|(_, e)| self.depends(e, env))
            }
        }
    }

    /// Whether a word in a size is a dimension or, as no constant has its name, a knob.
    fn is_plain_size(&self, word: &str, env: &Env) -> bool {
        Dim::parse(word).is_some() || !self.is_constant(word, env)
    }

    fn settle_operands(&mut self, expr: &mut Expr, env: &mut Env) {
        match expr {
            Expr::Literal(_) => {}
            Expr::Name(word) if self.is_plain_size(&word.node, env) => {}
            Expr::Name(word) => {
                let open = matches!(env.params.get(&word.node), Some(None));
                let number = self.settled(word.clone(), env);
                // What waits for an argument stays a name.
                if !open {
                    *expr = Expr::Literal(number);
                }
            }
            // A part without dimensions and knobs has a value of its own: `(7 + 1) / 2 * C`.
            Expr::Chain { .. } if !self.depends(expr, env) => {
                let mut size = SizeExpr::Computed(expr.clone());
                self.settle_computed(&mut size, env);
                match size {
                    SizeExpr::Number(number) if number.expr.is_none() => {
                        *expr = Expr::Literal(number);
                    }
                    SizeExpr::Computed(parts) => *expr = parts,
                    _ => {}
                }
            }
            Expr::Chain { .. } => self.settle_parts(expr, env),
        }
    }

    fn settle_parts(&mut self, expr: &mut Expr, env: &mut Env) {
        if let Expr::Chain { first, rest, .. } = expr {
            self.settle_operands(first, env);
            for (_, operand) in rest {
                self.settle_operands(operand, env);
            }
        }
    }

    /// The value of a constant's name as a number; without one, a number that nobody reads.
    fn settled(&mut self, word: Name, env: &mut Env) -> Number {
        let mut number = Number {
            value: 0.0,
            integer: None,
            unit: None,
            span: word.span,
            expr: Some(Box::new(Expr::Name(word))),
        };
        self.settle_number(&mut number, env);
        number
    }

    fn settle_number(&mut self, number: &mut Number, env: &mut Env) {
        if number.expr.is_none() {
            return;
        }
        match self.amount(number, env) {
            Ok(amount) => *number = amount.number(number.span),
            // Whoever reads it can judge its unit before it has a value.
            Err(Stop::Open(Known::Unit(Some(unit)))) => {
                number.unit = Some(Name::new(unit.name.to_string(), number.span));
            }
            Err(_) => {}
        }
    }

    fn is_constant(&self, word: &str, env: &Env) -> bool {
        env.params.contains_key(word) || self.entry(env.module, Kind::Constant, word).is_some()
    }

    /// The value of a number, however it is written.
    pub fn amount(&mut self, number: &Number, env: &mut Env) -> Result<Amount, Stop> {
        if let Some(expr) = &number.expr {
            return self.computed(expr, env);
        }
        let unit = quantity::unit(number, &mut self.diagnostics).ok_or(Stop::Reported)?;
        Ok(Amount {
            value: number.value,
            whole: number.integer.map(i128::from),
            unit,
        })
    }

    fn computed(&mut self, expr: &Expr, env: &mut Env) -> Result<Amount, Stop> {
        let (first, rest) = match expr {
            Expr::Literal(number) => return self.amount(number, env),
            Expr::Name(name) => return self.named(name, env),
            Expr::Chain { first, rest, .. } => (first, rest),
        };
        // A sum of products: every operand is looked at, so that one run shows all mistakes.
        let mut sum: Option<Operand> = None;
        let mut pending = None;
        let mut product = (self.computed(first, env), first.span());
        for (sign, operand) in rest {
            let next = (self.computed(operand, env), operand.span());
            if matches!(sign.node, Arith::Multiply | Arith::Divide) {
                product = self.joined(*sign, product, next);
                continue;
            }
            sum = Some(self.added(sum, pending, product));
            pending = Some(*sign);
            product = next;
        }
        self.added(sum, pending, product).0
    }

    fn added(
        &mut self,
        sum: Option<Operand>,
        sign: Option<Spanned<Arith>>,
        product: Operand,
    ) -> Operand {
        match (sum, sign) {
            (Some(sum), Some(sign)) => self.joined(sign, sum, product),
            _ => product,
        }
    }

    fn joined(&mut self, sign: Spanned<Arith>, left: Operand, right: Operand) -> Operand {
        let span = left.1.to(right.1);
        let known = (known(left.0), known(right.0));
        let open = left.0.is_err() || right.0.is_err();
        let sum = matches!(sign.node, Arith::Add | Arith::Subtract);
        let result = match known {
            (Err(Stop::Reported), _) | (_, Err(Stop::Reported)) => Err(Stop::Reported),
            (Ok(a), Ok(b)) => match combine(sign, (a, left.1), (b, right.1)) {
                Ok(amount) if open => Err(Stop::Open(Known::Unit(amount.unit))),
                Ok(amount) => Ok(amount),
                Err(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    Err(Stop::Reported)
                }
            },
            // Whatever its unit is, nothing can be divided by zero.
            (Err(_), Ok(b)) if sign.node == Arith::Divide && b.value == 0.0 => {
                self.diagnostics.push(by_zero(left.1, right.1));
                Err(Stop::Reported)
            }
            (Ok(amount), _) | (_, Ok(amount)) if sum => Err(Stop::Open(Known::Unit(amount.unit))),
            _ => Err(Stop::Open(Known::Nothing)),
        };
        (result, span)
    }

    fn named(&mut self, name: &Name, env: &mut Env) -> Result<Amount, Stop> {
        if let Some(value) = env.params.get(&name.node) {
            env.read.insert(name.node.clone());
            return value.ok_or(Stop::Open(Known::Nothing));
        }
        if let Some(entry) = self.entry(env.module, Kind::Constant, &name.node) {
            self.mark_used(&entry);
            self.constants.read.insert(entry.at);
            return self.constant(entry.at);
        }
        if let Some(diagnostic) = self.no_constant(name, env) {
            self.diagnostics.push(diagnostic);
        }
        Err(Stop::Reported)
    }

    /// A name that is no constant, unless that follows from something reported.
    fn no_constant(&self, name: &Name, env: &Env) -> Option<Diagnostic> {
        if self.may_be_lost(env.module, Kind::Constant, &name.node) {
            return None;
        }
        if let Some((kind, place)) = self.other_kind(env.module, &name.node) {
            return Some(
                Diagnostic::error(
                    codes::WRONG_KIND,
                    format!("`{}` is a {}, not a constant", name.node, kind.name()),
                )
                .label(name.span, "a number is wanted here")
                .label(place, format!("this is a {}", kind.name()))
                .help("write a number, or declare a constant: `let name = 4`"),
            );
        }
        let mut known = self.names(env.module, Kind::Constant);
        // Nothing is computed from itself.
        let own = |item: &&Item| matches!(item, Item::Let(decl) if decl.span.holds(name.span));
        if let Some(Item::Let(decl)) = self.modules[env.module].ast.items.iter().find(own) {
            known.retain(|n| *n != decl.name.node);
        }
        known.extend(env.params.keys().cloned());
        let diagnostic = no_constant(&name.node, name.span);
        if units::find(&name.node).is_some() {
            let help = format!("a unit stands behind a number: `4 {}`", name.node);
            return Some(diagnostic.help(help));
        }
        if known.is_empty() {
            return Some(diagnostic.help(format!("declare it: `let {} = …`", name.node)));
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        Some(remedy(diagnostic, name, &known))
    }

    /// The value of a constant, computed once.
    fn constant(&mut self, at: Ref) -> Result<Amount, Stop> {
        if let Some(known) = self.constants.known.get(&at) {
            return known.ok_or(Stop::Reported);
        }
        let Item::Let(decl) = self.item(at) else {
            return Err(Stop::Reported);
        };
        let (value, name) = (decl.value.clone(), decl.name.clone());
        if let Some(start) = self.constants.computing.iter().position(|&c| c == at) {
            let members = self.constants.computing[start..].to_vec();
            self.constants_in_a_circle(members);
            return Err(Stop::Reported);
        }
        if self.constants.computing.len() >= DEEPEST {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::BAD_ARITHMETIC,
                    format!("more than {DEEPEST} constants are computed from each other in a row"),
                )
                .label(name.span, "one of them")
                .help("declare constants before those that are computed from them"),
            );
            return Err(Stop::Reported);
        }
        self.constants.computing.push(at);
        let mut env = Env {
            module: at.module(),
            ..Env::default()
        };
        let result = self.amount(&value, &mut env);
        self.constants.computing.pop();
        self.constants.known.insert(at, result.ok());
        result
    }

    /// Reports constants that are computed from each other, the same wherever one entered.
    fn constants_in_a_circle(&mut self, mut members: Vec<Ref>) {
        let first = (0..members.len()).min_by_key(|&i| members[i]).unwrap_or(0);
        members.rotate_left(first);
        let decls = members.iter().filter_map(|&at| match self.item(at) {
            Item::Let(decl) => Some((decl.name.node.clone(), decl.value.span)),
            _ => None,
        });
        let decls: Vec<(String, Span)> = decls.collect();
        let names: Vec<&str> = decls.iter().map(|d| d.0.as_str()).collect();
        let message = match names[..] {
            [one] => format!("constant `{one}` is computed from itself"),
            _ => format!(
                "constants are computed from each other in a circle: {} -> {}",
                names.join(" -> "),
                names.first().unwrap_or(&"")
            ),
        };
        let mut diagnostic = Diagnostic::error(codes::CYCLE, message);
        for (name, place) in &decls {
            diagnostic = diagnostic.label(*place, format!("what `{name}` is computed from"));
        }
        self.diagnostics
            .push(diagnostic.help("give one of them a value of its own"));
    }

    /// What a constant or parameter must not be called.
    fn check_name(&mut self, name: &Name, what: &str) {
        let is = if Dim::parse(&name.node).is_some() {
            "a dimension"
        } else if name.node == "pes" {
            "the knob that every menu has"
        } else {
            return;
        };
        self.diagnostics.push(
            Diagnostic::error(
                codes::RESERVED_NAME,
                format!("a {what} cannot be called `{}`", name.node),
            )
            .label(name.span, format!("in a dataflow this is {is}"))
            .help(format!(
                "call it e.g. `{}_size`",
                name.node.to_lowercase().replace('\'', "")
            )),
        );
    }

    fn check_params(&mut self, params: &[Param], env: &mut Env) {
        for (i, param) in params.iter().enumerate() {
            self.check_name(&param.name, "parameter");
            env.params.insert(param.name.node.clone(), None);
            let mut before = params[..i].iter();
            if let Some(first) = before.find(|p| p.name.node == param.name.node) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DUPLICATE_NAME,
                        format!("parameter `{}` is declared twice", param.name.node),
                    )
                    .label(param.name.span, "declared again here")
                    .label(first.name.span, "first declared here")
                    .help("rename one of the two"),
                );
            }
        }
    }

    fn unread_params(&mut self, item: &Item, params: &[Param], env: &Env) {
        let unread = params.iter().filter(|p| !env.read.contains(&p.name.node));
        for param in unread {
            let mut diagnostic = Diagnostic::warning(
                codes::UNREAD_CONSTANT,
                format!("parameter `{}` is never read", param.name.node),
            )
            .label(param.span, "changes nothing");
            if let Some((kind, name)) = header(item) {
                diagnostic = diagnostic.label(name.span, format!("in this {}", kind.name()));
            }
            self.diagnostics
                .push(diagnostic.help("remove it, or read it where a number stands"));
        }
    }

    /// Warns of constants of a specification that nothing reads. Those of a file without designs
    /// are for others.
    pub fn lint_constants(&mut self) {
        if self.design_names().is_empty() {
            return;
        }
        for at in self.blocks(0) {
            if let Item::Let(decl) = self.item(at)
                && !self.constants.read.contains(&at)
            {
                let diagnostic = Diagnostic::warning(
                    codes::UNREAD_CONSTANT,
                    format!("constant `{}` is never read", decl.name.node),
                )
                .label(decl.name.span, "nothing is computed from it")
                .help("remove the line, or use it where its value is written out");
                self.diagnostics.push(diagnostic);
            }
        }
    }
}

/// Whether there is a quotient in an expression.
fn divides(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(_) | Expr::Name(_) => false,
        Expr::Chain { first, rest, .. } => {
            divides(first)
                || rest
                    .iter()
                    .any(|(sign, e)| sign.node == Arith::Divide || divides(e))
        }
    }
}

/// A name that is wanted to be a constant.
pub fn no_constant(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error(
        codes::UNKNOWN_NAME,
        format!("there is no constant `{name}`"),
    )
    .label(at, "no `let` or parameter of this name")
}

/// An operand as far as its unit is known; 1 stands for the value that it has not.
fn known(operand: Result<Amount, Stop>) -> Result<Amount, Stop> {
    match operand {
        Err(Stop::Open(Known::Unit(unit))) => Ok(Amount {
            value: 1.0,
            whole: None,
            unit,
        }),
        other => other,
    }
}

/// The value of a part of an expression, and where it stands.
type Operand = (Result<Amount, Stop>, Span);
