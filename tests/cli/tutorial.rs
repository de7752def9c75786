//! `docs/tutorial.md`: what it shows is what one gets.

use super::Folder;

const PAGE: &str = include_str!("../../docs/tutorial.md");

/// Fenced blocks of a kind, in order.
fn blocks(kind: &str) -> Vec<&'static str> {
    let opening = format!("```{kind}\n");
    let parts = PAGE.split(opening.as_str()).skip(1);
    parts
        .map(|p| p.split("```").next().unwrap_or_default())
        .collect()
}

fn shows(block: &str, output: &str) {
    for line in block.lines() {
        assert!(output.contains(line), "not printed: {line}\n{output}");
    }
}

#[test]
fn a_newcomer_gets_what_the_tutorial_shows() {
    let text = blocks("cfx")[0];
    let [built, refused, expectations, smaller, _] = blocks("text")[..] else {
        panic!("the tutorial has other blocks")
    };
    let folder = Folder::with(&[("kws.cfx", text)]);
    folder
        .run(&["check", "kws.cfx", "--deny", "warnings"])
        .ends(0);
    folder.run(&["fmt", "--check", "kws.cfx"]).ends(0);
    let graph = folder.run(&["graph", "kws.cfx"]).ends(0).out;
    assert!(graph.contains("[64, 23, 10]"), "{graph}");
    shows(built, &folder.run(&["build", "kws.cfx"]).ends(0).out);

    let limit = "area <= 0.6 mm2";
    assert!(text.contains(limit));
    folder.write("kws.cfx", text.replace(limit, "area <= 0.6").as_bytes());
    let ran = folder.run(&["check", "kws.cfx"]).ends(1);
    assert!(ran.err.contains("a number without a unit"), "{}", ran.err);

    folder.write(
        "kws.cfx",
        text.replace(limit, "area <= 0.06 mm2").as_bytes(),
    );
    shows(refused, &folder.run(&["build", "kws.cfx"]).ends(1).err);

    let whole = text
        .trim_end()
        .strip_suffix('}')
        .expect("a design at the end");
    folder.write(
        "kws.cfx",
        format!("{whole}{expectations}}}\n{smaller}").as_bytes(),
    );
    let ran = folder.run(&["build", "kws.cfx"]).ends(0);
    assert!(ran.out.contains("spotter_small"), "{}", ran.out);
}
