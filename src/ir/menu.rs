//! What may be bought: the knobs and their levels.

use crate::base::span::Span;

/// One knob: a number a dataflow reads, or the PE count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// As written in the menu.
    pub name: String,
    /// Coarse levels in menu order, each at least 1, none twice.
    pub levels: Vec<u64>,
    /// Values a refining stage may use besides, in menu order; empty without `refine`.
    pub refine: Vec<u64>,
    /// Under `sequential`: chosen anew for each layer instead of once for the engine.
    pub per_layer: bool,
    /// Where the coarse levels were written.
    pub span: Span,
}

impl Knob {
    /// Every value the knob may take, coarse or refined, ascending, none twice.
    pub fn values(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.levels.iter().chain(&self.refine).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The knobs of a design. `knobs[0]` is always `pes`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Menu {
    /// As written.
    pub name: String,
    /// `pes` first, the others in menu order.
    pub knobs: Vec<Knob>,
    /// Where the menu was declared.
    pub span: Span,
}

impl Menu {
    /// Index of the PE count among the knobs.
    pub const PES: usize = 0;

    /// The index of a knob by name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.knobs.iter().position(|k| k.name == name)
    }
}
