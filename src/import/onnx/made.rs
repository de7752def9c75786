//! The layers that a node becomes.

use super::known::View;
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};

/// A layer, and what it waits for.
#[derive(Debug, Clone)]
pub struct Made {
    /// Behind the node's name, if the node becomes several layers.
    pub suffix: String,
    /// Its bounds.
    pub shape: LayerShape,
    /// Layers of the same node that it takes from, by position.
    pub after: Vec<usize>,
    /// The operands of the node that it takes from, by position; `None` if from all.
    pub operands: Option<&'static [usize]>,
}

impl Made {
    /// The only layer of its node.
    pub fn only(shape: LayerShape) -> Made {
        Made {
            suffix: String::new(),
            shape,
            after: Vec::new(),
            operands: None,
        }
    }
}

/// Why a node that costs something cannot be counted.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// Its operands do not fit: the model is wrong.
    Misfit(String),
    /// The shape of this operand is not known.
    Unknown(usize),
    /// It computes what no kind of layer stands for.
    Beyond(String),
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Refusal::Misfit(text)
    }
}

impl Refusal {
    /// The first of these operands of which not everything is known.
    pub fn unknown(view: &View, operands: &[usize]) -> Refusal {
        let open = |&at: &usize| view.shape(at).is_none_or(|s| s.iter().any(|d| d.is_none()));
        Refusal::Unknown(operands.iter().copied().find(open).unwrap_or(0))
    }

    /// More elements than can be counted.
    pub fn too_large() -> Refusal {
        Refusal::Misfit("it is too large to count".into())
    }
}

/// `rows` vectors of `inputs` elements times weights that give `outputs` each. Nothing if an extent
/// is 0.
pub fn dense(rows: u64, outputs: u64, inputs: u64) -> Vec<Made> {
    if rows == 0 || outputs == 0 || inputs == 0 {
        return Vec::new();
    }
    let batch = if rows == 1 { 0 } else { rows };
    let bounds = [(Dim::N, batch), (Dim::K, outputs), (Dim::C, inputs)];
    vec![Made::only(LayerShape::new(Op::Dense, &bounds))]
}

/// `groups` products of (m x k) by (k x n), no two of which share an operand. Nothing if an extent
/// is 0.
pub fn gemm(groups: u64, m: u64, n: u64, k: u64) -> Vec<Made> {
    if groups == 0 || m == 0 || n == 0 || k == 0 {
        return Vec::new();
    }
    let groups = if groups == 1 { 0 } else { groups };
    let bounds = [(Dim::G, groups), (Dim::M, m), (Dim::N, n), (Dim::K, k)];
    vec![Made::only(LayerShape::new(Op::Gemm, &bounds))]
}
