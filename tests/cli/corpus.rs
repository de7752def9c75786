//! Mistakes that a text alone cannot have: they need files beside it, prices, a search, or a command.
//!
//! `tests/errors/commands` holds one text per mistake: what was done wrong, the command, and the
//! files. `tests/errors/commands/snapshots` holds each with what the command says. After a change,
//! `INSTA_UPDATE=always cargo test --test cli corpus` writes the snapshots anew.

use super::Folder;
use cfxc::diag::codes;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Texts of a folder with this ending, by name.
fn texts(of: &str, ending: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder(of)).expect("a folder");
    let paths = entries.map(|e| e.expect("an entry").path());
    let mut found: Vec<(String, String)> = paths
        .filter(|p| p.extension().is_some_and(|e| e == ending))
        .map(|p| {
            let name = p.file_stem().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read_to_string(&p).expect("a text"))
        })
        .collect();
    found.sort();
    found
}

/// A command, and the files that it finds.
struct Case {
    args: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
}

/// Reads `$ cfxc …`, `-- name --` before a text, `-- name (hex) --` before bytes.
fn case(text: &str) -> Case {
    let mut case = Case {
        args: Vec::new(),
        files: Vec::new(),
    };
    let mut hex = false;
    for line in text.lines() {
        let head = line.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --"));
        if let Some(command) = line.strip_prefix("$ cfxc ") {
            case.args = command.split(' ').map(String::from).collect();
        } else if let Some(name) = head {
            let name_of_bytes = name.strip_suffix(" (hex)");
            hex = name_of_bytes.is_some();
            let name = name_of_bytes.unwrap_or(name).to_string();
            case.files.push((name, Vec::new()));
        } else if let Some((_, content)) = case.files.last_mut() {
            if hex {
                let digits = line.as_bytes().chunks(2);
                let pairs = digits.map(|pair| std::str::from_utf8(pair).expect("digits"));
                content.extend(pairs.map(|p| u8::from_str_radix(p, 16).expect("hexadecimal")));
            } else {
                content.extend(line.bytes().chain([b'\n']));
            }
        }
    }
    case
}

/// The codes that head a diagnostic of a text.
fn codes_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|l| l.strip_prefix("cfx::"))
}

#[test]
fn every_other_mistake_is_reported_as_recorded() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder("tests/errors/commands/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for (name, text) in texts("tests/errors/commands", "txt") {
        assert!(text.starts_with("// "), "{name}: says what was done wrong");
        let case = case(&text);
        let place = Folder::with(&[]);
        for (file, content) in &case.files {
            let path = place.path(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, content).expect("written");
        }
        let args: Vec<&str> = case.args.iter().map(String::as_str).collect();
        let told = place.run(&args).err;
        assert!(codes_in(&told).next().is_some(), "{name}: nothing is told");
        insta::assert_snapshot!(name.as_str(), format!("{text}\n{told}"));
    }
}

#[test]
fn every_code_is_in_the_corpus() {
    let mut seen = BTreeSet::new();
    let mut snapshots = texts("tests/errors/snapshots", "snap");
    snapshots.extend(texts("tests/errors/commands/snapshots", "snap"));
    for (_, text) in &snapshots {
        seen.extend(codes_in(text));
    }
    for (code, meaning) in codes::ALL {
        assert!(seen.contains(code.0), "{} ({meaning})", code.0);
    }
    // A command that was renamed leaves no old snapshot behind.
    let names = |of: &str, ending: &str| -> BTreeSet<String> {
        texts(of, ending)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    };
    let commands = names("tests/errors/commands", "txt");
    assert_eq!(commands, names("tests/errors/commands/snapshots", "snap"));
}
