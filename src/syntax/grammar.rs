//! The parser that pest makes of `grammar/cfx.pest`.

use pest_derive::Parser;

/// Reads text by the rules of the grammar.
#[derive(Parser)]
#[grammar = "grammar/cfx.pest"]
pub(super) struct Grammar;

#[cfg(test)]
mod tests {
    use super::{Grammar, Rule};
    use pest::Parser;
    use std::collections::BTreeSet;

    const GRAMMAR: &str = include_str!("../../grammar/cfx.pest");
    const PAGE: &str = include_str!("../../docs/language.md");

    /// The examples of `docs/language.md` use every rule of the grammar that right texts have.
    #[test]
    fn the_examples_of_the_language_use_every_rule() {
        let examples = PAGE.split("\n```cfx\n").skip(1);
        let examples = examples.map(|rest| rest.split("\n```").next().unwrap_or(rest));
        let mut used = BTreeSet::new();
        for text in examples {
            let pairs = Grammar::parse(Rule::file, text).expect("any text is a file");
            used.extend(pairs.flatten().map(|pair| format!("{:?}", pair.as_rule())));
        }
        let wrong = used.iter().filter(|name| name.starts_with("bad_"));
        assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&String>::new());
        let told = GRAMMAR.lines().filter_map(|line| line.split_once('='));
        let told = told.filter(|(name, _)| {
            name.trim()
                .bytes()
                .all(|b| b == b'_' || b.is_ascii_lowercase())
        });
        // A rule behind `_` leaves no trace.
        let told = told.filter(|(_, rule)| !rule.trim().starts_with('_'));
        // Rules of mistakes, rules that are asked for alone, and what only a look ahead asks for.
        let of_mistakes = [
            "bad_",
            "only_",
            "some_",
            "head_",
            "again",
            "next_item",
            "network_next",
        ];
        let missing: Vec<&str> = told
            .map(|(name, _)| name.trim())
            .filter(|name| !of_mistakes.iter().any(|start| name.starts_with(start)))
            .filter(|name| !used.contains(*name))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    /// What stands between quotes like these, sorted.
    fn quoted(text: &str, quote: char) -> Vec<&str> {
        let mut words: Vec<&str> = text.split(quote).skip(1).step_by(2).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn the_language_names_the_words_that_no_constant_is_called() {
        let (_, rule) = GRAMMAR.split_once("\nreserved ").expect("the rule");
        let rule = rule.split('}').next().unwrap_or(rule);
        let (_, told) = PAGE
            .split_once("Constants and parameters are not called")
            .expect("the sentence");
        let told = told.split(';').next().unwrap_or(told);
        assert_eq!(quoted(told, '`'), quoted(rule, '"'));
    }
}
