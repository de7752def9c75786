//! Whether the tests of the model `analytic` would notice a wrong formula: changes one place of its
//! code at a time by one, compiles, and runs the comparison with the simulator.
//!
//! `cargo run --release --example mutants [-- FILE…]`, e.g. `-- window tile`. All files together take
//! an hour or two. Only what the model needs is copied into `target/mutants` and compiled there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Files with formulas of counts and cycles; prices have tests by hand.
const FILES: [&str; 7] = [
    "nest", "passes", "states", "tile", "volume", "walk", "window",
];

/// What is changed into what.
const CHANGES: [(&str, &str); 14] = [
    (" + 1", " + 2"),
    (" - 1", ""),
    (" < ", " <= "),
    (" <= ", " < "),
    (" > ", " >= "),
    (" >= ", " > "),
    (".min(", ".max("),
    (".max(", ".min("),
    (".div_ceil(", ".div_euclid("),
    (" == 0", " == 1"),
    (", 1)", ", 2)"),
    (" && ", " || "),
    (" || ", " && "),
    ("&& !", "&& "),
];

/// A test that takes longer than this hangs, which is noticed too.
const PATIENCE: Duration = Duration::from_secs(120);

struct Mutant {
    file: &'static str,
    line: usize,
    before: String,
    after: String,
    text: String,
}

/// All mutants of a file: each place where something of the list stands, outside of comments,
/// messages and types.
fn mutants(file: &'static str, text: &str) -> Vec<Mutant> {
    let mut list = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let skipped = ["format!", "\"", "fn ", "impl", "for (", "const ", "=> {"];
        if !skipped.iter().any(|word| code.contains(word)) {
            for (old, new) in CHANGES {
                for (at, _) in code.match_indices(old) {
                    let at = start + at;
                    let mut mutated = text.to_string();
                    mutated.replace_range(at..at + old.len(), new);
                    let after = mutated[start..].lines().next().unwrap_or_default();
                    list.push(Mutant {
                        file,
                        line: number + 1,
                        before: line.trim().to_string(),
                        after: after.trim().to_string(),
                        text: mutated,
                    });
                }
            }
        }
        start += line.len();
    }
    list
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry").path();
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("a copy");
        }
    }
}

/// A crate of the model, what it needs and its test.
fn prepare(root: &Path, place: &Path) {
    for room in ["base", "ir", "cost"] {
        copy(&root.join("src").join(room), &place.join("src").join(room));
    }
    copy(&root.join("tests/analytic"), &place.join("tests/analytic"));
    fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock")).expect("a copy");
    let modules = "pub mod base;\npub mod cost;\npub mod ir;\n";
    fs::write(place.join("src/lib.rs"), modules).expect("a file");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let line = |name: &str| {
        let found = manifest.lines().find(|l| l.starts_with(name));
        found.expect("a dependency").to_string()
    };
    let manifest = format!(
        "[package]\nname = \"cfxc\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n{}\n{}\n\n[profile.dev]\nopt-level = 1\ndebug = false\n\n[workspace]\n",
        line("libm"),
        line("petgraph"),
        line("rand_chacha")
    );
    fs::write(place.join("Cargo.toml"), manifest).expect("a file");
}

/// What became of a mutant.
enum Fate {
    Caught,
    Survived,
    DoesNotCompile,
}

fn cargo(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .current_dir(place)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn fate(place: &Path) -> Fate {
    let built = cargo(place, &["test", "--offline", "--no-run"]).status();
    if !built.expect("cargo").success() {
        return Fate::DoesNotCompile;
    }
    // Not through cargo, which would leave a test that hangs behind when it is stopped.
    let mut test = Command::new(binary(place))
        .current_dir(place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a test");
    let mut waited = Duration::ZERO;
    let pause = Duration::from_millis(50);
    while waited < PATIENCE {
        if let Some(status) = test.try_wait().expect("a test") {
            return if status.success() {
                Fate::Survived
            } else {
                Fate::Caught
            };
        }
        std::thread::sleep(pause);
        waited += pause;
    }
    test.kill().and_then(|()| test.wait()).expect("a test");
    Fate::Caught
}

/// The test as it was compiled last.
fn binary(place: &Path) -> PathBuf {
    let entries = fs::read_dir(place.join("target/debug/deps")).expect("a folder");
    entries
        .map(|e| e.expect("an entry").path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("analytic-") && path.extension().is_none()
        })
        .expect("a test")
}

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let place = root.join("target/mutants");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    prepare(&root, &place);
    assert!(
        matches!(fate(&place), Fate::Survived),
        "the test fails without any change"
    );
    println!("| file | changes | of them compile | caught |");
    println!("|---|---:|---:|---:|");
    let mut survivors = Vec::new();
    for file in FILES {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == file) {
            continue;
        }
        let path = format!("src/cost/analytic/{file}.rs");
        let text = fs::read_to_string(root.join(&path)).expect("a source file");
        let list = mutants(file, &text);
        let all = list.len();
        let (mut compile, mut caught) = (0, 0);
        for mutant in list {
            fs::write(place.join(&path), &mutant.text).expect("a file");
            match fate(&place) {
                Fate::DoesNotCompile => {}
                Fate::Caught => {
                    compile += 1;
                    caught += 1;
                }
                Fate::Survived => {
                    compile += 1;
                    survivors.push(mutant);
                }
            }
        }
        fs::write(place.join(&path), &text).expect("a file");
        println!("| `{path}` | {all} | {compile} | {caught} |");
    }
    println!("\nNot caught:\n");
    for s in survivors {
        println!(
            "- `{}.rs` {}: `{}` as `{}`",
            s.file, s.line, s.before, s.after
        );
    }
}
