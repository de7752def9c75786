//! Files that are of no kind that is read but that people try: what they are, and what to do.

use super::csv::first_line;
use super::maestro;
use crate::diag::nearest::nearest;

/// What a file that begins with these bytes is, and what to do with it.
pub fn recognise(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const EXPORT: &str =
        "export the model as ONNX, e.g. with `torch.onnx.export(model, example, \"model.onnx\")`";
    const CONVERT: &str = "convert the model to ONNX, e.g. with `python -m tf2onnx.convert`";
    let begins = |text: &str| {
        let head = head.trim_ascii_start().get(..text.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(text.as_bytes()))
    };
    let kinds: [(bool, &str, &str); 10] = [
        (head.is_empty(), "empty", "was it written to its end?"),
        (
            begins("version https://git-lfs"),
            "a pointer of Git LFS, not the file itself",
            "run `git lfs pull`",
        ),
        (
            begins("<!doctype html") || begins("<html"),
            "a page of the web (HTML)",
            "download the file itself, e.g. by its link to the raw content",
        ),
        (
            is_specification(head),
            "a specification",
            "`cfxc check` reads it, and `use` takes from it",
        ),
        (
            head.starts_with(b"PK\x03\x04"),
            "an archive, as PyTorch and Keras save models",
            EXPORT,
        ),
        (
            head.starts_with(&[0x80, 2]),
            "a pickle, as PyTorch saves models",
            EXPORT,
        ),
        (
            head.starts_with(b"\x89HDF"),
            "HDF5, as Keras saves models",
            CONVERT,
        ),
        (
            head.get(4..8) == Some(b"TFL3"),
            "a TensorFlow Lite model",
            CONVERT,
        ),
        (
            head.starts_with(b"GGUF"),
            "weights in GGUF, which have no graph",
            EXPORT,
        ),
        (
            head.get(8) == Some(&b'{'),
            "weights in safetensors, which have no graph",
            EXPORT,
        ),
    ];
    let found = kinds.into_iter().find(|(is, ..)| *is);
    found.map(|(_, what, help)| (what, help))
}

/// The first word of a text of no kind that is known, and what was probably meant by it.
pub fn meant(head: &str) -> Option<(&str, String)> {
    let line = first_line(head);
    let word = line.split([':', '{', ' ', '\t', '\r']).next()?;
    for (separator, called) in [(";", "`;`"), ("\t", "tabs")] {
        let commas = head.replace(separator, ",");
        if line.contains(separator) && super::recognise(commas.as_bytes()).is_some() {
            let help = format!("the values are separated by {called}: commas are wanted");
            return Some((word, help));
        }
    }
    let near = nearest(word, maestro::words())?;
    Some((word, format!("did you mean `{near}`?")))
}

/// Whether a text has a line that begins a block of the language.
fn is_specification(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let begins = |line: &str| {
        let mut words = line.split_whitespace();
        let block = matches!(
            words.next(),
            Some("network" | "dataflow" | "menu" | "budget" | "technology" | "design" | "use")
        );
        block
            && words
                .next()
                .is_some_and(|w| w.starts_with(|c: char| c.is_alphabetic() || c == '"'))
    };
    !head.contains(&0) && text.lines().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_try() {
        let what = |head: &[u8]| recognise(head).map(|(what, _)| what);
        assert_eq!(
            what(b"// mine\nmenu small { pes in [1] }"),
            Some("a specification")
        );
        assert_eq!(
            what(b"\x1c\0\0\0TFL3\x14\0"),
            Some("a TensorFlow Lite model")
        );
        assert_eq!(
            what(b"\x40\0\0\0\0\0\0\0{\"w\":"),
            Some("weights in safetensors, which have no graph")
        );
        assert_eq!(what(b"K,C,Y,X,R,S,T\n"), None);
        assert_eq!(what(b"use, network\n"), None);
        assert_eq!(what(b""), Some("empty"));
        assert_eq!(
            what(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
            Some("a pointer of Git LFS, not the file itself")
        );
        assert_eq!(
            what(b"\n<!DOCTYPE html>\n"),
            Some("a page of the web (HTML)")
        );
    }
}
