//! The sizes of a policy and where each group of parameters lies in its flat vector.

use std::ops::Range;

/// The sizes of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyShape {
    /// Length of the feature vector of a slot.
    pub inputs: usize,
    /// Cells of the LSTM.
    pub hidden: usize,
    /// Number of slot kinds: each has its own learnt bias of every head.
    pub kinds: usize,
    /// Number of levels of each head (knob), in the order in which they are chosen.
    pub levels: Vec<usize>,
}

impl PolicyShape {
    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.levels.len()
    }

    /// Number of logits of a slot: the levels of all heads together.
    pub fn logits(&self) -> usize {
        self.levels.iter().sum()
    }
}

/// Ranges of the groups in the flat vector; every matrix is stored row by row.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The sizes.
    pub shape: PolicyShape,
    /// Columns of head h among the logits: `columns[h]`.
    pub columns: Vec<Range<usize>>,
    /// `[inputs + hidden][4 * hidden]`: row = element of (x_t, h_{t-1}), column = gate cell.
    pub gates_weight: Range<usize>,
    /// `[4 * hidden]`.
    pub gates_bias: Range<usize>,
    /// `[hidden][logits]`.
    pub heads_weight: Range<usize>,
    /// `[logits]`.
    pub heads_bias: Range<usize>,
    /// `[kinds][logits]`.
    pub heads_kind: Range<usize>,
    /// For each head j, `[levels of j][logits of the heads after j]`.
    pub heads_previous: Vec<Range<usize>>,
}

impl Layout {
    /// The layout of `shape`. Panics if a size is 0 or there is no head.
    pub fn new(shape: PolicyShape) -> Self {
        assert!(
            shape.inputs > 0 && shape.hidden > 0 && shape.kinds > 0,
            "a size of the policy is 0"
        );
        assert!(!shape.levels.is_empty(), "a policy without heads");
        assert!(shape.levels.iter().all(|&n| n > 0), "a head without levels");
        let (gates, logits) = (4 * shape.hidden, shape.logits());
        let mut column = 0;
        let columns: Vec<Range<usize>> = shape
            .levels
            .iter()
            .map(|&n| {
                column += n;
                column - n..column
            })
            .collect();
        let mut end = 0;
        let mut take = |n: usize| {
            end += n;
            end - n..end
        };
        Layout {
            gates_weight: take((shape.inputs + shape.hidden) * gates),
            gates_bias: take(gates),
            heads_weight: take(shape.hidden * logits),
            heads_bias: take(logits),
            heads_kind: take(shape.kinds * logits),
            heads_previous: columns
                .iter()
                .map(|c| take(c.len() * (logits - c.end)))
                .collect(),
            columns,
            shape,
        }
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.heads_previous.last().map_or(0, |range| range.end)
    }

    /// Row `level` of the table of head `head`: what that choice adds to the later heads' logits.
    pub fn previous_row(&self, head: usize, level: usize) -> Range<usize> {
        let width = self.shape.logits() - self.columns[head].end;
        let start = self.heads_previous[head].start + level * width;
        start..start + width
    }

    /// Row `kind` of the kinds' biases.
    pub fn kind_row(&self, kind: u32) -> Range<usize> {
        let width = self.shape.logits();
        let start = self.heads_kind.start + kind as usize * width;
        start..start + width
    }
}
