//! The reference model against what the original prints: figure for figure.

use std::collections::{BTreeMap, BTreeSet};

use cfxc::cost::maestro::{Kind, Report, evaluate, evaluate_raw};
use support::check::{Tally, gunzip, numbers, price, prices, table, vectors};
use support::confuciux::{self, BUFFERS, PES};
use support::maestro_figures::hardware;
use support::maestro_text::parse_one;

mod support;

/// No row may differ; shows the first that do.
fn assert_equal(tally: &Tally, rows: usize) {
    let first = &tally.mismatches[..tally.mismatches.len().min(20)];
    assert!(first.is_empty(), "{}", first.join("\n"));
    assert_eq!((tally.rows, tally.equal), (rows, rows));
}

#[test]
fn sampled_prices_agree_in_every_column() {
    let mut tally = Tally::default();
    prices(include_str!("reference/prices_sample.csv"), &mut tally);
    assert_equal(&tally, 460);
    assert_eq!(tally.figures, 460 * 15);
    assert_eq!(tally.refused, 0);
}

#[test]
fn all_prices_agree_in_their_integers() {
    let (_, rows) = table(include_str!("reference/prices_digest.csv"));
    let (mut layers, mut points) = (0, 0);
    for cells in rows {
        let row = numbers(&cells[1..]);
        let mut digest = Digest::new();
        for pes in PES {
            for buffer in BUFFERS {
                let (layer, mapping, hw) = confuciux::problem(cells[0], &row, pes, buffer).unwrap();
                digest.report(&evaluate(&layer, &mapping, &hw).unwrap());
                points += 1;
            }
        }
        assert_eq!(
            format!("{:016x}", digest.0),
            cells[8],
            "{}",
            cells[..8].join(",")
        );
        layers += 1;
    }
    assert_eq!((layers, points), (228, 32_832));
}

/// 64-bit FNV-1a.
struct Digest(u64);

impl Digest {
    fn new() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }

    fn report(&mut self, r: &Report) {
        for value in [
            r.runtime_cycles,
            r.l1_bytes,
            r.l2_bytes,
            r.macs,
            r.noc_bandwidth_peak,
            r.offchip_bandwidth,
            r.input.l2_read,
            r.filter.l2_read,
            r.output.l2_write,
        ] {
            for byte in value.to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
}

#[test]
fn vectors_agree_in_every_column() {
    let text = gunzip(include_bytes!("reference/vectors.jsonl.gz")).unwrap();
    let mut tally = Tally::default();
    let mut levels = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    vectors(&text, &mut tally, |content, refused| {
        if let (Ok((layer, mapping)), false) = (content, refused) {
            *levels.entry(mapping.segments().len()).or_insert(0) += 1;
            kinds.insert(layer.kind);
        }
    })
    .unwrap();
    assert_equal(&tally, 200);
    assert_eq!(tally.refused, 21);
    assert!(
        !tally.reasons.keys().any(|r| r.starts_with("text")),
        "{:?}",
        tally.reasons
    );
    assert_eq!(tally.figures, 179 * 48);
    assert_eq!(levels, BTreeMap::from([(1, 26), (2, 81), (3, 48), (4, 24)]));
    assert_eq!(kinds, BTreeSet::from(Kind::ALL));
}

#[test]
fn window_cut_by_the_cluster_is_refused_but_can_be_seen() {
    // The tile of X has P + S - 1 = 14 columns of 13: the tail of an oversized tile comes out as
    // X - P = 1 column, less than a window, and every case is skipped.
    let row = [384, 192, 13, 13, 3, 3, 1];
    let (layer, mapping, hw) = confuciux::problem("shi", &row, 12, 1).unwrap();
    let raw = evaluate_raw(&layer, &mapping, &hw).unwrap();
    assert_eq!((raw.runtime_cycles, raw.macs), (0, 0));
    assert!(raw.throughput_macs_per_cycle().is_nan());
    assert!(raw.energy_nj < 0.0);
    assert_eq!(raw.compute_delay.avg, i64::MIN);
    let refusal = evaluate(&layer, &mapping, &hw).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "no tile holds a whole window, so nothing is computed"
    );
}

/// The inner level maps S over space and then over time. What the last directive makes of S counts
/// (tile and progress), but the kind of the first, and products run over both.
#[test]
fn dimension_mapped_twice_in_one_level() {
    let text = "Network n { Layer l { Type: CONV Stride { X: 2, Y: 2 }
        Dimensions { K: 64, C: 3, R: 7, S: 7, Y: 224, X: 224 }
        Dataflow {
            TemporalMap(2,2) K; TemporalMap(4,4) C; TemporalMap(Sz(R),Sz(R)) R;
            SpatialMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
            Cluster(3, P);
            SpatialMap(1,1) X; SpatialMap(1,1) S; TemporalMap(Sz(S),Sz(S)) S;
        } } }";
    /// PEs, NoC bandwidth and latency; figures.
    type Row = ([i64; 3], &'static [(&'static str, &'static str)]);
    let expected: [Row; 2] = [
        (
            [256, 64, 1],
            &[
                ("runtime_cycles", "43070024"),
                ("activity_count_based_energy_nj", "75280.884847699999"),
                ("throughput_macs_per_cycle", "2.5714166307406749"),
                ("area", "58782383.3666154"),
                ("power", "4360.502528179999"),
                ("peak_bw_req", "2"),
                ("avg_bw_req", "0.36940940366972475"),
                ("offchip_bw_req_elements_per_cycle", "2"),
                ("l2_sram_size_req_bytes", "26254"),
                ("l1_sram_size_req_bytes", "4228"),
                ("num_macs", "110750976"),
                ("avg_number_of_utilized_pes", "54.5"),
                ("input_l2_read", "15925551"),
                ("filter_l2_read", "9408"),
                ("output_l2_write", "1492864"),
                ("input_l1_read", "110750976"),
            ],
        ),
        (
            [1024, 1000, 0],
            &[
                ("runtime_cycles", "21534928"),
                ("activity_count_based_energy_nj", "75527.044900699999"),
                ("throughput_macs_per_cycle", "5.1904723340612051"),
                ("area", "2068617656.1462429"),
                ("power", "28800.332769907996"),
                ("peak_bw_req", "2"),
                ("avg_bw_req", "0.74139908256880738"),
                ("offchip_bw_req_elements_per_cycle", "2"),
                ("l2_sram_size_req_bytes", "33754"),
                ("l1_sram_size_req_bytes", "4228"),
                ("num_macs", "111776448"),
                ("avg_number_of_utilized_pes", "110"),
                ("input_l2_read", "15962133"),
                ("filter_l2_read", "9408"),
                ("output_l2_write", "1513792"),
                ("input_l1_read", "111776448"),
            ],
        ),
    ];
    let mut tally = Tally::default();
    for ([pes, bandwidth, latency], figures) in expected {
        let hw = hardware(pes, bandwidth, latency, 1, 70_000);
        let price = price(parse_one(text), &hw);
        tally.row(&format!("{pes} PEs"), &price, Some(figures.iter().copied()));
    }
    assert_equal(&tally, 2);
}
