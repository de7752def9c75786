//! Prices one layer at one design point. Pure: no files, no clock, no randomness.

pub mod account;
pub mod analytic;
mod coefficient;
pub mod maestro;
mod product;
mod reference;
mod reference_account;
mod reference_counts;
mod reference_latency;
mod reference_moved;
mod teller;

use account::Account;
pub use reference::original;

use crate::base::span::Span;
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
use crate::ir::precision::Precision;
use crate::ir::registry::ModelSpec;
use crate::ir::technology::Technology;

/// More cycles than this for one layer are refused (2^46: 20 hours at 1 GHz), so that sums over a
/// network of [`MAX_LAYERS`] layers stay exact in 64 bits.
pub const MAX_CYCLES: u64 = 1 << 46;

/// The most layers a network may have; see [`MAX_CYCLES`].
pub const MAX_LAYERS: usize = 1 << 17;

/// What one layer costs at one design point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Clock cycles.
    pub latency_cycles: u64,
    /// Energy of the layer in nJ.
    pub energy_nj: f64,
    /// Area in um2 of an engine made for this layer alone.
    pub area_um2: f64,
    /// Power in mW of that engine.
    pub power_mw: f64,
    /// MACs per cycle, as the model counts MACs.
    pub throughput_macs_per_cycle: f64,
    /// Bytes of local memory each PE needs.
    pub l1_bytes: u64,
    /// Bytes of shared memory the engine needs.
    pub l2_bytes: u64,
    /// Largest demand on the network-on-chip in elements per cycle.
    pub noc_bandwidth_peak: u64,
    /// Mean demand on the network-on-chip in elements per cycle.
    pub noc_bandwidth_avg: f64,
    /// Demand on the link to off-chip memory in elements per cycle.
    pub offchip_bandwidth: u64,
    /// Multiply-accumulates as the model counts them.
    pub macs: u64,
    /// Mean number of PEs at work: MACs per cycle, by the MACs that a PE makes in one.
    pub active_pes: f64,
}

/// Area and power of an engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Engine {
    /// um2
    pub area_um2: f64,
    /// mW
    pub power_mw: f64,
}

/// A component's share of a sum: its name, and the amount in the sum's unit.
pub type Part = (&'static str, f64);

/// What a price consists of.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// nJ by component; in this order they add up to the price's energy, bit by bit.
    pub energy_nj: Vec<Part>,
    /// Bytes between the chip and off-chip memory, both directions.
    pub offchip_bytes: f64,
}

/// What the array can do at most in a cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peaks {
    /// MACs of one PE.
    pub macs_per_pe: f64,
    /// Bytes to and from off-chip memory, together.
    pub offchip_bytes: f64,
}

/// How far a model came before it refused; the later, the further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The array is divided into clusters.
    Clusters,
    /// The directives are followed one by one.
    Directives,
    /// What they come to is counted.
    Counts,
}

/// Why a model gives no price for a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// In words, without the layer.
    pub reason: String,
    /// The directive that cannot be followed, if it is one alone, or the first of two.
    pub at: Option<Span>,
    /// The other directive, if it is what two of them come to.
    pub also: Option<Span>,
    /// The technology's coefficient that is too small or too large for it, if it is one alone.
    pub coefficient: Option<&'static str>,
    /// How far the model came.
    pub reached: Reached,
}

impl Refused {
    /// A refusal of no directive in particular.
    pub fn new(reason: impl Into<String>) -> Self {
        Refused {
            reason: reason.into(),
            at: None,
            also: None,
            coefficient: None,
            reached: Reached::Counts,
        }
    }

    /// The same, said of the clusters before any directive was looked at.
    #[must_use]
    pub fn of_clusters(mut self) -> Self {
        self.reached = Reached::Clusters;
        self
    }

    /// The same, because of a coefficient.
    #[must_use]
    pub fn because_of(mut self, coefficient: &'static str) -> Self {
        self.coefficient = Some(coefficient);
        self
    }

    /// The same, of what this directive comes to, or both together.
    #[must_use]
    pub fn of_both(mut self, span: Span, also: Option<Span>) -> Self {
        (self.at, self.also) = (Some(span), also);
        self
    }

    /// The same, for the directive at this place unless one is named already.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.at.get_or_insert(span);
        self.reached = self.reached.min(Reached::Directives);
        self
    }
}

/// A cost model with its coefficients filled in.
pub trait CostModel: Send + Sync {
    /// Prices a layer mapped by `rule` with the knobs at these values (`knobs[0]` is the PE count;
    /// the order is the menu's). Every figure of a price is finite and none is negative.
    ///
    /// # Errors
    /// The reason if the model cannot price this point or its figures make no sense there.
    fn price(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Price, Refused>;

    /// Area and power of an engine with this many PEs, bytes of local memory in each of them and
    /// bytes of shared memory. For the memories of a price it gives that price's area and power.
    fn engine(&self, pes: u64, l1_bytes: u64, l2_bytes: u64) -> Engine;

    /// The figures of a price term by term, for the same layer, mapping and knobs. The terms add up
    /// to the price's figures but for rounding.
    ///
    /// # Errors
    /// As [`CostModel::price`].
    fn account(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Account, Refused>;

    /// What a price consists of, for the same layer, mapping and knobs; `None` if the model does not
    /// tell parts apart.
    fn parts(&self, _shape: &LayerShape, _rule: &Rule, _knobs: &[u64]) -> Option<Parts> {
        None
    }

    /// The area of [`CostModel::engine`] by component; `None` if the model does not tell them apart.
    fn area_parts(&self, _pes: u64, _l1_bytes: u64, _l2_bytes: u64) -> Option<Vec<Part>> {
        None
    }

    /// The peaks that no layer can exceed; `None` if the model knows none.
    fn peaks(&self) -> Option<Peaks> {
        None
    }

    /// Things a reader of a report must know about this model's figures.
    fn caveats(&self) -> &'static [&'static str];
}

/// A registered model: what a specification may know of it, and how to make one.
#[derive(Clone, Copy)]
pub struct ModelEntry {
    /// Name, summary, coefficients.
    pub spec: ModelSpec,
    /// Fills in the coefficients; sema has made sure that all are there.
    pub build: fn(&Technology, Precision) -> Box<dyn CostModel>,
}

/// Every cost model; the first is the default.
pub const MODELS: &[ModelEntry] = &[analytic::price::ENTRY, reference::ENTRY];

/// The model of this name with the coefficients of `technology`, for tensors of this precision or
/// the default one.
pub fn build(
    name: &str,
    technology: &Technology,
    precision: Option<Precision>,
) -> Option<Box<dyn CostModel>> {
    MODELS
        .iter()
        .find(|m| m.spec.name == name)
        .map(|m| (m.build)(technology, precision.unwrap_or_default()))
}
