//! What moves and what buffers hold in model `maestro`, term by term, as the reference counts it: steps
//! of the outermost level, each with what enters and leaves the array. An element counts as a byte.

use super::account::{Input, Term};
use super::maestro::{Counted, Report, Shift, Spent, What};
use super::reference_counts::{Counter, of_a_tile};
use super::teller::{Number, Part, TOLD, Teller, by_weight};
use crate::base::units::Quantity;
use crate::ir::dim::Dim;
use std::collections::BTreeMap;

const L1: &str = "L1, an element counted as a byte";
const L2: &str = "L2, an element counted as a byte";
const OF_L1: &str = "in and out of L1, in elements";
const OF_L2: &str = "in and out of L2, in elements";

type Told = Vec<(Term, Quantity)>;

fn tell(told: &mut Told, head: &'static str, is: Input, formula: &str, inputs: Vec<Input>) {
    let term = Term {
        label: Some(is.name),
        ..Term::new(head, is.value, formula, inputs)
    };
    told.push((term, is.quantity));
}

fn elements(name: &str, n: i64) -> Input {
    Input::new(name, n as f64, Quantity::Count)
}

/// What moves; `l1_charged`: whether the reference charges accesses to L1.
pub fn moved(report: &Report, spent: &Spent, l1_charged: bool, teller: &mut Teller) -> Told {
    let mut told = Told::new();
    let [input, filter, output] = [report.input, report.filter, report.output];
    let read = [
        elements("inputs_read", input.l2_read),
        elements("weights_read", filter.l2_read),
    ];
    let counter = Counter {
        spent,
        pes: report.pes,
    };
    let of = [What::Inputs, What::Weights];
    for (which, is) in read.iter().enumerate() {
        let count = |s: &Shift| s.entering[which];
        steps(&mut told, (OF_L2, of[which]), is, &counter, count, teller);
    }
    let written = [
        elements("inputs_written", input.l2_write),
        elements("weights_written", filter.l2_write),
    ];
    for (is, dims) in written.into_iter().zip(&spent.whole) {
        let dims = dims.iter().filter(|(_, n)| *n != 1);
        let inputs: Vec<Input> = dims.map(|&(dim, n)| elements(dim.name(), n)).collect();
        tell(&mut told, OF_L2, is, &product(&inputs), inputs);
    }
    let is = elements("outputs_written", output.l2_write);
    let head = (OF_L2, What::Leaving);
    steps(&mut told, head, &is, &counter, |s| s.leaving, teller);
    if !l1_charged {
        return told;
    }
    // Every MAC reads both operands and a sum, and writes the sum.
    let macs = elements("MACs", report.macs);
    let sums = elements("sums", output.l1_write);
    let l1 = ["inputs_in_L1", "weights_in_L1"];
    for ((name, read), counts) in l1.into_iter().zip(read).zip([input, filter]) {
        let is = elements(name, counts.l1_read + counts.l1_write);
        let formula = format!("MACs + {}", read.name);
        tell(&mut told, OF_L1, is, &formula, vec![macs.clone(), read]);
    }
    let is = elements("sums_in_L1", output.l1_read + output.l1_write);
    tell(&mut told, OF_L1, is, "2 x sums", vec![sums.clone()]);
    let head = (OF_L1, What::Sums);
    steps(&mut told, head, &sums, &counter, |s| s.sums, teller);
    let computed = |s: &Shift| if s.skipped { 0 } else { s.sums };
    steps(&mut told, head, &macs, &counter, computed, teller);
    told
}

/// A count as the sum over all steps of what moves in one.
fn steps(
    told: &mut Told,
    (head, what): (&'static str, What),
    is: &Input,
    counter: &Counter,
    of: impl Fn(&Shift) -> i64,
    teller: &mut Teller,
) {
    let spent = counter.spent;
    let mut kinds: BTreeMap<u64, Counted> = BTreeMap::new();
    for (shift, counted) in &spent.moved {
        let Ok(each) = u64::try_from(of(shift)) else {
            // The reference's rules for edges may make a step move less than nothing.
            return;
        };
        if each > 0 {
            kinds.entry(each).or_default().extend(counted);
        }
    }
    // What is told for this stands under it.
    let from = teller.shared.len();
    let mut parts = Vec::new();
    for (at, (each, counted)) in by_weight(kinds, |&each| each).into_iter().enumerate() {
        let mut part = Part {
            times: counted.number(),
            each,
            formula: String::new(),
            inputs: Vec::new(),
            count: None,
        };
        if at < TOLD {
            let volume = counter.volume(what, 0, each, teller);
            part.formula = volume.name.clone();
            part.inputs = vec![volume];
            if part.times > 1 {
                part.count = counter.steps(&spent.outermost.turns, 0, &counted, teller);
            }
        }
        parts.push(part);
    }
    let rest = Input::count(&format!("other_{}", is.name), 0);
    let (formula, inputs) = match parts.is_empty() {
        true => ("0".to_string(), Vec::new()),
        false => teller.sum("times_moved", rest, parts),
    };
    tell(told, head, is.clone(), &formula, inputs);
    for (term, quantity) in teller.shared.drain(from..) {
        told.push((Term { name: head, ..term }, quantity));
    }
}

/// What the buffers hold: twice what is in use.
pub fn memories(report: &Report, spent: &Spent, teller: &mut Teller) -> Told {
    let mut told = Told::new();
    let counter = Counter {
        spent,
        pes: report.pes,
    };
    let bytes = |name: &str, n: i64| Input::bytes(name, n as f64);
    let tensors = ["inputs", "weights", "outputs"];
    if report.l1_bytes > 0 {
        let parts = tensors.map(|of| format!("L1_{of}"));
        let of = |t: usize| {
            let held: i64 = spent.tile[t].iter().map(|(_, n)| n).product();
            held * if t < 2 { spent.sized } else { 1 }
        };
        let inputs = [0, 1, 2].map(|t| bytes(&parts[t], of(t)));
        let formula = format!("2 x ({})", parts.join(" + "));
        let is = bytes("L1", report.l1_bytes);
        tell(&mut told, L1, is, &formula, inputs.to_vec());
        for (t, is) in inputs.into_iter().enumerate() {
            let mut of = |&(dim, n): &(Dim, i64)| of_a_tile(dim, n, teller);
            let dims = spent.tile[t].iter().filter(|(_, n)| *n != 1);
            let mut inputs: Vec<Input> = dims.map(&mut of).collect();
            if t < 2 && spent.sized != 1 {
                inputs.push(elements("tiles_counted", spent.sized));
            }
            tell(&mut told, L1, is, &product(&inputs), inputs);
        }
    }
    if report.l2_bytes > 0 {
        let parts = tensors.map(|of| format!("{of}_of_the_first_step"));
        let inputs = [0, 1, 2].map(|t| elements(&parts[t], spent.first[t]));
        let formula = format!("2 x ({})", parts.join(" + "));
        let is = bytes("L2", report.l2_bytes);
        tell(&mut told, L2, is, &formula, inputs.to_vec());
        // Where steps that compute nothing come before the first that does, theirs add up.
        let what = [What::Inputs, What::Weights, What::Leaving];
        for (what, is) in what.into_iter().zip(inputs) {
            let n = is.value as u64;
            if n > 0 && spent.volumes.contains_key(&(0, what, n as i64)) {
                let volume = counter.volume(what, 0, n, teller);
                tell(&mut told, L2, is, &volume.name.clone(), vec![volume]);
            }
        }
    }
    told
}

fn product(inputs: &[Input]) -> String {
    match inputs {
        [] => "1".to_string(),
        _ => {
            let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
            names.join(" x ")
        }
    }
}
