//! What a decision comes down to, in sentences, and what stands in its way.

use super::decision::{BINDING, Decision};
use super::number::{amount, counted, grouped, percent};
use crate::base::units::Quantity;
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;

/// The decision in one sentence, without its full stop.
pub fn headline(decision: &Decision) -> String {
    let layers = decision.rows.len();
    let pes = |row: &super::decision::Row| row.knobs[Menu::PES];
    let who = match (decision.problem.deployment, layers) {
        (Deployment::Pipelined, 1) => {
            let pes = counted(pes(&decision.rows[0]) as usize, "PE");
            format!("The one layer gets an engine of {pes}")
        }
        (Deployment::Pipelined, _) => {
            let total: u64 = decision.rows.iter().map(pes).sum();
            format!(
                "Each of the {layers} layers gets its own engine, {} PEs in all",
                grouped(total)
            )
        }
        (Deployment::Sequential, _) => {
            let pes = counted(decision.rows.first().map_or(0, pes) as usize, "PE");
            let all = if layers == 1 {
                "the one layer".to_string()
            } else {
                format!("all {layers} layers")
            };
            format!("One engine of {pes} serves {all}")
        }
    };
    let metric = decision.problem.objective.metric;
    let value = amount(metric.quantity(), decision.totals.metric(metric));
    let what = match metric {
        Metric::Latency => format!("an inference takes {value}, {}", time(decision)),
        Metric::Energy => format!("an inference takes {value}"),
        Metric::Area => format!("it covers {value}"),
        Metric::Power => format!("it draws {value}"),
        Metric::Throughput => format!("it makes {value}"),
        Metric::CriticalPath => format!(
            "the longest path through the network takes {value}, {}",
            time_of(decision, decision.totals.critical_cycles)
        ),
        Metric::Edp => format!("energy x latency comes to {value}"),
        Metric::EdpPerLayer => format!("energy x latency, layer by layer, comes to {value}"),
    };
    let within = match decision.budgets.len() {
        0 => "",
        1 => ", within its budget",
        _ => ", within all budgets",
    };
    format!("{who}; {what}{within}")
}

/// `33.2 ms at 1 GHz`
pub fn time(decision: &Decision) -> String {
    time_of(decision, decision.totals.latency_cycles)
}

/// `mean 13.2 mW at full throughput`
pub fn mean_power(decision: &Decision) -> String {
    let mean = amount(Quantity::Power, decision.totals.mean_power_mw());
    format!("mean {mean} at full throughput")
}

/// So many cycles as a time.
pub fn time_of(decision: &Decision, cycles: u64) -> String {
    let seconds = cycles as f64 / decision.clock_hz();
    format!(
        "{} at {}",
        amount(Quantity::Time, seconds),
        amount(Quantity::Frequency, decision.clock_hz())
    )
}

/// What stands in the way of a better result: budgets, layers, the menu.
pub fn limits(decision: &Decision) -> Vec<String> {
    let mut out = vec![budgets(decision)];
    out.extend(layers(decision));
    out.extend(menu(decision));
    out
}

fn budgets(decision: &Decision) -> String {
    let used = |b: &super::decision::BudgetUse| {
        format!("{} to {}", b.limit.metric.name(), percent(b.share()))
    };
    let binding: Vec<String> = decision
        .budgets
        .iter()
        .filter(|b| b.share() >= BINDING && b.limit.metric != decision.problem.objective.metric)
        .map(used)
        .collect();
    if !binding.is_empty() {
        return format!("used up: {}", binding.join(", "));
    }
    let most = decision
        .budgets
        .iter()
        .max_by(|a, b| a.share().total_cmp(&b.share()));
    match most {
        Some(most) => format!("no budget is used up; the nearest is {}", used(most)),
        None => "there is no budget: only the menu limits the design".to_string(),
    }
}

fn layers(decision: &Decision) -> Option<String> {
    let order = decision.by_share();
    let name = |row: &usize| {
        let row = &decision.rows[*row];
        row.share.map(|s| format!("{} {}", row.name, percent(s)))
    };
    let top: Option<Vec<String>> = order.iter().take(3).map(name).collect();
    let top = top?;
    if decision.rows.len() == 1 {
        return None;
    }
    let metric = decision.problem.objective.metric;
    Some(match (metric, decision.problem.deployment) {
        (Metric::Throughput, Deployment::Pipelined) => pace(decision),
        _ => format!("most of the {}: {}", noun(metric), top.join(", ")),
    })
}

/// Which layers set the pace of a pipeline, and whether the menu has anything faster for them.
fn pace(decision: &Decision) -> String {
    let space = decision.space;
    let slowest = decision.totals.slowest_cycles;
    let tied: Vec<usize> = (0..decision.rows.len())
        .filter(|&r| decision.rows[r].price.latency_cycles == slowest)
        .collect();
    let names: Vec<&str> = tied
        .iter()
        .take(3)
        .map(|&r| decision.rows[r].name.as_str())
        .collect();
    let more = match tied.len() {
        0..=3 => String::new(),
        n => format!(" and {} more", n - 3),
    };
    let fastest = |layer: usize| {
        let points = space.fine.get(layer).into_iter().flatten();
        points
            .filter_map(|&p| space.price(layer, p))
            .map(|p| p.latency_cycles)
            .min()
    };
    let stuck = tied
        .iter()
        .filter(|&&r| fastest(r) == Some(slowest))
        .count();
    let menu = match stuck {
        // Of a locked decision nothing else was priced.
        _ if !space.is_whole() => String::new(),
        0 => String::new(),
        1 => "; the menu has nothing faster for one of them".to_string(),
        n => format!("; the menu has nothing faster for {n} of them"),
    };
    let noun = if tied.len() == 1 {
        "layer sets"
    } else {
        "layers set"
    };
    format!(
        "the slowest {noun} the pace: {}{more}{menu}",
        names.join(", ")
    )
}

/// How a sentence calls what is optimised.
fn noun(metric: Metric) -> &'static str {
    match metric {
        Metric::Edp | Metric::EdpPerLayer => "energy x latency",
        // One engine after the other: the rate is one over the latency.
        Metric::Throughput => "time",
        Metric::CriticalPath => "critical path",
        other => other.name(),
    }
}

fn menu(decision: &Decision) -> Option<String> {
    let refined = decision.problem.stages.iter().any(|s| s.refines);
    let knob = &decision.problem.menu.knobs[Menu::PES];
    let all = if refined {
        knob.values()
    } else {
        knob.levels.clone()
    };
    let most = all.into_iter().max()?;
    let rows = decision.rows.len();
    let at_most = decision
        .rows
        .iter()
        .filter(|r| r.knobs[Menu::PES] == most)
        .count();
    if at_most == 0 {
        return None;
    }
    Some(match decision.problem.deployment {
        Deployment::Sequential => {
            format!("the engine has the menu's most PEs, {}", grouped(most))
        }
        Deployment::Pipelined => format!(
            "{} of {} at the menu's most PEs, {}",
            at_most,
            counted(rows, "layer"),
            grouped(most)
        ),
    })
}
