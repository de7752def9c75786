//! Fourier transforms and what they are made with. They cost what no kind of layer stands for, and
//! little beside the layers; only their shapes are followed.

use super::known::{Dim, Given, View, axis, shown};
use super::layout::{Results, unknown};

/// The one number of an operand, as an extent.
fn extent(view: &View, at: usize) -> Dim {
    match view.ints(at)? {
        &[value] => u64::try_from(value).ok(),
        _ => None,
    }
}

fn flag(view: &View, name: &str, usual: i64) -> bool {
    view.int(name).unwrap_or(usual) != 0
}

/// `DFT`: the last dimension holds real and imaginary parts.
pub fn transformed(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let at = match view.input(2) {
        None => Some(view.int("axis").unwrap_or(-2)),
        Some(_) => view.ints(2).and_then(|v| v.first().copied()),
    };
    let Some(at) = at else {
        return Ok(vec![Given::shape(vec![None; shape.len()])]);
    };
    let at = axis(at, shape.len())?;
    let mut dims = shape.to_vec();
    if at + 1 == dims.len() {
        return Err(format!("{} transformed along its parts", shown(shape)));
    }
    let (one_sided, inverse) = (flag(view, "onesided", 0), flag(view, "inverse", 0));
    let own = match (one_sided, inverse, dims[at]) {
        // Half of a spectrum gives back a real signal.
        (true, true, Some(d)) => d.saturating_sub(1).checked_mul(2),
        (_, _, own) => own,
    };
    let length = match view.input(1) {
        None => own,
        Some(_) => extent(view, 1),
    };
    let half = one_sided && !inverse;
    dims[at] = length.map(|l| if half { l / 2 + 1 } else { l });
    if let Some(last) = dims.last_mut() {
        *last = Some(if one_sided && inverse { 1 } else { 2 });
    }
    Ok(vec![Given::shape(dims)])
}

/// `STFT`: [batch, frames, frequencies, 2].
pub fn frames(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let &[batch, length, ..] = &**shape else {
        return Err(format!("a signal of {}", shown(shape)));
    };
    let window = view.shape(2).and_then(|s| s.first().copied().flatten());
    let frame = match view.input(3) {
        None => window,
        Some(_) => extent(view, 3),
    };
    let count = match (length, frame, extent(view, 1).filter(|&s| s > 0)) {
        (Some(length), Some(frame), Some(step)) => {
            let room = length.checked_sub(frame);
            Some(
                room.ok_or_else(|| format!("frames of {frame} in a signal of {length}"))? / step
                    + 1,
            )
        }
        _ => None,
    };
    let half = flag(view, "onesided", 1);
    let bins = frame.map(|f| if half { f / 2 + 1 } else { f });
    Ok(vec![Given::shape(vec![batch, count, bins, Some(2)])])
}

/// Windows of a given length.
pub fn window(view: &View) -> Results {
    Ok(vec![Given::shape(vec![extent(view, 0)])])
}

/// `MelWeightMatrix`: from the frequencies of a transform to so many bands.
pub fn mel_weights(view: &View) -> Results {
    let bins = extent(view, 1).map(|l| l / 2 + 1);
    Ok(vec![Given::shape(vec![bins, extent(view, 0)])])
}
