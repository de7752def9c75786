//! The same volumes factor by factor, for those who ask what they are made of.

use super::super::cases::Flags;
use super::super::levels::{Level, LoopSet, loops};
use super::super::mapping::MAX_DIRECTIVES;
use super::super::tiles::{Share, Taken, Tile};
use super::{Operand, Outputs, Role, Spread, out_temporal};
use crate::ir::dim::Dim;

/// So much of the tile of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// Of which tile; a row or a column of outputs for Y' and X'.
    pub dim: Dim,
    /// What of it counts.
    pub share: Share,
    /// How much that is, in elements.
    pub elements: i64,
}

/// Elements of one case: what is held of each dimension that is walked, times the sum over
/// sub-clusters of what they hold of those that are spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Factors of all.
    pub held: Vec<Factor>,
    /// So many sub-clusters with these factors more.
    pub array: Vec<(i64, Vec<Factor>)>,
    /// Sub-clusters that are active, if it depends on them.
    pub active: i64,
    /// Whether these are those at an edge, not all.
    pub at_edge: bool,
}

fn elements(factors: &[Factor]) -> Option<i64> {
    let mut all = factors.iter().map(|f| f.elements);
    all.try_fold(1, |product: i64, n| product.checked_mul(n))
}

impl Volume {
    /// What the factors come to; nothing if that does not fit.
    pub fn elements(&self) -> Option<i64> {
        let mut array = 0i64;
        for (n, factors) in &self.array {
            array = array.checked_add(n.checked_mul(elements(factors)?)?)?;
        }
        elements(&self.held)?.checked_mul(array)
    }

    fn of(level: &Level, spread: Spread, held: Vec<Factor>) -> Volume {
        let at_edge = spread.spatial && spread.edge;
        Volume {
            held,
            array: Vec::new(),
            active: if at_edge {
                level.edge_clusters
            } else {
                level.clusters
            },
            at_edge,
        }
    }

    /// With what each role adds; roles that hold the same together.
    fn over(
        mut self,
        level: &Level,
        spread: Spread,
        factors: impl Fn(Role) -> Vec<Factor>,
    ) -> Volume {
        for role in [Role::Lead, Role::LeadRagged, Role::Peer, Role::Ragged] {
            // How many of a role there are: the sum of 1 over them.
            let of_role = |r: Role| Ok(i64::from(r == role));
            let n = spread.total(level, of_role).unwrap_or(0);
            let factors = factors(role);
            if n <= 0 || factors.iter().any(|f| f.elements == 0) {
                continue;
            }
            match self.array.iter_mut().find(|(_, known)| *known == factors) {
                Some((all, _)) => *all += n,
                None => self.array.push((n, factors)),
            }
        }
        self
    }
}

/// Which share of a tile it is, and how much.
struct Told(Share, i64);

impl Taken for Told {
    fn taken(tile: &Tile, share: Share) -> Told {
        let elements = i64::taken(tile, share);
        // An edge that is not cut, and a tile that is all new, are told as the tile.
        let cut = elements != tile.full || share == Share::InputTail;
        Told(if cut { share } else { Share::Full }, elements)
    }
}

fn factor(level: &Level, i: usize, Told(share, elements): Told) -> Factor {
    Factor {
        dim: level.segment.directives()[i].dim,
        share,
        elements,
    }
}

impl Operand<'_> {
    /// What enters the array in a case; no sub-cluster where the tensor is stationary.
    pub fn factors(&self, flags: Flags) -> Volume {
        let Operand { level, tensor, .. } = *self;
        let spread = Spread::of(level, tensor, flags);
        let spatial = tensor.all & level.spatial;
        let moved = flags.mover().map(|m| (m, self.keeps(flags, m)));
        let brings = moved.filter(|(_, kept)| *kept).map(|(mover, _)| mover);
        let held =
            loops(tensor.all & !level.spatial).map(|i| factor(level, i, self.temporal(brings, i)));
        let volume = Volume::of(level, spread, held.collect());
        if moved.is_some_and(|(mover, _)| tensor.all & (1 << mover) == 0) {
            return volume;
        }
        volume.over(level, spread, |role| {
            let share = |i| match moved {
                Some(moved) => self.spatial_moved(flags, moved, role, i),
                None => self.spatial_at_first(flags, role, i),
            };
            let factors = loops(spatial).map(|i| factor(level, i, share(i)));
            factors.collect()
        })
    }
}

impl Outputs<'_> {
    fn out_factor(&self, i: usize, told: Told) -> Factor {
        let mut factor = factor(self.level, i, told);
        let of_outputs = self.level.outs[i] as usize >= MAX_DIRECTIVES;
        match (factor.share, factor.dim) {
            (Share::InputTail, _) => factor.share = Share::Tail,
            (_, Dim::Y) if of_outputs => factor.dim = Dim::YOut,
            (_, Dim::X) if of_outputs => factor.dim = Dim::XOut,
            _ => {}
        }
        factor
    }

    fn held_factors(&self, set: LoopSet) -> Vec<Factor> {
        let level = self.level;
        let of = |i| self.out_factor(i, out_temporal(level, self.flags, i));
        loops(set & !level.spatial).map(of).collect()
    }

    fn spatial_factors(&self, set: LoopSet, role: Role, share: bool) -> Vec<Factor> {
        let of = |i| self.out_factor(i, self.spatial_share(role, share, i));
        loops(set & self.level.spatial).map(of).collect()
    }

    /// Outputs that leave the array: [`Outputs::egress`].
    pub fn leaving(&self) -> Volume {
        let set = self.level.output.once;
        let volume = Volume::of(self.level, self.spread, self.held_factors(set));
        let factors = |role| self.spatial_factors(set, role, true);
        volume.over(self.level, self.spread, factors)
    }

    /// Partial sums over the array: [`Outputs::macs`].
    pub fn sums(&self) -> Volume {
        let (level, spread) = (self.level, self.spread_of_sums());
        let set = level.partial_sums();
        let lead = spread.lead(level);
        let volume = Volume::of(level, spread, self.held_factors(set));
        volume.over(level, spread, |role| match role {
            Role::Ragged => self.spatial_factors(set, role, false),
            _ => self.spatial_factors(set, lead, true),
        })
    }

    /// Partial sums of the slowest sub-cluster: [`Outputs::critical`].
    pub fn sums_of_the_first(&self) -> Volume {
        let (level, set) = (self.level, self.level.partial_sums());
        let role = self.spread.lead(level);
        let mut volume = Volume::of(level, self.spread, self.held_factors(set));
        volume.array = vec![(1, self.spatial_factors(set, role, true))];
        volume
    }
}
