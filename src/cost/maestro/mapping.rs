//! The directives as written: at most four cluster levels, no heap.

use super::arith::is_size;
use super::refusal::Refusal;
use crate::ir::dataflow::MapKind;
use crate::ir::dim::Dim;

/// Most cluster levels of a mapping; the original has four networks-on-chip to name.
pub const MAX_LEVELS: usize = 4;

/// Most directives of one level, including those it inherits from the level above.
pub const MAX_DIRECTIVES: usize = 12;

/// One directive with its numbers: tiles of `size` elements of `dim`, `step` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Directive {
    /// Over time or over the sub-clusters.
    pub kind: MapKind,
    /// The mapped dimension.
    pub dim: Dim,
    /// Elements of one tile, at least 1.
    pub size: i64,
    /// Distance between neighbouring tiles, at least 1.
    pub step: i64,
}

impl Directive {
    /// `TemporalMap(size, step) dim`.
    pub const fn temporal(dim: Dim, size: i64, step: i64) -> Directive {
        Directive {
            kind: MapKind::Temporal,
            dim,
            size,
            step,
        }
    }

    /// `SpatialMap(size, step) dim`.
    pub const fn spatial(dim: Dim, size: i64, step: i64) -> Directive {
        Directive {
            kind: MapKind::Spatial,
            dim,
            size,
            step,
        }
    }
}

/// The directives of one cluster level, outermost loop first.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    items: [Directive; MAX_DIRECTIVES],
    len: u8,
    cluster: i64,
}

impl Segment {
    /// No directives. All zeros, as is every unfilled place of a level: zeroing is cheap.
    pub(super) const EMPTY: Segment = Segment {
        items: [Directive::temporal(Dim::C, 0, 0); MAX_DIRECTIVES],
        len: 0,
        cluster: 0,
    };

    /// The directives in loop order.
    pub fn directives(&self) -> &[Directive] {
        &self.items[..self.len as usize]
    }

    /// Sub-clusters of one cluster of the level above; of no meaning at the outermost level,
    /// which spans what the PEs give.
    pub fn cluster_size(&self) -> i64 {
        self.cluster
    }

    /// The directives, to be changed in place.
    pub(super) fn directives_mut(&mut self) -> &mut [Directive] {
        &mut self.items[..self.len as usize]
    }

    /// The first directive on `dim`.
    pub(super) fn first(&self, dim: Dim) -> Option<&Directive> {
        self.directives().iter().find(|d| d.dim == dim)
    }

    /// Adds an innermost loop.
    pub(super) fn push(&mut self, directive: Directive, level: u8) -> Result<(), Refusal> {
        let slot = self
            .items
            .get_mut(self.len as usize)
            .ok_or(Refusal::TooManyDirectives { level })?;
        *slot = directive;
        self.len += 1;
        Ok(())
    }

    /// Adds this many outermost loops, to be filled in.
    pub(super) fn push_front(
        &mut self,
        count: usize,
        level: u8,
    ) -> Result<&mut [Directive], Refusal> {
        let len = self.len as usize;
        if len + count > MAX_DIRECTIVES {
            return Err(Refusal::TooManyDirectives { level });
        }
        self.items.copy_within(..len, count);
        self.len += count as u8;
        Ok(&mut self.items[..count])
    }
}

/// A mapping: one segment per cluster level, outermost first. Grows directive by directive and
/// cluster mark by cluster mark, in the order in which they are written.
#[derive(Debug, Clone, Copy)]
pub struct Mapping {
    segments: [Segment; MAX_LEVELS],
    len: u8,
}

impl Default for Mapping {
    fn default() -> Self {
        Mapping::new()
    }
}

impl Mapping {
    /// One level without directives.
    pub const fn new() -> Mapping {
        Mapping {
            segments: [Segment::EMPTY; MAX_LEVELS],
            len: 1,
        }
    }

    /// Adds an innermost loop to the innermost level so far.
    pub fn push(&mut self, directive: Directive) -> Result<(), Refusal> {
        let level = self.len - 1;
        for value in [directive.size, directive.step] {
            if !is_size(value) {
                return Err(Refusal::Tile {
                    level,
                    dim: directive.dim,
                    value,
                });
            }
        }
        self.segments[level as usize].push(directive, level)
    }

    /// Begins the next level: clusters of `size` sub-clusters each.
    pub fn cluster(&mut self, size: i64) -> Result<(), Refusal> {
        if self.len as usize == MAX_LEVELS {
            return Err(Refusal::TooManyLevels);
        }
        if !is_size(size) {
            return Err(Refusal::ClusterSize {
                level: self.len,
                value: size,
            });
        }
        self.segments[self.len as usize].cluster = size;
        self.len += 1;
        Ok(())
    }

    /// The levels, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments[..self.len as usize]
    }
}
