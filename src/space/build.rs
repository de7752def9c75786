//! The space of one problem: grid, prices, limits, and what each layer may choose.

use super::limits::{self, BoundLimit};
use super::path::Paths;
use super::point::{Grid, Point};
use super::probe;
use super::table::{self, Table};
use crate::base::span::Span;
use crate::cost::{self, CostModel, MAX_LAYERS, Price, Refused};
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::problem::{Deployment, Limit, Problem};
use std::sync::Arc;

/// The most prices one problem may need; beyond it the table would not fit into memory.
pub const MAX_PRICES: usize = 5_000_000;

/// Why a space cannot be built.
#[derive(Debug, Clone, PartialEq)]
pub enum SpaceError {
    /// More prices than [`MAX_PRICES`], or more layers than [`MAX_LAYERS`].
    TooLarge {
        /// Points of one layer, as a float since the product may not fit an integer.
        points: f64,
        /// Distinct layer shapes.
        shapes: usize,
    },
    /// A percentage of a span none of whose corners has a price.
    NoCorner {
        /// The budget.
        span: Span,
    },
    /// The model refuses a layer at every point it may choose.
    NoPrice {
        /// Index of the layer.
        layer: usize,
        /// The reason at the point where the model comes furthest; `None` if all have prices.
        refused: Option<Refused>,
        /// The rule that maps the layer there.
        rule: Option<Span>,
    },
}

/// Points that each layer may take.
type Lists = Vec<Vec<Point>>;

/// A problem with its prices. A clone shares them.
#[derive(Clone)]
pub struct Space<'p> {
    /// What is to be decided.
    pub problem: &'p Problem,
    /// Prices points and shared engines.
    pub model: Arc<dyn CostModel>,
    /// Numbers the points of a layer.
    pub grid: Grid,
    /// Per distinct shape: the price of every point.
    pub tables: Arc<Vec<Table>>,
    /// What waits for what.
    pub paths: Arc<Paths>,
    /// The budgets in absolute units.
    pub limits: Vec<BoundLimit>,
    /// Per layer: coarse points it may take (priced, pins kept), in menu order.
    pub coarse: Arc<Vec<Vec<Point>>>,
    /// Per layer: all points it may take, coarse and refined, ascending.
    pub fine: Arc<Vec<Vec<Point>>>,
    /// Per knob and position on its axis: whether a layer without a pin may choose it.
    offered: Arc<Vec<Vec<bool>>>,
    /// For each point of the grid, which shared choice it belongs to (all 0 when pipelined).
    shared: Arc<Vec<u32>>,
    /// Whether the tables are full.
    whole: bool,
}

impl<'p> Space<'p> {
    /// Prices everything the search may ask for. With `refined`, the refined ranges too.
    ///
    /// # Errors
    /// See [`SpaceError`].
    pub fn new(problem: &'p Problem, refined: bool) -> Result<Self, SpaceError> {
        let mut space = Space::unpriced(problem, refined)?;
        let points: Vec<Point> = (0..space.shared.len() as Point).collect();
        let tables = table::fill(problem, space.model.as_ref(), &space.grid, &points);
        space.tables = Arc::new(tables);
        space.limits = limits::bind(&space)?;
        let (coarse, fine) = space.choose()?;
        space.coarse = Arc::new(coarse);
        space.fine = Arc::new(fine);
        space.whole = true;
        Ok(space)
    }

    /// Prices one assignment alone, and the corners of the menu where a budget is a share of their
    /// span: enough to judge the assignment in milliseconds, and nothing else may be asked of the
    /// space (its `coarse` and `fine` lists are empty). Each layer's dataflow and values of the
    /// knobs; the assignment is `None` if the grid does not have one of them.
    ///
    /// # Errors
    /// See [`SpaceError`].
    pub fn of_one(
        problem: &'p Problem,
        refined: bool,
        choices: &[(usize, Vec<u64>)],
    ) -> Result<(Self, Option<Vec<Point>>), SpaceError> {
        let mut space = Space::unpriced(problem, refined)?;
        let found = choices.iter().map(|(d, v)| space.grid.find(*d, v));
        let assignment: Option<Vec<Point>> = found.collect();
        let shared = problem.budgets.iter();
        let shared = shared
            .filter(|b| matches!(b.limit, Limit::Share(_)))
            .count();
        let corners = match shared {
            0 => Vec::new(),
            _ => limits::corners(&space.grid),
        };
        let mut tables = table::fill(problem, space.model.as_ref(), &space.grid, &corners);
        for (layer, &point) in assignment.iter().flatten().enumerate() {
            let shape = problem.layers[layer].shape;
            let price = table::price(problem, space.model.as_ref(), &space.grid, shape, point);
            tables[shape][point as usize] = price.ok();
        }
        space.tables = Arc::new(tables);
        space.limits = limits::bind(&space)?;
        Ok((space, assignment))
    }

    /// Grid and model, without any price.
    fn unpriced(problem: &'p Problem, refined: bool) -> Result<Self, SpaceError> {
        let pinned: Vec<(usize, u64)> = problem
            .pins
            .iter()
            .flat_map(|p| p.knobs.iter().copied())
            .collect();
        let grid = Grid::new(&problem.menu, problem.dataflows.len(), refined, &pinned);
        let size = grid.size().filter(|&s| {
            s.saturating_mul(problem.shapes.len()) <= MAX_PRICES
                && problem.layers.len() <= MAX_LAYERS
        });
        let Some(size) = size else {
            let points = grid.axes.iter().map(|a| a.len() as f64).product::<f64>();
            return Err(SpaceError::TooLarge {
                points: points * grid.dataflows as f64,
                shapes: problem.shapes.len(),
            });
        };
        // Sema has checked the model's name and coefficients.
        let model: Arc<dyn CostModel> =
            cost::build(problem.model, &problem.technology, problem.precision)
                .unwrap_or_else(|| unreachable!("sema knows only registered models"))
                .into();
        let shared: Vec<u32> = (0..size as Point)
            .map(|p| shared_number(problem, &grid, p))
            .collect();
        let offered: Vec<Vec<bool>> = problem
            .menu
            .knobs
            .iter()
            .zip(&grid.axes)
            .map(|(knob, axis)| {
                let values = if refined {
                    knob.values()
                } else {
                    knob.levels.clone()
                };
                axis.iter().map(|v| values.contains(v)).collect()
            })
            .collect();
        Ok(Space {
            offered: Arc::new(offered),
            problem,
            model,
            grid,
            tables: Arc::default(),
            paths: Arc::new(Paths::new(&problem.network)),
            limits: Vec::new(),
            coarse: Arc::default(),
            fine: Arc::default(),
            shared: Arc::new(shared),
            whole: false,
        })
    }

    /// Whether every point has its price, and not those of one assignment alone.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether the menu offers a layer this point and its pin leaves it to it; says nothing of a
    /// price.
    pub fn allows(&self, layer: usize, point: Point) -> bool {
        let pin = self.problem.pins.iter().find(|p| p.layer == layer);
        let fixed = |knob: usize| {
            let pinned = pin?.knobs.iter().find(|(k, _)| *k == knob)?;
            Some(pinned.1)
        };
        let (dataflow, positions) = self.grid.positions(point);
        let mut knobs = positions.iter().enumerate();
        pin.is_none_or(|p| p.dataflow.is_none_or(|d| d == dataflow))
            && knobs.all(|(knob, &at)| match fixed(knob) {
                Some(value) => self.grid.axes[knob][at] == value,
                None => self.offered[knob][at],
            })
    }

    /// The same problem under other limits.
    pub fn with_limits(&self, limits: Vec<BoundLimit>) -> Self {
        Space {
            limits,
            ..self.clone()
        }
    }

    /// What a limit comes to in the metric's unit; `None` for a share of a span that has no corner
    /// with a price.
    pub fn absolute(&self, metric: Metric, limit: Limit) -> Option<f64> {
        match limit {
            Limit::Absolute(limit) => Some(limit),
            Limit::Share(share) => limits::span(self, metric).map(|s| s.at(share)),
        }
    }

    /// Lists what each layer may take: priced, as pinned, and no slower than a throughput budget
    /// of a pipelined design allows.
    fn choose(&self) -> Result<(Lists, Lists), SpaceError> {
        let (mut all_coarse, mut all_fine) = (Vec::new(), Vec::new());
        let menu_order = self.grid.coarse_points();
        // Layers of one shape have the same lists unless a pin sets one apart.
        let mut known: Vec<Option<usize>> = vec![None; self.problem.shapes.len()];
        for layer in 0..self.problem.layers.len() {
            let pin = self.problem.pins.iter().find(|p| p.layer == layer);
            let shape = self.problem.layers[layer].shape;
            if pin.is_none() {
                if let Some(same) = known[shape] {
                    all_coarse.push(Vec::clone(&all_coarse[same]));
                    all_fine.push(Vec::clone(&all_fine[same]));
                    continue;
                }
                known[shape] = Some(layer);
            }
            let mut fixed: Vec<Option<usize>> = vec![None; self.grid.axes.len()];
            for &(knob, value) in pin.iter().flat_map(|p| &p.knobs) {
                fixed[knob] = self.grid.axes[knob].binary_search(&value).ok();
            }
            let keeps = |point: Point| {
                let (dataflow, positions) = self.grid.positions(point);
                pin.is_none_or(|p| p.dataflow.is_none_or(|d| d == dataflow))
                    && fixed
                        .iter()
                        .zip(&positions)
                        .all(|(f, p)| f.is_none_or(|f| f == *p))
            };
            let priced = |point: &Point| self.price(layer, *point).is_some();
            // Another layer's pin may lie between the levels: it is no choice of this one.
            let offered = |point: Point| {
                let (_, positions) = self.grid.positions(point);
                positions
                    .iter()
                    .zip(self.offered.iter())
                    .zip(&fixed)
                    .all(|((&p, offered), fixed)| fixed.is_some() || offered[p])
            };
            let fine: Vec<Point> = (0..self.shared.len() as Point)
                .filter(|&p| (pin.is_none() || keeps(p)) && offered(p) && priced(&p))
                .collect();
            if fine.is_empty() {
                let found = probe::pinned(self.problem, self.model.as_ref(), shape, pin);
                let (refused, rule) = found.unzip();
                return Err(SpaceError::NoPrice {
                    layer,
                    refused,
                    rule,
                });
            }
            // A pinned value between the coarse levels stands in for all of them.
            let mut coarse: Vec<Point> = Vec::new();
            for &point in &menu_order {
                let (dataflow, mut positions) = self.grid.positions(point);
                for (position, fixed) in positions.iter_mut().zip(&fixed) {
                    *position = fixed.unwrap_or(*position);
                }
                let moved = self.grid.point(dataflow, &positions);
                if (pin.is_none() || keeps(moved))
                    && priced(&moved)
                    && (pin.is_none() || !coarse.contains(&moved))
                {
                    coarse.push(moved);
                }
            }
            all_coarse.push(coarse);
            all_fine.push(fine);
        }
        Ok((all_coarse, all_fine))
    }

    /// The price of a layer at a point; `None` where the model refuses.
    pub fn price(&self, layer: usize, point: Point) -> Option<&Price> {
        self.tables[self.problem.layers[layer].shape]
            .get(point as usize)?
            .as_ref()
    }

    /// The number of the engine choice a point belongs to; all points are 0 when pipelined.
    pub fn shared_part(&self, point: Point) -> u32 {
        self.shared[point as usize]
    }

    /// The PE count of a point.
    pub fn pes(&self, point: Point) -> u64 {
        self.grid.values(point).1[Menu::PES]
    }

    /// The inferences per second that a throughput budget asks of a pipelined design, where each
    /// layer must keep the pace alone.
    pub fn pace(&self) -> Option<f64> {
        let limit = self
            .limits
            .iter()
            .find(|l| l.metric == Metric::Throughput)?;
        (self.problem.deployment == Deployment::Pipelined).then_some(limit.limit)
    }
}

/// Numbers the shared knobs of a sequential design's point in mixed radix.
fn shared_number(problem: &Problem, grid: &Grid, point: Point) -> u32 {
    if problem.deployment == Deployment::Pipelined {
        return 0;
    }
    let (_, positions) = grid.positions(point);
    let mut number = 0;
    for ((knob, axis), position) in problem.menu.knobs.iter().zip(&grid.axes).zip(positions) {
        if !knob.per_layer {
            number = number * axis.len() as u32 + position as u32;
        }
    }
    number
}
