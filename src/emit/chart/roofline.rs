//! The roofline: what each layer makes of its array and of the link to off-chip memory (Williams,
//! Waterman and Patterson 2009, "Roofline").

use super::axis::{Axis, Spread};
use super::canvas::{Anchor, Canvas};
use super::plot::{self, Measure};
use crate::cost::Peaks;
use crate::emit::breakdown::Breakdown;
use crate::emit::decision::Decision;
use crate::emit::markup::Markup;
use crate::emit::number::{Rounding, Scale, counted, significant};
use crate::ir::menu::Menu;
use std::collections::BTreeMap;

/// A layer under the roof of its engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Row of the decision.
    pub row: usize,
    /// MACs per byte that moves between the chip and off-chip memory.
    pub intensity: f64,
    /// MACs per second reached.
    pub reached: f64,
    /// MACs per second that its PEs and the link allow at this intensity.
    pub roof: f64,
    /// MACs per second of its PEs alone.
    pub peak: f64,
}

/// The layers that move anything off chip; empty if the model does not say what moves.
pub fn places(decision: &Decision, breakdown: &Breakdown) -> Vec<Place> {
    let Some(peaks) = breakdown.peaks else {
        return Vec::new();
    };
    let clock = decision.clock_hz();
    let rows = decision.rows.iter().zip(&breakdown.layers).enumerate();
    rows.filter_map(|(row, (r, parts))| {
        let macs = r.price.macs as f64;
        let peak = r.knobs[Menu::PES] as f64 * peaks.macs_per_pe * clock;
        let intensity = macs / parts.offchip_bytes;
        let reached = macs / r.price.latency_cycles as f64 * clock;
        let roof = peak.min(intensity * peaks.offchip_bytes * clock);
        let finite = [intensity, reached, roof]
            .iter()
            .all(|v| v.is_finite() && *v > 0.0);
        finite.then_some(Place {
            row,
            intensity,
            reached,
            roof,
            peak,
        })
    })
    .collect()
}

/// MACs per second in a unit that fits.
pub fn rate(value: f64) -> Scale {
    const UNITS: [(&str, f64); 5] = [
        ("TMAC/s", 1e12),
        ("GMAC/s", 1e9),
        ("MMAC/s", 1e6),
        ("kMAC/s", 1e3),
        ("MAC/s", 1.0),
    ];
    let fits = UNITS.iter().find(|u| value >= u.1).unwrap_or(&UNITS[4]);
    Scale {
        unit: fits.0,
        factor: fits.1,
    }
}

/// What of its time or array limits a layer.
pub fn limited_by(place: &Place) -> &'static str {
    if place.roof < place.peak {
        "link"
    } else {
        "PEs"
    }
}

/// The picture of these layers under the peaks of the array.
pub fn draw(decision: &Decision, places: &[Place], peaks: Peaks) -> Markup {
    let clock = decision.clock_hz();
    let bandwidth = peaks.offchip_bytes * clock;
    let highest = places.iter().map(|p| p.peak).fold(0.0, f64::max);
    // Far enough to both sides that slope and flat roof are seen.
    let ridge = highest / bandwidth;
    let x = Axis::around(
        places
            .iter()
            .map(|p| p.intensity)
            .chain([ridge / 2.0, ridge * 2.0]),
        Spread::Log,
        plot::ACROSS,
    );
    let lowest = places.iter().map(|p| p.reached).fold(highest, f64::min);
    let y = Axis::around([lowest, highest * 1.3], Spread::Log, plot::UP);
    let by_link = places.iter().filter(|p| limited_by(p) == "link").count();
    let description = format!(
        "{} by what they compute per byte and how fast. For {by_link} of them the link to off-chip memory is the lower roof, for {} their PEs.",
        counted(places.len(), "layer"),
        places.len() - by_link
    );
    let mut canvas = Canvas::new("roofline", plot::SIZE, "Roofline", &description);
    let intensity = Measure {
        name: "MACs per off-chip byte",
        scale: Scale {
            unit: "",
            factor: 1.0,
        },
    };
    let speed = Measure {
        name: "speed",
        scale: rate(highest),
    };
    plot::frame(&mut canvas, (&x, intensity), (&y, speed));
    let roof = |at: f64| (at * bandwidth).min(highest);
    // From where the slope enters the picture.
    let enters = (y.low / bandwidth).max(x.low);
    let corners = [enters, ridge.clamp(enters, x.high), x.high];
    let line: Vec<(f64, f64)> = corners.iter().map(|&c| (x.at(c), y.at(roof(c)))).collect();
    canvas.path(&line, "roof");
    let most = decision
        .rows
        .iter()
        .map(|r| r.knobs[Menu::PES])
        .max()
        .unwrap_or(0);
    canvas.text(
        (plot::ACROSS.1 - 4.0, y.at(highest) - 6.0),
        Anchor::End,
        "note",
        &counted(most as usize, "PE"),
    );
    plot::legend(
        &mut canvas,
        &[("first", "roof of its PEs"), ("second", "roof of the link")],
    );
    // Layers at one place are one dot.
    let mut dots: BTreeMap<(i64, i64), Vec<&Place>> = BTreeMap::new();
    for place in places {
        let at = |v: f64| (v * 2.0).round() as i64;
        let key = (at(x.at(place.intensity)), at(y.at(place.reached)));
        dots.entry(key).or_default().push(place);
    }
    for all in dots.values() {
        let place = all[0];
        let (px, py) = (x.at(place.intensity), y.at(place.reached));
        canvas.line((px, py), (px, y.at(place.roof)), "reach");
        let more = match all.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let name = format!(
            "{}{more}: {} % of its roof",
            decision.rows[place.row].name,
            significant(place.reached / place.roof * 100.0, 3, Rounding::Nearest)
        );
        let class = if limited_by(place) == "link" {
            "second"
        } else {
            "first"
        };
        canvas.disc((px, py), 3.5, class, &name);
    }
    canvas.finish()
}
