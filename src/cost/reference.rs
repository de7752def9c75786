//! `model maestro`: the reference model behind the common door.
//!
//! The reference knows neither padding nor dilation, so a layer reaches it as follows: `Y` and `X`
//! are the extents of the padded input; a dilated window is replaced by its taps, and the input
//! shortened by what the gaps span, (dilation - 1)(R - 1), so that the unstrided output extents
//! stay right; a dense layer is a convolution of one pixel; a transposed convolution is, as in the
//! reference itself, a plain one.

use super::account::Account;
use super::coefficient::{HOP_LATENCY, HOPS, LANES, SRAM_AREA, real, whole};
use super::maestro::{self, Coefficients, Hardware, Kind, Layer, Mapping, Refusal};
use super::{CostModel, Engine, MAX_CYCLES, ModelEntry, Part, Price, Refused, reference_account};
use crate::base::units::Quantity;
use crate::ir::dataflow::{Directive, MapKind, Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::menu::Menu;
use crate::ir::registry::ModelSpec;
use crate::ir::technology::{CoefficientSpec, Technology};

/// The coefficients of the reference.
const COEFFICIENTS: &[CoefficientSpec] = &[
    real(
        "mac.area",
        Quantity::Area,
        "area of one multiplier-accumulator lane",
    ),
    real(
        "mac.power",
        Quantity::Power,
        "power of one multiplier-accumulator lane",
    ),
    real(
        "mac.energy",
        Quantity::Energy,
        "energy of one MAC, the unit of access energies",
    ),
    LANES,
    real(
        "l1.access",
        Quantity::Count,
        "energy of a local-memory access, in MAC energies",
    ),
    real(
        "l2.access",
        Quantity::Count,
        "energy of a shared-memory access, in MAC energies",
    ),
    SRAM_AREA,
    real(
        "sram.power",
        Quantity::PowerPerByte,
        "power of one byte of memory",
    ),
    whole(
        "noc.bandwidth",
        Quantity::Count,
        1.0,
        "elements per cycle at every level",
    ),
    HOPS,
    HOP_LATENCY,
    real(
        "noc.bus_area",
        Quantity::Area,
        "area of the bus per port and element per cycle",
    ),
    real(
        "noc.bus_power",
        Quantity::Power,
        "power of the bus per port and element per cycle",
    ),
    real("noc.ports_per_pe", Quantity::Count, "bus ports per PE"),
    real("noc.ports_base", Quantity::Count, "bus ports without PEs"),
    real(
        "noc.arbiter_area",
        Quantity::Area,
        "area of the arbiter per unit of its polynomial",
    ),
    real(
        "noc.arbiter_power",
        Quantity::Power,
        "power of the arbiter per unit of its polynomial",
    ),
    real(
        "noc.arbiter_power_floor",
        Quantity::Power,
        "least power of the arbiter",
    ),
    real(
        "noc.arbiter_quadratic",
        Quantity::Count,
        "factor of PEs^2 in the arbiter's polynomial",
    ),
    real(
        "noc.arbiter_linear",
        Quantity::Count,
        "factor of PEs in the arbiter's polynomial",
    ),
    CoefficientSpec {
        min: f64::MIN,
        ..real(
            "noc.arbiter_base",
            Quantity::Count,
            "constant of the arbiter's polynomial",
        )
    },
    whole(
        "offchip.bandwidth",
        Quantity::Count,
        1.0,
        "elements per cycle to off-chip memory",
    ),
];

/// The registry line.
pub const ENTRY: ModelEntry = ModelEntry {
    spec: ModelSpec {
        name: "maestro",
        summary: "MAESTRO's analytical model (revision 4eb08d1), figure for figure, faults included",
        technology: "std.technologies.maestro",
        reads_precision: false,
        coefficients: COEFFICIENTS,
    },
    build: |technology, _| Box::new(Maestro::new(technology)),
};

struct Maestro {
    technology: Technology,
    /// The PE count is filled in per price.
    hardware: Hardware,
}

impl Maestro {
    fn new(technology: &Technology) -> Self {
        let get = |name: &str| technology.get(name).unwrap_or(f64::NAN);
        let whole = |name: &str| get(name) as i64;
        Maestro {
            technology: technology.clone(),
            hardware: Hardware {
                pes: 1,
                simd_lanes: whole("mac.lanes"),
                noc_bandwidth: whole("noc.bandwidth"),
                noc_latency: whole("noc.hops").saturating_mul(whole("noc.hop_latency")),
                offchip_bandwidth: whole("offchip.bandwidth"),
                coefficients: Coefficients {
                    mac_area_um2: get("mac.area"),
                    sram_area_um2_per_byte: get("sram.area"),
                    mac_power_mw: get("mac.power"),
                    sram_power_mw_per_byte: get("sram.power"),
                    mac_energy_nj: get("mac.energy"),
                    l2_access: get("l2.access"),
                    l1_access: get("l1.access"),
                    bus_area_um2: get("noc.bus_area"),
                    bus_power_mw: get("noc.bus_power"),
                    bus_ports_per_pe: get("noc.ports_per_pe"),
                    bus_ports_base: get("noc.ports_base"),
                    arbiter_area_um2: get("noc.arbiter_area"),
                    arbiter_power_mw: get("noc.arbiter_power"),
                    arbiter_power_floor_mw: get("noc.arbiter_power_floor"),
                    arbiter_quadratic: get("noc.arbiter_quadratic"),
                    arbiter_linear: get("noc.arbiter_linear"),
                    arbiter_base: get("noc.arbiter_base"),
                },
            },
        }
    }

    fn with_pes(&self, knobs: &[u64]) -> Hardware {
        Hardware {
            pes: signed(knobs[Menu::PES]),
            ..self.hardware
        }
    }
}

/// The refusal in words, with the directive that it is about.
#[cold]
fn refused(refusal: Refusal, rule: &Rule) -> Refused {
    let refused = Refused::new(refusal.to_string());
    let refused = match refusal {
        Refusal::ClusterSize { .. } | Refusal::TooFewPes { .. } => refused.of_clusters(),
        _ => refused,
    };
    let (level, dim) = refusal.place();
    let all = || {
        let levels = rule.levels.iter().enumerate();
        levels.flat_map(|(at, level)| level.directives.iter().map(move |d| (Some(at), d)))
    };
    let of_dim = |directive: &Directive| dim.is_none_or(|dim| directive.dim == dim);
    let here = all().find(|(at, d)| *at == level && of_dim(d));
    // What a level does not say it has from the one around it.
    let found = here.or_else(|| all().find(|(_, d)| dim == Some(d.dim)));
    match (found, refusal) {
        (Some((_, directive)), _) => refused.at(directive.span),
        (None, Refusal::Hardware { parameter, .. }) => match parameter {
            maestro::LANES => refused.because_of("mac.lanes"),
            maestro::BANDWIDTH => refused.because_of("noc.bandwidth"),
            maestro::LATENCY => refused.because_of("noc.hop_latency"),
            maestro::OFF_CHIP => refused.because_of("offchip.bandwidth"),
            _ => refused,
        },
        // The innermost level is the one that asks for so many.
        (None, Refusal::TooFewPes { .. }) => {
            let inner = rule.levels.iter().skip(1).rev();
            let directive = inner.flat_map(|level| &level.directives).next();
            directive.map_or(refused.clone(), |d| refused.at(d.span))
        }
        (None, _) => refused,
    }
}

/// The same of what directives come to that can all be followed: where nothing is computed, of the
/// first tile that holds no whole window.
#[cold]
fn uncounted(refusal: Refusal, layer: &Layer, rule: &Rule, knobs: &[u64]) -> Refused {
    let refused = refused(refusal, rule);
    if !matches!(refusal, Refusal::IdleClusters | Refusal::NothingComputed) {
        return refused;
    }
    for level in &rule.levels {
        for (input, window) in [(Dim::Y, Dim::R), (Dim::X, Dim::S)] {
            let of = |dim| level.directives.iter().find(|d| d.dim == dim);
            let size = |d: &Directive| value(&d.size, layer, knobs);
            let taps = of(window).map_or(layer.dims[window], |d| size(d).min(layer.dims[window]));
            if let Some(tile) = of(input).filter(|d| size(d) < taps) {
                return refused.of_both(tile.span, of(window).map(|d| d.span));
            }
        }
    }
    refused
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The layer as the reference sees it; see the head of this file.
#[inline]
fn layer(shape: &LayerShape) -> Result<Layer, Refused> {
    #[cold]
    fn too_large() -> Refused {
        Refused::new("a padded extent does not fit 64 bits".to_string())
    }
    let kind = match shape.mapped_as() {
        Op::Conv | Op::TransposedConv | Op::Dense => Kind::Conv,
        Op::Depthwise => Kind::Depthwise,
        Op::GroupedConv => Kind::Grouped,
        Op::Gemm => Kind::Gemm,
    };
    let mut layer = Layer::new(kind, &[]);
    for dim in Dim::ALL {
        layer.dims[dim] = signed(shape.bounds[dim]);
    }
    if shape.op == Op::Gemm {
        // The reference has no groups of products: the rows of all of them are one left operand.
        let rows = shape.bound(Dim::M).checked_mul(shape.bound(Dim::G));
        layer.dims[Dim::M] = signed(rows.ok_or_else(too_large)?);
        layer.dims[Dim::G] = 0;
    }
    if shape.op == Op::Dense {
        for dim in [Dim::Y, Dim::X, Dim::R, Dim::S] {
            layer.dims[dim] = 1;
        }
    }
    if shape.op.slides() {
        // The padding of a transposed convolution cuts its output; its input has none.
        let padded = match shape.op {
            Op::TransposedConv => [shape.bound(Dim::Y), shape.bound(Dim::X)],
            _ => shape.padded_input().ok_or_else(too_large)?,
        };
        for (axis, dim, window) in [(0, Dim::Y, Dim::R), (1, Dim::X, Dim::S)] {
            let gaps = (shape.bound(window) - 1).checked_mul(shape.dilation[axis] - 1);
            let extent = gaps
                .and_then(|g| padded[axis].checked_sub(g))
                .ok_or_else(too_large)?;
            layer.dims[dim] = signed(extent);
            layer.stride[dim] = signed(shape.stride[axis]);
        }
    }
    Ok(layer)
}

/// A size with numbers in place of extents and knobs. What has none is as far out of range as what is
/// too large.
#[inline]
fn value(size: &Size, layer: &Layer, knobs: &[u64]) -> i64 {
    let plain = |size: &Size| match *size {
        Size::Count(n) => Some(signed(n)),
        Size::Extent(dim) => Some(layer.dims[dim].max(1)),
        Size::Knob(knob) => Some(signed(knobs[knob])),
        Size::Computed(_) => None,
    };
    size.value(&plain).unwrap_or(i64::MAX)
}

/// Writes the directives with numbers in place of extents and knobs. In place, because a mapping is
/// large.
fn write(mapping: &mut Mapping, layer: &Layer, rule: &Rule, knobs: &[u64]) -> Result<(), Refusal> {
    let value = |size: &Size| value(size, layer, knobs);
    for level in &rule.levels {
        if let Some(size) = &level.cluster {
            mapping.cluster(value(size))?;
        }
        for d in &level.directives {
            if layer.kind == Kind::Gemm && d.dim == Dim::G && d.kind == MapKind::Temporal {
                continue; // product after product: the rows of the one that is left
            }
            mapping.push(maestro::Directive {
                kind: d.kind,
                dim: d.dim,
                size: value(&d.size),
                step: value(&d.step),
            })?;
        }
    }
    Ok(())
}

/// The layer and the mapping that model `maestro` prices for a shape under a rule with the knobs at
/// these values: what the original would be given.
///
/// # Errors
/// What has no place in the model: see [`Mapping::push`].
pub fn original(
    shape: &LayerShape,
    rule: &Rule,
    knobs: &[u64],
) -> Result<(Layer, Mapping), Refused> {
    let layer = layer(shape)?;
    let mut mapping = Mapping::new();
    write(&mut mapping, &layer, rule, knobs).map_err(|r| refused(r, rule))?;
    Ok((layer, mapping))
}

fn count(value: i64, figure: &str) -> Result<u64, Refused> {
    u64::try_from(value).map_err(|_| Refused::new(format!("{figure} comes out negative")))
}

impl CostModel for Maestro {
    fn price(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Price, Refused> {
        let layer = layer(shape)?;
        let mut mapping = Mapping::new();
        write(&mut mapping, &layer, rule, knobs).map_err(|r| refused(r, rule))?;
        let hardware = self.with_pes(knobs);
        let report = maestro::evaluate(&layer, &mapping, &hardware)
            .map_err(|r| uncounted(r, &layer, rule, knobs))?;
        let price = Price {
            latency_cycles: count(report.runtime_cycles, "the latency")?,
            energy_nj: report.energy_nj,
            area_um2: report.area_um2,
            power_mw: report.power_mw(),
            throughput_macs_per_cycle: report.throughput_macs_per_cycle(),
            l1_bytes: count(report.l1_bytes, "the local memory")?,
            l2_bytes: count(report.l2_bytes, "the shared memory")?,
            noc_bandwidth_peak: count(report.noc_bandwidth_peak, "the peak bandwidth")?,
            noc_bandwidth_avg: report.noc_bandwidth_avg,
            offchip_bandwidth: count(report.offchip_bandwidth, "the off-chip bandwidth")?,
            macs: count(report.macs, "the MAC count")?,
            active_pes: report.throughput_macs_per_cycle() / self.hardware.simd_lanes as f64,
        };
        if price.latency_cycles > MAX_CYCLES {
            return Err(Refused::new(format!("more than {MAX_CYCLES} cycles")));
        }
        let floats = [
            price.energy_nj,
            price.area_um2,
            price.power_mw,
            price.throughput_macs_per_cycle,
            price.noc_bandwidth_avg,
            price.active_pes,
        ];
        if !floats.iter().all(|f| (0.0..f64::INFINITY).contains(f)) {
            return Err(Refused::new(
                "a figure comes out negative or infinite".to_string(),
            ));
        }
        Ok(price)
    }

    fn engine(&self, pes: u64, l1_bytes: u64, l2_bytes: u64) -> Engine {
        let (pes, l1, l2) = (signed(pes), signed(l1_bytes), signed(l2_bytes));
        Engine {
            area_um2: maestro::engine_area_um2(pes, l1, l2, &self.hardware),
            power_mw: maestro::engine_power_mw(pes, l1, l2, &self.hardware),
        }
    }

    fn account(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Account, Refused> {
        let (layer, mapping) = original(shape, rule, knobs)?;
        let hardware = self.with_pes(knobs);
        let account = reference_account::account(&layer, &mapping, &hardware, &self.technology);
        account.map_err(|r| uncounted(r, &layer, rule, knobs))
    }

    fn area_parts(&self, pes: u64, l1_bytes: u64, l2_bytes: u64) -> Option<Vec<Part>> {
        let (pes, l1, l2) = (signed(pes), signed(l1_bytes), signed(l2_bytes));
        Some(maestro::engine_area_parts(pes, l1, l2, &self.hardware).to_vec())
    }

    fn caveats(&self) -> &'static [&'static str] {
        &[
            "area and power are mostly the bus and the arbiter, which grow with the number of PEs: memories hardly count",
            "energy counts buffer accesses only: no MACs, no output reads of the shared memory, and local-memory accesses only for dataflows of one level",
            "strides change tiles but not the output extents the model derives, so strided layers may count other MACs than the network has",
            "reduction across PEs and multicast are free; some two-dimensional mappings run faster than one MAC per PE and cycle",
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::dataflow::{ClusterLevel, Directive};

    /// A level of two directives on the group and the rows of a product.
    fn walked(kind: MapKind, groups: u64, rows: u64) -> Result<(Layer, Mapping), Refused> {
        let bounds = [(Dim::G, groups), (Dim::M, rows), (Dim::N, 64), (Dim::K, 32)];
        let directive = |kind, dim| Directive {
            kind,
            dim,
            size: Size::Count(1),
            step: Size::Count(1),
            span: Default::default(),
        };
        let rule = Rule {
            ops: vec![Op::Gemm],
            layers: Vec::new(),
            levels: vec![ClusterLevel {
                cluster: None,
                directives: vec![directive(kind, Dim::G), directive(MapKind::Spatial, Dim::M)],
            }],
            span: Default::default(),
        };
        original(&LayerShape::new(Op::Gemm, &bounds), &rule, &[16])
    }

    #[test]
    fn groups_of_products_are_rows_of_one() {
        let (grouped, mapping) = walked(MapKind::Temporal, 12, 128).expect("sound");
        let (single, same) = walked(MapKind::Temporal, 0, 1536).expect("sound");
        assert_eq!(grouped, single);
        let hardware = Hardware {
            pes: 16,
            simd_lanes: 1,
            noc_bandwidth: 64,
            noc_latency: 1,
            offchip_bandwidth: 64,
            coefficients: Coefficients::published(),
        };
        assert!(maestro::evaluate(&grouped, &mapping, &hardware).is_ok());
        assert_eq!(
            maestro::evaluate(&grouped, &mapping, &hardware),
            maestro::evaluate(&single, &same, &hardware)
        );
        let (layer, mapping) = walked(MapKind::Spatial, 12, 128).expect("as a text");
        assert!(maestro::evaluate(&layer, &mapping, &hardware).is_err());
    }
}
