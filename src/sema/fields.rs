//! `{ name = value }` lists: every field is read once or reported.

use super::quantity;
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Field, Name, Value};

/// An unknown name with the nearest known one suggested.
pub fn unknown(what: &str, name: &Name, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_NAME,
        format!("there is no {what} `{}`", name.node),
    )
    .label(name.span, format!("no {what} has this name"));
    remedy(diagnostic, name, known)
}

/// Adds "did you mean" or the list of what there is.
pub fn remedy(diagnostic: Diagnostic, name: &Name, known: &[&str]) -> Diagnostic {
    match nearest(&name.node, known.iter().copied()) {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .suggest(name.span, near),
        None if known.is_empty() => diagnostic.help("there is none to choose from"),
        None if known.len() > 24 => diagnostic.help(format!(
            "known are, among others: {}",
            known[..24].join(", ")
        )),
        None => diagnostic.help(format!("known are: {}", known.join(", "))),
    }
}

/// Reads the fields of one block.
pub struct Fields<'a> {
    fields: &'a [Field],
    /// What the block belongs to, e.g. "`conv`".
    owner: String,
    /// Shown for a missing field.
    span: Span,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of `owner`, whose name or keyword stands at `span`.
    pub fn new(fields: &'a [Field], owner: impl Into<String>, span: Span) -> Self {
        Fields {
            fields,
            owner: owner.into(),
            span,
            known: Vec::new(),
        }
    }

    /// Reports fields that were never asked for and fields given twice. Call it after all reads.
    pub fn finish(self, out: &mut Vec<Diagnostic>) {
        for (i, field) in self.fields.iter().enumerate() {
            let name = &field.name;
            if !self.known.contains(&name.node.as_str()) {
                let diagnostic = Diagnostic::error(
                    codes::UNKNOWN_FIELD,
                    format!("{} has no field `{}`", self.owner, name.node),
                )
                .label(name.span, "unknown field");
                out.push(remedy(diagnostic, name, &self.known));
            } else if let Some(first) = self.fields[..i].iter().find(|f| f.name.node == name.node) {
                out.push(
                    Diagnostic::error(
                        codes::DUPLICATE_FIELD,
                        format!("field `{}` is given twice", name.node),
                    )
                    .label(name.span, "given again here")
                    .label(first.name.span, "first given here")
                    .help("remove one of the two"),
                );
            }
        }
    }

    /// The field of this name, if it was written.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Field> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.fields.iter().find(|f| f.name.node == name)
    }

    fn missing(&self, name: &str, example: &str, out: &mut Vec<Diagnostic>) {
        out.push(
            Diagnostic::error(
                codes::MISSING_FIELD,
                format!("{} needs the field `{name}`", self.owner),
            )
            .label(self.span, format!("`{name}` is missing"))
            .help(format!("add `{name} = {example}`")),
        );
    }

    /// An optional whole number.
    pub fn whole(
        &mut self,
        name: &'static str,
        min: u64,
        max: u64,
        out: &mut Vec<Diagnostic>,
    ) -> Option<Option<u64>> {
        let Some(field) = self.get(name) else {
            return Some(None);
        };
        let what = format!("`{name}`");
        match &field.value {
            Value::Number(number) => quantity::whole(number, min, max, &what, out).map(Some),
            other => {
                out.push(wrong(other.span(), &what, "a whole number", "16"));
                None
            }
        }
    }

    /// A whole number that must be there.
    pub fn required_whole(
        &mut self,
        name: &'static str,
        min: u64,
        max: u64,
        out: &mut Vec<Diagnostic>,
    ) -> Option<u64> {
        let value = self.whole(name, min, max, out)?;
        if value.is_none() {
            self.missing(name, "16", out);
        }
        value
    }

    /// An optional pair for rows and columns: `3`, or `3x5`.
    pub fn pair(
        &mut self,
        name: &'static str,
        min: u64,
        max: u64,
        out: &mut Vec<Diagnostic>,
    ) -> Option<Option<[u64; 2]>> {
        let Some(field) = self.get(name) else {
            return Some(None);
        };
        let what = format!("`{name}`");
        match &field.value {
            Value::Number(number) => {
                quantity::whole(number, min, max, &what, out).map(|v| Some([v, v]))
            }
            Value::Pair(pair) => {
                let rows = quantity::whole(&pair.node[0], min, max, &what, out);
                let columns = quantity::whole(&pair.node[1], min, max, &what, out);
                Some(Some([rows?, columns?]))
            }
            other => {
                out.push(wrong(
                    other.span(),
                    &what,
                    "a number or rows x columns",
                    "3x3",
                ));
                None
            }
        }
    }

    /// A pair that must be there.
    pub fn required_pair(
        &mut self,
        name: &'static str,
        min: u64,
        max: u64,
        out: &mut Vec<Diagnostic>,
    ) -> Option<[u64; 2]> {
        let value = self.pair(name, min, max, out)?;
        if value.is_none() {
            self.missing(name, "3x3", out);
        }
        value
    }
}

/// A value of the wrong kind.
pub fn wrong(span: Span, what: &str, wanted: &str, example: &str) -> Diagnostic {
    Diagnostic::error(codes::WRONG_VALUE, format!("{what} must be {wanted}"))
        .label(span, format!("not {wanted}"))
        .help(format!("for example `{example}`"))
}
