//! `docs/outputs.md`: what it shows is what is written, and its modules are read by the tools.

use crate::BUILT;
use crate::tools::{installed, output};
use cfxc::emit::exporters::EXPORTERS;
use cfxc::emit::schema::SCHEMAS;
use std::process::Command;

const PAGE: &str = include_str!("../../docs/outputs.md");

/// The text of the fenced block with this file's name.
fn block(file: &str) -> String {
    let mut lines = PAGE.lines();
    let opening = |l: &str| l.starts_with("```") && l.ends_with(&format!(" {file}"));
    assert!(lines.any(opening), "no example of {file}");
    let inner = lines.take_while(|l| *l != "```");
    inner.map(|l| format!("{l}\n")).collect()
}

#[test]
fn examples_are_what_is_written() {
    let built = BUILT.iter().find(|b| b.name == "spotter").expect("built");
    for ending in [".json", ".md", ".toml", ".csv", "_pkg.sv", ".vh"] {
        let text = built.read(ending);
        let mut rest = text.as_str();
        for part in block(&format!("spotter{ending}")).split("…\n") {
            let at = rest.find(part);
            let at = at.unwrap_or_else(|| panic!("not in {ending}, or not here:\n{part}"));
            rest = &rest[at + part.len()..];
        }
    }
    for e in EXPORTERS {
        let row = format!("| `{}` | `<design>{}`", e.name, e.ending);
        assert!(PAGE.contains(&row), "{row}");
    }
    for s in SCHEMAS {
        assert!(PAGE.contains(&format!("| `{}` | ", s.name)), "{}", s.name);
    }
}

/// Every parameter of every package is explained.
#[test]
fn every_parameter_is_explained() {
    for built in BUILT.iter() {
        let package = built.read("_pkg.sv");
        let lines = package.lines().filter(|l| l.contains("localparam"));
        let names = lines.filter_map(|l| l.split(" = ").next()?.rsplit(' ').next());
        for name in names {
            let digits = |c: char| c.is_ascii_digit();
            let family = match name.split_once('_') {
                _ if PAGE.contains(&format!("`{name}`")) => continue,
                Some(("KNOB", _)) => "KNOB_<name>".to_string(),
                Some(("LAYER", _)) => "LAYER_<name>".to_string(),
                Some((before, _)) => format!("{}<level>_<dimension>", before.trim_matches(digits)),
                None => format!("{}<level>", name.trim_matches(digits)),
            };
            assert!(PAGE.contains(&format!("`{family}`")), "{name}");
        }
    }
}

#[test]
fn the_modules_shown_are_read_by_both_tools() {
    let tools = [("verilator", "--version"), ("iverilog", "-V")];
    if tools.map(|(tool, version)| installed(tool, version)) != [true; 2] {
        return;
    }
    let built = BUILT.iter().find(|b| b.name == "spotter").expect("built");
    let folder = tempfile::tempdir().expect("a folder");
    for (file, languages) in [
        ("uses.sv", ["1800-2017", "-g2012"]),
        ("uses.v", ["1364-2005", "-g2005"]),
    ] {
        let module = folder.path().join(file);
        std::fs::write(&module, block(file)).expect("written");
        let mut sources = vec![module];
        if file == "uses.sv" {
            sources.insert(0, built.folder.join("spotter_pkg.sv"));
        }
        let include = format!("-I{}", built.folder.display());
        let [verilator, icarus] = languages;
        let mut lint = Command::new("verilator");
        lint.args([
            "--lint-only",
            "-Wall",
            "--default-language",
            verilator,
            &include,
        ]);
        output(lint.args(&sources));
        let mut compile = Command::new("iverilog");
        compile.args([icarus, "-Wall", "-t", "null", &include]);
        assert_eq!(output(compile.args(&sources)), "");
    }
}
