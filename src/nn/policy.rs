//! The parameters of a policy and their first values.

use std::ops::Range;

use super::layout::{Layout, PolicyShape};
use crate::base::random::Stream;

/// A recurrent policy over slots with autoregressive categorical heads.
///
/// At slot t, with features x_t, slot kind k_t and the state (h_{t-1}, c_{t-1}), zero at first, one
/// LSTM layer with forget gate (Hochreiter and Schmidhuber, "Long short-term memory", Neural
/// Computation 9, 1997; forget gate by Gers, Schmidhuber and Cummins, 2000):
///
/// ```text
/// (i, f, g, o) = (x_t, h_{t-1}) W + b          sigmoid on i, f, o; tanh on g
/// c_t = f * c_{t-1} + i * g
/// h_t = o * tanh(c_t)
/// ```
///
/// and for each head h in order, a_j being the levels already chosen at this slot,
///
/// ```text
/// logits_h = h_t V_h + d_h + B_h[k_t] + sum over j < h of E_{j,h}[a_j]
/// π_h = softmax of logits_h over the levels the caller's mask allows
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) layout: Layout,
    pub(super) parameters: Vec<f32>,
}

impl Policy {
    /// A policy with first values from `stream`:
    /// W uniform in ±1/sqrt(hidden); b zero but one for the forget gate, so that a state lasts;
    /// V uniform in ±0.1/sqrt(hidden), so that the first choices are near uniform; d, B, E zero.
    ///
    /// Panics if a size of `shape` is 0.
    pub fn new(shape: PolicyShape, stream: &mut Stream) -> Self {
        let hidden = shape.hidden;
        let layout = Layout::new(shape);
        let mut parameters = vec![0.0; layout.len()];
        let bound = 1.0 / (hidden as f64).sqrt();
        let mut fill = |range: &Range<usize>, bound: f64| {
            for p in &mut parameters[range.clone()] {
                *p = ((stream.uniform() * 2.0 - 1.0) * bound) as f32;
            }
        };
        fill(&layout.gates_weight, bound);
        fill(&layout.heads_weight, 0.1 * bound);
        parameters[layout.gates_bias.clone()][hidden..2 * hidden].fill(1.0);
        Policy { layout, parameters }
    }

    /// The sizes.
    pub fn shape(&self) -> &PolicyShape {
        &self.layout.shape
    }

    /// All parameters, in the order of [`Policy::groups`].
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// The named groups of parameters, in order and without gaps. With I inputs, H hidden, K kinds,
    /// N logits (all heads' levels side by side), matrices row by row:
    ///
    /// | name | shape | symbol |
    /// |---|---|---|
    /// | `gates.weight` | \[I + H\]\[4H\] | W, columns i, f, g, o of H each |
    /// | `gates.bias` | \[4H\] | b |
    /// | `heads.weight` | \[H\]\[N\] | V |
    /// | `heads.bias` | \[N\] | d |
    /// | `heads.kind` | \[K\]\[N\] | B |
    /// | `heads.previous.j` | \[levels of j\]\[levels of the heads after j\] | E_{j,·} |
    pub fn groups(&self) -> Vec<(String, Range<usize>)> {
        let l = &self.layout;
        let fixed = [
            ("gates.weight", &l.gates_weight),
            ("gates.bias", &l.gates_bias),
            ("heads.weight", &l.heads_weight),
            ("heads.bias", &l.heads_bias),
            ("heads.kind", &l.heads_kind),
        ];
        let previous = l.heads_previous.iter().enumerate();
        fixed
            .into_iter()
            .map(|(name, range)| (name.to_string(), range.clone()))
            .chain(previous.map(|(j, range)| (format!("heads.previous.{j}"), range.clone())))
            .collect()
    }

    /// The bias d_h of a head, one value per level: raise one to make its level likelier at first.
    pub fn bias_mut(&mut self, head: usize) -> &mut [f32] {
        let bias = &mut self.parameters[self.layout.heads_bias.clone()];
        &mut bias[self.layout.columns[head].clone()]
    }

    /// The bias B_kh of a kind and head, one value per level: likewise for one kind of layer.
    pub fn kind_bias_mut(&mut self, kind: usize, head: usize) -> &mut [f32] {
        let row = self.layout.kind_row(kind as u32);
        &mut self.parameters[row][self.layout.columns[head].clone()]
    }

    /// The parameters of one group.
    pub(super) fn group(&self, range: &Range<usize>) -> &[f32] {
        &self.parameters[range.clone()]
    }
}
