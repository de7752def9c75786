//! Every place of a block where a number may stand: what is computed there is put in its place.

use crate::syntax::ast::{DesignStmt, DirectiveDecl, Expected};
use crate::syntax::ast::{
    Field, Item, LevelStmt, NetworkBody, NetworkStmt, Number, Param, Path, SizeExpr,
    TechnologyStmt, Value,
};

/// A place for a number.
pub enum Slot<'a> {
    /// Only a number can stand here.
    Number(&'a mut Number),
    /// A lone word, which may be a constant.
    Value(&'a mut Value),
    /// A size of a directive or cluster, which may be a dimension or a knob.
    Size(&'a mut SizeExpr),
}

/// What is done with a place.
pub type Visit<'a> = &'a mut dyn FnMut(Slot);

/// Visits all places of a block, in order.
pub fn visit(item: &mut Item, f: Visit) {
    match item {
        Item::Use(_) => {}
        Item::Let(decl) => f(Slot::Number(&mut decl.value)),
        Item::Network(decl) => match &mut decl.body {
            NetworkBody::From(file) => {
                for dim in &mut file.dims {
                    f(Slot::Number(&mut dim.value));
                }
            }
            NetworkBody::Statements(list) => list.iter_mut().for_each(|s| network(s, f)),
        },
        Item::Dataflow(decl) => {
            defaults(&mut decl.params, f);
            for rule in &mut decl.rules {
                level(&mut rule.body, f);
            }
        }
        Item::Menu(decl) => {
            defaults(&mut decl.params, f);
            for knob in &mut decl.knobs {
                if knob.name.node == "dataflow" {
                    names(&mut knob.values, f);
                } else {
                    value(&mut knob.values, f);
                }
            }
        }
        Item::Budget(decl) => {
            for limit in &mut decl.limits {
                f(Slot::Number(&mut limit.limit));
            }
        }
        Item::Technology(decl) => {
            for statement in &mut decl.stmts {
                match statement {
                    TechnologyStmt::Source(_) => {}
                    TechnologyStmt::Scalar { value, .. } => f(Slot::Number(value)),
                    TechnologyStmt::Group { fields: list, .. } => fields(list, f),
                }
            }
        }
        Item::Design(decl) => decl.stmts.iter_mut().for_each(|s| design(s, f)),
    }
}

fn network(statement: &mut NetworkStmt, f: Visit) {
    match statement {
        NetworkStmt::Input { shape, .. } => {
            for extent in &mut shape.node {
                f(Slot::Number(extent));
            }
        }
        NetworkStmt::Layer { fields: list, .. } | NetworkStmt::Call { fields: list, .. } => {
            fields(list, f);
        }
        NetworkStmt::Edges { .. } => {}
    }
}

fn design(statement: &mut DesignStmt, f: Visit) {
    match statement {
        DesignStmt::Setting { key, value: set } if key.node == "seed" => value(set, f),
        DesignStmt::Setting { value: set, .. } => names(set, f),
        DesignStmt::DataflowIn { choices, .. } => choices.iter_mut().for_each(|p| args(p, f)),
        DesignStmt::Objective { .. } => {}
        DesignStmt::Search { stages, .. } => {
            for stage in stages {
                fields(&mut stage.fields, f);
            }
        }
        DesignStmt::Pin { fields: list, .. } => list.iter_mut().for_each(|l| fields(l, f)),
        DesignStmt::Precision { fields: list, .. } => {
            for field in list {
                names(&mut field.value, f);
            }
        }
        DesignStmt::Expect(expect) => match &mut expect.expected {
            Expected::Number(number) => f(Slot::Number(number)),
            Expected::Scaled { factor, .. } => {
                if let Some(factor) = factor {
                    f(Slot::Number(factor));
                }
            }
        },
        DesignStmt::Stop(condition) => f(Slot::Number(&mut condition.limit)),
    }
}

fn level(body: &mut [LevelStmt], f: Visit) {
    for statement in body {
        match statement {
            LevelStmt::Directive(DirectiveDecl { size, step, .. }) => {
                f(Slot::Size(size));
                if let Some(step) = step {
                    f(Slot::Size(step));
                }
            }
            LevelStmt::Cluster { size, body, .. } => {
                f(Slot::Size(size));
                level(body, f);
            }
        }
    }
}

fn defaults(params: &mut [Param], f: Visit) {
    for param in params {
        if let Some(default) = &mut param.default {
            f(Slot::Number(default));
        }
    }
}

fn fields(list: &mut [Field], f: Visit) {
    for field in list {
        if field.name.node == "dataflow" {
            names(&mut field.value, f);
        } else {
            value(&mut field.value, f);
        }
    }
}

/// A value of numbers or words.
fn value(value: &mut Value, f: Visit) {
    match value {
        Value::Number(number) => f(Slot::Number(number)),
        Value::Range(range) => {
            f(Slot::Number(&mut range.start));
            f(Slot::Number(&mut range.end));
            if let Some(step) = &mut range.step {
                f(Slot::Number(step));
            }
        }
        Value::List(list) => list.node.iter_mut().for_each(|v| self::value(v, f)),
        Value::Path(path) if path.word().is_some() => f(Slot::Value(value)),
        Value::Path(path) => args(path, f),
        Value::Pair(_) | Value::Text(_) => {}
    }
}

/// A value whose words are names of something else than constants.
fn names(value: &mut Value, f: Visit) {
    match value {
        Value::Path(path) => args(path, f),
        Value::List(list) => list.node.iter_mut().for_each(|v| names(v, f)),
        other => self::value(other, f),
    }
}

fn args(path: &mut Path, f: Visit) {
    for arg in path.args.iter_mut().flat_map(|list| &mut list.node) {
        f(Slot::Number(&mut arg.value));
    }
}
