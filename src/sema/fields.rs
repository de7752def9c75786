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
        Some(near) => did_you_mean(diagnostic, name.span, near),
        None if known.is_empty() => diagnostic.help("there is none to choose from"),
        None if known.len() == 1 => diagnostic.help(format!("there is only `{}`", known[0])),
        None if known.len() > 24 => diagnostic.help(format!(
            "known are, among others: {}",
            known[..24].join(", ")
        )),
        None => diagnostic.help(format!("known are: {}", known.join(", "))),
    }
}

/// Shows where the name that is suggested stands, if that is known: perhaps it is the one that is
/// misspelt.
pub fn with_place(
    diagnostic: Diagnostic,
    place_of: impl FnOnce(&str) -> Option<Span>,
) -> Diagnostic {
    let near = diagnostic
        .suggestion
        .as_ref()
        .map(|s| s.replacement.clone());
    match near.and_then(|near| Some((place_of(&near)?, near))) {
        Some((place, near)) => diagnostic.label(place, format!("`{near}` stands here")),
        None => diagnostic,
    }
}

pub fn did_you_mean(diagnostic: Diagnostic, at: Span, near: &str) -> Diagnostic {
    diagnostic
        .help(format!("did you mean `{near}`?"))
        .suggest(at, near)
}

/// A node's name as it is written, in quotes where it is no word.
pub fn quoted(name: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_string();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The same with the name that is suggested written as a node's.
pub fn of_node(mut diagnostic: Diagnostic) -> Diagnostic {
    if let Some(suggestion) = &mut diagnostic.suggestion {
        suggestion.replacement = quoted(&suggestion.replacement);
        diagnostic.help = Some(format!("did you mean `{}`?", suggestion.replacement));
    }
    diagnostic
}

/// What other tools call a field, and what it is called here.
const SYNONYMS: &[(&str, &str)] = &[
    ("C_out", "filters"),
    ("K", "filters"),
    ("channels", "filters"),
    ("features", "filters"),
    ("out_channels", "filters"),
    ("K", "units"),
    ("features", "units"),
    ("filters", "units"),
    ("neurons", "units"),
    ("out_features", "units"),
    ("padding", "pad"),
    ("pads", "pad"),
    ("size", "kernel"),
    ("window", "kernel"),
    ("group", "groups"),
    ("filters", "K"),
    ("out_channels", "K"),
    ("units", "K"),
    ("channels", "C"),
    ("in_channels", "C"),
    ("H", "Y"),
    ("height", "Y"),
    ("W", "X"),
    ("width", "X"),
    ("batch", "N"),
    ("groups", "G"),
];

/// Reads the fields of one block.
pub struct Fields<'a> {
    fields: &'a [Field],
    /// What the block belongs to, e.g. "`conv`".
    owner: String,
    /// Shown for a missing field.
    span: Span,
    known: Vec<&'static str>,
    missing: Vec<(&'static str, &'static str)>,
    hints: Vec<(&'static str, &'static str, String)>,
}

impl<'a> Fields<'a> {
    /// The fields of `owner`, whose name or keyword stands at `span`.
    pub fn new(fields: &'a [Field], owner: impl Into<String>, span: Span) -> Self {
        Fields {
            fields,
            owner: owner.into(),
            span,
            known: Vec::new(),
            missing: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Says what to write instead of a field that does not exist here but is easily thought to,
    /// and which fields it stands for, separated by commas.
    pub fn hint(&mut self, name: &'static str, meant: &'static str, help: impl Into<String>) {
        self.hints.push((name, meant, help.into()));
    }

    /// Reports fields that are missing, that were never asked for, and that are given twice. Call
    /// it after all reads: whatever was not read until then counts as unknown.
    pub fn finish(self, out: &mut Vec<Diagnostic>) {
        let mut replaced = Vec::new();
        for (i, field) in self.fields.iter().enumerate() {
            let name = &field.name;
            if !self.known.contains(&name.node.as_str()) {
                out.push(self.unknown(name, &mut replaced));
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
        // `kernal = 3x3` is one mistake: the field is not missing besides.
        let missing: Vec<_> = self
            .missing
            .iter()
            .filter(|(name, _)| !replaced.iter().any(|r| r == name))
            .collect();
        let names: Vec<String> = missing.iter().map(|(n, _)| format!("`{n}`")).collect();
        let examples: Vec<String> = missing.iter().map(|(n, e)| format!("{n} = {e}")).collect();
        let (plural, verb) = match names.len() {
            0 => return,
            1 => ("", "is"),
            _ => ("s", "are"),
        };
        let names = names.join(", ");
        out.push(
            Diagnostic::error(
                codes::MISSING_FIELD,
                format!("{} needs the field{plural} {names}", self.owner),
            )
            .label(self.span, format!("{names} {verb} missing"))
            .help(format!("add e.g. `{}`", examples.join(", "))),
        );
    }

    /// A field that does not exist; what stands for a known one is added to `replaced`.
    fn unknown(&self, name: &Name, replaced: &mut Vec<String>) -> Diagnostic {
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_FIELD,
            format!("{} has no field `{}`", self.owner, name.node),
        )
        .label(name.span, "unknown field");
        if let Some((_, meant, help)) = self.hints.iter().find(|(n, ..)| *n == name.node) {
            replaced.extend(meant.split(',').map(str::to_string));
            return diagnostic.help(help.clone());
        }
        let synonym = SYNONYMS
            .iter()
            .find(|(written, known)| *written == name.node && self.known.contains(known));
        let near = synonym
            .map(|(_, known)| *known)
            .or_else(|| nearest(&name.node, self.known.iter().copied()));
        match near {
            Some(near) if !self.fields.iter().any(|f| f.name.node == near) => {
                replaced.push(near.to_string());
                did_you_mean(diagnostic, name.span, near)
            }
            _ if self.known.is_empty() => diagnostic.help("it has none; remove this one"),
            _ => diagnostic.help(format!("it has: {}", self.known.join(", "))),
        }
    }

    /// The field of this name, if it was written.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Field> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.fields.iter().find(|f| f.name.node == name)
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
                let example = format!("{name} = 16");
                out.push(wrong(other.span(), &what, "a whole number", &example));
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
            let example = if matches!(name, "R" | "S") { "3" } else { "16" };
            self.missing.push((name, example));
        }
        value
    }

    /// A text, in quotes or a word, that must be there.
    pub fn required_text(
        &mut self,
        name: &'static str,
        example: &'static str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<&'a str> {
        let Some(field) = self.get(name) else {
            self.missing.push((name, example));
            return None;
        };
        let word = match &field.value {
            Value::Text(text) => Some(text),
            Value::Path(path) => path.word(),
            _ => None,
        };
        if word.is_none() {
            let example = format!("{name} = {example}");
            let what = format!("`{name}`");
            out.push(wrong(
                field.value.span(),
                &what,
                "a word, or a name in quotes",
                &example,
            ));
        }
        word.map(|word| word.node.as_str())
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
                    "a number, or rows x columns",
                    &format!("{name} = 2` or `{name} = 2x1"),
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
            let example = match name {
                "scale" => "2",
                "size" => "56x56",
                _ => "3x3",
            };
            self.missing.push((name, example));
        }
        value
    }
}

/// A value of the wrong kind.
pub fn wrong(span: Span, what: &str, wanted: &str, example: &str) -> Diagnostic {
    Diagnostic::error(codes::WRONG_VALUE, format!("{what} must be {wanted}"))
        .label(span, format!("not {wanted}"))
        .help(format!("write e.g. `{example}`"))
}
