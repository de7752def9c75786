//! The parts of the page that are pictures, each with the table behind it.

use super::{folded, heading, list, paragraph, scrolling};
use crate::base::units::Quantity;
use crate::cost::Part;
use crate::emit::breakdown::Breakdown;
use crate::emit::chart::{
    bars, convergence as convergence_chart, front as front_chart, layers as layers_chart,
    roofline as roofline_chart,
};
use crate::emit::decision::Decision;
use crate::emit::free;
use crate::emit::front as front_text;
use crate::emit::grid::{Align, Grid};
use crate::emit::layers::{self, Extent};
use crate::emit::markup::Markup;
use crate::emit::number::{Rounding, amount, counted, grouped, percent, significant};
use crate::emit::tables;

/// Rows of a table; of larger networks the layers that weigh most.
const MOST_ROWS: usize = 1_000;

/// A picture in its frame.
fn figure(picture: Markup, m: &mut Markup) {
    m.open("figure", &[]);
    m.add(picture);
    m.close();
    m.line();
}

pub fn budgets(decision: &Decision, m: &mut Markup) {
    heading("Budgets", m);
    if decision.budgets.is_empty() {
        paragraph("There is no budget: only the menu limits the design.", m);
        return;
    }
    figure(bars::budgets(&decision.budgets), m);
    folded("Budgets as a table", m, |m| {
        let mut grid = Grid::new([
            ("metric", Align::Left),
            ("limit", Align::Right),
            ("used", Align::Right),
            ("share", Align::Right),
            ("holds", Align::Left),
        ]);
        for b in &decision.budgets {
            let quantity = b.limit.metric.quantity();
            let share = b.share();
            grid.push(vec![
                b.limit.metric.name().to_string(),
                amount(quantity, b.limit.limit),
                amount(quantity, b.used),
                if share.is_finite() {
                    percent(share)
                } else {
                    "unknown".to_string()
                },
                if b.holds() { "yes" } else { "no" }.to_string(),
            ]);
        }
        grid.html("Budgets, used and limit", m);
    });
}

/// The rows that a table of layers shows, in the order of the network.
fn shown(decision: &Decision) -> Vec<usize> {
    let mut rows = decision.by_share();
    rows.truncate(MOST_ROWS);
    rows.sort_unstable();
    rows
}

/// That a table is not whole.
fn abridged(decision: &Decision, m: &mut Markup) {
    let count = decision.rows.len();
    if count > MOST_ROWS {
        let more = grouped((count - MOST_ROWS) as u64);
        paragraph(
            &format!(
                "The {} layers that weigh most; {more} more are in the JSON beside this page.",
                grouped(MOST_ROWS as u64)
            ),
            m,
        );
    }
}

pub fn layers(decision: &Decision, m: &mut Markup) {
    heading("Layers", m);
    if let Some(note) = layers_chart::abridged_lines(decision) {
        paragraph(&note, m);
    }
    scrolling("The network and what each layer takes", m, |m| {
        m.open("figure", &[("class", "tall")]);
        m.add(layers_chart::draw(decision));
        m.close();
    });
    folded("Layers as a table", m, |m| {
        abridged(decision, m);
        let grid = layers::table(decision, &shown(decision), Extent::Full, usize::MAX);
        grid.html("Layers in the order of the network", m);
    });
    if let Some(free) = free::told(&decision.problem.network) {
        paragraph(&format!("At no cost on the array: {free}."), m);
    }
    if !decision.other_macs().is_empty() {
        let title = "Layers whose MACs the model counts in its own way";
        folded(title, m, |m| tables::other_macs(decision).html(title, m));
    }
}

pub fn roofline(decision: &Decision, breakdown: &Breakdown, m: &mut Markup) {
    heading("Roofline", m);
    let places = roofline_chart::places(decision, breakdown);
    let (Some(peaks), false) = (breakdown.peaks, places.is_empty()) else {
        paragraph(
            &format!(
                "Unknown: model {} does not say how many bytes its layers move between the chip and off-chip memory.",
                decision.problem.model
            ),
            m,
        );
        return;
    };
    let by_link = places
        .iter()
        .filter(|p| roofline_chart::limited_by(p) == "link")
        .count();
    let own = match decision.engine {
        Some(_) => "The flat roof is that of the engine",
        None => {
            "Each layer has an engine of its own, with a link of its own; the flat roof is that of the largest"
        }
    };
    paragraph(
        &format!(
            "{own}, and a line leads from each layer up to its own roof. Of {}, {} have the link to off-chip memory ({} B per cycle) for a roof, {} their PEs.",
            counted(places.len(), "layer"),
            grouped(by_link as u64),
            significant(peaks.offchip_bytes, 4, Rounding::Nearest),
            grouped((places.len() - by_link) as u64)
        ),
        m,
    );
    figure(roofline_chart::draw(decision, &places, peaks), m);
    let left_out = decision.rows.len() - places.len();
    if left_out > 0 {
        paragraph(
            &format!(
                "Not drawn, since nothing moves off chip: {}.",
                counted(left_out, "layer")
            ),
            m,
        );
    }
    folded("Roofline as a table", m, |m| {
        abridged(decision, m);
        let highest = places.iter().map(|p| p.peak).fold(0.0, f64::max);
        let scale = roofline_chart::rate(highest);
        let named = |what: &str| format!("{what} ({})", scale.unit);
        let mut grid = Grid::new([
            ("layer".to_string(), Align::Left),
            ("MACs per byte".to_string(), Align::Right),
            (named("reached"), Align::Right),
            (named("roof"), Align::Right),
            ("of the roof".to_string(), Align::Right),
            ("roof by".to_string(), Align::Left),
        ]);
        let rows = shown(decision);
        for p in places.iter().filter(|p| rows.binary_search(&p.row).is_ok()) {
            grid.push(vec![
                decision.rows[p.row].name.clone(),
                significant(p.intensity, 4, Rounding::Nearest),
                scale.digits(p.reached),
                scale.digits(p.roof),
                percent(p.reached / p.roof),
                roofline_chart::limited_by(p).to_string(),
            ]);
        }
        grid.html("What each layer makes of its engine and link", m);
    });
}

pub fn components(decision: &Decision, breakdown: &Breakdown, m: &mut Markup) {
    heading("Area and energy by component", m);
    let mut sums: Vec<(&str, Quantity, &[Part])> = Vec::new();
    let model = decision.problem.model;
    let mut unknown = Vec::new();
    match &breakdown.area_um2 {
        Some(parts) => sums.push(("area", Quantity::Area, parts)),
        None => unknown.push("area"),
    }
    match &breakdown.energy_nj {
        Some(parts) => sums.push(("energy of one inference", Quantity::Energy, parts)),
        None => unknown.push("energy"),
    }
    if !unknown.is_empty() {
        paragraph(
            &format!(
                "Unknown: model {model} does not tell the components of {} apart.",
                unknown.join(" and ")
            ),
            m,
        );
    }
    if sums.is_empty() {
        return;
    }
    figure(bars::components(&sums), m);
    folded("Components as a table", m, |m| {
        for (name, quantity, parts) in &sums {
            let total: f64 = parts.iter().map(|p| p.1).sum();
            let mut grid = Grid::new([
                ("component", Align::Left),
                ("amount", Align::Right),
                ("share", Align::Right),
            ]);
            for part in *parts {
                let share = bars::share(part.1, total);
                grid.push(vec![part.0.to_string(), amount(*quantity, part.1), share]);
            }
            grid.html(&format!("Components of the {name}"), m);
        }
    });
    if breakdown.layers.is_empty() {
        return;
    }
    folded("Energy of each layer by component", m, |m| {
        abridged(decision, m);
        let names = breakdown.layers[0]
            .energy_nj
            .iter()
            .map(|p| (p.0, Align::Right));
        let mut grid = Grid::new([("layer", Align::Left)].into_iter().chain(names));
        for row in shown(decision) {
            let parts = breakdown.layers[row].energy_nj.iter();
            let cells = parts.map(|p| amount(Quantity::Energy, p.1));
            grid.push(
                std::iter::once(decision.rows[row].name.clone())
                    .chain(cells)
                    .collect(),
            );
        }
        grid.html("Energy of each layer by component", m);
    });
}

pub fn convergence(decision: &Decision, m: &mut Markup) {
    heading("How it was found", m);
    match convergence_chart::draw(decision) {
        Some(picture) => figure(picture, m),
        None => paragraph("No stage of a search found this design.", m),
    }
    folded("Stages as a table", m, |m| {
        tables::stages(decision).html("Stages of the search", m);
    });
    if let Some(certificate) = decision.certificate {
        paragraph(
            &format!("The bound was proved by: {}.", certificate.method),
            m,
        );
    }
}

pub fn front(decision: &Decision, m: &mut Markup) {
    heading("What other budgets would buy", m);
    let front = match &decision.front {
        Ok(front) => front,
        Err(why) => {
            paragraph(&front_text::missing(*why), m);
            return;
        }
    };
    list(&front_text::around(decision), m);
    let problem = decision.problem;
    let budget = decision
        .budgets
        .iter()
        .find(|b| b.limit.metric == front.over);
    let value = decision.totals.metric(problem.objective.metric);
    let now = budget.map(|b| (b.limit.limit, value));
    figure(front_chart::draw(problem, front, now, false), m);
    for note in front_text::notes(problem, front) {
        paragraph(&capital(&note), m);
    }
    folded("The front as a table", m, |m| {
        let caption = format!(
            "The best {} within each budget of {}",
            problem.objective.metric.name(),
            front.over.name()
        );
        front_text::grid(problem, front).html(&caption, m);
    });
}

/// A remark as a sentence.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), rest.as_str())
}
