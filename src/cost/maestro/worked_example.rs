//! One small convolution under three dataflows, down to single tiles and cases.

use super::cases::Cases;
use super::cost::Evaluator;
use super::layer::Problem;
use super::levels::{Level, Levels};
use super::tiles::Tile;
use super::volumes::{Operand, Outputs};
use super::*;
use crate::ir::dim::Dim::{self, C, K, R, S, X, XOut, Y, YOut};

const PES: i64 = 4;

fn layer() -> Layer {
    Layer::new(
        Kind::Conv,
        &[(K, 16), (C, 6), (Y, 10), (X, 12), (R, 3), (S, 3)],
    )
}

fn hardware() -> Hardware {
    Hardware {
        pes: PES,
        simd_lanes: 1,
        noc_bandwidth: 81_920_000,
        noc_latency: 1,
        offchip_bandwidth: 70_000,
        coefficients: Coefficients::published(),
    }
}

fn t(dim: Dim, size: i64, step: i64) -> Directive {
    Directive::temporal(dim, size, step)
}

fn s(dim: Dim, size: i64, step: i64) -> Directive {
    Directive::spatial(dim, size, step)
}

fn mapping(outer: &[Directive], inner: &[Directive]) -> Mapping {
    let mut mapping = Mapping::new();
    outer.iter().for_each(|d| mapping.push(*d).unwrap());
    mapping.cluster(PES).unwrap();
    inner.iter().for_each(|d| mapping.push(*d).unwrap());
    mapping
}

/// Channels of the filter over space.
fn dla() -> Mapping {
    mapping(
        &[
            s(K, 5, 5),
            t(C, 4, 4),
            t(R, 3, 3),
            t(S, 3, 3),
            t(Y, 3, 1),
            t(X, 3, 1),
        ],
        &[s(C, 1, 1), t(Y, 3, 1), t(X, 3, 1), t(R, 3, 3), t(S, 3, 3)],
    )
}

/// Output columns over space.
fn shi() -> Mapping {
    mapping(
        &[
            t(K, 5, 5),
            s(YOut, 3, 3),
            t(XOut, 4, 4),
            t(C, 1, 1),
            t(R, 3, 3),
            t(S, 3, 3),
        ],
        &[
            t(C, 1, 1),
            t(YOut, 1, 1),
            s(XOut, 1, 1),
            t(R, 3, 3),
            t(S, 3, 3),
        ],
    )
}

/// Output rows and columns over space, along a diagonal.
fn eye() -> Mapping {
    mapping(
        &[
            t(C, 1, 1),
            t(K, 5, 5),
            s(YOut, 4, 4),
            t(XOut, 3, 3),
            t(R, 3, 3),
            t(S, 3, 3),
        ],
        &[
            t(C, 1, 1),
            s(YOut, 1, 1),
            s(XOut, 1, 1),
            t(R, 3, 3),
            t(S, 3, 3),
        ],
    )
}

fn levels(mapping: &Mapping) -> Levels<2> {
    let mut levels = Levels::new();
    levels
        .build(&Problem::new(&layer()).unwrap(), mapping, &hardware())
        .unwrap();
    levels
}

fn numbers(tile: &Tile) -> [i64; 4] {
    [tile.full, tile.fresh, tile.tail, tile.tail_fresh]
}

/// Each loop as dimension and tile.
fn tiles(level: &Level) -> Vec<(Dim, [i64; 4])> {
    let directives = level.segment.directives().iter();
    directives
        .zip(&level.tiles)
        .map(|(d, tile)| (d.dim, numbers(tile)))
        .collect()
}

/// The tile of output rows or columns that a loop over the input's gives.
fn outputs(level: &Level, input: Dim) -> [i64; 4] {
    let at = level
        .segment
        .directives()
        .iter()
        .position(|d| d.dim == input)
        .unwrap();
    numbers(level.out_tile(at))
}

#[test]
fn levels_of_dla() {
    let levels = levels(&dla());
    let [outer, inner] = levels.as_slice() else {
        panic!("two levels")
    };
    assert_eq!((outer.clusters, outer.edge_clusters), (1, 1));
    let window = [3, 0, 3, 0];
    let sliding = [3, 1, 3, 0];
    let expected = vec![
        (K, [5, 5, 1, 1]),
        (C, [4, 4, 2, 2]),
        (R, window),
        (S, window),
        (Y, sliding),
        (X, sliding),
    ];
    assert_eq!(tiles(outer), expected);
    assert_eq!(outputs(outer, Y), [1, 1, 1, 1]);

    assert_eq!((inner.clusters, inner.edge_clusters), (4, 4));
    assert_eq!(inner.nominal[K], 5);
    assert_eq!(inner.nominal[C], 4);
    let expected = vec![
        (K, [5, 0, 5, 0]),
        (C, [1, 1, 1, 0]),
        (Y, window),
        (X, window),
        (R, window),
        (S, window),
    ];
    assert_eq!(tiles(inner), expected);
    assert_eq!(outputs(inner, X), [1, 1, 1, 1]);
}

#[test]
fn levels_of_shi_and_eye() {
    let levels_of_shi = levels(&shi());
    let [outer, inner] = levels_of_shi.as_slice() else {
        panic!("two levels")
    };
    let window = [3, 0, 3, 0];
    let expected = vec![
        (K, [5, 5, 1, 1]),
        (Y, [5, 3, 4, 2]),
        (X, [6, 4, 4, 2]),
        (C, [1, 1, 1, 0]),
        (R, window),
        (S, window),
    ];
    assert_eq!(tiles(outer), expected);
    assert_eq!(outputs(outer, Y), [3, 3, 2, 2]);
    assert_eq!(outputs(outer, X), [4, 4, 2, 2]);
    let expected = vec![
        (K, [5, 0, 5, 0]),
        (C, [1, 0, 1, 0]),
        (Y, [3, 1, 3, 0]),
        (X, [3, 1, 3, 0]),
        (R, window),
        (S, window),
    ];
    assert_eq!(tiles(inner), expected);
    assert_eq!((inner.clusters, inner.edge_clusters), (4, 4));

    let levels_of_eye = levels(&eye());
    let outer = &levels_of_eye.as_slice()[0];
    let expected = vec![
        (C, [1, 1, 1, 0]),
        (K, [5, 5, 1, 1]),
        (Y, [6, 4, 6, 0]),
        (X, [5, 3, 3, 1]),
        (R, window),
        (S, window),
    ];
    assert_eq!(tiles(outer), expected);
    assert_eq!(outputs(outer, Y), [4, 4, 4, 4]);
    assert_eq!(outputs(outer, X), [3, 3, 1, 1]);
}

#[test]
fn cases_of_dla() {
    let levels = levels(&dla());
    let level = &levels.as_slice()[0];
    let problem = Problem::new(&layer()).unwrap();
    let mut cases = Cases::NONE;
    assert_eq!(cases.begin(level, &problem.extents), 24);
    let input = Operand::new(level, &level.input, cases.fixed());
    let filter = Operand::new(level, &level.filter, cases.fixed());
    let mut rows = Vec::new();
    let visited = cases.each(|case| {
        let f = case.flags;
        let name: String = (0..6)
            .map(|i| match (f.moving() >> i & 1, f.last() >> i & 1) {
                (0, _) => 'I',
                (_, 0) => 'S',
                _ => 'E',
            })
            .collect();
        let outputs = Outputs::new(level, f)?;
        assert_eq!(outputs.macs(), Ok(outputs.critical));
        rows.push((
            name,
            case.occurrences,
            input.ingress(f)?,
            filter.ingress(f)?,
            outputs.egress()?,
            outputs.macs()?,
        ));
        Ok::<(), Refusal>(())
    });
    assert_eq!((visited, rows.len()), (Ok(()), 24));
    // Position of K C R S Y X, occurrences, input, filter, egress, MACs.
    let row = |name: &str, q, input, filter, egress, macs| {
        (name.to_string(), q, input, filter, egress, macs)
    };
    assert_eq!(rows[0], row("IIIIII", 1, 36, 180, 5, 180));
    assert_eq!(rows[1], row("SEIISS", 126, 12, 0, 5, 90));
    assert!(rows.contains(&row("SIIIII", 2, 0, 180, 5, 180)));
    assert!(rows.contains(&row("EEIIII", 1, 36, 180, 1, 18)));
    assert_eq!(rows[23], row("IIIIIS", 9, 12, 0, 5, 180));
}

#[test]
fn cases_of_shi_and_eye() {
    let problem = Problem::new(&layer()).unwrap();
    for (mapping, count) in [(shi(), 54), (eye(), 36)] {
        let levels = levels(&mapping);
        let mut cases = Cases::NONE;
        assert_eq!(cases.begin(&levels.as_slice()[0], &problem.extents), count);
        let outcome = Evaluator::<(), 2>::new(levels.as_slice(), &hardware(), &mut ())
            .run(&problem)
            .unwrap();
        assert!(!outcome.l1_counted);
    }
}

/// What is expected of one dataflow.
struct Expected {
    mapping: Mapping,
    runtime: i64,
    energy: f64,
    macs: i64,
    area: f64,
    power: f64,
    peak: i64,
    average: f64,
    offchip: i64,
    l2: i64,
    input_read: i64,
    filter_read: i64,
    output_write: i64,
    compute: [i64; 3],
    intensity: f64,
}

fn close(got: f64, expected: f64, digits: f64) {
    assert!(
        (got - expected).abs() <= expected.abs() * digits,
        "{got} is not {expected}"
    );
}

#[test]
fn reports() {
    let expected = [
        Expected {
            mapping: dla(),
            runtime: 29441,
            energy: 62.8861676,
            macs: 69120,
            area: 730016542034.28,
            power: 5737227.5345,
            peak: 4,
            average: 0.3359375,
            offchip: 4,
            l2: 442,
            input_read: 9108,
            filter_read: 1440,
            output_write: 2560,
            compute: [46, 46, 46],
            intensity: 15.0,
        },
        Expected {
            mapping: shi(),
            runtime: 26137,
            energy: 110.6628762,
            // The layer has 69120; edges of one active sub-cluster count input rows as outputs.
            macs: 86400,
            area: 730016542016.392,
            power: 5737226.9411,
            peak: 0,
            average: 13.0 / 27.0,
            offchip: 0,
            l2: 270,
            input_read: 6390,
            filter_read: 8280,
            output_write: 9600,
            compute: [91, 136, 121],
            intensity: 7.2,
        },
        Expected {
            mapping: eye(),
            runtime: 8833,
            energy: 59.2222308,
            macs: 69120,
            area: 730016542016.392,
            power: 5737226.9411,
            peak: 1,
            average: 0.859375,
            offchip: 1,
            l2: 270,
            input_read: 3492,
            filter_read: 1080,
            output_write: 7680,
            compute: [46, 46, 46],
            intensity: 10.0,
        },
    ];
    for e in expected {
        let r = evaluate(&layer(), &e.mapping, &hardware()).unwrap();
        assert_eq!(r.runtime_cycles, e.runtime);
        close(r.energy_nj, e.energy, 1e-12);
        assert_eq!(r.macs, e.macs);
        close(r.area_um2, e.area, 1e-14);
        close(r.power_mw(), e.power, 1e-10);
        assert_eq!(
            (r.noc_bandwidth_peak, r.offchip_bandwidth),
            (e.peak, e.offchip)
        );
        close(r.noc_bandwidth_avg, e.average, 1e-15);
        assert_eq!((r.l2_bytes, r.l1_bytes), (e.l2, 198));
        assert_eq!((r.input.l2_read, r.input.l2_write), (e.input_read, 720));
        assert_eq!((r.filter.l2_read, r.filter.l2_write), (e.filter_read, 864));
        assert_eq!(
            (r.output.l2_read, r.output.l2_write),
            (1280, e.output_write)
        );
        let [min, max, avg] = e.compute;
        assert_eq!(r.compute_delay, DelayStats { min, max, avg });
        let one = DelayStats {
            min: 1,
            max: 1,
            avg: 1,
        };
        assert_eq!(r.egress_delay, one);
        assert_eq!(r.ingress_delay.max, 1);
        assert_eq!(r.active_pes, 4.0);
        close(r.arithmetic_intensity, e.intensity, 1e-15);
        // Operands: what is written to L1 is what was read from L2; each MAC reads once.
        assert_eq!(r.input.l1_write, r.input.l2_read);
        assert_eq!(r.filter.l1_read, r.macs);
        assert_eq!(
            r.throughput_macs_per_cycle(),
            e.macs as f64 / e.runtime as f64
        );
    }
}

#[test]
fn refusals_say_where() {
    let hw = hardware();
    let refuse = |outer: &[Directive], inner: &[Directive]| {
        evaluate(&layer(), &mapping(outer, inner), &hw).unwrap_err()
    };
    let outer = [s(K, 5, 5)];
    assert_eq!(
        refuse(&outer, &[t(C, 1, 1)]),
        Refusal::SpatialMaps { level: 1, count: 0 }
    );
    assert_eq!(
        refuse(&outer, &[s(YOut, 1, 1)]),
        Refusal::NoWindow {
            level: 1,
            dim: YOut
        }
    );
    assert_eq!(
        refuse(&outer, &[s(YOut, 1, 1), t(Y, 3, 1)]),
        Refusal::MappedTwice {
            level: 1,
            dim: YOut
        }
    );
    assert_eq!(
        refuse(&outer, &[s(C, 1, 1), t(R, 2, 2)]),
        Refusal::PartialWindow { level: 1, dim: R }
    );
    assert_eq!(
        refuse(&[s(K, 5, 5), t(Dim::G, 1, 1)], &[s(C, 1, 1)]),
        Refusal::NoSuchDimension {
            level: 0,
            dim: Dim::G
        }
    );
    let few = Hardware { pes: 3, ..hw };
    assert_eq!(
        evaluate(&layer(), &dla(), &few),
        Err(Refusal::TooFewPes { pes: 3, needed: 4 })
    );
    let mut deep = Mapping::new();
    (1..MAX_LEVELS).for_each(|_| deep.cluster(1).unwrap());
    assert_eq!(deep.cluster(1), Err(Refusal::TooManyLevels));
    assert_eq!(
        deep.push(t(K, 0, 1)),
        Err(Refusal::Tile {
            level: 3,
            dim: K,
            value: 0
        })
    );
    let none = Layer::new(Kind::Gemm, &[(Dim::M, 4), (K, 4)]);
    assert_eq!(
        evaluate(&none, &dla(), &hw),
        Err(Refusal::MissingDimension { dim: Dim::N })
    );
}
