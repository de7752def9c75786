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
    let (before, after) = ("build/spotter.json", "build/spotter_small.json");
    folder.run(&["diff", before, after]).ends(0);

    // A limit that is broken, and kept again.
    let kept = folder.read("kws.cfx");
    let broken = kept.replace("latency <= 4 ms", "latency <= 3 ms");
    assert_ne!(broken, kept);
    folder.write("kws.cfx", broken.as_bytes());
    folder.run(&["build", "kws.cfx"]).ends(1);
    assert!(folder.path("kws.lock.new").exists());
    folder.write("kws.cfx", kept.as_bytes());
    folder.run(&["build", "kws.cfx"]).ends(0);
    assert!(!folder.path("kws.lock.new").exists());
}
