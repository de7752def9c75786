//! The network from its first node to its last, with what each of its layers takes.

use super::canvas::{Anchor, Canvas, TEXT, fitted, text_width};
use super::lanes;
use crate::base::units::Quantity;
use crate::emit::decision::{Decision, Row};
use crate::emit::markup::Markup;
use crate::emit::names;
use crate::emit::number::{Rounding, Scale, amount, counted, grouped, significant};
use crate::ir::menu::Menu;

/// Lines of a picture; of deeper networks neighbours share one.
pub const MOST_LINES: usize = 300;

const LINE: f64 = 20.0;
const HEAD: f64 = 44.0;
const LANE: f64 = 12.0;
/// Room for names, at least and at most.
const NAME: [f64; 2] = [190.0, 330.0];
/// Between a name and the first column.
const GAP: f64 = 14.0;
const COLUMN: f64 = 128.0;
const BAR: f64 = 66.0;

/// One line: a node of the network, or some that follow each other.
struct Line {
    name: String,
    /// Everything about it.
    more: String,
    /// Rows of the decision.
    rows: Vec<usize>,
    /// Earlier lines that it reads.
    before: Vec<usize>,
}

/// A figure that is drawn as bars.
struct Column {
    name: &'static str,
    class: &'static str,
    quantity: Quantity,
    values: Vec<f64>,
}

/// The picture.
pub fn draw(decision: &Decision) -> Markup {
    let lines = lines(decision);
    let columns = columns(decision, &lines);
    let before: Vec<Vec<usize>> = lines.iter().map(|l| l.before.clone()).collect();
    let (lane_of, count) = lanes::assign(&before);
    let gutter = 16.0 + count as f64 * LANE;
    let names = shown_names(&lines);
    let widest = names
        .iter()
        .map(|n| text_width(n, TEXT))
        .fold(0.0, f64::max);
    let room = (widest.ceil() + GAP).clamp(NAME[0], NAME[1]);
    let width = gutter + room + columns.len() as f64 * COLUMN;
    let height = HEAD + lines.len() as f64 * LINE + 6.0;
    let description = format!(
        "{} of {} in the order of the network, lines along its edges, with bars of {}. The figures are in the table below.",
        counted(decision.rows.len(), "layer"),
        decision.problem.network.name,
        columns
            .iter()
            .map(|c| c.name)
            .collect::<Vec<_>>()
            .join(", ")
    );
    let mut canvas = Canvas::new(
        "layers",
        (width, height),
        "What each layer takes",
        &description,
    );
    let y = |line: usize| HEAD + line as f64 * LINE + LINE / 2.0;
    let x = |line: usize| 10.0 + lane_of[line] as f64 * LANE;
    wires(&mut canvas, &before, &x, &y);
    let mut left = gutter + room;
    for column in &columns {
        let most = column.values.iter().copied().fold(0.0, f64::max);
        let scale = Scale::fitting(column.quantity, most);
        canvas.text((left, 16.0), Anchor::Start, "name strong", column.name);
        canvas.text(
            (left, 33.0),
            Anchor::Start,
            "note",
            match scale.unit {
                "" => "number",
                unit => unit,
            },
        );
        for (at, line) in lines.iter().enumerate() {
            if line.rows.is_empty() {
                continue;
            }
            let value = column.values[at];
            let length = if most > 0.0 { value / most * BAR } else { 0.0 };
            canvas.rectangle((left, y(at) - 5.0), (length, 10.0), column.class);
            let text = match column.quantity {
                Quantity::Count => grouped(value as u64),
                _ => significant(value / scale.factor, 3, Rounding::Nearest),
            };
            canvas.text(
                (left + length + 5.0, y(at) + 4.5),
                Anchor::Start,
                "tick",
                &text,
            );
        }
        left += COLUMN;
    }
    for (at, line) in lines.iter().enumerate() {
        let (radius, class) = match line.rows.is_empty() {
            true => (2.5, "idle"),
            false => (4.0, "first"),
        };
        canvas.disc((x(at), y(at)), radius, class, "");
        let class = if line.rows.is_empty() { "note" } else { "name" };
        let name = fitted(&names[at], room - GAP, TEXT);
        canvas.titled(
            (gutter, y(at) + 4.5),
            Anchor::Start,
            class,
            &name,
            &line.more,
        );
    }
    canvas.finish()
}

/// Names as they are written: where there is no room for all, without what they have in common.
fn shown_names(lines: &[Line]) -> Vec<String> {
    let all: Vec<&str> = lines.iter().map(|l| l.name.as_str()).collect();
    let fits = |name: &&str| text_width(name, TEXT) <= NAME[0] - GAP;
    let common = if all.iter().all(fits) {
        0
    } else {
        names::common(&all)
    };
    all.iter()
        .map(|name| names::without(name, common))
        .collect()
}

/// The edges: along the lane of what is read, then over to who reads it.
fn wires(
    canvas: &mut Canvas,
    before: &[Vec<usize>],
    x: &dyn Fn(usize) -> f64,
    y: &dyn Fn(usize) -> f64,
) {
    for (from, last) in lanes::last_readers(before).into_iter().enumerate() {
        let Some(last) = last else { continue };
        let end = if x(last) == x(from) {
            y(last)
        } else {
            y(last) - LINE / 2.0
        };
        canvas.path(&[(x(from), y(from)), (x(from), end)], "wire");
    }
    for (to, reads) in before.iter().enumerate() {
        for &from in reads.iter().filter(|&&from| x(from) != x(to)) {
            let (x0, y0, x1, y1) = (x(from), y(to) - LINE / 2.0, x(to), y(to));
            let [a, b, c, d] = [x0, y0, x1, y1].map(super::canvas::px);
            canvas.curve(&format!("M{a} {b}Q{a} {d} {c} {d}"), "wire");
        }
    }
}

/// Which nodes of the network the picture shows.
struct Shown {
    /// Steps with a place of their own, in order.
    steps: Vec<usize>,
    /// Per step the place that stands for it.
    place: Vec<usize>,
    /// So many places share a line.
    each: usize,
}

/// In deep networks what costs nothing stands with the one node it takes from; where that is not
/// enough, neighbours share a line.
fn shown(decision: &Decision) -> Shown {
    let steps = &decision.space.paths.steps;
    let mut out = Shown {
        steps: Vec::new(),
        place: Vec::new(),
        each: 1,
    };
    for (at, step) in steps.iter().enumerate() {
        match (step.layer, step.before.as_slice()) {
            (None, &[only]) if steps.len() > MOST_LINES => out.place.push(out.place[only]),
            _ => {
                out.place.push(out.steps.len());
                out.steps.push(at);
            }
        }
    }
    out.each = out.steps.len().div_ceil(MOST_LINES).max(1);
    out
}

/// The lines of the picture.
fn lines(decision: &Decision) -> Vec<Line> {
    let network = &decision.problem.network;
    let steps = &decision.space.paths.steps;
    let Shown {
        steps: own,
        place,
        each,
    } = shown(decision);
    let mut lines: Vec<Line> = Vec::new();
    for (at, step) in own.iter().map(|&at| &steps[at]).enumerate() {
        let group = at / each;
        let node = &network.graph[step.node].name;
        if group == lines.len() {
            lines.push(Line {
                name: node.clone(),
                more: String::new(),
                rows: Vec::new(),
                before: Vec::new(),
            });
        }
        let line = &mut lines[group];
        line.rows.extend(step.layer);
        let before = step.before.iter().map(|&b| place[b] / each);
        line.before.extend(before.filter(|&b| b < group));
        line.more = match each {
            1 => step
                .layer
                .map_or(node.clone(), |l| about(decision, &decision.rows[l])),
            _ => format!(
                "{}, from {} to {node}",
                counted(line.rows.len(), "layer"),
                line.name
            ),
        };
    }
    for line in &mut lines {
        line.before.sort_unstable();
        line.before.dedup();
        if each > 1 {
            line.name = format!("{} from {}", grouped(line.rows.len() as u64), line.name);
        }
    }
    lines
}

/// `conv1: conv, pes 16, buffer 4`
fn about(decision: &Decision, row: &Row) -> String {
    let knobs = decision.problem.menu.knobs.iter().zip(&row.knobs);
    let knobs: Vec<String> = knobs.map(|(k, v)| format!("{} {v}", k.name)).collect();
    format!("{}: {}, {}", row.name, row.op.name(), knobs.join(", "))
}

fn columns(decision: &Decision, lines: &[Line]) -> Vec<Column> {
    let each = |name, class, quantity, value: &dyn Fn(&Row) -> f64| Column {
        name,
        class,
        quantity,
        values: lines
            .iter()
            .map(|line| line.rows.iter().map(|&r| value(&decision.rows[r])).sum())
            .collect(),
    };
    let cycles = |r: &Row| r.price.latency_cycles as f64;
    let latency = each("latency", "first", Quantity::Cycles, &cycles);
    let energy = each("energy", "second", Quantity::Energy, &|r| r.price.energy_nj);
    let pes = |r: &Row| r.knobs[Menu::PES] as f64;
    match decision.engine {
        None => vec![
            each("PEs", "fourth", Quantity::Count, &pes),
            latency,
            energy,
            each("area", "third", Quantity::Area, &|r| r.price.area_um2),
        ],
        // The engine is no layer's own: what a layer needs of its memory is.
        Some(_) => vec![
            each("PEs at work", "fourth", Quantity::Count, &|r| {
                r.price.active_pes.round()
            }),
            latency,
            energy,
            each("L2 needed", "third", Quantity::Bytes, &|r| {
                r.price.l2_bytes as f64
            }),
        ],
    }
}

/// What the picture does not show.
pub fn abridged_lines(decision: &Decision) -> Option<String> {
    let nodes = decision.space.paths.steps.len();
    let shown = shown(decision);
    let own = shown.steps.len();
    let mut told = Vec::new();
    if own < nodes {
        told.push(format!(
            "{} that cost nothing stand with the node before them.",
            counted(nodes - own, "operator")
        ));
    }
    if shown.each > 1 {
        told.push(format!(
            "{} are drawn with {} neighbours on a line, their figures added up.",
            amount(Quantity::Count, own as f64) + " nodes",
            shown.each
        ));
    }
    (!told.is_empty()).then(|| told.join(" "))
}
