//! The reference model against what the original prints: figure for figure.

use std::collections::{BTreeMap, BTreeSet};

use cfxc::cost::maestro::{Kind, Report, evaluate, evaluate_raw};
use support::check::{Tally, gunzip, numbers, prices, table, vectors};
use support::confuciux::{self, BUFFERS, PES};

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
