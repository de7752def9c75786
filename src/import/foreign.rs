//! Files that are of no kind that is read but that people try: what they are, and what to do.

/// What a file that begins with these bytes is, and what to do with it.
pub fn recognise(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const EXPORT: &str =
        "export the model as ONNX, e.g. with `torch.onnx.export(model, example, \"model.onnx\")`";
    const CONVERT: &str = "convert the model to ONNX, e.g. with `python -m tf2onnx.convert`";
    let kinds: [(bool, &str, &str); 7] = [
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
        assert_eq!(what(b""), None);
    }
}
