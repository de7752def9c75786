//! Energy, area and power of the model `analytic` with the coefficients of `horowitz45`, by hand.

#[path = "support/problem.rs"]
mod support;

use cfxc::base::span::Span;
use cfxc::cost::{Price, build};
use cfxc::ir::dataflow::{ClusterLevel, Directive, MapKind, Rule, Size};
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op};
use cfxc::ir::problem::Problem;
use cfxc::ir::technology::Technology;

/// Terms of the energy in pJ: MACs, L1, L2, network, off chip. No sums are added outside of MACs
/// here, and nothing leaks.
type Terms = [f64; 5];

/// pJ of a byte.
fn access(bytes: f64) -> f64 {
    0.159 + 1.091 * (bytes / 8192.0).sqrt()
}

/// um2 of a memory.
fn memory(bytes: f64) -> f64 {
    3.726 * bytes + 17.9 * bytes.sqrt()
}

fn technology() -> Technology {
    described("", "horowitz45", "").technology
}

/// A design under a technology and a precision of its own.
fn described(technology: &str, name: &str, precision: &str) -> Problem {
    support::problem(&format!(
        "use std.dataflows.nvdla
use std.technologies.horowitz45
{technology}
network tiny {{ input image [8, 4, 4]  a = dense(image) {{ units = 10 }} }}
menu small {{ pes in [1]  buffer in [1] }}
design one {{ network tiny  technology {name}  model analytic  dataflow nvdla  menu small  minimize latency  {precision} }}",
    ))
}

fn priced(technology: &Technology, case: &(LayerShape, Rule, u64)) -> Price {
    let model = build("analytic", technology, None).expect("registered");
    model.price(&case.0, &case.1, &[case.2]).expect("a price")
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs(), "{got} for {want}");
}

fn rule(op: Op, maps: &[(MapKind, Dim)]) -> Rule {
    let one = Size::Count(1);
    let map = |&(kind, dim)| Directive {
        kind,
        dim,
        size: one.clone(),
        step: one.clone(),
        span: Span::default(),
    };
    Rule {
        ops: vec![op],
        layers: Vec::new(),
        levels: vec![ClusterLevel {
            cluster: None,
            directives: maps.iter().map(map).collect(),
        }],
        span: Span::default(),
    }
}

/// Output-stationary on 2 x 2 PEs, the example of `docs/cost-model.md`: 12 MACs, 12 operands read
/// and 24 delivered, 4 sums sent and arrived; off chip 12 in, 4 out. L1 8 B: two halves of 1 + 1
/// operands, a sum of 4. L2 28 B: 12 operands, 4 sums.
fn product() -> ((LayerShape, Rule, u64), Terms) {
    let shape = LayerShape::new(Op::Gemm, &[(Dim::M, 2), (Dim::N, 2), (Dim::K, 3)]);
    let maps = [
        (MapKind::Spatial, Dim::M),
        (MapKind::Spatial, Dim::N),
        (MapKind::Temporal, Dim::K),
    ];
    let terms = [
        12.0 * 0.3,
        (12.0 * (2.0 + 8.0) + 24.0 + 4.0 * 4.0) * access(8.0),
        (12.0 + 12.0 + (4.0 + 4.0) * 4.0) * access(28.0),
        (24.0 + 4.0 * 4.0) * 0.97,
        (12.0 + 4.0) * 162.5,
    ];
    ((shape, rule(Op::Gemm, &maps), 4), terms)
}

/// Two filters of 2 x 2 over 3 x 3, a PE each: 32 MACs, 9 + 8 operands read, 18 + 8 delivered, 8
/// sums sent and arrived; off chip 17 in, 8 out. L1 29 B: 9 + 4 operands, 4 sums. L2 49 B.
fn convolution() -> ((LayerShape, Rule, u64), Terms) {
    let dims = [
        (Dim::K, 2),
        (Dim::Y, 3),
        (Dim::X, 3),
        (Dim::R, 2),
        (Dim::S, 2),
    ];
    let shape = LayerShape::new(Op::Conv, &dims);
    let terms = [
        32.0 * 0.3,
        (32.0 * (2.0 + 8.0) + 26.0 + 8.0 * 4.0) * access(29.0),
        (17.0 + 17.0 + (8.0 + 8.0) * 4.0) * access(49.0),
        (26.0 + 8.0 * 4.0) * 0.97,
        (17.0 + 8.0) * 162.5,
    ];
    let maps = [(MapKind::Spatial, Dim::K)];
    ((shape, rule(Op::Conv, &maps), 2), terms)
}

#[test]
fn energy_area_and_power_by_hand() {
    let horowitz = technology();
    for ((case, terms), pes, l1, l2, cycles) in [
        // 1 on to the chip; 2 to fill, steps of 2, 2 and 1, 2 to drain; 1 off the chip.
        (product(), 4.0, 8.0, 28.0, 11),
        // 2 on to the chip; 2 to fill, a step of 16, 2 to drain; 1 off the chip.
        (convolution(), 2.0, 29.0, 49.0, 23),
    ] {
        let p = priced(&horowitz, &case);
        assert_eq!(p.latency_cycles, cycles);
        near(p.energy_nj, terms.iter().sum::<f64>() / 1000.0);
        // A multiplier and two adders, memories; no area of the network.
        near(
            p.area_um2,
            pes * (282.0 + 137.0 + 137.0) + pes * memory(l1) + memory(l2),
        );
        // pJ per cycle: lanes with two operands and two accesses of a sum; 64 B in and
        // 64 B out on the network. A pJ in each of 2 ns is 0.5 mW.
        let lanes = pes * (0.3 + 10.0 * access(l1));
        let links = 128.0 * (0.97 + access(l1) + access(l2));
        near(p.power_mw, (lanes + links) * 0.5);
    }
}

/// L1 and L2 share a coefficient, so they move together.
#[test]
fn a_coefficient_moves_its_own_term() {
    for (case, [macs, l1, l2, network, offchip]) in [product(), convolution()] {
        let before = priced(&technology(), &case);
        let cases: [(&[&str], f64); 5] = [
            (&["int8.multiply"], macs * 2.0 / 3.0),
            (&["int32.add"], macs / 3.0),
            (&["sram.energy", "sram.fixed_energy"], l1 + l2),
            (&["noc.energy"], network),
            (&["offchip.energy"], offchip),
        ];
        for (names, term) in cases {
            let mut doubled = technology();
            for name in names {
                doubled.coefficients.get_mut(*name).expect(name).value *= 2.0;
            }
            let after = priced(&doubled, &case);
            let moved = (after.energy_nj - before.energy_nj) * 1000.0;
            assert!((moved - term).abs() < 1e-6, "{names:?}: {moved} for {term}");
            assert_eq!(after.area_um2, before.area_um2);
            assert_eq!(after.latency_cycles, before.latency_cycles);
        }
    }
}

/// A product of 4 terms on 4 PEs, every coefficient at work: inputs and outputs of half a byte,
/// weights of 2 bytes, sums of 4, which go from PE to PE.
///
/// On to the chip 4 x 0.5 + 4 x 2 = 10 B in 1 cycle; to the PEs behind 3 cycles of latency in 4; 1
/// step; the sum behind 3 cycles of latency and 3 additions in 7; off the chip in 1. A PE holds
/// 1 + 2 + 4 B, the shared memory 2 + 8 + 4 B.
#[test]
fn every_coefficient_by_hand() {
    let problem = described(
        "technology ours extends std.technologies.horowitz45 {
           mac  { leakage = 1 mW }
           sram { leakage = 0.5 mW/B }
           noc  { hops = 3, forwarding = 1, area = 2 um2 }
         }",
        "ours",
        "precision { input = int4, weights = int16 }",
    );
    let shape = LayerShape::new(Op::Gemm, &[(Dim::M, 1), (Dim::N, 1), (Dim::K, 4)]);
    let rule = rule(Op::Gemm, &[(MapKind::Spatial, Dim::K)]);
    let model = build(problem.model, &problem.technology, problem.precision).expect("registered");
    let p = model.price(&shape, &rule, &[4]).expect("a price");
    assert_eq!((p.latency_cycles, p.l1_bytes, p.l2_bytes), (14, 7, 14));
    let mac = 0.6 + 0.1;
    let held = 0.5 + 2.0 + 2.0 * 4.0;
    let energy = 4.0 * mac
        + 3.0 * 0.1
        + (4.0 * held + 10.0 + 4.0 * 4.0) * access(7.0)
        + (10.0 + 10.0 + (1.0 + 1.0) * 4.0) * access(14.0)
        + (10.0 * 3.0 + (3.0 + 1.0 * 3.0) * 4.0) * 0.97
        + 10.5 * 162.5;
    // mW, for 14 cycles of 2 ns.
    let leakage = 4.0 * 1.0 + (4.0 * 7.0 + 14.0) * 0.5;
    near(p.energy_nj, energy / 1000.0 + leakage * 28e-9 * 1e6);
    let area = 4.0 * (993.0 + 137.0) + 4.0 * memory(7.0) + memory(14.0) + 4.0 * 64.0 * 2.0;
    near(p.area_um2, area);
    let per_cycle =
        4.0 * (mac + held * access(7.0)) + 128.0 * (3.0 * 0.97 + access(7.0) + access(14.0));
    near(p.power_mw, per_cycle * 0.5 + leakage);
}
