//! Why a design cannot be built, said before any search: which budget, by how much, which layers.

use crate::base::span::{SourceMap, Span};
use crate::base::units::{self, Quantity};
use crate::cost::{MAX_LAYERS, Refused};
use crate::diag::{Diagnostic, codes};
use crate::emit::number::{Rounding, Scale, amount, counted, percent, significant};
use crate::ir::metric::Metric;
use crate::ir::problem::Problem;
use crate::space::feasible::Infeasible;
use crate::space::{BoundLimit, MAX_PRICES, Space, SpaceError, probe};

/// So many layers are shown as the cause.
const SHOWN: usize = 3;

/// Why the space of a problem cannot be built: of layers without a price all that have causes of
/// their own.
pub fn no_spaces(problem: &Problem, error: &SpaceError, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut errors = match error {
        SpaceError::NoPrice { .. } => probe::refused_everywhere(problem),
        _ => Vec::new(),
    };
    let layer = |error: &SpaceError| match error {
        SpaceError::NoPrice { layer, .. } => Some(*layer),
        _ => None,
    };
    let pinned = |at: usize| problem.pins.iter().any(|p| p.layer == at);
    // A pin leaves one point of those that are looked at there.
    if errors.is_empty() || layer(error).is_some_and(pinned) {
        errors.retain(|e| layer(e) != layer(error));
        errors.insert(0, error.clone());
    }
    let errors = errors.iter();
    errors.map(|e| no_space(problem, e, sources)).collect()
}

/// Why the space of a problem cannot be built.
pub fn no_space(problem: &Problem, error: &SpaceError, sources: &SourceMap) -> Diagnostic {
    let design = &problem.design;
    match error {
        SpaceError::TooLarge { points, shapes } => {
            if problem.layers.len() > MAX_LAYERS {
                return Diagnostic::error(
                    codes::SPACE_TOO_LARGE,
                    format!("the network of `{design}` has more than {MAX_LAYERS} layers"),
                )
                .label(problem.network.span, "this network")
                .help("split it into several designs");
            }
            let number = |n: f64| significant(n, 4, Rounding::Nearest);
            Diagnostic::error(
                codes::SPACE_TOO_LARGE,
                format!(
                    "the design space of `{design}` has {} prices; up to {} can be held",
                    number(points * *shapes as f64),
                    number(MAX_PRICES as f64)
                ),
            )
            .label(
                problem.menu.span,
                format!("{} choices for each layer", number(*points)),
            )
            .label(
                problem.span,
                format!("this design has {}", counted(*shapes, "distinct layer")),
            )
            .help("give the knobs fewer levels, or refine fewer of them")
        }
        SpaceError::NoCorner { span } => Diagnostic::error(
            codes::NO_CORNER,
            format!(
                "a percentage needs the menu's cheapest and dearest design, and `{design}` has neither"
            ),
        )
        .label(*span, "a share of an unknown span")
        .help(format!(
            "at each corner of the menu the model refuses some layer; write the limit with a unit instead of `{}`",
            sources.slice(*span).trim()
        )),
        SpaceError::NoPrice {
            layer,
            refused,
            rule,
        } => {
            let name = &problem.layers[*layer].name;
            let pin = problem.pins.iter().find(|p| p.layer == *layer);
            let mut diagnostic = Diagnostic::error(
                codes::NO_PRICE,
                format!(
                    "model `{}` has no price for layer `{name}` of `{design}`",
                    problem.model
                ),
            );
            if let Some(pin) = pin {
                diagnostic = diagnostic.label(pin.span, "pinned here");
            }
            diagnostic = match refused {
                Some(refused) => at_both(diagnostic, refused, *rule, problem, *layer),
                None => diagnostic.label(
                    problem.layers[*layer].span,
                    "no point of the menu has a price",
                ),
            };
            let coefficient = refused.as_ref().and_then(|r| r.coefficient);
            diagnostic.help(match (pin, coefficient) {
                (Some(_), _) => {
                    "pin it to another point; `cfxc cost SPEC --menu` shows which have prices".to_string()
                }
                (None, Some(name)) => format!(
                    "choose another dataflow or other levels, or another `{name}`; `cfxc cost SPEC --menu` shows every refusal"
                ),
                (None, None) => {
                    "choose another dataflow or other levels; `cfxc cost SPEC --menu` shows every refusal".to_string()
                }
            })
        }
    }
}

/// A refusal at the layer, and at the directive (or else the rule) that it is about.
pub fn at_both(
    diagnostic: Diagnostic,
    refused: &Refused,
    rule: Option<Span>,
    problem: &Problem,
    layer: usize,
) -> Diagnostic {
    let reason = format!("refused: {}", refused.reason);
    let layer = problem.layers[layer].span;
    let diagnostic = match (refused.at, rule) {
        (Some(directive), _) => {
            let diagnostic = diagnostic.label(directive, reason);
            let diagnostic = match refused.also {
                Some(also) => diagnostic.label(also, "together with this"),
                None => diagnostic,
            };
            diagnostic.label(layer, "this layer cannot be mapped so")
        }
        (None, Some(rule)) => diagnostic
            .label(layer, reason)
            .label(rule, "mapped by this rule"),
        (None, None) => diagnostic.label(layer, reason),
    };
    // A coefficient that the technology leaves to the model is written nowhere.
    let coefficient = refused.coefficient.and_then(|name| {
        let coefficient = problem.technology.coefficients.get(name)?;
        Some((
            name,
            coefficient.value,
            coefficient.quantity,
            coefficient.span?,
        ))
    });
    match coefficient {
        Some((name, value, quantity, span)) => {
            let technology = &problem.technology.name;
            let value = amount(quantity, value);
            diagnostic.label(span, format!("`{name}` of {technology} is {value}"))
        }
        None => diagnostic,
    }
}

/// That neither a proof nor a search found anything.
pub fn nothing_found(space: &Space) -> Diagnostic {
    let problem = space.problem;
    let mut diagnostic = Diagnostic::error(
        codes::NOTHING_FOUND,
        format!(
            "the search found nothing within the budgets of `{}`",
            problem.design
        ),
    )
    .label(
        problem.span,
        "whether there is anything could not be decided",
    );
    for limit in &space.limits {
        diagnostic = diagnostic.label(limit.span, "a limit that must hold");
    }
    diagnostic.help("relax a budget, or search longer")
}

/// Budgets that the exact solver proved impossible together, engine by engine.
/// `relaxation`: a share by which all must be relaxed at least, and one that is enough.
pub fn excluded(space: &Space, relaxation: Option<(f64, f64)>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        codes::JOINTLY_INFEASIBLE,
        match relaxation {
            Some((least, _)) => format!(
                "the budgets of `{}` cannot be met together: every choice misses one of them by {} or more",
                space.problem.design,
                share(least, Rounding::Down)
            ),
            None => format!(
                "the budgets of `{}` cannot be met together",
                space.problem.design
            ),
        },
    );
    for limit in &space.limits {
        diagnostic = diagnostic.label(limit.span, "can be met alone, but not with the others");
    }
    diagnostic
        .label(
            space.problem.span,
            "every engine of the menu was looked at with every choice of its layers",
        )
        .help(match relaxation {
            Some((_, enough)) => format!(
                "relax each of them by {}, or one of them by more",
                share(enough, Rounding::Up)
            ),
            None => "relax them; `cfxc cost SPEC --menu` shows what each layer costs".to_string(),
        })
}

/// The proof that no choice meets the budgets, as a diagnostic.
pub fn infeasible(space: &Space, proof: &Infeasible, sources: &SourceMap) -> Diagnostic {
    let teller = Teller { space, sources };
    match proof {
        Infeasible::Single {
            limit,
            best,
            layers,
        } => teller.single(*limit, *best, layers),
        Infeasible::Pace {
            limit,
            layers,
            pace,
        } => teller.pace(*limit, layers, *pace),
        Infeasible::Joint {
            overshoot,
            used,
            exact,
        } => teller.joint(*overshoot, used, *exact),
    }
}

struct Teller<'a> {
    space: &'a Space<'a>,
    sources: &'a SourceMap,
}

impl Teller<'_> {
    fn problem(&self) -> &Problem {
        self.space.problem
    }

    /// A value of the limit's metric, in the unit that the limit was written in.
    fn amount(&self, limit: &BoundLimit, value: f64, rounding: Rounding) -> String {
        match written_unit(limit, self.sources) {
            Some(unit) if unit.quantity == Quantity::Time => Scale {
                unit: unit.name,
                factor: unit.factor,
            }
            .amount(value / self.problem().technology.clock_hz(), rounding),
            Some(unit) => Scale {
                unit: unit.name,
                factor: unit.factor,
            }
            .amount(value, rounding),
            None => Scale::fitting(limit.metric.quantity(), value).amount(value, rounding),
        }
    }

    /// A limit that `value` meets: rounded away from it.
    fn enough(&self, limit: &BoundLimit, value: f64) -> String {
        let rounding = if limit.metric.larger_is_better() {
            Rounding::Down
        } else {
            Rounding::Up
        };
        self.amount(limit, value, rounding)
    }

    fn exactly(&self, limit: &BoundLimit, value: f64) -> String {
        self.amount(limit, value, Rounding::Nearest)
    }

    /// `area <= 10%`
    fn text(&self, span: Span) -> &str {
        self.sources.slice(span).trim()
    }

    /// `the limit is 1.5 mm2`, and how that comes about if it was written as a percentage.
    fn limit_is(&self, limit: &BoundLimit) -> String {
        let value = self.exactly(limit, limit.limit);
        match limit.share {
            Some(_) => format!("of the span between the menu's corners: {value}"),
            None => format!("the limit is {value}"),
        }
    }

    fn remedy(&self, limit: &BoundLimit, best: f64) -> String {
        let (verb, bound) = if limit.metric.larger_is_better() {
            ("lower", "at most")
        } else {
            ("raise", "at least")
        };
        let pins = if self.problem().pins.is_empty() {
            "widen the menu"
        } else {
            "loosen the pins, widen the menu"
        };
        format!(
            "{verb} {} to {bound} {}; or {pins} or choose another dataflow",
            limit.metric.name(),
            self.enough(limit, best)
        )
    }

    fn single(&self, limit: usize, best: f64, layers: &[(usize, f64)]) -> Diagnostic {
        let limit = &self.space.limits[limit];
        let larger = limit.metric.larger_is_better();
        let gap = (best - limit.limit).abs();
        let message = format!(
            "no choice of the menu meets `{}` of `{}`: {}, {} ({}) too {}",
            self.text(limit.span),
            self.problem().design,
            if larger {
                format!("at most {} is possible", self.exactly(limit, best))
            } else {
                format!("at least {} is needed", self.exactly(limit, best))
            },
            self.exactly(limit, gap),
            percent(gap / limit.limit),
            if larger { "little" } else { "much" },
        );
        let mut diagnostic =
            Diagnostic::error(codes::INFEASIBLE, message).label(limit.span, self.limit_is(limit));
        for &(layer, need) in layers.iter().take(SHOWN) {
            let need = match limit.metric {
                Metric::Throughput => amount(Quantity::Cycles, need),
                _ => self.exactly(limit, need),
            };
            diagnostic = diagnostic.label(
                self.problem().layers[layer].span,
                format!(
                    "`{}` needs at least {need}",
                    self.problem().layers[layer].name
                ),
            );
        }
        diagnostic.help(self.remedy(limit, best))
    }

    fn pace(&self, limit: usize, layers: &[(usize, f64)], pace: f64) -> Diagnostic {
        let limit = &self.space.limits[limit];
        let slowest = layers.first().map_or(pace, |l| l.1);
        let best = self.problem().technology.clock_hz() / slowest;
        let message = format!(
            "no choice of the menu meets `{}` of `{}`: {} cannot keep the pace of {} per inference, and at most {} is possible",
            self.text(limit.span),
            self.problem().design,
            counted(layers.len(), "layer"),
            amount(Quantity::Cycles, pace),
            self.exactly(limit, best),
        );
        let mut diagnostic =
            Diagnostic::error(codes::INFEASIBLE, message).label(limit.span, self.limit_is(limit));
        for &(layer, fewest) in layers.iter().take(SHOWN) {
            let layer = &self.problem().layers[layer];
            let fewest = amount(Quantity::Cycles, fewest);
            diagnostic = diagnostic.label(
                layer.span,
                format!("`{}` takes at least {fewest}", layer.name),
            );
        }
        diagnostic.help(self.remedy(limit, best))
    }

    fn joint(&self, overshoot: f64, used: &[f64], exact: bool) -> Diagnostic {
        let misses = if exact {
            format!(
                "the best choice misses one of them by {}",
                percent_up(overshoot)
            )
        } else {
            let bound = significant(overshoot * 100.0, 3, Rounding::Down);
            format!("every choice misses one of them by {bound} % or more")
        };
        let message = format!(
            "the budgets of `{}` cannot be met together: {misses}",
            self.problem().design,
        );
        let mut diagnostic = Diagnostic::error(codes::JOINTLY_INFEASIBLE, message);
        let mut remedies = Vec::new();
        let limits = self.space.limits.iter().zip(used);
        for (limit, &used) in limits.filter(|(_, used)| used.is_finite()) {
            let miss = limit.overshoot(used);
            let state = if miss > 0.0 {
                format!(
                    "the best choice found has {}, {} off",
                    self.exactly(limit, used),
                    percent_up(miss)
                )
            } else {
                format!("the best choice found has {}", self.exactly(limit, used))
            };
            diagnostic = diagnostic.label(limit.span, format!("{}; {state}", self.limit_is(limit)));
            if miss > 0.0 {
                let enough = self.enough(limit, used);
                remedies.push(format!("{} to {enough}", limit.metric.name()));
            }
        }
        diagnostic.help(format!(
            "relax {}; or give up more of one budget for less of another",
            remedies.join(" and ")
        ))
    }
}

/// A share in per cent, never rounded to nothing.
fn percent_up(value: f64) -> String {
    share(value, Rounding::Up)
}

fn share(value: f64, rounding: Rounding) -> String {
    format!("{} %", significant(value * 100.0, 3, rounding))
}

/// The unit a limit was written in; `None` for a percentage.
fn written_unit(limit: &BoundLimit, sources: &SourceMap) -> Option<&'static units::Unit> {
    let text = sources.slice(limit.span).trim_end();
    let fits = |unit: &&units::Unit| {
        let quantity = unit.quantity == limit.metric.quantity()
            || (limit.metric == Metric::Latency && unit.quantity == Quantity::Time);
        let before = text.strip_suffix(unit.name);
        quantity
            && before.is_some_and(|b| {
                b.ends_with(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '.')
            })
    };
    units::UNITS.iter().find(fits)
}
