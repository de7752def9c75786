//! Names of layers as networks want them: each once.

use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::Name;
use std::collections::{BTreeMap, BTreeSet};

/// The names in their order; the second of one name becomes `name#2`, under one warning for all.
pub fn unique<'t>(
    written: impl Iterator<Item = (&'t str, Span)> + Clone,
    out: &mut Vec<Diagnostic>,
) -> Vec<Name> {
    let mut taken: BTreeSet<String> = written.clone().map(|(text, _)| text.to_string()).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let mut renamed: Option<Name> = None;
    let mut names = Vec::new();
    for (text, span) in written {
        let seen = count.entry(text).or_insert(0);
        *seen += 1;
        let mut name = text.to_string();
        // The first of a name keeps it; further ones look for the next number that is free.
        while *seen > 1 {
            name = format!("{text}#{seen}");
            if taken.insert(name.clone()) {
                break;
            }
            *seen += 1;
        }
        // That a name is empty is told by the reader.
        if *seen > 1 && renamed.is_none() && !text.is_empty() {
            renamed = Some(Name::new(name.clone(), span));
        }
        names.push(Name::new(name, span));
    }
    if let Some(first) = renamed {
        let text: String = first.node.chars().take(60).collect();
        out.push(
            Diagnostic::warning(codes::RENAMED, "names of layers occur more than once")
                .label(first.span, format!("this one becomes `{text}`, and so on"))
                .help("give each layer a name of its own to choose them yourself"),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_free() {
        let written = ["a", "a#2", "b", "a", "a", "b"].map(|text| (text, Span::default()));
        let mut out = Vec::new();
        let names = unique(written.into_iter(), &mut out);
        let names: Vec<&str> = names.iter().map(|n| n.node.as_str()).collect();
        assert_eq!(names, ["a", "a#2", "b", "a#3", "a#4", "b#2"]);
        assert_eq!(out.len(), 1);
    }
}
