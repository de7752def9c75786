//! The front between objective and budget: as a table, CSV, JSON, and in sentences.

use super::decision::Decision;
use super::grid::{Align, Grid};
use super::inputs::is_count;
use super::number::{self, Rounding, Scale, amount, significant};
use crate::certify::pareto::{Front, Known, NoFront, Step};
use crate::ir::metric::Metric;
use crate::ir::problem::Problem;
use serde_json::{Value, json};

/// What is said of a step in the last column.
fn remark(front: &Front, step: &Step) -> String {
    match (step.known, step.no_better_than) {
        (Known::Nothing, _) => "nothing fits: proved".to_string(),
        (Known::Undecided, _) => "nothing found, nothing excluded".to_string(),
        (Known::Found { .. }, None) => String::new(),
        (Known::Found { .. }, Some(first)) => {
            let first = &front.steps[first];
            format!("buys nothing over {}", limit(front.over, first))
        }
    }
}

/// The limit as it was asked for: a share, or an amount.
fn limit(over: Metric, step: &Step) -> String {
    match step.share {
        Some(share) => share_text(share),
        None => amount(over.quantity(), step.limit),
    }
}

fn share_text(share: f64) -> String {
    format!("{} %", significant(share * 100.0, 4, Rounding::Nearest))
}

/// How far it is from the best possible.
pub fn gap_text(known: Known) -> String {
    match known {
        Known::Found { gap: 0.0, .. } => "0 %".to_string(),
        Known::Found { gap, .. } if gap.is_finite() => {
            format!("<= {} %", significant(gap * 100.0, 2, Rounding::Up))
        }
        Known::Found { .. } => "unknown".to_string(),
        Known::Nothing | Known::Undecided => String::new(),
    }
}

/// The steps as a table.
pub fn grid(problem: &Problem, front: &Front) -> Grid {
    let metric = problem.objective.metric;
    let over = front.over;
    let limits = front.steps.iter().map(|s| s.limit);
    let scale = Scale::fitting(over.quantity(), limits.fold(0.0, f64::max));
    let values = front.steps.iter().filter_map(|s| match s.known {
        Known::Found { value, .. } => Some(value),
        _ => None,
    });
    let value_scale = Scale::fitting(metric.quantity(), values.fold(0.0, f64::max));
    let shares = front.steps.iter().any(|s| s.share.is_some());
    let sign = if over.larger_is_better() { ">=" } else { "<=" };
    let mut columns = Vec::new();
    if shares {
        columns.push((format!("{} {sign}", over.name()), Align::Right));
    }
    columns.extend([
        (
            format!("{} {sign} ({})", over.name(), scale.unit),
            Align::Right,
        ),
        (
            format!("{} ({})", metric.name(), value_scale.unit),
            Align::Right,
        ),
        (format!("used ({})", scale.unit), Align::Right),
        ("gap".to_string(), Align::Right),
        ("remark".to_string(), Align::Left),
    ]);
    let mut grid = Grid::new(columns);
    for step in &front.steps {
        let mut cells = Vec::new();
        if shares {
            cells.push(step.share.map_or(String::new(), share_text));
        }
        cells.push(scale.digits(step.limit));
        match step.known {
            Known::Found { value, used, .. } => {
                cells.extend([value_scale.digits(value), scale.digits(used)]);
            }
            _ => cells.extend(["-".to_string(), "-".to_string()]),
        }
        cells.push(gap_text(step.known));
        cells.push(remark(front, step));
        grid.push(cells);
    }
    grid
}

/// A heading, the table, and what it says in sentences.
pub fn table(problem: &Problem, front: &Front) -> String {
    let goal = problem.objective.metric;
    let verb = if goal.larger_is_better() {
        "most"
    } else {
        "least"
    };
    let mut out = format!(
        "{}  {verb} {} within a budget of {}\n\n",
        problem.design,
        goal.name(),
        front.over.name()
    );
    for line in grid(problem, front).lines() {
        out.push_str(&line);
        out.push('\n');
    }
    out.push('\n');
    for line in notes(problem, front) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// What holds for the whole front.
pub fn notes(problem: &Problem, front: &Front) -> Vec<String> {
    let mut out = Vec::new();
    let others: Vec<&str> = problem
        .budgets
        .iter()
        .filter(|b| b.metric != front.over)
        .map(|b| b.metric.name())
        .collect();
    if !others.is_empty() {
        out.push(format!(
            "the other budgets hold at every step: {}",
            others.join(", ")
        ));
    }
    out.push(if front.stopped {
        "the solver was stopped: gaps are what was proved until then".to_string()
    } else if front.closed() {
        "every step is a proven optimum, or proved to have no design".to_string()
    } else {
        "where a gap is named, nothing is better by more than it".to_string()
    });
    out
}

/// A figure in the shortest form that reads back the same.
fn exact(metric: Metric, value: f64) -> Value {
    number::json(value, is_count(metric.quantity()))
}

fn state(known: Known) -> &'static str {
    match known {
        Known::Found { gap: 0.0, .. } => "optimum",
        Known::Found { .. } => "bounded",
        Known::Nothing => "infeasible",
        Known::Undecided => "undecided",
    }
}

/// As comma-separated values, one line per step; what is not known is empty.
pub fn csv(problem: &Problem, front: &Front) -> String {
    let metric = problem.objective.metric;
    let mut out = "share,limit,used,value,bound,gap,state,dominated\n".to_string();
    for step in &front.steps {
        let share = step
            .share
            .map_or(String::new(), |s| number::json(s, true).to_string());
        let mut cells = vec![share, exact(front.over, step.limit).to_string()];
        match step.known {
            Known::Found {
                value,
                bound,
                gap,
                used,
            } => {
                let all = [
                    exact(front.over, used),
                    exact(metric, value),
                    exact(metric, bound),
                    number::json(gap, true),
                ];
                cells.extend(all.map(|v| {
                    if v.is_null() {
                        String::new()
                    } else {
                        v.to_string()
                    }
                }));
            }
            _ => cells.extend(std::iter::repeat_n(String::new(), 4)),
        }
        cells.push(state(step.known).to_string());
        cells.push(step.no_better_than.is_some().to_string());
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

/// As a document of its own; `stopped_by` if the solver was stopped.
pub fn json(problem: &Problem, front: &Front, stopped_by: Option<&str>) -> Value {
    let metric = problem.objective.metric;
    let step = |step: &Step| {
        let mut out = json!({
            "share": step.share,
            "limit": exact(front.over, step.limit),
            "state": state(step.known),
            "value": null,
            "bound": null,
            "gap": null,
            "used": null,
            "dominated_by": step.no_better_than,
        });
        if let Known::Found {
            value,
            bound,
            gap,
            used,
        } = step.known
        {
            out["value"] = exact(metric, value);
            out["bound"] = exact(metric, bound);
            out["gap"] = number::json(gap, true);
            out["used"] = exact(front.over, used);
        }
        out
    };
    json!({
        "schema": super::json::SCHEMA,
        "cfxc": env!("CARGO_PKG_VERSION"),
        "design": problem.design,
        "objective": { "metric": metric.name(), "unit": metric.unit() },
        "over": { "metric": front.over.name(), "unit": front.over.unit() },
        "states": front.states,
        "stopped_by": stopped_by,
        "steps": front.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

/// What a tenth more and a tenth less of a decision's budget would change, in sentences.
pub fn around(decision: &Decision) -> Vec<String> {
    let Ok(front) = &decision.front else {
        return Vec::new();
    };
    let Some(budget) = decision
        .budgets
        .iter()
        .find(|b| b.limit.metric == front.over)
    else {
        return Vec::new();
    };
    let value = decision.totals.metric(decision.problem.objective.metric);
    let (problem, limit) = (decision.problem, budget.limit.limit);
    let loose = a_tenth_more(problem, front, limit, value);
    let tight = a_tenth_less(problem, front, limit, value);
    let sentence = |s: String| format!("{s}.");
    loose.into_iter().chain(tight).map(sentence).collect()
}

/// Why a decision has no front, in a sentence.
pub fn missing(why: NoFront) -> String {
    match why {
        NoFront::NoBudget => {
            "No budget limits the design but on its objective; `cfxc pareto SPEC --over area` shows what one would cost.".to_string()
        }
        NoFront::Long(over) => format!(
            "Not solved here: it would take long beside the search. `cfxc pareto SPEC --over {}` solves it.",
            over.name()
        ),
        NoFront::Stopped => "Not solved: the search was stopped before its end.".to_string(),
        NoFront::NoSearch => "Not solved: the choices come from no search.".to_string(),
    }
}

/// What a budget a tenth looser would buy, in a sentence; `None` if the front has no such step.
/// `value` is what the design has now under `limit`.
pub fn a_tenth_more(problem: &Problem, front: &Front, limit: f64, value: f64) -> Option<String> {
    let loosening = if front.over.larger_is_better() {
        -0.1
    } else {
        0.1
    };
    one_step(problem, front, limit, value, loosening)
}

/// As [`a_tenth_more`], of a budget a tenth tighter.
pub fn a_tenth_less(problem: &Problem, front: &Front, limit: f64, value: f64) -> Option<String> {
    let tightening = if front.over.larger_is_better() {
        0.1
    } else {
        -0.1
    };
    one_step(problem, front, limit, value, tightening)
}

fn one_step(
    problem: &Problem,
    front: &Front,
    limit: f64,
    value: f64,
    change: f64,
) -> Option<String> {
    let (over, metric) = (front.over, problem.objective.metric);
    let wanted = limit * (1.0 + change);
    let near = |s: &&Step| (s.limit - wanted).abs() <= 1e-6 * wanted.abs();
    let step = front.steps.iter().find(near)?;
    let direction = if change > 0.0 { "more" } else { "less" };
    let side = if over.larger_is_better() {
        "at least "
    } else {
        ""
    };
    let what = format!(
        "10 % {direction} {} ({side}{})",
        over.name(),
        amount(over.quantity(), step.limit)
    );
    let (new, gap) = match step.known {
        Known::Found { value, gap, .. } => (value, gap),
        Known::Nothing => return Some(format!("With {what} nothing fits any more")),
        Known::Undecided => {
            return Some(format!("Whether anything fits with {what} is not known"));
        }
    };
    let relative = new / value - 1.0;
    if relative.abs() < 5e-5 {
        return Some(format!(
            "{what} would change nothing worth naming: {} stays at {}",
            metric.name(),
            amount(metric.quantity(), new)
        ));
    }
    let size = significant(relative.abs() * 100.0, 2, Rounding::Nearest);
    let word = if relative > 0.0 { "more" } else { "less" };
    let sure = match gap {
        0.0 => "proved to be the best there",
        _ => "the best found there",
    };
    Some(format!(
        "{what} would bring {} to {}, {size} % {word} than this design; {sure}",
        metric.name(),
        amount(metric.quantity(), new)
    ))
}
