//! The gradient of a recorded batch: back-propagation through the heads, then through the slots.

use super::gradient::Gradient;
use super::heads;
use super::kernels::{Left, Right, View, add, add_product};
use super::lstm;
use super::policy::Policy;
use super::tape::Tape;

/// Rows summed by one product when weights' gradients are formed: bounds the packed operands to
/// what the first cache holds. Its value changes no bit.
const CHUNK: usize = 256;

impl Policy {
    /// Adds to `gradient` the gradient, with respect to every parameter, of
    ///
    /// ```text
    /// (1 / divisor) * sum over decisions (e, t, h) taken of
    ///     - A[e,t,h] log π(a[e,t,h]) - entropy_coef * S(π[e,t,h])
    /// ```
    ///
    /// (REINFORCE), the choices, masks and inputs on `tape` being constants. `advantages` are
    /// `[E][L][heads]`, whatever stands where no decision was taken is ignored. `self` must be the
    /// policy of the rollout, with the parameters it had.
    ///
    /// Panics if a length is wrong.
    pub fn backward(
        &self,
        tape: &mut Tape,
        advantages: &[f32],
        entropy_coef: f32,
        divisor: f32,
        gradient: &mut Gradient,
    ) {
        let heads = self.shape().heads();
        assert_eq!(
            advantages.len(),
            tape.episodes * tape.slots * heads,
            "advantages"
        );
        assert_eq!(
            gradient.values.len(),
            self.parameters.len(),
            "gradient of another policy"
        );
        assert_eq!(tape.columns, self.layout.columns, "tape of another policy");
        if advantages.is_empty() {
            return;
        }
        self.decisions(tape, advantages, entropy_coef, divisor, gradient);
        self.hidden_from_heads(tape);
        self.through_slots(tape);
        self.weights(tape, gradient);
    }

    /// Sets `d_logits` from the recorded decisions, and adds the gradients of the tables that
    /// enter the logits without a product: kinds, previous choices, biases.
    fn decisions(
        &self,
        tape: &mut Tape,
        advantages: &[f32],
        entropy_coef: f32,
        divisor: f32,
        gradient: &mut Gradient,
    ) {
        let layout = &self.layout;
        let n = layout.shape.logits();
        let bonus = entropy_coef / divisor;
        let mut d_logits = std::mem::take(&mut tape.work.d_logits);
        d_logits.clear();
        d_logits.resize(tape.logits.len(), 0.0);
        for (row, d_row) in d_logits.chunks_exact_mut(n).enumerate() {
            let (slot, episode) = (row / tape.episodes, row % tape.episodes);
            for (head, columns) in layout.columns.iter().enumerate() {
                // Heads choose in order: after one that did not, none did.
                let Some(choice) = tape.choice(slot, episode, head) else {
                    break;
                };
                let levels = tape.levels(slot, episode, head);
                heads::gradient(
                    &tape.probabilities[levels.clone()],
                    &tape.logarithms[levels],
                    tape.entropy(slot, episode, head),
                    choice,
                    advantages[tape.advantage(slot, episode, head)] / divisor,
                    bonus,
                    &mut d_row[columns.clone()],
                );
            }
            for (head, columns) in layout.columns.iter().enumerate() {
                let Some(choice) = tape.choice(slot, episode, head) else {
                    break;
                };
                let table = &mut gradient.values[layout.previous_row(head, choice)];
                add(table, &d_row[columns.end..]);
            }
            add(
                &mut gradient.values[layout.kind_row(tape.kinds[row])],
                d_row,
            );
            add(&mut gradient.values[layout.heads_bias.clone()], d_row);
        }
        tape.work.d_logits = d_logits;
    }

    /// `d_hidden` = d_logits Vᵀ: what the heads of each slot send to its h_t.
    fn hidden_from_heads(&self, tape: &mut Tape) {
        let (hidden, n) = (self.shape().hidden, self.shape().logits());
        let work = &mut tape.work;
        work.d_hidden.clear();
        work.d_hidden
            .resize(tape.slots * tape.episodes * hidden, 0.0);
        let weight = View::transposed(self.group(&self.layout.heads_weight), n);
        work.right.pack(weight, n, hidden);
        work.left
            .pack(View::rows(&work.d_logits, n), tape.slots * tape.episodes, n);
        add_product(&mut work.d_hidden, hidden, &work.left, &work.right);
    }

    /// From the last slot to the first: `d_gates`, and what each slot sends to the h_{t-1} and
    /// c_{t-1} before it.
    fn through_slots(&self, tape: &mut Tape) {
        let (shape, episodes) = (self.shape(), tape.episodes);
        let (hidden, gates) = (shape.hidden, 4 * shape.hidden);
        let work = &mut tape.work;
        work.d_cell.clear();
        work.d_cell.resize(episodes * hidden, 0.0);
        work.d_gates.resize(tape.slots * episodes * gates, 0.0);
        let recurrent = &self.group(&self.layout.gates_weight)[shape.inputs * gates..];
        work.right
            .pack(View::transposed(recurrent, gates), gates, hidden);
        for slot in (0..tape.slots).rev() {
            let first = slot * episodes;
            let (before, d_hidden) = work.d_hidden.split_at_mut(first * hidden);
            for e in 0..episodes {
                let row = first + e;
                lstm::backward(
                    &tape.gates[row * gates..][..gates],
                    &tape.cells[row * hidden..][..hidden],
                    &tape.squashed[row * hidden..][..hidden],
                    &d_hidden[e * hidden..][..hidden],
                    &mut work.d_cell[e * hidden..][..hidden],
                    &mut work.d_gates[row * gates..][..gates],
                );
            }
            if slot > 0 {
                let d_gates = View::rows(&work.d_gates[first * gates..], gates);
                work.left.pack(d_gates, episodes, gates);
                let d_hidden = &mut before[(first - episodes) * hidden..];
                add_product(d_hidden, hidden, &work.left, &work.right);
            }
        }
    }

    /// Adds the gradients of W and b from `d_gates`, and of V from `d_logits`.
    fn weights(&self, tape: &mut Tape, gradient: &mut Gradient) {
        let (layout, shape) = (&self.layout, self.shape());
        let (n, gates) = (shape.logits(), 4 * shape.hidden);
        let width = shape.inputs + shape.hidden;
        let rows = tape.slots * tape.episodes;
        let work = &mut tape.work;
        let bias = &mut gradient.values[layout.gates_bias.clone()];
        for d_row in work.d_gates.chunks_exact(gates) {
            add(bias, d_row);
        }
        let mut add_transposed = |out: &mut [f32], a: &[f32], m: usize, b: &[f32], n: usize| {
            add_outer(
                out,
                (a, width, m),
                (b, n),
                rows,
                &mut work.left,
                &mut work.right,
            );
        };
        let weight = &mut gradient.values[layout.gates_weight.clone()];
        add_transposed(weight, &tape.joined, width, &work.d_gates, gates);
        // Row r of `joined` holds h_{t-1}; h_t stands one slot further.
        let hidden = &tape.joined[tape.episodes * width + shape.inputs..];
        let weight = &mut gradient.values[layout.heads_weight.clone()];
        add_transposed(weight, hidden, shape.hidden, &work.d_logits, n);
    }
}

/// `out += aᵀ b`, over `rows` rows: `a` has `m` columns, `stride` apart from row to row, and `b`
/// has `n` columns without gaps; `out` is m x n.
fn add_outer(
    out: &mut [f32],
    (a, stride, m): (&[f32], usize, usize),
    (b, n): (&[f32], usize),
    rows: usize,
    left: &mut Left,
    right: &mut Right,
) {
    for first in (0..rows).step_by(CHUNK) {
        let depth = CHUNK.min(rows - first);
        left.pack(View::transposed(&a[first * stride..], stride), m, depth);
        right.pack(View::rows(&b[first * n..], n), depth, n);
        add_product(out, n, left, right);
    }
}
