//! `docs/language.md` says what the compiler does.

use crate::spec::registries;
use cfxc::base::span::{FileId, SourceMap, Span};
use cfxc::base::units::UNITS;
use cfxc::cost;
use cfxc::diag::render::{self, Style};
use cfxc::diag::{Diagnostic, Severity};
use cfxc::ir::layer::Op;
use cfxc::ir::metric::Metric;
use cfxc::ir::registry::{ParamDefault, ParamKind};
use cfxc::ir::technology::CLOCK;
use cfxc::search;
use cfxc::sema::{self, FileNetwork, FileRequest, Files, library};
use cfxc::syntax::ast::{Item, NetworkBody};
use cfxc::syntax::parse;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/language.md");

/// Any file holds one layer and a dataflow for it.
struct AnyTable;

impl Files for AnyTable {
    fn network(
        &mut self,
        _: &FileRequest,
        sources: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        let text = "network n { layer l1 conv { K = 1, C = 1, Y = 1, X = 1, R = 1, S = 1 } }
            dataflow d { for conv { spatial K by 1 } }";
        let (ast, found) = parse(sources.add("table", text), text);
        let mut rules = Vec::new();
        let mut statements = None;
        for item in ast.items {
            match item {
                Item::Network(n) => match n.body {
                    NetworkBody::Statements(list) => statements = Some(list),
                    NetworkBody::From(_) => {}
                },
                Item::Dataflow(d) => rules = d.rules,
                _ => {}
            }
        }
        let mut read = FileNetwork::from(statements.ok_or(found)?);
        read.rules = rules;
        Ok(read)
    }

    fn spec(
        &mut self,
        path: &str,
        _: Span,
        sources: &mut SourceMap,
    ) -> Result<Option<FileId>, Diagnostic> {
        // `parts.shared.edge` is in one of the two files it may be in.
        let there = !path.ends_with("/edge.cfx");
        Ok(there.then(|| {
            sources
                .find(path)
                .unwrap_or_else(|| sources.add(path, SHARED))
        }))
    }
}

/// What any specification declares that an example of the page uses.
const SHARED: &str = "let total = 4 mm2
menu edge(max) { pes in 1..=max buffer in [1, 2] }
budget iot { area <= total }
";

/// Every fenced block that begins with this line, and the line it begins on.
pub fn blocks(language: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str, String)> = None;
    for (i, line) in PAGE.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((i + 1, info, String::new())),
            (Some(_), Some(_)) => {
                let (at, info, text) = open.take().expect("an open block");
                if info == language {
                    blocks.push((at, text));
                }
            }
            (Some((_, _, text)), None) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block is not closed");
    blocks
}

#[test]
fn every_example_checks() {
    let examples = blocks("cfx");
    assert!(examples.len() > 12);
    for (line, text) in examples {
        let mut sources = SourceMap::default();
        let file = sources.add(format!("docs/language.md, from line {line}"), text);
        let analysis = sema::analyze(file, &mut sources, &mut AnyTable, registries());
        let shown = render::human(&analysis.diagnostics, &sources, Style::default());
        let silent = analysis
            .diagnostics
            .iter()
            .all(|d| d.severity != Severity::Error);
        assert!(silent && analysis.diagnostics.is_empty(), "{shown}");
        assert_eq!(analysis.problems.len(), analysis.designs.len());
    }
}

/// The text under a heading, up to the next one.
fn section(heading: &str) -> &'static str {
    let at = PAGE
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no heading `{heading}`"));
    let text = &PAGE[at + heading.len() + 2..];
    &text[..text.find("\n#").unwrap_or(text.len())]
}

/// The cells of every row of the tables in a text, heads and rules left out.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut rows = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let head = lines
            .get(i + 1)
            .is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("| ") && !head {
            rows.push(line.trim_matches('|').split('|').map(str::trim).collect());
        }
    }
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Quoted words of one column of a section's tables, sorted.
fn column(heading: &str, column: usize) -> Vec<&'static str> {
    let rows = rows(section(heading));
    let mut words: Vec<&str> = rows.iter().flat_map(|row| quoted(row[column])).collect();
    words.sort_unstable();
    words
}

#[track_caller]
fn same<'a>(told: &[&str], known: impl IntoIterator<Item = &'a str>) {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    assert_eq!(told, known, "the page (left) and the code (right) disagree");
}

#[test]
fn units() {
    same(&column("## Units", 1), UNITS.iter().map(|u| u.name));
    for row in rows(section("## Units")) {
        let units = quoted(row[1]);
        let quantity = |name: &str| UNITS.iter().find(|u| u.name == name).map(|u| u.quantity);
        assert!(
            units.iter().all(|u| quantity(u) == quantity(units[0])),
            "{row:?}"
        );
    }
}

#[test]
fn library_texts() {
    let paths = library::paths();
    same(
        &column("## The library", 0),
        paths.iter().map(String::as_str),
    );
}

#[test]
fn operators_and_kinds() {
    let told = column("### Inferred shapes", 0);
    let attributes = ["filters", "units", "kernel", "stride", "pad", "dilation"];
    let rest = [
        "groups",
        "multiplier",
        "output_pad",
        "scale",
        "size",
        "channels",
    ];
    same(&told, sema::operators().chain(attributes).chain(rest));
    same(
        &column("### Explicit bounds", 0),
        Op::ALL.iter().map(|op| op.name()),
    );
    for row in rows(section("### Explicit bounds")) {
        let op = Op::parse(quoted(row[0])[0]).expect("a kind");
        let mut must: Vec<&str> = quoted(row[1]);
        must.sort_unstable();
        must.dedup();
        same(&must, op.required_dims().iter().map(|d| d.name()));
        let optional = op.dims().iter().filter(|d| !op.required_dims().contains(d));
        let mut may = quoted(row[2]);
        may.sort_unstable();
        same(&may, optional.map(|d| d.name()));
    }
}

/// The attributes of operators that the page lists; [`attributes`] sees to it that they are all.
pub fn attributes_told() -> Vec<&'static str> {
    let rows = rows(section("### Inferred shapes"));
    let attributes = rows.iter().filter(|row| is_attribute(row));
    attributes.map(|row| quoted(row[0])[0]).collect()
}

/// Whether the row is about an attribute, and not about an operator.
fn is_attribute(row: &[&str]) -> bool {
    row[2].contains("must be given") || row[2].len() == 1
}

/// Each attribute is taken by the operators said to take it, and by no other.
#[test]
fn attributes() {
    let rows = rows(section("### Inferred shapes"));
    let (attributes, operators): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_attribute(row));
    assert_eq!(attributes.len(), 12);
    for row in operators {
        for operator in quoted(row[0]) {
            for attribute in attributes.iter().map(|row| quoted(row[0])[0]) {
                let text = format!("network n {{ a = {operator}(x) {{ {attribute} = 1 }} }}");
                let found = crate::spec::check(&text).analysis.diagnostics;
                let refused = found.iter().any(|d| d.message.contains("has no field"));
                let told = quoted(row[1]).contains(&attribute);
                assert_eq!(!refused, told, "`{attribute}` of `{operator}`");
            }
        }
    }
}

#[test]
fn metrics() {
    let rows = rows(section("## `budget`"));
    same(
        &column("## `budget`", 0),
        Metric::ALL.iter().map(|m| m.name()),
    );
    for row in rows {
        let metric = Metric::parse(quoted(row[0])[0]).expect("a metric");
        let sign = match (metric.can_be_budget(), metric.larger_is_better()) {
            (false, _) => "none",
            (true, true) => "`>=`",
            (true, false) => "`<=`",
        };
        assert_eq!(row[1], sign, "{}", metric.name());
    }
}

#[test]
fn coefficients() {
    let known = cost::MODELS.iter().flat_map(|m| m.spec.coefficients);
    // Models share coefficients; the page names each once.
    let names: BTreeSet<&str> = known.map(|c| c.name).chain([CLOCK.name]).collect();
    same(&column("## `technology`", 0), names);
    for row in rows(section("## `technology`")) {
        let name = quoted(row[0])[0];
        let mut all = cost::MODELS.iter().flat_map(|m| m.spec.coefficients);
        if let Some(spec) = all.find(|c| c.name == name) {
            assert_eq!(row[2], spec.summary, "{name}");
        }
    }
}

#[test]
fn settings_and_statements() {
    let statements = ["minimize", "maximize", "search", "pin", "expect", "stop"];
    same(
        &column("## `design`", 0),
        sema::SETTINGS.into_iter().chain(statements),
    );
    let models = cost::MODELS.iter().map(|m| m.spec.name);
    let row = rows(section("## `design`"))
        .into_iter()
        .find(|r| r[0] == "`model`");
    same(&quoted(row.expect("a row")[1]), models);
}

#[test]
fn methods_and_parameters() {
    let text = section("### `search`");
    let told = rows(text);
    let known: Vec<_> = search::SPECS.iter().flat_map(|m| m.params).collect();
    assert_eq!(told.len(), known.len());
    for method in &search::SPECS {
        assert!(
            text.contains(&format!("\n`{}`: ", method.name)),
            "{}",
            method.name
        );
    }
    for (row, param) in told.iter().zip(known) {
        assert_eq!(quoted(row[0]), [param.name]);
        let range = match param.kind {
            ParamKind::Whole(min, max) => format!("{min} to {max}"),
            ParamKind::Real(min, max) => format!("{min} to {max}"),
            ParamKind::Word(words) => words.join(", "),
        };
        assert_eq!(row[1], range, "{}", param.name);
        let default = match param.default {
            ParamDefault::Number(n) => n.to_string(),
            ParamDefault::Word(word) => word.to_string(),
        };
        assert_eq!(row[2], default, "{}", param.name);
    }
}
