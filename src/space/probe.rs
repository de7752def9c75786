//! Whether every layer has a price somewhere, without filling the tables.

use super::build::SpaceError;
use super::point::{Grid, Point};
use crate::base::span::Span;
use crate::cost::{self, CostModel, Price, Reached, Refused};
use crate::ir::dataflow::{MapKind, Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::menu::Menu;
use crate::ir::problem::{Pin, Problem};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Of rules with more points nothing is said.
const MOST_POINTS: usize = 1 << 14;

/// So many prices are asked for in layers that are told nothing new of. Twice as many end the search.
const MOST_PRICES: usize = 1 << 18;

/// Mistakes of one layer and dataflow that are looked for.
const MOST_MISTAKES: usize = 8;

/// The layers that the model refuses at every point of the menu, whatever is pinned, with each directive
/// that is a mistake of its own; of layers with one mistake the first. A point with a price ends the
/// search for a layer. After `MOST_PRICES`, layers that a few points refuse for what is told already
/// are taken to be refused for nothing else.
pub fn refused_everywhere(problem: &Problem) -> Vec<SpaceError> {
    let mut out = Vec::new();
    let Some(model) = cost::build(problem.model, &problem.technology, problem.precision) else {
        return out;
    };
    let mut probe = Probe {
        problem,
        model: model.as_ref(),
        refined: problem.stages.iter().any(|s| s.refines),
        known: BTreeMap::new(),
        asked: Cell::new(0),
    };
    let mut layers = vec![0; problem.shapes.len()];
    for (at, layer) in problem.layers.iter().enumerate().rev() {
        layers[layer.shape] = at;
    }
    let mut told = BTreeSet::new();
    for (shape, &layer) in layers.iter().enumerate() {
        let Some((mut found, mut rule)) = probe.mistakes(shape, false) else {
            continue;
        };
        if probe.asked.get() > MOST_PRICES {
            let known = found.iter().all(|r| told.contains(&cause(r, rule)));
            if known || probe.asked.get() > 2 * MOST_PRICES {
                continue;
            }
        }
        match probe.mistakes(shape, true) {
            Some(all) => (found, rule) = all,
            None => continue,
        }
        for refused in found {
            if told.insert(cause(&refused, rule)) {
                out.push(SpaceError::NoPrice {
                    layer,
                    refused: Some(refused),
                    rule: Some(rule),
                });
            }
        }
    }
    out
}

/// Why a layer has no price where its pin leaves it, or the menu if it has none; and the rule.
pub(super) fn pinned(
    problem: &Problem,
    model: &dyn CostModel,
    shape: usize,
    pin: Option<&Pin>,
) -> Option<(Refused, Span)> {
    let dataflow = pin.and_then(|p| p.dataflow);
    let knobs = pin.map_or(&[][..], |p| &p.knobs);
    let refined = problem.stages.iter().any(|s| s.refines);
    let mut furthest: Option<(Furthest, Span)> = None;
    for (at, rule) in rules(problem, shape) {
        if dataflow.is_some_and(|d| d != at) {
            continue;
        }
        let grid = Grid::of_rule(&problem.menu, rule, refined, knobs);
        // The largest arrays are the last points.
        let points = (0..grid.size()? as Point).rev().take(MOST_POINTS);
        let price = |values: &[u64]| model.price(&problem.shapes[shape], rule, values);
        let found = look(rule, &grid, points, price).err().flatten();
        if let Some(found) = found
            && furthest
                .as_ref()
                .is_none_or(|(f, _)| f.reached() < found.reached())
        {
            furthest = Some((found, rule.span));
        }
    }
    furthest.map(|(found, rule)| (found.refused, rule))
}

/// Each dataflow that maps a layer, by its rule.
fn rules(problem: &Problem, shape: usize) -> impl Iterator<Item = (usize, &Rule)> {
    let dataflows = 0..problem.dataflows.len();
    dataflows.filter_map(move |at| Some((at, problem.rule(shape, at)?)))
}

/// Layers of other extents have the same reason with other numbers.
type Cause = (String, Option<Span>, Option<&'static str>, Span);

fn cause(refused: &Refused, rule: Span) -> Cause {
    let words = refused.reason.split(|c: char| c.is_ascii_digit());
    (words.collect(), refused.at, refused.coefficient, rule)
}

/// The refusal of the point at which the model comes furthest.
struct Furthest {
    refused: Refused,
    point: Point,
    /// How far, by which it is chosen.
    key: (Reached, usize, u64, i64),
}

impl Furthest {
    /// The model's steps and the directives in their order; then more PEs; then smaller tiles, which
    /// need less, but for directives, since windows need large ones.
    fn new(refused: Refused, rule: &Rule, point: Point, pes: u64) -> Furthest {
        let mut directives = rule.levels.iter().flat_map(|l| &l.directives);
        let (place, order) = match refused.reached {
            Reached::Directives => {
                let place = directives.position(|d| Some(d.span) == refused.at);
                (place.unwrap_or(0), i64::from(point))
            }
            Reached::Clusters | Reached::Counts => (0, -i64::from(point)),
        };
        let key = (refused.reached, place, pes, order);
        Furthest {
            refused,
            point,
            key,
        }
    }

    fn reached(&self) -> Reached {
        self.refused.reached
    }
}

/// A point with a price, or else the refusal that comes furthest.
fn look(
    rule: &Rule,
    grid: &Grid,
    points: impl Iterator<Item = Point>,
    price: impl Fn(&[u64]) -> Result<Price, Refused>,
) -> Result<Point, Option<Furthest>> {
    let mut furthest: Option<Furthest> = None;
    for point in points {
        let (_, values) = grid.values(point);
        match price(&values) {
            Ok(_) => return Ok(point),
            Err(refused) => {
                let found = Furthest::new(refused, rule, point, values[Menu::PES]);
                if furthest.as_ref().is_none_or(|f| f.key < found.key) {
                    furthest = Some(found);
                }
            }
        }
    }
    Err(furthest)
}

/// What the layers before have shown of a rule.
struct Known {
    grid: Grid,
    size: usize,
    /// Where the last layer has a price.
    priced: Point,
    /// Where the model came furthest with the last layer without one.
    refused: Point,
}

impl Known {
    /// The points that most refusals end at: known ones, the smallest and the largest of all, and the
    /// smallest tiles on the largest array.
    fn few(&self) -> impl Iterator<Item = Point> + use<> {
        let last = self.size - 1;
        let array = self.size - self.size / self.grid.axes[Menu::PES].len();
        let few = [0, last, array].map(|p| p as Point);
        [self.priced, self.refused].into_iter().chain(few)
    }

    /// All of them, or a few.
    fn points(&self, all: bool) -> impl Iterator<Item = Point> + use<> {
        let others = if all { 0..self.size as Point } else { 0..0 };
        self.few().chain(others)
    }
}

/// Layer after layer of a problem.
struct Probe<'p> {
    problem: &'p Problem,
    model: &'p dyn CostModel,
    refined: bool,
    /// By dataflow and rule; `None` for those with too many points.
    known: BTreeMap<(usize, Span), Option<Known>>,
    /// Prices so far, but for those of a few points.
    asked: Cell<usize>,
}

impl Probe<'_> {
    /// What a layer is refused for at all points, or at a few, and by which rule; `None` if there is a
    /// price, or too many points.
    fn mistakes(&mut self, shape: usize, all: bool) -> Option<(Vec<Refused>, Span)> {
        let problem = self.problem;
        let asked = &self.asked;
        let model = self.model;
        let price = |rule: &Rule, values: &[u64]| {
            asked.set(asked.get() + usize::from(all));
            model.price(&problem.shapes[shape], rule, values)
        };
        let mut furthest: Option<(Furthest, usize, &Rule)> = None;
        for (dataflow, rule) in rules(problem, shape) {
            let known = self.known.entry((dataflow, rule.span)).or_insert_with(|| {
                let grid = Grid::of_rule(&problem.menu, rule, self.refined, &[]);
                let size = grid.size()?;
                (1..=MOST_POINTS).contains(&size).then_some(Known {
                    grid,
                    size,
                    priced: 0,
                    refused: 0,
                })
            });
            let known = known.as_mut()?;
            let found = look(rule, &known.grid, known.points(all), |v| price(rule, v));
            match found {
                Ok(point) => {
                    known.priced = point;
                    return None;
                }
                Err(Some(found)) => {
                    known.refused = found.point;
                    if furthest
                        .as_ref()
                        .is_none_or(|(f, ..)| f.reached() < found.reached())
                    {
                        furthest = Some((found, dataflow, rule));
                    }
                }
                Err(None) => {}
            }
        }
        let (first, dataflow, rule) = furthest?;
        let known = self.known.get(&(dataflow, rule.span))?.as_ref()?;
        let refusal = |mended: &Rule| {
            let found = look(mended, &known.grid, known.points(all), |v| price(mended, v));
            found.err().flatten().map(|f| f.refused)
        };
        let first = first.refused;
        let mut found = vec![first.clone()];
        found.extend(others(first, rule, refusal));
        Some((found, rule.span))
    }
}

/// What else a layer is refused for once the directive of the first refusal holds its whole dimension, or,
/// if that is refused, too, stands in clusters of one unit or is not there. `refusal` is the usual one of a rule that has no price anywhere.
fn others(first: Refused, rule: &Rule, refusal: impl Fn(&Rule) -> Option<Refused>) -> Vec<Refused> {
    let mut found = vec![first];
    let mut mended = rule.clone();
    while let Some(at) = found
        .last()
        .and_then(|r| r.at)
        .filter(|_| found.len() < MOST_MISTAKES)
    {
        let mut levels = mended.levels.iter_mut().map(|l| &mut l.directives);
        let place = levels.find_map(|level| {
            let place = level.iter().position(|d| d.span == at)?;
            Some((level, place))
        });
        let Some((level, place)) = place else { break };
        let directive = &mut level[place];
        // No output has more rows or columns than its padded input, and extents of outputs have no name.
        let whole = match directive.dim {
            Dim::YOut => Dim::Y,
            Dim::XOut => Dim::X,
            dim => dim,
        };
        (directive.size, directive.step) = (Size::Extent(whole), Size::Extent(whole));
        let mut next = refusal(&mended);
        let mut follows = None;
        let again = |next: &Option<Refused>| next.as_ref().is_some_and(|r| r.at == Some(at));
        if again(&next) {
            // Clusters that no level of `pes` fills are told at a directive in them.
            let clusters = mended.levels.iter_mut().map(|l| &mut l.cluster);
            clusters.flatten().for_each(|size| *size = Size::Count(1));
            next = refusal(&mended);
        }
        if again(&next) {
            for level in &mut mended.levels {
                let before = level.directives.len();
                level.directives.retain(|d| d.span != at);
                let spread = level.directives.iter().any(|d| d.kind == MapKind::Spatial);
                // What is said of a level that spreads nothing any more may follow from that.
                if level.directives.len() < before && !spread {
                    follows = level.directives.first().map(|d| d.span);
                }
            }
            next = refusal(&mended);
        }
        match next {
            Some(next)
                if next.at.is_some()
                    && next.at != follows
                    && !found.iter().any(|f| f.at == next.at) =>
            {
                found.push(next)
            }
            _ => break,
        }
    }
    found.split_off(1)
}
