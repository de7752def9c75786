//! What `docs/silicon.md` says, held: the counts beside a chip's and beside a closed form.

#[path = "support/silicon.rs"]
mod silicon;
#[path = "support/problem.rs"]
#[allow(dead_code, reason = "each test uses what it needs")]
mod support;

use silicon::percent;

/// Latency, the same with passes joined, buffer and DRAM of each layer as they come out.
const LAYERS: [[&str; 4]; 5] = [
    ["-6.6 %", "-6.6 %", "-0.8 %", "6.1"],
    ["-7.7 %", "-10.5 %", "+1.2 %", "5.4"],
    ["+3.3 %", "+3.3 %", "+40.4 %", "5.1"],
    ["-2.8 %", "-3.9 %", "+2.1 %", "3.9"],
    ["+3.7 %", "+2.5 %", "+2.2 %", "2.6"],
];

#[test]
fn eyeriss_is_met_within_a_tenth() {
    let (chip, other) = silicon::counted();
    for ((p, c), [latency, joined, buffer, dram]) in
        silicon::published().iter().zip(&chip).zip(LAYERS)
    {
        let name = &p.layer;
        assert!(
            (c.processing_ms / p.processing_ms - 1.0).abs() < 0.1,
            "{name}"
        );
        assert_eq!(c.active_pes, p.active_pes, "{name}");
        assert_eq!(percent(c.processing_ms, p.processing_ms), latency, "{name}");
        assert_eq!(percent(c.joined_ms, p.processing_ms), joined, "{name}");
        assert_eq!(percent(c.buffer_mb, p.buffer_mb), buffer, "{name}");
        assert_eq!(format!("{:.1}", c.dram_mb), dram, "{name}");
    }
    let conv3 = &silicon::published()[2];
    assert_eq!(percent(other.processing_ms, conv3.processing_ms), "-4.2 %");
    assert_eq!(percent(other.buffer_mb, conv3.buffer_mb), "+2.4 %");
}

#[test]
fn systolic_arrays_differ_by_the_skew() {
    for p in silicon::products() {
        let (n, t) = (p.side, p.stream);
        let ours = if p.weights() {
            p.folds * (t + 2 * n - 1) + 2 * t + 2
        } else {
            p.folds * (t + n) + 3
        };
        assert_eq!(p.cycles, ours, "{}", p.design);
        assert_eq!(p.closed, p.folds * (2 * n + n + t - 2), "{}", p.design);
    }
}

#[test]
fn the_document_is_what_is_printed() {
    let written = include_str!("../docs/silicon.md");
    assert!(
        written == silicon::document(),
        "cargo run --release --example silicon > docs/silicon.md"
    );
}
