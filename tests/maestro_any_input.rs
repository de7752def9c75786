//! The reference model answers every input with a price or a refusal.

use cfxc::cost::maestro::{
    Coefficients, Directive, Hardware, Kind, Layer, Mapping, evaluate, evaluate_raw,
};
use cfxc::ir::dataflow::MapKind;
use cfxc::ir::dim::{Dim, DimMap};
use proptest::prelude::*;

/// Mostly sizes as in real layers, some at the limits, some anything.
fn size() -> impl Strategy<Value = i64> {
    let limits = [
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
        12 => 1..6i64,
        8 => 1..300i64,
        2 => (1..=31u32).prop_map(|bits| (1 << bits) - 1),
        1 => prop::sample::select(limits.to_vec()),
        1 => any::<i64>(),
    ]
}

fn dims(value: impl Strategy<Value = i64>) -> impl Strategy<Value = DimMap<i64>> {
    prop::collection::vec(value, Dim::COUNT).prop_map(|v| DimMap(std::array::from_fn(|i| v[i])))
}

fn layer() -> impl Strategy<Value = Layer> {
    let extent = prop_oneof![1 => Just(0), 6 => size()];
    let stride = prop_oneof![4 => Just(0), 3 => 1..4i64, 1 => size()];
    (
        prop::sample::select(Kind::ALL.to_vec()),
        dims(extent),
        dims(stride),
    )
        .prop_map(|(kind, mut dims, stride)| {
            // Half of the axes are declared by their input, the others by their output.
            for (input, output) in [(Dim::Y, Dim::YOut), (Dim::X, Dim::XOut)] {
                let other = if dims[input] % 2 == 0 { input } else { output };
                dims[other] = 0;
            }
            Layer { kind, dims, stride }
        })
}

fn directive() -> impl Strategy<Value = Directive> {
    let kind = prop::sample::select(vec![MapKind::Temporal, MapKind::Temporal, MapKind::Spatial]);
    let dim = prop::sample::select(Dim::ALL.to_vec());
    (kind, dim, size(), size(), any::<bool>()).prop_map(|(kind, dim, size, step, whole)| {
        let step = if whole { size } else { step };
        Directive {
            kind,
            dim,
            size,
            step,
        }
    })
}

/// Whatever does not fit is left out; windows are made whole three times of four.
fn mapping(layer: Layer) -> impl Strategy<Value = Mapping> {
    let level = prop::collection::vec((directive(), 0..4), 1..9);
    prop::collection::vec((size(), level), 1..6).prop_map(move |levels| {
        let mut mapping = Mapping::new();
        for (i, (cluster, level)) in levels.into_iter().enumerate() {
            if i > 0 && mapping.cluster(cluster).is_err() {
                continue;
            }
            for (mut d, broken) in level {
                if matches!(d.dim, Dim::R | Dim::S) && broken != 0 {
                    (d.size, d.step) = (layer.dims[d.dim], layer.dims[d.dim]);
                }
                let _ = mapping.push(d);
            }
        }
        mapping
    })
}

fn hardware() -> impl Strategy<Value = Hardware> {
    let pes = prop_oneof![2 => 1..200_000i64, 1 => size()];
    (pes, size(), size(), size(), size()).prop_map(|(pes, lanes, bandwidth, latency, offchip)| {
        Hardware {
            pes,
            simd_lanes: lanes,
            noc_bandwidth: bandwidth,
            noc_latency: latency,
            offchip_bandwidth: offchip,
            coefficients: Coefficients::published(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn never_panics(
        (layer, mapping) in layer().prop_flat_map(|l| (Just(l), mapping(l))),
        hw in hardware(),
    ) {
        let raw = evaluate_raw(&layer, &mapping, &hw);
        match evaluate(&layer, &mapping, &hw) {
            Ok(report) => {
                prop_assert!(report.runtime_cycles > 0 && report.macs > 0);
                prop_assert!(report.energy_nj >= 0.0 && report.power_mw() > 0.0);
                prop_assert_eq!(raw, Ok(report));
            }
            Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
        }
    }
}
