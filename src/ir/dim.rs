//! Loop dimensions and small tables keyed by them.

use std::ops::{Index, IndexMut};

/// A loop dimension, named as MAESTRO and its users name them. The order of the variants is the
/// alphabetical order of the names, which the reference model relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Dim {
    /// Input channels (of a GEMM: none).
    C,
    /// Groups of a grouped convolution; products of a GEMM.
    G,
    /// Output channels (of a GEMM: the reduction).
    K,
    /// Rows of a GEMM's left operand and result.
    M,
    /// Batch (of a GEMM: columns of the right operand and result).
    N,
    /// Filter rows.
    R,
    /// Filter columns.
    S,
    /// Input columns.
    X,
    /// Output columns, written `X'`.
    XOut,
    /// Input rows.
    Y,
    /// Output rows, written `Y'`.
    YOut,
}

impl Dim {
    /// How many there are.
    pub const COUNT: usize = 11;

    /// All, in alphabetical order of their names.
    pub const ALL: [Dim; Dim::COUNT] = [
        Dim::C,
        Dim::G,
        Dim::K,
        Dim::M,
        Dim::N,
        Dim::R,
        Dim::S,
        Dim::X,
        Dim::XOut,
        Dim::Y,
        Dim::YOut,
    ];

    /// As written in a specification.
    pub fn name(self) -> &'static str {
        ["C", "G", "K", "M", "N", "R", "S", "X", "X'", "Y", "Y'"][self as usize]
    }

    /// The dimension of this name; case matters.
    pub fn parse(name: &str) -> Option<Dim> {
        Dim::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// One value per dimension, in a fixed array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DimMap<T>(pub [T; Dim::COUNT]);

impl<T> Index<Dim> for DimMap<T> {
    type Output = T;
    fn index(&self, dim: Dim) -> &T {
        &self.0[dim as usize]
    }
}

impl<T> IndexMut<Dim> for DimMap<T> {
    fn index_mut(&mut self, dim: Dim) -> &mut T {
        &mut self.0[dim as usize]
    }
}

/// A set of dimensions as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DimSet(pub u16);

impl DimSet {
    /// The set of these dimensions.
    pub const fn of(dims: &[Dim]) -> DimSet {
        let mut bits = 0;
        let mut i = 0;
        while i < dims.len() {
            bits |= 1 << dims[i] as u16;
            i += 1;
        }
        DimSet(bits)
    }

    /// Whether `dim` is in the set.
    pub const fn has(self, dim: Dim) -> bool {
        self.0 & (1 << dim as u16) != 0
    }

    /// The set with `dim` added.
    pub const fn with(self, dim: Dim) -> DimSet {
        DimSet(self.0 | 1 << dim as u16)
    }

    /// The set with the members of `other` taken away.
    pub const fn without(self, other: DimSet) -> DimSet {
        DimSet(self.0 & !other.0)
    }

    /// Members in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Dim> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let next = Dim::ALL.get(rest.trailing_zeros() as usize).copied();
            rest &= rest.wrapping_sub(1);
            next
        })
    }
}
