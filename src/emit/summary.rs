//! The summary of one design on a terminal.

use super::decision::{BINDING, BudgetUse, Decision};
use super::grid::{Align, Grid};
use super::insight;
use super::layers::{self, Extent};
use super::number::{amount, grouped, percent};
use super::proof;
use crate::ir::metric::Metric;

/// Networks of up to this many layers are shown whole.
const MOST_ROWS: usize = 20;
/// Of larger ones, so many of the layers that matter most.
const ABRIDGED: usize = 12;
const LONGEST_NAME: usize = 28;
const BAR: usize = 20;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Characters beyond ASCII.
    pub unicode: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Less bright than the rest.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// A bar filled to `share`, red beyond 1, yellow where nothing is left.
    fn bar(self, share: f64) -> String {
        let (full, empty) = if self.unicode {
            ("█", "░")
        } else {
            ("#", ".")
        };
        let share = if share.is_finite() { share } else { 1.0 };
        let filled = ((share * BAR as f64).round() as usize).min(BAR);
        let color = match share {
            s if s > 1.0 => "31",
            s if s >= BINDING => "33",
            _ => "32",
        };
        let filled_part = self.paint(color, &full.repeat(filled));
        filled_part + &self.dim(&empty.repeat(BAR - filled))
    }
}

/// The summary; where the whole report is stands in `report`, if one was written.
pub fn summary(decision: &Decision, style: Style, report: Option<&str>) -> String {
    let mut out = Vec::new();
    out.push(heading(decision, style));
    out.push(String::new());
    out.push(format!("{}.", insight::headline(decision)));
    if let Some(by) = decision.stopped_by {
        let text = format!(
            "Interrupted by {by}: this is the best that was found by then, not the end of the search. It is not reproducible."
        );
        out.push(style.paint("33", &text));
    }
    out.push(String::new());
    out.extend(metrics(decision, style));
    out.push(String::new());
    out.extend(layer_lines(decision, style, report));
    out.push(String::new());
    out.push(style.bold("Search"));
    out.extend(stages(decision).into_iter().map(indent));
    out.push(String::new());
    let mark = if style.unicode { "•" } else { "-" };
    let proof = proof::lines(decision);
    if !proof.is_empty() {
        out.push(style.bold("How good it is"));
        out.extend(proof.into_iter().map(|l| indent(format!("{mark} {l}"))));
        out.push(String::new());
    }
    out.push(style.bold("What limits it"));
    let limits = insight::limits(decision).into_iter();
    out.extend(limits.map(|l| indent(format!("{mark} {l}"))));
    let text = out.join("\n") + "\n";
    if style.unicode {
        text
    } else {
        text.replace('…', "~").replace('·', "-")
    }
}

/// The metrics alone, for choices that come from no search, and whether they keep the budgets.
pub fn totals(decision: &Decision, style: Style) -> String {
    let over: Vec<&str> = decision
        .budgets
        .iter()
        .filter(|b| !b.holds())
        .map(|b| b.limit.metric.name())
        .collect();
    let verdict = match (over.len(), decision.budgets.len()) {
        (_, 0) => "no budget is set".to_string(),
        (0, _) => "all budgets hold".to_string(),
        _ => style.paint("31", &format!("over budget: {}", over.join(", "))),
    };
    let design = style.bold(&decision.problem.design);
    format!(
        "{design}  {verdict}\n{}\n",
        metrics(decision, style).join("\n")
    )
}

fn indent(line: String) -> String {
    format!("  {line}")
}

fn heading(decision: &Decision, style: Style) -> String {
    let problem = decision.problem;
    let dataflows: Vec<&str> = problem.dataflows.iter().map(|d| d.name.as_str()).collect();
    let context = [
        problem.network.name.as_str(),
        &dataflows.join("/"),
        problem.deployment.name(),
        &format!("model {}", problem.model),
        &format!("technology {}", problem.technology.name),
        &format!("seed {}", problem.seed),
    ]
    .join(" · ");
    format!("{}  {}", style.bold(&problem.design), style.dim(&context))
}

fn metrics(decision: &Decision, style: Style) -> Vec<String> {
    let objective = decision.problem.objective.metric;
    let mut grid = Grid::new([
        ("", Align::Left),
        ("", Align::Right),
        ("", Align::Left),
        ("", Align::Left),
    ]);
    for metric in Metric::ALL {
        let derived = matches!(metric, Metric::Edp | Metric::EdpPerLayer);
        if derived && metric != objective {
            continue;
        }
        let mut value = amount(metric.quantity(), decision.totals.metric(metric));
        let mut name = metric.name().to_string();
        if metric == objective {
            name = style.bold(&name);
            value = style.bold(&value);
        }
        let budget = decision.budgets.iter().find(|b| b.limit.metric == metric);
        let mut notes: Vec<String> = Vec::new();
        notes.extend(budget.map(note));
        if metric == Metric::Latency {
            notes.push(insight::time(decision));
        }
        if metric == Metric::Power {
            notes.push(insight::mean_power(decision));
        }
        if metric == objective {
            let goal = if metric.larger_is_better() {
                "maximized"
            } else {
                "minimized"
            };
            notes.push(goal.to_string());
        }
        let bar = budget.map_or(String::new(), |b| style.bar(b.share()));
        grid.push(vec![name, value, bar, style.dim(&notes.join(", "))]);
    }
    grid.lines().into_iter().map(indent).collect()
}

/// `99.6 % of 2.5 mm2`
fn note(budget: &BudgetUse) -> String {
    let limit = amount(budget.limit.metric.quantity(), budget.limit.limit);
    if budget.limit.metric.larger_is_better() {
        format!("at least {limit} wanted")
    } else {
        format!("{} of {limit}", percent(budget.share()))
    }
}

fn layer_lines(decision: &Decision, style: Style, report: Option<&str>) -> Vec<String> {
    let count = decision.rows.len();
    let mut rows: Vec<usize> = if count > MOST_ROWS {
        decision.by_share().into_iter().take(ABRIDGED).collect()
    } else {
        (0..count).collect()
    };
    rows.sort_unstable();
    let grid = layers::table(decision, &rows, Extent::Compact, LONGEST_NAME);
    let mut lines = grid.lines();
    if let Some(header) = lines.first_mut() {
        *header = style.dim(header);
    }
    let mut lines: Vec<String> = lines.into_iter().map(indent).collect();
    if rows.len() < count {
        let hidden = grouped((count - rows.len()) as u64);
        let place = report.map_or(String::new(), |r| format!("; all are in {r}"));
        lines.push(indent(style.dim(&format!(
            "the {} layers that weigh most, {hidden} more not shown{place}",
            rows.len()
        ))));
    }
    lines
}

fn stages(decision: &Decision) -> Vec<String> {
    let metric = decision.problem.objective.metric;
    let mut grid = Grid::new([
        ("", Align::Left),
        ("", Align::Right),
        ("", Align::Right),
        ("", Align::Right),
    ]);
    for stage in decision.stages {
        let value = stage.value.map(|v| amount(metric.quantity(), v));
        grid.push(vec![
            stage.method.to_string(),
            format!("{} evaluations", grouped(stage.evaluations as u64)),
            format!("{} prices", grouped(stage.prices as u64)),
            value.unwrap_or_else(|| "nothing yet".to_string()),
        ]);
    }
    if decision.stages.is_empty() {
        return vec!["none was run".to_string()];
    }
    grid.lines()
}
