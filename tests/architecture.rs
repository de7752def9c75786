//! The rooms of `docs/architecture.md` against the `use` lines of the code, and the paths named in
//! the documentation against the files that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, ending, out);
        } else if path.extension().is_some_and(|e| e == ending) {
            out.push(path);
        }
    }
}

/// Words in backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_string)
        .collect()
}

/// Room and the rooms it may use.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("docs/architecture.md");
    let mut rooms = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').collect();
        let room = quoted(cells[1]).remove(0);
        rooms.insert(room, (cells[3].trim().to_string(), quoted(cells[3])));
    }
    let all: BTreeSet<String> = rooms.keys().cloned().collect();
    rooms
        .into_iter()
        .map(|(room, (cell, list))| {
            let may = if cell == "all" {
                all.clone()
            } else {
                list.into_iter().collect()
            };
            (room, may)
        })
        .collect()
}

/// Rooms that a source file opens, wherever `crate::room` stands in its code.
fn opened(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in source.lines() {
        let code = line.split("//").next().unwrap_or("");
        for part in code.split("crate::").skip(1) {
            let words: Vec<&str> = match part.strip_prefix('{') {
                Some(list) => list.split(',').map(|w| w.trim()).collect(),
                None => vec![part],
            };
            for word in words {
                let end = word
                    .find(|c: char| !c.is_ascii_lowercase())
                    .unwrap_or(word.len());
                if end > 0 {
                    found.insert(word[..end].to_string());
                }
            }
        }
    }
    found
}

#[test]
fn no_room_opens_a_door_that_the_table_does_not_have() {
    let rooms = table();
    assert!(rooms.len() >= 12, "the table was found");
    let mut checked = 0;
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources {
        let inside = path.strip_prefix(root().join("src")).expect("under src");
        let first = inside.iter().next().and_then(|p| p.to_str()).unwrap_or("");
        if inside.iter().count() == 1 {
            continue; // lib.rs and main.rs name every room
        }
        let may = rooms
            .get(first)
            .unwrap_or_else(|| panic!("{first} is no room of the table"));
        let text = fs::read_to_string(&path).expect("readable");
        for door in opened(&text) {
            if !rooms.contains_key(&door) || door == first {
                continue;
            }
            assert!(
                may.contains(&door),
                "{}: `{first}` may not use `{door}`",
                inside.display()
            );
            used.entry(first.to_string()).or_default().insert(door);
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} doors seen");
    for (room, doors) in [("sema", "ir"), ("search", "nn"), ("space", "cost")] {
        assert!(
            used[room].contains(doors),
            "the test no longer sees {room} use {doors}"
        );
    }
}

#[test]
fn only_the_command_line_prints_or_touches_the_disk() {
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    for path in sources {
        let inside = path.strip_prefix(root().join("src")).expect("under src");
        if inside.starts_with("cli") || inside.iter().count() == 1 || inside.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        for word in ["println!", "std::env", "std::fs", "std::time"] {
            let plain = code.lines().filter(|l| !l.trim_start().starts_with("//"));
            let found = plain.filter(|l| l.contains(word)).count();
            assert_eq!(found, 0, "{} uses {word}", inside.display());
        }
    }
}

#[test]
fn paths_named_in_the_documentation_exist() {
    let mut pages = vec![root().join("README.md")];
    files(&root().join("docs"), "md", &mut pages);
    let mut checked = 0;
    for page in pages {
        let Ok(text) = fs::read_to_string(&page) else {
            continue;
        };
        for word in quoted(&text) {
            let known = [
                "src/",
                "tests/",
                "docs/",
                "examples/",
                "std/",
                "grammar/",
                "benches/",
            ];
            let general = word.contains(['*', ' ', '<', '…']);
            if known.iter().any(|k| word.starts_with(k)) && !general {
                assert!(
                    root().join(&word).exists(),
                    "{}: `{word}` does not exist",
                    page.display()
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "only {checked} paths seen");
}
