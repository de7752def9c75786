//! The model `analytic` answers every input with a price or a refusal.

use cfxc::base::span::Span;
use cfxc::base::units::Quantity;
use cfxc::cost::MODELS;
use cfxc::cost::analytic::{Array, evaluate};
use cfxc::ir::dataflow::{ClusterLevel, Directive, MapKind, Rule, Size};
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op, Padding};
use cfxc::ir::technology::{Coefficient, Technology};
use proptest::prelude::*;

/// Most as in real layers, some up to the limit of a slot.
fn size() -> BoxedStrategy<u64> {
    prop_oneof![
        12 => 1..6u64,
        8 => 1..300u64,
        1 => (1..=31u32).prop_map(|bits| (1 << bits) - 1),
    ]
    .boxed()
}

/// Anything, with a preference for the limits.
fn wild() -> BoxedStrategy<u64> {
    let limits = vec![
        0,
        1,
        1 << 31,
        (1 << 31) + 1,
        1 << 32,
        1_000_000_000_000,
        u64::MAX,
    ];
    prop_oneof![
        8 => size(),
        1 => prop::sample::select(limits),
        1 => any::<u64>(),
    ]
    .boxed()
}

fn layer(value: BoxedStrategy<u64>) -> impl Strategy<Value = LayerShape> {
    let op = prop::sample::select(Op::ALL.to_vec());
    let window = prop_oneof![4 => Just(1), 2 => 1..9u64, 1 => value.clone()];
    let pad = prop_oneof![4 => Just(0), 2 => 0..4u64, 1 => value.clone()];
    let bounds = prop::collection::vec(value, Dim::COUNT);
    let windows = prop::collection::vec(window, 4);
    let pads = prop::collection::vec(pad, 6);
    (op, bounds, windows, pads).prop_map(|(op, bounds, w, p)| {
        let mut shape = LayerShape::new(op, &[]);
        for &dim in op.dims() {
            shape.bounds[dim] = bounds[dim as usize];
        }
        if op.slides() {
            shape.stride = [w[0], w[1]];
            shape.dilation = [w[2], w[3]];
            shape.pad = Padding {
                top: p[0],
                bottom: p[1],
                left: p[2],
                right: p[3],
            };
            shape.output_pad = [p[4], p[5]];
            // Most inputs are made to hold a window, or the layers would be refused for that.
            for (axis, [dim, taps]) in [[Dim::Y, Dim::R], [Dim::X, Dim::S]].into_iter().enumerate()
            {
                if w[axis] < 1000 {
                    let reach = shape.dilation[axis].saturating_mul(shape.bound(taps) - 1);
                    shape.bounds[dim] = shape.bounds[dim].saturating_add(reach);
                }
            }
        }
        shape
    })
}

/// Levels of directives. Unless `broken`, those of dimensions that the layer lacks or the level
/// has mapped are left out, and tiles touch.
fn rule(value: BoxedStrategy<u64>) -> impl Strategy<Value = (Vec<ClusterLevel>, bool)> {
    let dim = prop::sample::select(Dim::ALL.to_vec());
    let one = (dim, value.clone(), value.clone(), any::<[bool; 2]>());
    let level = (value, prop::collection::vec(one, 1..10));
    let levels = prop::collection::vec(level, 1..6);
    (levels, 0..4).prop_map(|(levels, broken)| {
        let levels = levels.into_iter().enumerate().map(|(i, (cluster, maps))| {
            let directives = maps.into_iter().map(|(dim, size, step, [spatial, gap])| {
                let step = if broken == 0 && gap { step } else { size };
                Directive {
                    kind: if spatial {
                        MapKind::Spatial
                    } else {
                        MapKind::Temporal
                    },
                    dim,
                    size: Size::Count(size),
                    step: Size::Count(step),
                    span: Span::default(),
                }
            });
            ClusterLevel {
                cluster: (i > 0).then_some(Size::Count(cluster)),
                directives: directives.collect(),
            }
        });
        (levels.collect(), broken == 0)
    })
}

fn fit(shape: &LayerShape, mut levels: Vec<ClusterLevel>, broken: bool) -> Rule {
    for level in &mut levels {
        let mut seen = Vec::new();
        level.directives.retain(|d| {
            let dim = match d.dim {
                Dim::YOut => Dim::Y,
                Dim::XOut => Dim::X,
                dim => dim,
            };
            let fits = shape.op.dims().contains(&dim) && !seen.contains(&dim);
            seen.push(dim);
            broken || fits
        });
    }
    Rule {
        ops: vec![shape.op],
        layers: Vec::new(),
        levels,
        span: Span::default(),
    }
}

type Case = (LayerShape, Rule, Vec<u64>, Vec<u64>);

fn problem() -> impl Strategy<Value = Case> {
    any::<bool>().prop_flat_map(|tame| {
        let value = if tame { size() } else { wild() };
        let pes = prop_oneof![3 => 125..200_000u64, 1 => value.clone()];
        let array = prop::collection::vec(value.clone(), 8);
        (layer(value.clone()), rule(value), pes, array).prop_map(
            |(shape, (levels, broken), pes, array)| {
                let rule = fit(&shape, levels, broken);
                (shape, rule, vec![pes], array)
            },
        )
    })
}

/// Every coefficient is 1 but those of the array.
fn technology(array: &[u64]) -> Technology {
    let entry = MODELS.iter().find(|m| m.spec.name == "analytic");
    let mut technology = Technology::default();
    let mut set = |name: &str, value: f64| {
        let coefficient = Coefficient {
            value,
            quantity: Quantity::Count,
            source: None,
            span: None,
        };
        technology
            .coefficients
            .insert(name.to_string(), coefficient);
    };
    for spec in entry.expect("registered").spec.coefficients {
        set(spec.name, 1.0);
    }
    set("clock", 1e9);
    set("l2.capacity", 1e15);
    let names = [
        "mac.lanes",
        "noc.width",
        "noc.hops",
        "noc.hop_latency",
        "offchip.width",
    ];
    for (name, &value) in names.into_iter().zip(array) {
        set(name, value as f64);
    }
    technology
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn never_panics((shape, rule, knobs, array) in problem()) {
        let model = cfxc::cost::build("analytic", &technology(&array), None).expect("registered");
        match model.price(&shape, &rule, &knobs) {
            Ok(p) => {
                prop_assert!(p.latency_cycles >= 1);
                prop_assert_eq!(Some(p.macs), shape.macs());
                for f in [p.energy_nj, p.area_um2, p.power_mw, p.throughput_macs_per_cycle,
                          p.noc_bandwidth_avg, p.active_pes] {
                    prop_assert!(f.is_finite() && f >= 0.0);
                }
            }
            Err(refused) => prop_assert!(!refused.reason.is_empty()),
        }
        // The counts take an array that no technology describes.
        let raw = Array {
            lanes: array[0],
            noc_width: array[1],
            noc_latency: array[2],
            multicast: array[3] % 2 == 0,
            forwarding: array[5] % 2 == 0,
            offchip_width: array[4],
            l2_bytes: u64::MAX,
            bits: [array[5], array[6], array[7]],
            output_bits: array[6],
            double: [[array[7] % 2 == 0; 3], [array[6] % 2 == 0; 3]],
        };
        if let Err(refused) = evaluate(&shape, &rule, &knobs, &raw) {
            prop_assert!(!refused.reason.is_empty());
        }
    }
}

/// A window without a step has no next position, and an array without lanes no next step: once
/// divisions by zero.
#[test]
fn zeros_are_refused() {
    let mut shape = LayerShape::new(Op::Conv, &[(Dim::Y, 4), (Dim::X, 4)]);
    let levels = vec![ClusterLevel {
        cluster: None,
        directives: Vec::new(),
    }];
    let rule = fit(&shape, levels, false);
    let model = cfxc::cost::build("analytic", &technology(&[1; 8]), None).expect("registered");
    assert!(model.price(&shape, &rule, &[1]).is_ok());
    let array = Array {
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
    assert!(evaluate(&shape, &rule, &[1], &array).is_ok());
    for broken in [
        Array { lanes: 0, ..array },
        Array {
            noc_width: 0,
            ..array
        },
        Array {
            offchip_width: 0,
            ..array
        },
    ] {
        assert!(evaluate(&shape, &rule, &[1], &broken).is_err());
    }
    let empty = fit(&shape, Vec::new(), false);
    assert!(evaluate(&shape, &empty, &[1], &array).is_err());
    shape.stride = [0, 1];
    assert!(model.price(&shape, &rule, &[1]).is_err());
}
