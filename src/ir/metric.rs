//! What a design is judged by, and the one unit each metric has everywhere.

use crate::base::units::Quantity;

/// A metric of a whole design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Clock cycles of one inference: the sum over the layers.
    Latency,
    /// Energy of one inference: the sum over the layers.
    Energy,
    /// Silicon area: the sum over the layers' engines, or the one engine's.
    Area,
    /// Power: the sum over the layers' engines, or the one engine's.
    Power,
    /// Inferences per second: the clock over the slowest layer's cycles when pipelined, over the
    /// sum of all layers' cycles when sequential.
    Throughput,
    /// Clock cycles of one inference when every layer starts as soon as its producers are done: the
    /// longest path through the network. On one engine it is the latency.
    CriticalPath,
    /// Energy-delay product: total energy x total latency.
    Edp,
    /// Sum over the layers of energy x latency of the layer, as ConfuciuX defines it.
    EdpPerLayer,
}

impl Metric {
    /// All, in the order of declaration.
    pub const ALL: [Metric; 8] = [
        Metric::Latency,
        Metric::Energy,
        Metric::Area,
        Metric::Power,
        Metric::Throughput,
        Metric::CriticalPath,
        Metric::Edp,
        Metric::EdpPerLayer,
    ];

    /// As written in a specification and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Latency => "latency",
            Metric::Energy => "energy",
            Metric::Area => "area",
            Metric::Power => "power",
            Metric::Throughput => "throughput",
            Metric::CriticalPath => "critical_path",
            Metric::Edp => "edp",
            Metric::EdpPerLayer => "edp_per_layer",
        }
    }

    /// The metric of this name.
    pub fn parse(name: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|m| m.name() == name)
    }

    /// What it measures; [`Quantity::canonical`] is the unit it is computed and printed in.
    pub fn quantity(self) -> Quantity {
        match self {
            Metric::Latency | Metric::CriticalPath => Quantity::Cycles,
            Metric::Energy => Quantity::Energy,
            Metric::Area => Quantity::Area,
            Metric::Power => Quantity::Power,
            Metric::Throughput => Quantity::Rate,
            Metric::Edp | Metric::EdpPerLayer => Quantity::EnergyDelay,
        }
    }

    /// The unit's spelling in every output.
    pub fn unit(self) -> &'static str {
        self.quantity().canonical()
    }

    /// Whether more is better; for all but throughput less is.
    pub fn larger_is_better(self) -> bool {
        self == Metric::Throughput
    }

    /// Whether a budget may limit it.
    pub fn can_be_budget(self) -> bool {
        !matches!(
            self,
            Metric::CriticalPath | Metric::Edp | Metric::EdpPerLayer
        )
    }
}
