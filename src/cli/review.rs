//! The questions of `cfxc accept --review`: decision by decision, and layer by layer where wished.

use crate::lock::Difference;
use std::io::{BufRead, Write};

/// What shall become of a decision that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// It is taken.
    Whole,
    /// Of it, the choices of these layers are taken.
    Layers(Vec<String>),
    /// It no longer waits, and the lock stays.
    Reject,
    /// It waits on.
    Later,
}

/// Who is asked.
pub struct Reviewer<'r> {
    /// Where answers come from, a line each.
    pub answers: &'r mut dyn BufRead,
    /// Where questions go.
    pub questions: &'r mut dyn Write,
}

impl Reviewer<'_> {
    /// The letter that an answer begins with; asks again until it is one of these. `None` at the end
    /// of all answers, or if nobody can be asked.
    fn ask(&mut self, question: &str, choices: &[(char, &str)]) -> Option<char> {
        let names: Vec<String> = choices
            .iter()
            .map(|(letter, name)| format!("[{letter}] {name}"))
            .collect();
        loop {
            write!(self.questions, "{question} {}: ", names.join("  ")).ok()?;
            self.questions.flush().ok()?;
            let mut line = String::new();
            if self.answers.read_line(&mut line).ok()? == 0 {
                writeln!(self.questions).ok()?;
                return None;
            }
            let first = line.trim().chars().next();
            let first = first.map(|c| c.to_ascii_lowercase());
            if let Some((letter, _)) = choices.iter().find(|(c, _)| Some(*c) == first) {
                return Some(*letter);
            }
        }
    }

    /// What shall become of a decision. `told` is how it differs; `difference` is from what the lock
    /// has, `None` if it has nothing.
    pub fn wish(&mut self, told: &str, difference: Option<&Difference>) -> Wish {
        let mut choices = vec![('a', "accept"), ('r', "reject"), ('s', "skip")];
        let choosable = difference.is_some_and(|d| kept(d).count() > 1);
        if choosable {
            choices.insert(1, ('l', "layer by layer"));
        }
        if writeln!(self.questions, "{told}").is_err() {
            return Wish::Later;
        }
        match (self.ask("take it?", &choices), difference) {
            (Some('a'), _) => Wish::Whole,
            (Some('r'), _) => Wish::Reject,
            (Some('l'), Some(difference)) => self.layers(difference),
            _ => Wish::Later,
        }
    }

    /// Asks for every layer of which the lock has another choice. New ones come with any.
    fn layers(&mut self, difference: &Difference) -> Wish {
        let mut taken = Vec::new();
        let mut rest = false;
        for layer in kept(difference) {
            let question = format!("{}: {}", layer.name, layer.told());
            let answer = match rest {
                true => Some('a'),
                false => self.ask(
                    &question,
                    &[
                        ('a', "accept"),
                        ('k', "keep the lock's"),
                        ('t', "take this and the rest"),
                    ],
                ),
            };
            rest |= answer == Some('t');
            match answer {
                Some('a' | 't') => taken.push(layer.name.clone()),
                Some(_) => {}
                // Answers that end in the middle decide nothing.
                None => return Wish::Later,
            }
        }
        match taken.len() {
            0 => Wish::Later,
            n if n == kept(difference).count() => Wish::Whole,
            _ => {
                let new = difference.layers.iter().filter(|l| l.before.is_none());
                taken.extend(new.map(|l| l.name.clone()));
                Wish::Layers(taken)
            }
        }
    }
}

/// Layers of which the lock has a choice that differs.
fn kept(difference: &Difference) -> impl Iterator<Item = &crate::lock::LayerChange> {
    let both = |l: &&crate::lock::LayerChange| l.before.is_some() && l.after.is_some();
    difference
        .layers
        .iter()
        .filter(both)
        .filter(|l| l.other_choice())
}
