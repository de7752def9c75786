//! Dataflows and menus with parameters: arguments, and the block they make.

use super::arithmetic::Amount;
use super::constants::Env;
use super::fields::did_you_mean;
use super::kind::Kind;
use super::scope::{Program, Ref};
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Item, Name, Number, Param, Path};

/// A block with all its parameters bound.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The block that was declared.
    pub at: Ref,
    /// What a result calls it: `nvdla`, `tiled(t = 4)`.
    pub name: String,
    /// `(t = 4)`: arguments other than the defaults; empty if there are none.
    pub given: String,
    /// Where it is named, if arguments stand there.
    pub call: Option<Span>,
    /// The block with its values.
    pub item: Item,
}

impl Instance {
    /// Says at diagnostics of this instance which arguments led to them.
    pub fn place(&self, found: &mut [Diagnostic]) {
        if let Some(call) = self.call {
            for diagnostic in found {
                let told = diagnostic.labels.iter().any(|l| l.span == call);
                if !told {
                    diagnostic.labels.push(crate::diag::Label {
                        span: call,
                        text: "with these arguments".to_string(),
                    });
                    // What is right with other arguments would not be any more.
                    diagnostic.suggestion = None;
                }
            }
        }
    }
}

/// What a block leaves open.
fn params(item: &Item) -> &[Param] {
    match item {
        Item::Dataflow(decl) => &decl.params,
        Item::Menu(decl) => &decl.params,
        _ => &[],
    }
}

impl Program<'_> {
    /// The block that a path with its arguments means. `None` if there is none, or if arguments
    /// have no value; what is wrong is reported.
    pub fn instance(&mut self, path: &Path, kind: Kind) -> Option<Instance> {
        let at = self.resolve(path, kind)?;
        let mut item = self.item(at).clone();
        let name = path.segments.last().map_or("", |s| &s.node);
        let params = params(&item).to_vec();
        if params.is_empty() {
            return Some(Instance {
                at,
                name: name.to_string(),
                given: String::new(),
                call: None,
                item,
            });
        }
        let bound = bind(&params, path).ok()?;
        let mut env = Env {
            module: at.module(),
            ..Env::default()
        };
        // An argument has its value already, unless it waits for an argument itself.
        let mut own = Env::default();
        let mut given = Vec::new();
        for (param, argument) in params.iter().zip(bound) {
            let default = match &param.default {
                Some(default) => Some(self.amount(default, &mut env).ok()?),
                None => None,
            };
            let value = match argument {
                Some(number) if number.expr.is_some() => return None,
                Some(number) => self.amount(number, &mut own).ok()?,
                None => default?,
            };
            let same = |d: Amount| d.value == value.value && d.shown() == value.shown();
            if !default.is_some_and(same) {
                given.push(format!("{} = {}", param.name.node, value.shown()));
            }
            env.params.insert(param.name.node.clone(), Some(value));
        }
        self.settle(&mut item, &mut env);
        let given = match given.as_slice() {
            [] => String::new(),
            list => format!("({})", list.join(", ")),
        };
        if let Item::Menu(decl) = &mut item {
            decl.name.node.push_str(&given);
        }
        Some(Instance {
            at,
            name: format!("{name}{given}"),
            given,
            call: path.args.as_ref().map(|_| path.span),
            item,
        })
    }

    /// A block whose parameters all have defaults, with these; `None` of any other block.
    pub(super) fn by_default(&mut self, at: Ref) -> Option<Item> {
        let mut item = self.item(at).clone();
        let params = params(&item).to_vec();
        if params.is_empty() {
            return None;
        }
        let mut env = Env {
            module: at.module(),
            ..Env::default()
        };
        for param in &params {
            let value = self.amount(param.default.as_ref()?, &mut env).ok()?;
            env.params.insert(param.name.node.clone(), Some(value));
        }
        self.settle(&mut item, &mut env);
        Some(item)
    }

    /// Whether the arguments of a path are those that its block takes; reports why not.
    pub(super) fn arguments_fit(&mut self, at: Ref, path: &Path) -> bool {
        let item = self.item(at);
        let params = params(item);
        let found = if params.is_empty() {
            no_parameters(item, path)
        } else {
            bind(params, path).err().unwrap_or_default()
        };
        let fit = found.is_empty();
        self.diagnostics.extend(found);
        fit
    }
}

/// Arguments to what has no parameters.
fn no_parameters(item: &Item, path: &Path) -> Vec<Diagnostic> {
    let Some(args) = &path.args else {
        return Vec::new();
    };
    let mut diagnostic = Diagnostic::error(
        codes::ARGUMENTS,
        format!("`{}` has no parameters", path.text()),
    )
    .label(args.span, "nothing takes these arguments");
    if let Some((kind, name)) = super::kind::header(item) {
        let declared = format!("this {} is declared without parameters", kind.name());
        diagnostic = diagnostic.label(name.span, declared);
    }
    let help = format!("write `{}`", path.text());
    vec![diagnostic.help(help).suggest(args.span, "")]
}

/// For each parameter its argument, if there is one.
fn bind<'a>(params: &[Param], path: &'a Path) -> Result<Vec<Option<&'a Number>>, Vec<Diagnostic>> {
    let what = path.text();
    let names = || params.iter().map(|p| p.name.node.as_str());
    let list = params.iter().map(|p| match p.default {
        Some(_) => format!("[{}]", p.name.node),
        None => p.name.node.clone(),
    });
    let form = format!("`{what}({})`", list.collect::<Vec<_>>().join(", "));
    let mut bound: Vec<Option<(&Number, Span)>> = vec![None; params.len()];
    let mut wrong = Vec::new();
    let mut misspelt = false;
    let mut first_named: Option<&Name> = None;
    for (i, arg) in path.args.iter().flat_map(|a| &a.node).enumerate() {
        let at = match &arg.name {
            Some(name) => {
                first_named = first_named.or(Some(name));
                let found = names().position(|p| p == name.node);
                if found.is_none() {
                    misspelt = true;
                    wrong.push(unknown(&what, name, params));
                }
                found
            }
            None => {
                if let Some(named) = first_named {
                    wrong.push(
                        Diagnostic::error(
                            codes::ARGUMENTS,
                            "an argument without a name behind one with a name",
                        )
                        .label(arg.span, "which parameter is this for?")
                        .label(named.span, "named")
                        .help(format!(
                            "name this one too, or move it to the front: {form}"
                        )),
                    );
                    misspelt = true;
                    continue;
                }
                if i >= params.len() {
                    let last = params.last().map_or(path.span, |p| p.span);
                    wrong.push(
                        Diagnostic::error(
                            codes::ARGUMENTS,
                            format!("too many arguments of `{what}`"),
                        )
                        .label(arg.span, "no parameter is left for this")
                        .label(last, "the last parameter")
                        .help(format!("write {form}")),
                    );
                }
                (i < params.len()).then_some(i)
            }
        };
        let Some(at) = at else { continue };
        match bound[at] {
            Some((_, first)) => wrong.push(
                Diagnostic::error(
                    codes::ARGUMENTS,
                    format!("parameter `{}` is given twice", params[at].name.node),
                )
                .label(arg.span, "given again here")
                .label(first, "first given here")
                .help("keep one of the two"),
            ),
            None => bound[at] = Some((&arg.value, arg.span)),
        }
    }
    let lacking = params.iter().zip(&bound);
    let lacking = lacking.filter(|(p, b)| p.default.is_none() && b.is_none() && !misspelt);
    for (param, _) in lacking {
        if names().filter(|n| *n == param.name.node).count() > 1 {
            continue; // no argument can help, and that it is declared twice was reported
        }
        wrong.push(
            Diagnostic::error(
                codes::ARGUMENTS,
                format!("`{what}` needs a value for `{}`", param.name.node),
            )
            .label(path.span, format!("no `{}` is given", param.name.node))
            .label(param.span, "it has no default")
            .help(format!(
                "write {form}, e.g. `{what}({} = 4)`",
                param.name.node
            )),
        );
    }
    if wrong.is_empty() {
        Ok(bound.into_iter().map(|b| b.map(|(n, _)| n)).collect())
    } else {
        Err(wrong)
    }
}

fn unknown(what: &str, name: &Name, params: &[Param]) -> Diagnostic {
    let known: Vec<&str> = params.iter().map(|p| p.name.node.as_str()).collect();
    let mut diagnostic = Diagnostic::error(
        codes::ARGUMENTS,
        format!("`{what}` has no parameter `{}`", name.node),
    )
    .label(name.span, "no parameter has this name");
    if let Some(first) = params.first() {
        diagnostic = diagnostic.label(first.span, "its parameters begin here");
    }
    match nearest(&name.node, known.iter().copied()) {
        Some(near) => did_you_mean(diagnostic, name.span, near),
        None => diagnostic.help(format!("it has: {}", known.join(", "))),
    }
}
