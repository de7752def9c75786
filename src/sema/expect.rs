//! `expect` lines: figures of a design, of its layers, and of other designs, compared with a number
//! or with each other. They are looked at when all designs are known.

use super::budget;
use super::fields::{did_you_mean, quoted, unknown};
use super::quantity;
use super::scope::Program;
use crate::base::units::Quantity;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, Severity, codes};
use crate::ir::metric::Metric;
use crate::ir::network::NodeKind;
use crate::ir::problem::{Deployment, Expectation, Expected, Measure, Problem, Relation, Subject};
use crate::syntax::ast::{self, Comparison, DesignStmt, Item, Name};
use std::collections::BTreeMap;

/// What the metrics of a layer are.
const OF_LAYERS: [Metric; 5] = [
    Metric::Latency,
    Metric::Energy,
    Metric::Area,
    Metric::Power,
    Metric::Edp,
];

/// Gives the designs their expectations; those with a mistake in one are left out.
pub fn lower_all(program: &mut Program, problems: &mut Vec<Problem>) {
    let names = program.design_names();
    let mut found = Vec::new();
    let mut broken = Vec::new();
    for at in program.blocks(0) {
        let Item::Design(decl) = program.item(at).clone() else {
            continue;
        };
        let own = problems.iter().position(|p| p.span == decl.name.span);
        let scope = Scope {
            own: own.map(|at| &problems[at]),
            own_name: &decl.name.node,
            problems,
            names: &names,
            layers_of: &program.layers_of,
        };
        let before = errors(program);
        let mut expectations = Vec::new();
        for statement in &decl.stmts {
            if let DesignStmt::Expect(expect) = statement {
                expectations.extend(scope.lower(expect, &mut program.diagnostics));
            }
        }
        match own {
            Some(own) if errors(program) > before => broken.push(own),
            Some(own) => found.push((own, expectations)),
            None => {}
        }
    }
    for (at, expectations) in found {
        problems[at].expectations = expectations;
    }
    for at in broken.into_iter().rev() {
        problems.remove(at);
    }
}

fn errors(program: &Program) -> usize {
    let found = program.diagnostics.iter();
    found.filter(|d| d.severity == Severity::Error).count()
}

/// What an expectation may speak of.
struct Scope<'a> {
    /// The design that expects; `None` if it is broken, which was reported.
    own: Option<&'a Problem>,
    /// All sound designs of the file.
    problems: &'a [Problem],
    own_name: &'a str,
    /// Names of all designs of the file.
    names: &'a [String],
    /// The layers of those that are broken.
    layers_of: &'a BTreeMap<String, Vec<String>>,
}

/// A figure that was found, and the design it is of.
struct Found<'a> {
    measure: Measure,
    /// `None` if the design is broken.
    design: Option<&'a Problem>,
}

impl Found<'_> {
    /// Any clock will do to look at the units of a broken design.
    fn clock_hz(&self) -> f64 {
        self.design.map_or(1e9, |d| d.technology.clock_hz())
    }
}

impl<'a> Scope<'a> {
    fn lower(&self, expect: &ast::Expect, out: &mut Vec<Diagnostic>) -> Option<Expectation> {
        let left = self.find(&expect.measure, out);
        let expected = match &expect.expected {
            ast::Expected::Number(number) => {
                let left = left.as_ref()?;
                Expected::Value(match left.measure.subject {
                    Subject::Gap => budget::gap(number, out)?,
                    Subject::Metric(metric) => {
                        budget::expected(number, metric, left.clock_hz(), out)?
                    }
                })
            }
            ast::Expected::Scaled { factor, measure } => {
                let right = self.find(measure, out);
                let factor = match factor {
                    Some(number) => positive(number, out)?,
                    None => 1.0,
                };
                let (left, right) = (left.as_ref()?, right?);
                let quantity = left.measure.subject.quantity();
                if quantity != right.measure.subject.quantity() {
                    out.push(other_unit(expect, measure, left, &right));
                    return None;
                }
                let timed = matches!(quantity, Quantity::Cycles | Quantity::EnergyDelay);
                Expected::Times {
                    factor,
                    // Cycles of different clocks are compared as the times they are.
                    clocks: if timed {
                        left.clock_hz() / right.clock_hz()
                    } else {
                        1.0
                    },
                    measure: right.measure,
                }
            }
        };
        Some(Expectation {
            measure: left?.measure,
            relation: relation(expect.comparison.node),
            expected,
            span: expect.span,
        })
    }

    /// The figure behind dotted names.
    fn find(&self, written: &ast::Measure, out: &mut Vec<Diagnostic>) -> Option<Found<'a>> {
        let (metric, path) = written.names.split_last()?;
        let (design, layer) = match path {
            [] => (None, None),
            [one] => self.design_or_layer(one, out)?,
            [design, layer] => (Some(design), Some(layer)),
            [_, _, extra, ..] => {
                out.push(
                    Diagnostic::error(codes::SYNTAX, "too many names for one figure")
                        .label(extra.span, "what is this one?")
                        .help("write a design, a layer and a metric: `big.conv1.latency`"),
                );
                return None;
            }
        };
        let problem = match design {
            None => self.own,
            Some(name) => {
                if !self.names.contains(&name.node) {
                    let known: Vec<&str> = self.names.iter().map(String::as_str).collect();
                    out.push(unknown("design", name, &known));
                    return None;
                }
                self.problems.iter().find(|p| p.design == name.node)
            }
        };
        // A layer and a figure may both be named wrongly.
        let subject = subject(metric, layer.is_some(), out);
        let measure = |layer: Option<usize>, subject: Subject| Measure {
            design: design.map(|d| d.node.clone()),
            layer,
            subject,
            text: text(&written.names),
        };
        let mut index = None;
        if let Some(name) = layer {
            let Some(problem) = problem else {
                // Of a broken design not more than the names of its layers is known.
                let of = design.map_or(self.own_name, |d| &d.node);
                let layers = self.layers_of.get(of)?;
                if !layers.contains(&name.node) {
                    let known = layers.iter().map(String::as_str);
                    out.push(no_layer(of, name, known));
                    return None;
                }
                // The expectation of a broken design comes to nothing; its unit is looked at.
                let subject = subject?;
                return self.own.is_none().then(|| Found {
                    measure: measure(None, subject),
                    design: None,
                });
            };
            index = Some(find_layer(problem, name, out)?);
            let of_engine = matches!(subject, Some(Subject::Metric(Metric::Area | Metric::Power)));
            if of_engine && problem.deployment == Deployment::Sequential {
                out.push(shared_engine(metric, problem));
                return None;
            }
        }
        Some(Found {
            measure: measure(index, subject?),
            design: problem,
        })
    }

    /// What `name.metric` is of.
    #[allow(clippy::type_complexity)]
    fn design_or_layer<'n>(
        &self,
        name: &'n Name,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(Option<&'n Name>, Option<&'n Name>)> {
        let design = self.names.contains(&name.node);
        let layer = self.own.and_then(|p| {
            let nodes = p.network.graph.node_weights();
            nodes.into_iter().find(|n| n.name == name.node)
        });
        match (design, layer) {
            (true, Some(node)) => {
                out.push(
                    Diagnostic::error(
                        codes::DUPLICATE_NAME,
                        format!("`{}` is both a design and a layer", name.node),
                    )
                    .label(name.span, "which of the two?")
                    .label(node.span, "the layer")
                    .help("name the design too, `design.layer.metric`, or rename the design"),
                );
                None
            }
            (true, None) => Some((Some(name), None)),
            (false, Some(_)) => Some((None, Some(name))),
            (false, None) => {
                let whose = self.own.map_or(self.own_name, |own| &own.network.name);
                let layers: Vec<&str> = match self.own {
                    Some(own) => own.layers.iter().map(|l| l.name.as_str()).collect(),
                    None => {
                        let layers = self.layers_of.get(self.own_name)?;
                        if layers.contains(&name.node) {
                            return Some((None, Some(name)));
                        }
                        layers.iter().map(String::as_str).collect()
                    }
                };
                let known = layers
                    .into_iter()
                    .chain(self.names.iter().map(String::as_str));
                let diagnostic = Diagnostic::error(
                    codes::UNKNOWN_NAME,
                    format!("there is no layer or design `{}`", name.node),
                )
                .label(
                    name.span,
                    format!("neither a layer of `{whose}` nor a design"),
                );
                out.push(match nearest(&name.node, known) {
                    Some(near) => did_you_mean(diagnostic, name.span, &quoted(near)),
                    None => diagnostic.help(format!(
                        "the designs are: {}; `cfxc graph SPEC` shows the layers",
                        self.names.join(", ")
                    )),
                });
                None
            }
        }
    }
}

fn relation(comparison: Comparison) -> Relation {
    match comparison {
        Comparison::AtMost => Relation::AtMost,
        Comparison::AtLeast => Relation::AtLeast,
        Comparison::Below => Relation::Below,
        Comparison::Above => Relation::Above,
        Comparison::Equal => Relation::Equal,
    }
}

/// Names as they are written.
fn text(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(&name.node)).collect();
    names.join(".")
}

/// What is measured, of a whole design or of a layer.
fn subject(name: &Name, of_layer: bool, out: &mut Vec<Diagnostic>) -> Option<Subject> {
    let found = match name.node.as_str() {
        "gap" => Some(Subject::Gap),
        other => Metric::parse(other).map(Subject::Metric),
    };
    let fits = |s: &Subject| match s {
        Subject::Gap => !of_layer,
        Subject::Metric(metric) => !of_layer || OF_LAYERS.contains(metric),
    };
    match found {
        Some(subject) if fits(&subject) => Some(subject),
        Some(subject) => {
            let all = OF_LAYERS.map(Metric::name).join(", ");
            out.push(
                Diagnostic::error(
                    codes::BAD_LIMIT,
                    format!("a layer has no `{}`", subject.name()),
                )
                .label(name.span, "this is of a whole design")
                .help(format!("a layer has: {all}")),
            );
            None
        }
        None => {
            let mut known: Vec<&str> = Metric::ALL.iter().map(|m| m.name()).collect();
            if of_layer {
                known = OF_LAYERS.iter().map(|m| m.name()).collect();
            } else {
                known.push("gap");
            }
            out.push(unknown("metric", name, &known));
            None
        }
    }
}

fn find_layer(problem: &Problem, name: &Name, out: &mut Vec<Diagnostic>) -> Option<usize> {
    let found = problem.layers.iter().position(|l| l.name == name.node);
    if found.is_some() {
        return found;
    }
    let mut nodes = problem.network.graph.node_weights();
    let free = nodes.find(|n| n.name == name.node && !matches!(n.kind, NodeKind::Layer(_)));
    out.push(match free {
        Some(node) => Diagnostic::error(
            codes::WRONG_KIND,
            format!("`{}` costs nothing on the array", name.node),
        )
        .label(name.span, "there is nothing to expect of it")
        .label(node.span, "declared here")
        .help("name a layer that is priced"),
        None => {
            let known = problem.layers.iter().map(|l| l.name.as_str());
            no_layer(&problem.design, name, known)
        }
    });
    None
}

fn no_layer<'a>(
    design: &str,
    name: &Name,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_NAME,
        format!("design `{design}` has no layer `{}`", name.node),
    )
    .label(name.span, "no layer of this name");
    match nearest(&name.node, known) {
        Some(near) => did_you_mean(diagnostic, name.span, &quoted(near)),
        None => diagnostic.help("`cfxc graph SPEC` shows the layers, with the names they have"),
    }
}

/// That a layer of a sequential design has no engine of its own.
fn shared_engine(metric: &Name, problem: &Problem) -> Diagnostic {
    Diagnostic::error(
        codes::PIPELINED_ONLY,
        format!(
            "no layer of `{}` has `{}` of its own",
            problem.design, metric.node
        ),
    )
    .label(metric.span, "one engine serves all layers")
    .help(format!("expect `{}` of the whole design", metric.node))
}

/// `2` or `50%`
fn positive(number: &ast::Number, out: &mut Vec<Diagnostic>) -> Option<f64> {
    let kinds = [Quantity::Count, Quantity::Percent];
    let (value, _) = quantity::measure(number, &kinds, "the factor of another figure", out)?;
    if value.is_finite() && value > 0.0 {
        return Some(value);
    }
    out.push(
        Diagnostic::error(codes::OUT_OF_RANGE, "the factor must be positive")
            .label(number.span, "not a positive number")
            .help("write e.g. `2 * big.latency`"),
    );
    None
}

/// That two sides do not measure the same.
fn other_unit(
    expect: &ast::Expect,
    right: &ast::Measure,
    left: &Found,
    found: &Found,
) -> Diagnostic {
    let unit = |subject: Subject| match subject {
        Subject::Metric(metric) => metric.unit(),
        Subject::Gap => "a share",
    };
    let (a, b) = (left.measure.subject, found.measure.subject);
    Diagnostic::error(
        codes::WRONG_UNIT,
        format!("`{}` cannot be compared with `{}`", a.name(), b.name()),
    )
    .label(right.span, format!("in {}", unit(b)))
    .label(expect.measure.span, format!("in {}", unit(a)))
    .help("compare what has the same unit")
}
