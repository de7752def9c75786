//! The reference model: MAESTRO's analytical cost model, figure for figure.
//!
//! A layer is a set of loop bounds. A dataflow is a list of data-centric directives per cluster
//! level: `temporal` walks a dimension tile by tile, `spatial` gives neighbouring tiles to
//! neighbouring sub-clusters. The model never simulates. It sorts the iterations of a level into
//! few *cases* (every dimension at its first, a middle or its last tile), computes for each case
//! what moves and what is computed, and weighs it with how often the case occurs. A sub-cluster's
//! computing time is the same evaluation one level down, on the tile it was handed.
//!
//! | file | concept |
//! |---|---|
//! | `layer` | loop bounds, which tensor depends on which dimension |
//! | `witness` | what a price is made of |
//! | `occurrences` | which steps are alike |
//! | `mapping` | the directives as written, in segments split at the cluster marks |
//! | `complete` | directives completed: inherited, widened, held whole |
//! | `levels` | what every cluster level does with them, tile by tile |
//! | `tiles` | what a sub-cluster holds, what of it is new, how many are active at an edge |
//! | `cases` | states of a dimension, their combinations, their order |
//! | `volumes` | elements moved and multiplied in one case |
//! | `cost` | delays, traffic and requirements summed over cases and levels |
//! | `known` | what of that is found once and needed again |
//! | `outcome` | what that sums up to |
//! | `hardware` | the array, its constants, and area, power and energy from them |
//! | `report` | every figure of the reference, and which figures cannot be believed |
//! | `refusal` | why there is no price |
//! | `arith` | integer arithmetic that refuses instead of wrapping |
//!
//! The reference has known faults: steps that ignore halos, edges counted with the wrong extent,
//! L1 energy missing. They are kept, because only an equal model can be compared with, and are
//! explained where they act. No dataflow is known to this code.

mod arith;
mod cases;
mod complete;
mod cost;
mod hardware;
mod known;
mod layer;
mod levels;
mod mapping;
mod occurrences;
mod outcome;
mod refusal;
mod report;
mod tiles;
mod volumes;
mod witness;

pub use arith::SIZE_LIMIT;
pub use cost::CASE_LIMIT;
pub use hardware::{
    BANDWIDTH, Coefficients, Hardware, LANES, LATENCY, OFF_CHIP, Power, access_energy_nj,
    engine_area_parts, engine_area_um2, engine_power, engine_power_mw,
};
pub use layer::{Kind, Layer};
pub use mapping::{Directive, MAX_DIRECTIVES, MAX_LEVELS, Mapping, Segment};
pub use occurrences::{Block, Blocks, Turns};
pub use refusal::Refusal;
pub use report::{DelayStats, Report, Tensor, TensorCounts};
pub use tiles::Share;
pub use volumes::{Factor, Volume};
use witness::Witness;
pub use witness::{Counted, Moved, Shift, Spent, Steps, Tiled, Times, What};

/// The price of `layer` mapped by `mapping` on `hw`; refuses what the reference cannot evaluate
/// and reports that describe nothing real (see [`Report::check`]).
#[inline]
pub fn evaluate(layer: &Layer, mapping: &Mapping, hw: &Hardware) -> Result<Report, Refusal> {
    let report = evaluate_raw(layer, mapping, hw);
    if let Ok(report) = &report {
        report.check()?;
    }
    report
}

/// As [`evaluate`], but also gives the reports the reference prints for mappings in which no tile
/// holds a whole window: zero cycles, zero MACs, negative counts, delays of `i64::MIN`. They are
/// of use only to compare with the reference.
#[inline]
pub fn evaluate_raw(layer: &Layer, mapping: &Mapping, hw: &Hardware) -> Result<Report, Refusal> {
    evaluate_before(layer, mapping, hw, &mut ())
}

/// What a price is made of.
///
/// # Errors
/// As [`evaluate`].
pub fn spent(layer: &Layer, mapping: &Mapping, hw: &Hardware) -> Result<Spent, Refusal> {
    let mut spent = Spent::default();
    evaluate_before(layer, mapping, hw, &mut spent)?.check()?;
    Ok(spent)
}

#[inline]
fn evaluate_before<W: Witness>(
    layer: &Layer,
    mapping: &Mapping,
    hw: &Hardware,
    witness: &mut W,
) -> Result<Report, Refusal> {
    hw.check()?;
    let problem = layer::Problem::new(layer)?;
    // Places for levels that are not there would be cleared all the same.
    let outcome = match mapping.segments().len() {
        1 => evaluate_levels::<W, 1>(&problem, mapping, hw, witness),
        2 => evaluate_levels::<W, 2>(&problem, mapping, hw, witness),
        _ => evaluate_levels::<W, MAX_LEVELS>(&problem, mapping, hw, witness),
    }?;
    Ok(Report::new(layer, &problem, hw, &outcome))
}

/// Evaluates a mapping of at most N levels.
fn evaluate_levels<W: Witness, const N: usize>(
    problem: &layer::Problem,
    mapping: &Mapping,
    hw: &Hardware,
    witness: &mut W,
) -> Result<outcome::Outcome, Refusal> {
    let mut levels = levels::Levels::<N>::new();
    levels.build(problem, mapping, hw)?;
    cost::Evaluator::<W, N>::new(levels.as_slice(), hw, witness).run(problem)
}

#[cfg(test)]
mod worked_example;
