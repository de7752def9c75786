//! Budgets that add up over layers, and the cheapest way to complete a partial assignment.

use super::build::Space;
use super::point::Point;
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;

/// A limit on a sum over layers of one weight per layer and point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SumLimit {
    /// Index among the space's limits.
    pub limit: usize,
    /// Whose sum it is: latency, energy, area or power.
    pub weight: Metric,
    /// The sum may not exceed this.
    pub bound: f64,
}

impl Space<'_> {
    /// The limits that are sums over layers. Area and power are sums when every layer has its own
    /// engine; throughput is one (of latencies) when one engine serves all.
    pub fn sum_limits(&self) -> Vec<SumLimit> {
        let sequential = self.problem.deployment == Deployment::Sequential;
        let mut sums = Vec::new();
        for (index, limit) in self.limits.iter().enumerate() {
            let (weight, bound) = match limit.metric {
                Metric::Latency | Metric::Energy => (limit.metric, limit.limit),
                Metric::Area | Metric::Power if !sequential => (limit.metric, limit.limit),
                Metric::Throughput if sequential => (
                    Metric::Latency,
                    self.problem.technology.clock_hz() / limit.limit,
                ),
                _ => continue,
            };
            sums.push(SumLimit {
                limit: index,
                weight,
                bound,
            });
        }
        sums
    }

    /// What one layer adds to such a sum; infinite at a refused point.
    pub fn weight(&self, weight: Metric, layer: usize, point: Point) -> f64 {
        let Some(price) = self.price(layer, point) else {
            return f64::INFINITY;
        };
        match weight {
            Metric::Latency => price.latency_cycles as f64,
            Metric::Energy => price.energy_nj,
            Metric::Area => price.area_um2,
            Metric::Power => price.power_mw,
            Metric::EdpPerLayer => price.energy_nj * price.latency_cycles as f64,
            // Products, bottlenecks and longest paths are no sums.
            Metric::Throughput | Metric::CriticalPath | Metric::Edp => f64::NAN,
        }
    }

    /// Whether a layer may stand at a point under the limits that bind each layer alone.
    pub fn keeps_pace(&self, layer: usize, point: Point) -> bool {
        match (self.pace(), self.price(layer, point)) {
            (_, None) => false,
            (None, Some(_)) => true,
            // The comparison that totals make, to the last bit.
            (Some(pace), Some(price)) => {
                self.problem.technology.clock_hz() / price.latency_cycles as f64 >= pace
            }
        }
    }
}
