//! The model `analytic` against a simulator that executes what `docs/cost-model.md` defines.

use cfxc::base::span::Span;
use cfxc::cost::analytic::{Array, Outcome, evaluate};
use cfxc::ir::dataflow::{ClusterLevel, Directive, MapKind, Rule, Size};
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op, Padding};
use simulator::Simulator;
use std::collections::BTreeMap;

mod simulator;

/// A generator of its own: the cases must not change with a crate's version. (SplitMix64.)
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between the two, both included.
    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// With this many chances in a hundred.
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// A small layer of any kind.
fn layer(r: &mut Random) -> LayerShape {
    let op = Op::ALL[r.range(0, 5) as usize];
    let mut shape = LayerShape::new(op, &[]);
    for &dim in op.dims() {
        shape.bounds[dim] = match dim {
            Dim::N if op != Op::Gemm => r.range(1, 2),
            Dim::G => r.range(1, 3),
            Dim::R | Dim::S => r.range(1, 3),
            Dim::K if op == Op::Depthwise => r.range(1, 2),
            Dim::Y | Dim::X => r.range(1, 6),
            _ => r.range(1, 7),
        };
    }
    if op.slides() {
        for axis in 0..2 {
            if r.chance(30) {
                shape.stride[axis] = r.range(2, 3);
            }
            if r.chance(25) {
                shape.dilation[axis] = 2;
            }
        }
        if r.chance(40) {
            shape.pad = Padding {
                top: r.range(0, 1),
                bottom: r.range(0, 1),
                left: r.range(0, 1),
                right: r.range(0, 1),
            };
        }
    }
    if op != Op::TransposedConv {
        // The input is made to hold one window at least.
        for (dim, taps, axis) in [(Dim::Y, Dim::R, 0), (Dim::X, Dim::S, 1)] {
            if op.slides() {
                shape.bounds[dim] += shape.dilation[axis] * (shape.bounds[taps] - 1);
            }
        }
    }
    shape
}

/// A dataflow of one to four levels for a layer.
fn dataflow(r: &mut Random, shape: &LayerShape, levels: usize) -> Rule {
    let mut rule = Rule {
        ops: vec![shape.op],
        layers: Vec::new(),
        levels: Vec::new(),
        span: Span::default(),
    };
    let mut tile: BTreeMap<Dim, u64> = BTreeMap::new();
    for l in 0..levels {
        let mut dims: Vec<Dim> = shape.op.dims().to_vec();
        for i in (1..dims.len()).rev() {
            dims.swap(i, r.range(0, i as u64) as usize);
        }
        let mut directives = Vec::new();
        let mut spatial = 0;
        for dim in dims {
            if r.chance(35) && !directives.is_empty() {
                continue;
            }
            let kind = if spatial < 2 && r.chance(35) {
                spatial += 1;
                MapKind::Spatial
            } else {
                MapKind::Temporal
            };
            let whole = shape.bound(dim);
            let above = *tile.entry(dim).or_insert(whole);
            let length = match r.range(0, 5) {
                0 => above,
                1 | 2 => 1,
                _ => r.range(1, above),
            };
            tile.insert(dim, length);
            let name = match dim {
                Dim::Y => Dim::YOut,
                Dim::X => Dim::XOut,
                dim => dim,
            };
            let mut size = Size::Count(length);
            let mut step = size.clone();
            if r.chance(1) {
                step = Size::Count(length + 1);
            }
            if length == whole && name == dim && r.chance(30) {
                size = Size::Extent(dim);
                step = size.clone();
            }
            directives.push(Directive {
                kind,
                dim: name,
                size,
                step,
                span: Span::default(),
            });
        }
        for d in &mut directives {
            let (input, taps) = match d.dim {
                Dim::YOut => (Dim::Y, Dim::R),
                Dim::XOut => (Dim::X, Dim::S),
                _ => continue,
            };
            if let (&Size::Count(length), true) = (&d.size, r.chance(50)) {
                let held = tile.get(&taps).copied().unwrap_or(shape.bound(taps));
                d.dim = input;
                d.size = Size::Count(length + held - 1);
            }
        }
        let cluster = (l > 0).then(|| match r.range(0, 3) {
            0 => Size::Knob(1),
            _ => Size::Count(r.range(1, 3)),
        });
        rule.levels.push(ClusterLevel {
            cluster,
            directives,
        });
    }
    rule
}

fn array(r: &mut Random) -> Array {
    Array {
        lanes: r.range(1, 3),
        noc_width: r.range(1, 12),
        noc_latency: r.range(0, 2),
        multicast: r.chance(75),
        forwarding: r.chance(40),
        offchip_width: r.range(1, 8),
        l2_bytes: if r.chance(30) {
            r.range(200, 900)
        } else {
            1 << 20
        },
        bits: [width(r), width(r), 8 * r.range(1, 4)],
        output_bits: width(r),
        double: [0, 1].map(|_| [0, 1, 2].map(|_| r.chance(70))),
    }
}

/// Bits of an element.
fn width(r: &mut Random) -> u64 {
    [4, 8, 8, 16][r.range(0, 3) as usize]
}

/// The directives as text, for a case that fails.
fn written(rule: &Rule) -> String {
    let mut text = String::new();
    for level in &rule.levels {
        if let Some(cluster) = &level.cluster {
            text += &format!("cluster {cluster:?}\n");
        }
        for d in &level.directives {
            text += &format!(
                "  {:?} {} by {:?} step {:?}\n",
                d.kind,
                d.dim.name(),
                d.size,
                d.step
            );
        }
    }
    text
}

/// The two reasons for a refusal that the simulator can judge: it would not do to refuse too much.
fn truly_refused(shape: &LayerShape, rule: &Rule, knobs: &[u64], array: &Array, reason: &str) {
    let uneven = reason.contains("walks in several steps");
    let scarce = reason.contains("bytes of shared memory");
    if !uneven && !scarce {
        return;
    }
    let simulator = Simulator::new(shape, rule, knobs);
    if simulator.work() >= MOST_WORK / 20 {
        return;
    }
    let told = || format!("{reason}: {shape:?}\n{}{knobs:?} {array:?}", written(rule));
    if uneven {
        assert!(simulator.uneven(), "{}", told());
    } else {
        let needed = format!("needs {} bytes", simulator.least_memory(array));
        assert!(simulator.best(array).is_none(), "{}", told());
        assert!(reason.starts_with(&needed), "{needed}: {}", told());
    }
}

/// Cases whose simulation would take long are passed over before they are counted.
const MOST_WORK: i64 = 12_000;

#[test]
fn every_count_equals_the_simulator() {
    let mut r = Random(2026);
    let mut features: BTreeMap<String, u32> = BTreeMap::new();
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    let (mut cases, mut accepted) = (0u32, 0u32);
    while cases < 6000 {
        let shape = layer(&mut r);
        let levels = 1 + (r.next() % 4) as usize;
        let rule = dataflow(&mut r, &shape, levels);
        let knobs = [r.range(3, 40), r.range(1, 3)];
        let mut array = array(&mut r);
        if shape.output().is_none() || shape.macs().is_none_or(|m| m > 4000) {
            continue;
        }
        // Most of the arrays have less memory than would do, down to what is too little.
        while r.chance(60)
            && let Ok(o) = evaluate(&shape, &rule, &knobs, &array)
        {
            let tight = Array {
                l2_bytes: r.range(o.l2_bytes / 2, o.l2_bytes),
                ..array
            };
            if evaluate(&shape, &rule, &knobs, &tight).is_err() && !r.chance(4) {
                break;
            }
            array = tight;
        }
        let priced = evaluate(&shape, &rule, &knobs, &array);
        if let Err(refused) = &priced {
            cases += 1;
            truly_refused(&shape, &rule, &knobs, &array, &refused.reason);
            let reason: String = refused
                .reason
                .chars()
                .filter(|c| !c.is_ascii_digit())
                .collect();
            *reasons.entry(reason).or_default() += 1;
            continue;
        }
        let simulator = Simulator::new(&shape, &rule, &knobs);
        if simulator.work() > MOST_WORK {
            continue;
        }
        cases += 1;
        accepted += 1;
        let outcome: Outcome = priced.expect("a price");
        // The simulator finds the passes for itself, unless that would take long.
        let (simulated, simulated_slides) = if simulator.work() < MOST_WORK / 20 {
            simulator.best(&array).expect("room")
        } else {
            simulator.run(&array, outcome.outer_loops)
        };
        assert_eq!(
            outcome,
            simulated,
            "{shape:?}\n{}{knobs:?} {array:?}",
            written(&rule)
        );
        let (ragged, folded) = simulator.features();
        let spatial = rule.levels.iter().flat_map(|l| &l.directives);
        let spatial = spatial.filter(|d| d.kind == MapKind::Spatial).count();
        let input = rule.levels.iter().flat_map(|l| &l.directives);
        let input = input.filter(|d| matches!(d.dim, Dim::Y | Dim::X)).count();
        let mut seen = |name: &str, has: bool| {
            *features.entry(name.to_string()).or_default() += u32::from(has);
        };
        for op in Op::ALL {
            seen(op.name(), shape.op == op);
        }
        for n in 1..=4 {
            seen(&format!("{n} levels"), levels == n);
        }
        seen("ragged edges", ragged);
        seen("folds", folded);
        seen("several spatial maps", spatial > 1);
        seen("input-centred", input > 0);
        seen("stride", shape.stride != [1, 1]);
        seen("dilation", shape.dilation != [1, 1]);
        seen("padding", shape.pad != Padding::default());
        seen("batch", shape.bound(Dim::N) > 1 && shape.op != Op::Gemm);
        seen("several passes", simulator.passes(outcome.outer_loops) > 1);
        seen("sums that return", outcome.offchip[4] > 0);
        seen("windows that slide", simulated_slides);
        seen("no multicast", !array.multicast);
        seen("lanes", array.lanes > 1);
        seen("sums forwarded", array.forwarding);
        seen("half bytes", array.bits[..2].contains(&4));
        seen("several widths", array.bits[0] != array.bits[1]);
        for (level, name) in ["L1", "L2"].into_iter().enumerate() {
            for (t, tensor) in ["input", "weights", "sums"].into_iter().enumerate() {
                let single = !array.double[level][t];
                seen(&format!("one {name} buffer for {tensor}"), single);
            }
        }
    }
    println!("{cases} cases, {accepted} accepted");
    println!("{features:#?}\n{reasons:#?}");
    assert!(accepted * 5 >= cases * 4, "{accepted} of {cases} accepted");
    for (feature, count) in &features {
        assert!(count * 20 >= accepted, "{feature}: {count} of {accepted}");
    }
}

fn directive(kind: MapKind, dim: Dim, size: u64) -> Directive {
    Directive {
        kind,
        dim,
        size: Size::Count(size),
        step: Size::Count(size),
        span: Span::default(),
    }
}

fn one_level(op: Op, directives: Vec<Directive>) -> Rule {
    Rule {
        ops: vec![op],
        layers: Vec::new(),
        levels: vec![ClusterLevel {
            cluster: None,
            directives,
        }],
        span: Span::default(),
    }
}

/// Everything moves one element per cycle, every element is a byte.
const NARROW: Array = Array {
    lanes: 1,
    noc_width: 1,
    noc_latency: 0,
    multicast: true,
    forwarding: false,
    offchip_width: 1,
    l2_bytes: 1 << 20,
    bits: [8; 3],
    output_bits: 8,
    double: [[true; 3]; 2],
};

#[test]
fn a_matrix_product_on_one_pe() {
    let shape = LayerShape::new(Op::Gemm, &[(Dim::M, 2), (Dim::N, 3), (Dim::K, 4)]);
    let rule = one_level(Op::Gemm, vec![directive(MapKind::Temporal, Dim::M, 2)]);
    let o = evaluate(&shape, &rule, &[1], &NARROW).expect("a price");
    // 20 operands off chip, 20 to the PE, 24 MACs, 6 sums back, 6 results off chip.
    assert_eq!((o.macs, o.cycles), (24, 20 + 20 + 24 + 6 + 6));
    assert_eq!(
        (o.moved.read, o.moved.arrived, o.sums_read),
        ([8, 12], 6, 0)
    );
    assert_eq!(
        (o.offchip, o.l1_bytes, o.l2_bytes),
        ([8, 12, 6, 0, 0], 26, 26)
    );
}

/// The example of `docs/cost-model.md`.
#[test]
fn an_output_stationary_array_of_two_by_two() {
    let shape = LayerShape::new(Op::Gemm, &[(Dim::M, 2), (Dim::N, 2), (Dim::K, 3)]);
    let directives = vec![
        directive(MapKind::Spatial, Dim::M, 1),
        directive(MapKind::Spatial, Dim::N, 1),
        directive(MapKind::Temporal, Dim::K, 1),
    ];
    let rule = one_level(Op::Gemm, directives);
    let array = Array {
        noc_width: 4,
        offchip_width: 4,
        ..NARROW
    };
    let o = evaluate(&shape, &rule, &[4], &array).expect("a price");
    assert_eq!((o.macs, o.cycles), (12, 3 + (1 + 1 + 1 + 1 + 1) + 1));
    assert_eq!((o.moved.read, o.moved.delivered), ([6, 6], [12, 12]));
    assert_eq!((o.moved.sent, o.moved.arrived, o.sums_read), (4, 4, 0));
    assert_eq!(
        (o.offchip, o.l1_bytes, o.l2_bytes),
        ([6, 6, 4, 0, 0], 5, 16)
    );
    // Without multicast the eight copies of a step take two cycles.
    let single = Array {
        multicast: false,
        ..array
    };
    let o = evaluate(&shape, &rule, &[4], &single).expect("a price");
    assert_eq!(
        (o.moved.read, o.cycles),
        ([12, 12], 3 + (2 + 2 + 2 + 1 + 1) + 1)
    );
}

#[test]
fn gaps_and_repeated_macs_are_refused() {
    let shape = LayerShape::new(Op::Dense, &[(Dim::K, 5), (Dim::C, 4)]);
    for (step, reason) in [(1, "compute MACs twice"), (3, "leave gaps")] {
        let mut map = directive(MapKind::Temporal, Dim::K, 2);
        map.step = Size::Count(step);
        let rule = one_level(Op::Dense, vec![map]);
        let refused = evaluate(&shape, &rule, &[1], &NARROW).expect_err("no price");
        assert!(refused.reason.contains(reason), "{}", refused.reason);
        assert!(refused.reason.ends_with("`step 2` does not"));
    }
}

#[test]
fn sizes_out_of_range_are_refused() {
    let most = 1 << 31;
    let reason = |stride: u64, rows: u64, size: u64| {
        let dims = [
            (Dim::C, 2),
            (Dim::Y, rows),
            (Dim::X, 1),
            (Dim::R, 1),
            (Dim::S, 1),
        ];
        let mut shape = LayerShape::new(Op::Depthwise, &dims);
        shape.stride[0] = stride;
        let rule = one_level(
            Op::Depthwise,
            vec![directive(MapKind::Temporal, Dim::Y, size)],
        );
        evaluate(&shape, &rule, &[1], &NARROW)
            .err()
            .map(|r| r.reason)
    };
    let said = |what: &str, value: u64| Some(format!("{what} of {value} is out of range"));
    assert_eq!(reason(1, 4, 2), None);
    assert_eq!(reason(most, 4, 1), None);
    assert_eq!(reason(most + 1, 4, 1), said("an extent or step", most + 1));
    assert_eq!(reason(1, 4, 0), said("a size", 0));
    assert_eq!(reason(1, 4, 2 * most), None);
    assert_eq!(reason(1, 4, 2 * most + 1), said("a size", 2 * most + 1));
}

/// Latency is at least MACs / (PEs x lanes); a wider link is never slower; a larger shared memory
/// never moves more off chip and never loses the price.
#[test]
fn more_is_never_worse() {
    let mut r = Random(7);
    let (mut compared, mut helped) = (0, 0);
    while compared < 1000 {
        let shape = layer(&mut r);
        let levels = 1 + (r.next() % 3) as usize;
        let rule = dataflow(&mut r, &shape, levels);
        let knobs = [r.range(3, 40), r.range(1, 3)];
        let array = Array {
            l2_bytes: r.range(40, 400),
            ..array(&mut r)
        };
        if shape.output().is_none() {
            continue;
        }
        let Ok(o) = evaluate(&shape, &rule, &knobs, &array) else {
            continue;
        };
        compared += 1;
        assert!(o.cycles * knobs[0] * array.lanes >= o.macs);
        let price = |array: Array| evaluate(&shape, &rule, &knobs, &array).expect("a price");
        let wider = price(Array {
            noc_width: array.noc_width + r.range(1, 9),
            ..array
        });
        assert!(wider.cycles <= o.cycles);
        let wider = price(Array {
            offchip_width: array.offchip_width + r.range(1, 9),
            ..array
        });
        assert!(wider.cycles <= o.cycles);
        let larger = price(Array {
            l2_bytes: array.l2_bytes + r.range(1, 999),
            ..array
        });
        let [input, weights, sum] = array.bits;
        let bits = [input, weights, array.output_bits, sum, sum];
        let traffic = |o: Outcome| o.offchip.iter().zip(bits).map(|(n, b)| n * b).sum::<u64>();
        assert!(traffic(larger) <= traffic(o));
        helped += u32::from(traffic(larger) < traffic(o));
    }
    assert!(helped >= 30, "more memory helped {helped} times");
}

/// The same dataflow on 8 and on 8 million, in one dimension and in two: the counts are whole. A
/// price that walked what it counts would never end.
#[test]
fn size_does_not_matter() {
    for (n, columns) in [8, 8_000, 8_000_000]
        .into_iter()
        .flat_map(|n| [(n, 7), (n, n)])
    {
        let dims = [(Dim::M, n), (Dim::N, columns), (Dim::K, 5)];
        let shape = LayerShape::new(Op::Gemm, &dims);
        let directives = vec![
            directive(MapKind::Temporal, Dim::M, 3),
            directive(MapKind::Spatial, Dim::N, 2),
            directive(MapKind::Temporal, Dim::K, 2),
        ];
        let rule = one_level(Op::Gemm, directives);
        let o = evaluate(&shape, &rule, &[3], &NARROW).expect("a price");
        assert_eq!(o.macs, n * columns * 5);
        assert_eq!(o.offchip[2], n * columns);
    }
}

/// Rows and taps both spread over units, under stride and dilation: what the units hold together is
/// an interval, two that are apart, or interleaves, which is refused. Few random cases come here.
#[test]
fn windows_spread_over_units() {
    let mut r = Random(11);
    let (mut compared, mut interleaved) = (0, 0);
    while compared < 1500 {
        let taps = r.range(2, 5);
        let mut shape = LayerShape::new(
            Op::Conv,
            &[
                (Dim::K, 1),
                (Dim::C, 1),
                (Dim::R, taps),
                (Dim::S, 1),
                (Dim::X, 1),
            ],
        );
        shape.stride[0] = r.range(1, 4);
        shape.dilation[0] = r.range(1, 4);
        let window = shape.dilation[0] * (taps - 1) + 1;
        shape.bounds[Dim::Y] = window + r.range(0, 12);
        let Some([rows, _]) = shape.output() else {
            continue;
        };
        let mut levels = Vec::new();
        for level in 0..r.range(1, 2) {
            let mut directives = Vec::new();
            for (dim, whole) in [(Dim::YOut, rows), (Dim::R, taps)] {
                let kind = match r.chance(80) {
                    true => MapKind::Spatial,
                    false => MapKind::Temporal,
                };
                directives.push(directive(kind, dim, r.range(1, whole)));
            }
            if r.chance(50) {
                directives.swap(0, 1);
            }
            levels.push(ClusterLevel {
                cluster: (level > 0).then_some(Size::Count(r.range(2, 6))),
                directives,
            });
        }
        let rule = Rule {
            levels,
            ..one_level(Op::Conv, Vec::new())
        };
        let knobs = [r.range(6, 40)];
        match evaluate(&shape, &rule, &knobs, &NARROW) {
            Ok(outcome) => {
                compared += 1;
                let simulator = Simulator::new(&shape, &rule, &knobs);
                let (simulated, _) = simulator.run(&NARROW, outcome.outer_loops);
                assert_eq!(outcome, simulated, "{shape:?}\n{}{knobs:?}", written(&rule));
            }
            Err(refused) => interleaved += u32::from(refused.reason.contains("interleave")),
        }
    }
    println!("{compared} compared, {interleaved} interleave");
    assert!(interleaved >= 50, "{interleaved} interleave");
}
