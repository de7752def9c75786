//! Every figure of the reference, and which of them cannot be believed.

use super::hardware::{Hardware, Power, access_energy_nj, engine_area_um2, engine_power};
use super::layer::{Layer, Problem};
use super::outcome::{Delays, Outcome, Traffic};
use super::refusal::Refusal;
use crate::ir::dim::Dim;

/// The three tensors of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tensor {
    /// Activations read; of a matrix product, the left operand.
    Input,
    /// Weights; of a matrix product, the right operand.
    Filter,
    /// Activations written.
    Output,
}

impl Tensor {
    /// All three.
    pub const ALL: [Tensor; 3] = [Tensor::Input, Tensor::Filter, Tensor::Output];
}

/// Buffer accesses of one tensor, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorCounts {
    /// Reads from L1 buffers.
    pub l1_read: i64,
    /// Writes to L1 buffers. Of the operands, the L2 reads: a broadcast counts once, however many
    /// PEs receive it.
    pub l1_write: i64,
    /// Reads from the L2. Of the output, one per element of the unstrided output.
    pub l2_read: i64,
    /// Writes to the L2.
    pub l2_write: i64,
}

impl TensorCounts {
    fn new(t: &Traffic) -> TensorCounts {
        TensorCounts {
            l1_read: t.down_read,
            l1_write: t.down_write,
            l2_read: t.up_read,
            l2_write: t.up_write,
        }
    }

    /// L1 reads per L1 write; not a number without accesses.
    pub fn reuse_factor(&self) -> f64 {
        self.l1_read as f64 / self.l1_write as f64
    }

    /// L1 writes per L2 read: always 1 for the operands, or not a number without accesses.
    pub fn multicast_factor(&self) -> f64 {
        self.l1_write as f64 / self.l2_read as f64
    }

    fn l1(&self) -> f64 {
        self.l1_read as f64 + self.l1_write as f64
    }
}

/// A delay over all iteration cases, in cycles. Without cases, `min` and `avg` are `i64::MIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayStats {
    /// Least.
    pub min: i64,
    /// Greatest, at least 0.
    pub max: i64,
    /// Mean, weighted with occurrences, rounded towards zero.
    pub avg: i64,
}

impl DelayStats {
    fn new(delays: &Delays, cases: i64) -> DelayStats {
        DelayStats {
            min: if cases == 0 { i64::MIN } else { delays.min },
            max: delays.max,
            avg: delays.sum.checked_div(cases).unwrap_or(i64::MIN),
        }
    }
}

/// Everything the reference reports of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Runtime.
    pub runtime_cycles: i64,
    /// Multiply-accumulates by the model's own count, which its edge rules can make differ from
    /// the layer's.
    pub macs: i64,
    /// Energy of buffer accesses: mac (l2 (L2 accesses but the output's reads) + l1 (L1 accesses)).
    /// L1 accesses count only for dataflows of one level: for others the reference reads counters
    /// of the previous layer, which are zero when there is none.
    pub energy_nj: f64,
    /// Area of PEs, buffers, bus and arbiter.
    pub area_um2: f64,
    /// Power by part.
    pub power: Power,
    /// L1 requirement of one PE in elements, counted as bytes.
    pub l1_bytes: i64,
    /// L2 requirement in elements, counted as bytes.
    pub l2_bytes: i64,
    /// Largest traffic per computing cycle, elements per cycle rounded down. The reference prints
    /// it as required and as peak bandwidth.
    pub noc_bandwidth_peak: i64,
    /// Mean traffic per computing cycle.
    pub noc_bandwidth_avg: f64,
    /// Off-chip bandwidth requirement. Halved at every iteration case, so often 0.
    pub offchip_bandwidth: i64,
    /// Mean number of active PEs.
    pub active_pes: f64,
    /// MACs per operand element that enters the array, in the last iteration case.
    pub arithmetic_intensity: f64,
    /// Product of the declared dimensions of the input.
    pub input_pixels: i64,
    /// Product of the declared dimensions of the filter.
    pub weight_pixels: i64,
    /// Accesses of the input.
    pub input: TensorCounts,
    /// Accesses of the filter.
    pub filter: TensorCounts,
    /// Accesses of the output.
    pub output: TensorCounts,
    /// Transfers into the array.
    pub ingress_delay: DelayStats,
    /// Transfers out of the array.
    pub egress_delay: DelayStats,
    /// Computing.
    pub compute_delay: DelayStats,
    /// SIMD lanes of a PE.
    pub vector_width: i64,
    /// PEs of the array.
    pub pes: i64,
}

impl Report {
    #[inline]
    pub(super) fn new(layer: &Layer, problem: &Problem, hw: &Hardware, out: &Outcome) -> Report {
        let (input, filter, output) = (
            TensorCounts::new(&out.input),
            TensorCounts::new(&out.filter),
            TensorCounts::new(&out.output),
        );
        let l2 = [
            input.l2_read,
            input.l2_write,
            filter.l2_read,
            filter.l2_write,
            output.l2_write,
        ];
        let l2_accesses = l2.iter().map(|&n| n as f64).sum();
        let l1_accesses = if out.l1_counted {
            input.l1() + filter.l1() + output.l1()
        } else {
            0.0
        };
        // Cannot saturate: the product of all extents of the tensor fits, and this has fewer factors.
        let pixels = |dims: &[Dim]| {
            let declared = dims.iter().map(|dim| layer.dims[*dim]).filter(|&n| n != 0);
            declared.fold(1, i64::saturating_mul)
        };
        Report {
            runtime_cycles: out.runtime,
            macs: out.macs,
            energy_nj: access_energy_nj(l2_accesses, l1_accesses, &hw.coefficients),
            area_um2: engine_area_um2(hw.pes, out.l1_size, out.l2_size, hw),
            power: engine_power(hw.pes, out.l1_size, out.l2_size, hw),
            l1_bytes: out.l1_size,
            l2_bytes: out.l2_size,
            noc_bandwidth_peak: out.peak,
            noc_bandwidth_avg: out.average,
            offchip_bandwidth: out.offchip,
            active_pes: out.active,
            arithmetic_intensity: out.intensity,
            input_pixels: pixels(problem.tensors.input),
            weight_pixels: pixels(problem.tensors.filter),
            input,
            filter,
            output,
            ingress_delay: DelayStats::new(&out.ingress_delay, out.cases),
            egress_delay: DelayStats::new(&out.egress_delay, out.cases),
            compute_delay: DelayStats::new(&out.compute_delay, out.cases),
            vector_width: hw.simd_lanes,
            pes: hw.pes,
        }
    }

    /// The counts of one tensor.
    pub fn tensor(&self, tensor: Tensor) -> &TensorCounts {
        match tensor {
            Tensor::Input => &self.input,
            Tensor::Filter => &self.filter,
            Tensor::Output => &self.output,
        }
    }

    /// Total power, in mW.
    pub fn power_mw(&self) -> f64 {
        self.power.total_mw()
    }

    /// MACs per cycle; not a number for 0 / 0.
    pub fn throughput_macs_per_cycle(&self) -> f64 {
        self.macs as f64 / self.runtime_cycles as f64
    }

    /// MACs per cycle and joule.
    pub fn throughput_per_energy(&self) -> f64 {
        self.throughput_macs_per_cycle() / self.energy_nj * 1e9
    }

    /// MACs per joule.
    pub fn ops_per_joule(&self) -> f64 {
        self.macs as f64 / self.energy_nj * 1e9
    }

    /// Refuses reports that describe nothing real: no runtime or no MACs, negative sizes, counts
    /// or energy, a throughput that is not finite.
    #[inline(always)]
    pub fn check(&self) -> Result<(), Refusal> {
        if self.runtime_cycles <= 0 || self.macs <= 0 {
            return Err(Refusal::NothingComputed);
        }
        let nonsense = |figure| Err(Refusal::Nonsense { figure });
        if self.l1_bytes < 0 || self.l2_bytes < 0 {
            return nonsense("buffer requirement");
        }
        for tensor in Tensor::ALL {
            let t = self.tensor(tensor);
            if [t.l1_read, t.l1_write, t.l2_read, t.l2_write]
                .iter()
                .any(|&n| n < 0)
            {
                return nonsense("access count");
            }
        }
        if !(self.energy_nj >= 0.0 && self.energy_nj.is_finite()) {
            return nonsense("energy");
        }
        if !self.throughput_macs_per_cycle().is_finite() {
            return nonsense("throughput");
        }
        if !(self.area_um2.is_finite() && self.power_mw().is_finite()) {
            return nonsense("area or power");
        }
        Ok(())
    }
}
