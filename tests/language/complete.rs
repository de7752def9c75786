//! `docs/language.md` has an example of everything that the language has a word for.

use crate::docs::blocks;
use cfxc::base::span::SourceMap;
use cfxc::base::units::UNITS;
use cfxc::cost;
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::Op;
use cfxc::ir::metric::Metric;
use cfxc::ir::precision::Format;
use cfxc::ir::registry::ParamKind;
use cfxc::search;
use cfxc::sema;
use cfxc::syntax::ast::{
    DesignStmt, Expected, Item, LevelStmt, Name, NetworkBody, NetworkStmt, TechnologyStmt, Value,
};
use cfxc::syntax::parse;
use std::collections::BTreeSet;

/// What the examples write, each word with what it stands for before it.
#[derive(Default)]
struct Written(BTreeSet<String>);

impl Written {
    fn of_the_examples() -> Written {
        let mut written = Written::default();
        for (_, text) in blocks("cfx") {
            let file = SourceMap::default().add("an example", text.as_str());
            for item in parse(file, &text).0.items {
                written.item(&item);
            }
        }
        written
    }

    fn add(&mut self, what: &str, word: &str) {
        self.0.insert(format!("{what} {word}"));
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Network(network) => {
                if let NetworkBody::Statements(list) = &network.body {
                    list.iter().for_each(|statement| self.node(statement));
                }
            }
            Item::Dataflow(dataflow) => {
                for rule in &dataflow.rules {
                    rule.ops
                        .iter()
                        .for_each(|op| self.add("rule for", &op.node));
                    self.level(&rule.body);
                }
            }
            Item::Budget(budget) => {
                for limit in &budget.limits {
                    self.add("limit of", &limit.metric.node);
                }
            }
            Item::Technology(technology) => {
                technology.stmts.iter().for_each(|s| self.coefficients(s));
            }
            Item::Design(design) => design.stmts.iter().for_each(|s| self.decided(s)),
            Item::Use(_) | Item::Let(_) | Item::Menu(_) => {}
        }
    }

    fn node(&mut self, statement: &NetworkStmt) {
        let (form, op, fields) = match statement {
            NetworkStmt::Call { op, fields, .. } => ("operator", op, fields),
            NetworkStmt::Layer { op, fields, .. } => ("layer", op, fields),
            NetworkStmt::Input { .. } | NetworkStmt::Edges { .. } => return,
        };
        self.add(form, &op.node);
        for field in fields {
            self.add(&format!("{form} {}:", op.node), &field.name.node);
            self.add("attribute", &field.name.node);
        }
    }

    fn level(&mut self, body: &[LevelStmt]) {
        for statement in body {
            match statement {
                LevelStmt::Directive(d) => {
                    self.add("directive for", &d.dim.node);
                    self.add("direction", if d.spatial { "spatial" } else { "temporal" });
                }
                LevelStmt::Cluster { body, .. } => self.level(body),
            }
        }
    }

    fn coefficients(&mut self, statement: &TechnologyStmt) {
        match statement {
            TechnologyStmt::Source(_) => {}
            TechnologyStmt::Scalar { name, .. } => self.add("coefficient", &name.node),
            TechnologyStmt::Group { name, fields } => {
                for field in fields {
                    let full = format!("{}.{}", name.node, field.name.node);
                    self.add("coefficient", &full);
                }
            }
        }
    }

    fn decided(&mut self, statement: &DesignStmt) {
        match statement {
            DesignStmt::Setting { key, value } => {
                self.add("setting", &key.node);
                if let Some(word) = word(value) {
                    self.add(&key.node, &word.node);
                }
            }
            DesignStmt::Precision { fields, .. } => {
                self.add("setting", "precision");
                for format in fields.iter().filter_map(|f| word(&f.value)) {
                    self.add("precision", &format.node);
                }
            }
            DesignStmt::Objective { metric, .. } => self.add("objective", &metric.node),
            DesignStmt::Search { stages, .. } => {
                for stage in stages {
                    self.add("search", &stage.method.node);
                    for field in &stage.fields {
                        let param = format!("{} {}", stage.method.node, field.name.node);
                        self.add("parameter", &param);
                        if let Some(word) = word(&field.value) {
                            self.add(&param, &word.node);
                        }
                    }
                }
            }
            DesignStmt::Expect(expect) => {
                self.add("comparison", &format!("{:?}", expect.comparison.node));
                self.add("expect", &expect.measure.names.last().expect("a name").node);
                if let Expected::Scaled { measure, .. } = &expect.expected {
                    self.add("expect", &measure.names.last().expect("a name").node);
                }
            }
            DesignStmt::DataflowIn { .. } | DesignStmt::Pin { .. } | DesignStmt::Stop(_) => {}
        }
    }
}

fn word(value: &Value) -> Option<&Name> {
    match value {
        Value::Path(path) => path.word(),
        _ => None,
    }
}

/// Everything that a specification may name, as the compiler has it.
fn known() -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    known.extend(sema::operators().map(|op| format!("operator {op}")));
    for op in Op::ALL {
        known.push(format!("layer {}", op.name()));
        known.push(format!("rule for {}", op.name()));
        known.extend(
            op.dims()
                .iter()
                .map(|d| format!("layer {}: {}", op.name(), d.name())),
        );
    }
    known.extend(Dim::ALL.map(|dim| format!("directive for {}", dim.name())));
    for metric in Metric::ALL {
        known.push(format!("objective {}", metric.name()));
        if metric.can_be_budget() {
            known.push(format!("limit of {}", metric.name()));
        }
        known.push(format!("expect {}", metric.name()));
    }
    let comparisons = ["AtMost", "AtLeast", "Below", "Above", "Equal"];
    known.extend(comparisons.map(|sign| format!("comparison {sign}")));
    known.extend(sema::SETTINGS.map(|setting| format!("setting {setting}")));
    for model in cost::MODELS {
        known.push(format!("model {}", model.spec.name));
        let own = model.spec.coefficients.iter();
        known.extend(own.map(|c| format!("coefficient {}", c.name)));
    }
    known.extend(Format::ALL.map(|format| format!("precision {}", format.name())));
    for method in &search::SPECS {
        known.push(format!("search {}", method.name));
        for param in method.params {
            let full = format!("{} {}", method.name, param.name);
            known.push(format!("parameter {full}"));
            if let ParamKind::Word(words) = param.kind {
                known.extend(words.iter().map(|word| format!("{full} {word}")));
            }
        }
    }
    known
}

#[test]
fn everything_has_an_example() {
    let written = Written::of_the_examples();
    let known = known().into_iter();
    let attributes = crate::docs::attributes_told().into_iter();
    let missing: Vec<String> = known
        .chain(attributes.map(|name| format!("attribute {name}")))
        .filter(|what| !written.0.contains(what))
        .collect();
    assert!(
        missing.is_empty(),
        "without an example:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_unit_has_an_example() {
    let text: String = blocks("cfx").into_iter().map(|(_, text)| text).collect();
    let is_written = |unit: &str| {
        text.match_indices(unit).any(|(at, _)| {
            let before = text[..at].trim_end_matches(' ');
            let after = text[at + unit.len()..].bytes().next();
            let ends = !after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b'*');
            before.ends_with(|c: char| c.is_ascii_digit()) && ends
        })
    };
    let missing: Vec<&str> = UNITS
        .iter()
        .map(|u| u.name)
        .filter(|u| !is_written(u))
        .collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}
