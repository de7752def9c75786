//! The examples of `docs/errors` as the command line judges them, prices and searches included.

use super::Folder;
use cfxc::diag::{codes, pages};

/// The fenced examples under a heading, and whether a text alone is enough to judge them.
fn examples(page: &str, heading: &str) -> Vec<(bool, String)> {
    let from = format!("\n## {heading}\n");
    let Some((_, text)) = page.split_once(&from) else {
        return Vec::new();
    };
    let text = text.split("\n## ").next().unwrap_or(text);
    let blocks = text.split("\n```cfx").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("\n```").next()?.split_once('\n'));
    blocks
        .map(|(info, text)| (info != " ignore", format!("{text}\n")))
        .collect()
}

/// What is right has no mistake and nothing to warn of; what is wrong has its code.
#[test]
fn examples_of_pages() {
    let folder = Folder::with(&[]);
    for (code, _) in codes::ALL {
        let page = pages::page(code.0).expect("a page");
        for (of_text, text) in examples(page, "Right") {
            folder.write("spec.cfx", text.as_bytes());
            let command = if of_text { "check" } else { "build" };
            let ran = folder.run(&[command, "spec.cfx", "--deny", "warnings"]);
            assert!(ran.code == 0, "{}: {text}\n{}", code.0, ran.err);
        }
        for (of_text, text) in examples(page, "Wrong") {
            folder.write("spec.cfx", text.as_bytes());
            let command = if of_text { "check" } else { "build" };
            let ran = folder.run(&[command, "spec.cfx"]);
            let told = format!("cfx::{}\n", code.0);
            assert!(ran.err.contains(&told), "{}: {text}\n{}", code.0, ran.err);
        }
    }
}
