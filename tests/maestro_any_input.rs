//! The reference model answers every input with a price or a refusal.

use cfxc::cost::maestro::{
    Coefficients, Directive, Hardware, Kind, Layer, Mapping, Refusal, evaluate, evaluate_raw,
};
use cfxc::ir::dataflow::MapKind;
use cfxc::ir::dim::{Dim, DimMap};
use proptest::prelude::*;

/// Sizes the model takes: most as in real layers, some up to the limit.
fn size() -> BoxedStrategy<i64> {
    prop_oneof![
        12 => 1..6i64,
        8 => 1..300i64,
        1 => (1..=31u32).prop_map(|bits| (1 << bits) - 1),
    ]
    .boxed()
}

/// Anything, with a preference for the limits.
fn wild() -> BoxedStrategy<i64> {
    let limits = vec![
        0,
        1,
        -1,
        i64::MAX,
        i64::MIN,
        (1 << 31) - 1,
        1 << 31,
        1 << 20,
    ];
    prop_oneof![
        8 => size(),
        2 => prop::sample::select(limits),
        1 => any::<i64>(),
    ]
    .boxed()
}

fn dims(value: impl Strategy<Value = i64>) -> impl Strategy<Value = DimMap<i64>> {
    prop::collection::vec(value, Dim::COUNT).prop_map(|v| DimMap(std::array::from_fn(|i| v[i])))
}

/// A layer with all dimensions; half of its rows and columns are declared by their input, the
/// others by their output. Half of the layers have no batch.
fn layer(value: BoxedStrategy<i64>) -> impl Strategy<Value = Layer> {
    let stride = prop_oneof![4 => Just(0), 3 => 1..4i64, 1 => value.clone()];
    let kind = prop::sample::select(Kind::ALL.to_vec());
    (kind, dims(value), dims(stride), any::<[bool; 3]>()).prop_map(
        |(kind, mut dims, stride, [rows, columns, batch])| {
            dims[if rows { Dim::Y } else { Dim::YOut }] = 0;
            dims[if columns { Dim::X } else { Dim::XOut }] = 0;
            if !batch && kind != Kind::Gemm {
                dims[Dim::N] = 0;
            }
            Layer { kind, dims, stride }
        },
    )
}

/// Directives of one level: dimension, tile size, step, and whether the tiles touch.
type Level = Vec<(Dim, i64, i64, bool)>;

fn level(value: BoxedStrategy<i64>) -> impl Strategy<Value = Level> {
    let dim = prop::sample::select(Dim::ALL.to_vec());
    prop::collection::vec((dim, value.clone(), value, any::<bool>()), 1..9)
}

/// Whatever does not fit is left out. Unless `broken`, what the model would refuse is mended: a
/// level maps no dimension that the layer lacks, holds whole windows, does not map rows both as
/// input and as output, and begins with its spatial directive.
fn build(layer: &Layer, levels: Vec<(i64, Level)>, broken: bool) -> Mapping {
    let mut mapping = Mapping::new();
    for (i, (cluster, level)) in levels.into_iter().enumerate() {
        if i > 0 && mapping.cluster(cluster).is_err() {
            continue;
        }
        if !broken {
            for dim in [Dim::R, Dim::S] {
                let whole = layer.dims[dim];
                let _ = mapping.push(Directive::temporal(dim, whole, whole));
            }
        }
        let mut spatial = 0;
        for (dim, size, step, touch) in level {
            let below = i > 0 && layer.kind == Kind::Depthwise && dim == Dim::K;
            let lacking = layer.dims[dim] == 0 || below;
            if !broken && (lacking || matches!(dim, Dim::R | Dim::S | Dim::G | Dim::M)) {
                continue;
            }
            let kind = if spatial < 1 || broken && touch {
                MapKind::Spatial
            } else {
                MapKind::Temporal
            };
            spatial += 1;
            let step = if touch { size } else { step };
            let _ = mapping.push(Directive {
                kind,
                dim,
                size,
                step,
            });
        }
    }
    mapping
}

fn problem() -> impl Strategy<Value = (Layer, Mapping, Hardware)> {
    any::<bool>().prop_flat_map(|tame| {
        let value = if tame { size() } else { wild() };
        let cluster = if tame {
            (1..5i64).boxed()
        } else {
            value.clone()
        };
        let levels = prop::collection::vec((cluster, level(value.clone())), 1..6);
        let problem = (layer(value.clone()), levels, hardware(value), 0..4);
        problem.prop_map(move |(layer, levels, hw, broken)| {
            let mapping = build(&layer, levels, !tame || broken == 0);
            (layer, mapping, hw)
        })
    })
}

fn hardware(value: BoxedStrategy<i64>) -> impl Strategy<Value = Hardware> {
    let pes = prop_oneof![3 => 125..200_000i64, 1 => value.clone()];
    (pes, value.clone(), value.clone(), value.clone(), value).prop_map(
        |(pes, lanes, bandwidth, latency, offchip)| Hardware {
            pes,
            simd_lanes: lanes,
            noc_bandwidth: bandwidth,
            noc_latency: latency,
            offchip_bandwidth: offchip,
            coefficients: Coefficients::published(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn never_panics((layer, mapping, hw) in problem()) {
        let raw = evaluate_raw(&layer, &mapping, &hw);
        match evaluate(&layer, &mapping, &hw) {
            Ok(report) => {
                prop_assert!(report.runtime_cycles > 0 && report.macs > 0);
                prop_assert!(report.energy_nj >= 0.0 && report.power_mw() > 0.0);
                // As text: a figure may be no number, and that is not equal to itself.
                let raw = raw.map(|raw| format!("{raw:?}"));
                prop_assert_eq!(raw, Ok(format!("{report:?}")));
            }
            Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
        }
    }
}

/// Every loop has a first, a middle and a last tile on both levels: 3^12 cases on each, the inner
/// ones for every distinct tile.
#[test]
fn too_many_cases_are_refused_in_time() {
    let layer = Layer::new(Kind::Gemm, &[(Dim::M, 17), (Dim::N, 17), (Dim::K, 17)]);
    let mut mapping = Mapping::new();
    for (level, tile) in [7, 2].into_iter().enumerate() {
        if level > 0 {
            mapping.cluster(1).unwrap();
        }
        mapping
            .push(Directive::spatial(Dim::M, tile, tile))
            .unwrap();
        mapping
            .push(Directive::temporal(Dim::N, tile, tile))
            .unwrap();
        for _ in 0..10 {
            mapping
                .push(Directive::temporal(Dim::K, tile, tile))
                .unwrap();
        }
    }
    let hw = Hardware {
        pes: 1,
        simd_lanes: 1,
        noc_bandwidth: 1,
        noc_latency: 0,
        offchip_bandwidth: 1,
        coefficients: Coefficients::published(),
    };
    assert_eq!(evaluate(&layer, &mapping, &hw), Err(Refusal::TooManyCases));
}
