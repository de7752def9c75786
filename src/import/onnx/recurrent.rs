//! `LSTM`, `GRU` and `RNN`: the matrix products they are.

use super::known::{Dim, Given, View, shown};
use super::layout::Results;
use super::made::{Made, Refusal, dense};

/// A recurrent node has at most so many steps in all directions: sequences are much shorter.
const MOST_STEPS: usize = 50_000;

/// Operands of the product of all inputs: sequence, weights, bias, lengths.
const OF_INPUT: [usize; 4] = [0, 1, 3, 4];

/// Operands of the first step: the weights of the state, the first state and cell, peepholes.
const OF_STATE: [usize; 4] = [2, 5, 6, 7];

/// A recurrent node's extents.
struct Extents {
    steps: Dim,
    batch: Dim,
    input: Dim,
    directions: Dim,
    hidden: Dim,
    batch_first: bool,
}

/// `Ok(None)` if nothing is known of the operands.
fn extents(view: &View, gates: u64) -> Result<Option<Extents>, String> {
    let Some(x) = view.shape(0) else {
        return Ok(None);
    };
    let &[first, second, input] = &x[..] else {
        return Err(format!("a sequence of {}", shown(x)));
    };
    let batch_first = view.int("layout").unwrap_or(0) == 1;
    let (steps, batch) = if batch_first {
        (second, first)
    } else {
        (first, second)
    };
    let (of_input, of_state) = (weight(view, 1)?, weight(view, 2)?);
    let stated = view.int("hidden_size").and_then(|h| u64::try_from(h).ok());
    let both = view.text("direction") == Some("bidirectional");
    let directions = Some(if both { 2 } else { 1 });
    let hidden = stated.or(of_state[2]);
    let outputs = hidden.and_then(|h| h.checked_mul(gates));
    let fits = |weight: [Dim; 3], from: Dim| {
        let all = weight.iter().zip([directions, outputs, from]);
        all.into_iter()
            .all(|(&have, want)| have.zip(want).is_none_or(|(have, want)| have == want))
    };
    if !fits(of_input, input) || !fits(of_state, hidden) {
        return Err(format!(
            "weights of {} and {} (directions, {gates} x states, operands) for sequences of {} and \
             {} states in {} direction{}",
            shown(&of_input),
            shown(&of_state),
            shown(x),
            shown(&[hidden]).trim_matches(['[', ']']),
            if both { 2 } else { 1 },
            if both { "s" } else { "" },
        ));
    }
    Ok(Some(Extents {
        steps,
        batch,
        input: input.or(of_input[2]),
        directions,
        hidden,
        batch_first,
    }))
}

/// The weights of inputs or of states: directions, gates times states, what is weighted. Nothing is
/// known of weights without a shape.
fn weight(view: &View, operand: usize) -> Result<[Dim; 3], String> {
    match view.shape(operand).map(|s| &s[..]) {
        // Those of the quantised form lie the other way round.
        Some(&[directions, from, outputs]) if &*view.node.op == "DynamicQuantizeLSTM" => {
            Ok([directions, outputs, from])
        }
        Some(&[directions, outputs, from]) => Ok([directions, outputs, from]),
        None => Ok([None; 3]),
        Some(other) => Err(format!("weights of {}", shown(other))),
    }
}

/// All states, the last one, and the last cell of an LSTM.
pub fn results(view: &View, gates: u64) -> Results {
    let Some(e) = extents(view, gates)? else {
        return Ok(vec![Given::unknown(); 3]);
    };
    let (all, last) = if e.batch_first {
        (
            vec![e.batch, e.steps, e.directions, e.hidden],
            vec![e.batch, e.directions, e.hidden],
        )
    } else {
        (
            vec![e.steps, e.directions, e.batch, e.hidden],
            vec![e.directions, e.batch, e.hidden],
        )
    };
    Ok(vec![
        Given::shape(all),
        Given::shape(last.clone()),
        Given::shape(last),
    ])
}

/// For each direction one product of all inputs, and one of the state for each time step.
pub fn layers(view: &View, gates: u64, most: usize) -> Result<Vec<Made>, Refusal> {
    let open = || Refusal::unknown(view, &[0, 2]);
    let e = extents(view, gates)?.ok_or_else(open)?;
    let all = (e.steps, e.batch, e.input, e.directions, e.hidden);
    let (Some(steps), Some(batch), Some(input), Some(directions), Some(hidden)) = all else {
        return Err(open());
    };
    let outputs = hidden.checked_mul(gates).ok_or_else(Refusal::too_large)?;
    let rows = steps.checked_mul(batch).ok_or_else(Refusal::too_large)?;
    let all = steps.checked_mul(directions);
    let too_many = |c: u64| c > MOST_STEPS as u64 || c.saturating_add(directions) > most as u64;
    if directions > 2 || all.is_none_or(too_many) {
        return Err(Refusal::Misfit(format!(
            "{steps} steps in {directions} directions are too many"
        )));
    }
    let mut made: Vec<Made> = Vec::new();
    for direction in 0..directions {
        let way = match (directions, direction) {
            (1, _) => "",
            (_, 0) => "forward/",
            _ => "backward/",
        };
        let first = made.len();
        for mut layer in dense(rows, outputs, input) {
            layer.suffix = format!("{way}input");
            layer.operands = Some(&OF_INPUT);
            made.push(layer);
        }
        for step in 1..=steps {
            for mut layer in dense(batch, outputs, hidden) {
                layer.suffix = format!("{way}step{step}");
                layer.operands = Some(if step == 1 { &OF_STATE } else { &[] });
                // From the projected inputs, and from the state of the step before.
                layer.after = [Some(first), made.len().checked_sub(1)]
                    .into_iter()
                    .flatten()
                    .filter(|&at| at >= first && at < made.len())
                    .collect();
                layer.after.dedup();
                made.push(layer);
            }
        }
    }
    Ok(made)
}
