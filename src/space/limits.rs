//! Budgets turned into limits in absolute units.

use super::build::{Space, SpaceError};
use super::point::{Grid, Point};
use crate::base::span::Span;
use crate::ir::metric::Metric;
use crate::ir::problem::Limit;

/// A budget in its metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundLimit {
    /// What is limited.
    pub metric: Metric,
    /// At most this much; for throughput, at least.
    pub limit: f64,
    /// The share of the span between the cheapest and the dearest corner, if it was written so.
    pub share: Option<f64>,
    /// Where it was written.
    pub span: Span,
}

impl BoundLimit {
    /// By how much `value` misses the limit, relative to the limit; 0 if it holds.
    pub fn overshoot(&self, value: f64) -> f64 {
        if self.metric.larger_is_better() {
            if value >= self.limit {
                0.0
            } else {
                self.limit / value - 1.0
            }
        } else if value <= self.limit {
            0.0
        } else {
            value / self.limit - 1.0
        }
    }
}

/// The least and the most of a metric over the uniform corner assignments of the coarse menu: every
/// layer at the same corner, each knob at its smallest or largest coarse level, every dataflow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricSpan {
    min: f64,
    max: f64,
}

impl MetricSpan {
    /// A share x of it means min + (max - min) x.
    pub fn at(self, share: f64) -> f64 {
        // At 100 % the dearest corner itself must fit, whatever the rounding.
        if share == 1.0 {
            self.max
        } else {
            self.min + (self.max - self.min) * share
        }
    }

    fn of(corners: &[super::Totals], metric: Metric) -> Option<Self> {
        let values = corners.iter().map(|t| t.metric(metric));
        let (min, max) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| {
            (lo.min(v), hi.max(v))
        });
        (!corners.is_empty()).then_some(MetricSpan { min, max })
    }
}

/// The span of a metric in a space whose tables are filled; `None` if no corner has a price.
pub fn span(space: &Space, metric: Metric) -> Option<MetricSpan> {
    MetricSpan::of(&corner_totals(space), metric)
}

/// The limits of a space whose tables are filled. Shares are those of a [`MetricSpan`]; corners with
/// a refused layer are left out. This is how ConfuciuX derives its limits.
pub fn bind(space: &Space) -> Result<Vec<BoundLimit>, SpaceError> {
    let mut limits = Vec::new();
    let mut corners = None;
    for budget in &space.problem.budgets {
        let (limit, share) = match budget.limit {
            Limit::Absolute(limit) => (limit, None),
            Limit::Share(share) => {
                let corners = corners.get_or_insert_with(|| corner_totals(space));
                let span = MetricSpan::of(corners, budget.metric)
                    .ok_or(SpaceError::NoCorner { span: budget.span })?;
                (span.at(share), Some(share))
            }
        };
        limits.push(BoundLimit {
            metric: budget.metric,
            limit,
            share,
            span: budget.span,
        });
    }
    Ok(limits)
}

fn corner_totals(space: &Space) -> Vec<super::Totals> {
    let layers = space.problem.layers.len();
    corners(&space.grid)
        .into_iter()
        .filter_map(|point| space.totals(&vec![point; layers]))
        .collect()
}

/// The corners of the coarse menu, dataflow by dataflow.
pub fn corners(grid: &Grid) -> Vec<Point> {
    // A knob of one level has one end: corners are counted by the knobs that vary, and of those
    // there are few, since the grid has room for both ends of each.
    let mut corners: Vec<Vec<usize>> = vec![Vec::new()];
    for levels in &grid.coarse {
        let mut ends = vec![
            levels.iter().copied().min().unwrap_or(0),
            levels.iter().copied().max().unwrap_or(0),
        ];
        ends.dedup();
        let longer = corners.iter().flat_map(|corner| {
            ends.iter()
                .map(|&end| corner.iter().copied().chain([end]).collect())
        });
        corners = longer.collect();
    }
    (0..grid.dataflows)
        .flat_map(|dataflow| corners.iter().map(move |corner| (dataflow, corner)))
        .map(|(dataflow, corner)| grid.point(dataflow, corner))
        .collect()
}
