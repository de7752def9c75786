//! Names of layers, dataflows and knobs as parts of Verilog identifiers.
//!
//! Every identifier that is written has a part of our own before or after such a name, so that none
//! is a reserved word or begins with a digit.

use std::collections::BTreeSet;

/// Longest part of an identifier; tools must take identifiers of 1,024 characters.
const LONGEST: usize = 200;

/// A name as letters, digits and single underscores, none at either end: other ASCII becomes an
/// underscore, other characters their number (`层` is `u5C42`).
pub fn cleaned(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c),
            c if c.is_ascii() => {
                if !out.ends_with('_') {
                    out.push('_');
                }
            }
            c => out.push_str(&format!("u{:04X}", u32::from(c))),
        }
    }
    let mut out = out.trim_matches('_').to_string();
    out.truncate(LONGEST);
    match out.trim_end_matches('_') {
        "" => "x".to_string(),
        trimmed => trimmed.to_string(),
    }
}

/// One identifier per name, all different: names that are identifiers keep theirs, and of others
/// that come out the same the later ones are numbered.
pub fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names: Vec<(&str, String)> = names.into_iter().map(|n| (n, cleaned(n))).collect();
    let kept = |(name, clean): &&(&str, String)| name == clean;
    let mut taken: BTreeSet<String> = names
        .iter()
        .filter(kept)
        .map(|(_, clean)| clean.clone())
        .collect();
    let mut given = Vec::with_capacity(names.len());
    for (name, clean) in names {
        let mut identifier = clean.clone();
        if name != clean {
            let mut number = 2;
            while !taken.insert(identifier.clone()) {
                identifier = format!("{clean}_{number}");
                number += 1;
            }
        }
        given.push(identifier);
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_identifiers() {
        for (name, clean) in [
            ("conv1", "conv1"),
            ("/features/conv.0/Conv", "features_conv_0_Conv"),
            ("a__b_", "a_b"),
            ("größe", "gru00F6u00DFe"),
            ("层", "u5C42"),
            ("module", "module"),
            ("//", "x"),
            ("", "x"),
        ] {
            assert_eq!(cleaned(name), clean);
        }
        assert_eq!(cleaned(&"a_".repeat(LONGEST)).len(), LONGEST - 1);
    }

    #[test]
    fn none_twice() {
        assert_eq!(
            distinct(["a-b", "a.b", "a_b", "a_b_2", "c"]),
            ["a_b_3", "a_b_4", "a_b", "a_b_2", "c"]
        );
    }
}
