//! Elements moved and multiplied in one case.

use super::arith::{Overflow, add, div, mul};
use super::cases::Flags;
use super::levels::{Level, LoopSet, TensorLoops, product_over};
use super::refusal::Refusal;
use super::tiles::{Share, Taken};

mod factors;

pub use factors::{Factor, Volume};

/// The part a sub-cluster plays in the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The first, with a full tile.
    Lead,
    /// The first and only one, with a partial tile.
    LeadRagged,
    /// Any other with a full tile.
    Peer,
    /// The last, with a partial tile.
    Ragged,
}

impl Role {
    fn first(self) -> bool {
        matches!(self, Role::Lead | Role::LeadRagged)
    }

    fn ragged(self) -> bool {
        matches!(self, Role::Ragged | Role::LeadRagged)
    }
}

/// How a tensor is spread over the array in a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    /// One of its dimensions is spatial. Otherwise one transfer is broadcast to all for free.
    spatial: bool,
    /// One of its spatial dimensions is at an edge.
    pub edge: bool,
    /// The last active sub-cluster holds a partial tile.
    pub ragged: bool,
}

impl Spread {
    /// How `tensor` is spread.
    #[inline]
    pub fn of(level: &Level, tensor: &TensorLoops, flags: Flags) -> Spread {
        Spread {
            spatial: tensor.all & level.spatial != 0,
            edge: tensor.all & level.spatial & flags.edge() != 0,
            ragged: tensor.last_spatial & flags.ragged() != 0,
        }
    }

    /// The role of the first sub-cluster.
    fn lead(self, level: &Level) -> Role {
        let alone = self.spatial && self.edge && self.ragged && level.edge_clusters == 1;
        if alone { Role::LeadRagged } else { Role::Lead }
    }

    /// The sum of g over the active sub-clusters:
    ///
    /// * not spatial: g(Lead);
    /// * not at an edge: g(Lead) + (n - 1) g(Peer);
    /// * at an edge with NE active: g of the first and, if NE > 1,
    ///   max(NE - 1 - \[ragged\], 0) g(Peer) + \[ragged\] g(Ragged).
    #[inline(always)]
    fn total(
        self,
        level: &Level,
        g: impl Fn(Role) -> Result<i64, Overflow>,
    ) -> Result<i64, Overflow> {
        if !self.spatial || !self.edge {
            let lead = g(Role::Lead)?;
            if !self.spatial || level.clusters == 1 {
                return Ok(lead);
            }
            return add(lead, mul(level.clusters - 1, g(Role::Peer)?)?);
        }
        let mut total = g(self.lead(level))?;
        if level.edge_clusters > 1 {
            let peers = (level.edge_clusters - 1 - i64::from(self.ragged)).max(0);
            total = add(total, mul(peers, g(Role::Peer)?)?)?;
            if self.ragged {
                total = add(total, g(Role::Ragged)?)?;
            }
        }
        Ok(total)
    }
}

/// An operand (input or filter) of a level on a tile.
pub(super) struct Operand<'a> {
    level: &'a Level,
    tensor: &'a TensorLoops,
    /// Loops that hold an edge tile at their first and only iteration.
    edge: LoopSet,
    /// Product of the temporal factors at the very first iteration.
    held: Result<i64, Overflow>,
}

impl<'a> Operand<'a> {
    /// An operand on a tile whose loops of one state are in the states `first`.
    pub fn new(level: &'a Level, tensor: &'a TensorLoops, first: Flags) -> Operand<'a> {
        let mut operand = Operand {
            level,
            tensor,
            edge: first.edge(),
            held: Ok(1),
        };
        operand.held = operand.held(None);
        operand
    }

    /// The product of the temporal factors: what is held of each dimension, of that of the loop
    /// `mover` what is new. An edge tile of a moving loop is charged at its full or fresh size,
    /// not its tail.
    fn held(&self, mover: Option<usize>) -> Result<i64, Overflow> {
        let level = self.level;
        let wide = level.wide | mover.map_or(0, |i| 1 << i);
        product_over(self.tensor.all & !level.spatial & wide, |i| {
            self.temporal(mover, i)
        })
    }

    /// What counts of the tile of a temporal loop.
    #[inline(always)]
    fn temporal<T: Taken>(&self, mover: Option<usize>, i: usize) -> T {
        let tile = &self.level.tiles[i];
        if mover == Some(i) {
            T::taken(tile, Share::Fresh)
        } else if self.edge & (1 << i) != 0 {
            T::taken(tile, Share::Tail)
        } else {
            T::taken(tile, Share::Full)
        }
    }

    /// What counts of the tile of a spatial loop at the very first tiles. Peers load complete tiles:
    /// halos are not shared here.
    #[inline(always)]
    fn spatial_at_first<T: Taken>(&self, flags: Flags, role: Role, i: usize) -> T {
        let tile = &self.level.tiles[i];
        if flags.edge() & (1 << i) == 0 {
            T::taken(tile, Share::Full)
        } else if self.level.edge_clusters > 1 {
            if role.ragged() {
                T::taken(tile, Share::Tail)
            } else {
                T::taken(tile, Share::Full)
            }
        } else if role.first() || role.ragged() {
            T::taken(tile, Share::Tail)
        } else {
            T::taken(tile, Share::One)
        }
    }

    /// The same once the loop `mover` has moved. Neighbours share halos: all but the first bring only
    /// what is new to them along the mover, if the rest is kept, and along spatial loops inside it.
    #[inline(always)]
    fn spatial_moved<T: Taken>(
        &self,
        flags: Flags,
        (mover, kept): (usize, bool),
        role: Role,
        i: usize,
    ) -> T {
        let tile = &self.level.tiles[i];
        let partial = !role.first()
            && if flags.moving() & (1 << i) == 0 {
                i > mover
            } else {
                i == mover && kept
            };
        match (role.ragged(), partial) {
            (true, true) => T::taken(tile, Share::TailFresh),
            (true, false) => T::taken(tile, Share::Tail),
            (false, true) => T::taken(tile, Share::Fresh),
            (false, false) => T::taken(tile, Share::Full),
        }
    }

    /// Whether what was held of the tensor stays when the loop `mover` moves: no loop of the tensor
    /// inside it has several iterations and restarted.
    #[inline(always)]
    fn keeps(&self, flags: Flags, mover: usize) -> bool {
        let inside = !((2 << mover) - 1) as LoopSet;
        self.tensor.all & inside & !flags.moving() & !flags.unrolled() == 0
    }

    /// Elements that enter the array in a case.
    ///
    /// The mover is the innermost loop past its first iteration. If the tensor does not depend on
    /// it, the tensor is stationary and nothing enters - even if the mover's advance restarted
    /// inner loops of the tensor, whose first tile is then missed. Otherwise everything held is
    /// fetched, except that the mover brings only its `fresh` part, unless a loop of the tensor
    /// inside the mover has several iterations and restarted: then nothing could be kept and all
    /// is reloaded.
    #[inline(always)]
    pub fn ingress(&self, flags: Flags) -> Result<i64, Refusal> {
        let Operand { level, tensor, .. } = *self;
        let spatial = tensor.all & level.spatial;
        let Some(mover) = flags.mover() else {
            let held = self.held?;
            if spatial == 0 {
                return Ok(held);
            }
            let spread = Spread::of(level, tensor, flags);
            let array = spread.total(level, |role| {
                product_over(spatial, |i| self.spatial_at_first(flags, role, i))
            })?;
            return Ok(mul(held, array)?);
        };
        if tensor.all & (1 << mover) == 0 {
            return Ok(0);
        }
        let kept = self.keeps(flags, mover);
        let moved = &level.tiles[mover];
        let mut held = self.held;
        if kept && spatial & (1 << mover) == 0 && moved.fresh != moved.full {
            held = match held {
                Ok(held) => Ok(div(held, moved.full) * moved.fresh),
                Err(_) => self.held(Some(mover)),
            };
            if moved.fresh == 0 {
                held?;
                let dim = level.segment.directives()[mover].dim;
                return Err(Refusal::NothingNew { dim });
            }
        }
        let held = held?;
        if spatial == 0 {
            return Ok(held);
        }
        let spread = Spread::of(level, tensor, flags);
        let array = spread.total(level, |role| {
            product_over(spatial, |i| {
                self.spatial_moved(flags, (mover, kept), role, i)
            })
        })?;
        Ok(mul(held, array)?)
    }
}

/// Output volumes of one case.
pub(super) struct Outputs<'a> {
    level: &'a Level,
    flags: Flags,
    /// How the output is spread.
    spread: Spread,
    /// Product of the output's temporal factors.
    held: i64,
    /// Partial sums of the slowest sub-cluster: those of the first. Where only a dimension that
    /// is summed over is spatial, its full tile counts even if the only active sub-cluster holds
    /// less.
    pub critical: i64,
    /// Product of all temporal factors.
    summed: i64,
    /// Product of all spatial factors of the first sub-cluster.
    lead: i64,
}

/// What counts of the tile of outputs of a temporal loop.
#[inline(always)]
fn out_temporal<T: Taken>(level: &Level, flags: Flags, i: usize) -> T {
    let tile = level.out_tile(i);
    if flags.edge() & (1 << i) != 0 {
        T::taken(tile, Share::Tail)
    } else {
        T::taken(tile, Share::Full)
    }
}

impl<'a> Outputs<'a> {
    /// Prepares the case. A temporal factor is the tile of outputs (Y' for Y), its tail at an
    /// edge.
    #[inline(always)]
    pub fn new(level: &'a Level, flags: Flags) -> Result<Outputs<'a>, Overflow> {
        let temporal = |set: LoopSet| {
            product_over(set & !level.spatial & level.out_wide, |i| {
                out_temporal(level, flags, i)
            })
        };
        let held = temporal(level.output.once)?;
        let mut outputs = Outputs {
            level,
            flags,
            spread: Spread::of(level, &level.output, flags),
            held,
            critical: 0,
            summed: mul(held, temporal(level.reduction)?)?,
            lead: 0,
        };
        let role = outputs.spread.lead(level);
        outputs.lead = outputs.spatial(level.partial_sums(), role, true)?;
        outputs.critical = mul(outputs.summed, outputs.lead)?;
        Ok(outputs)
    }

    /// The product of the spatial factors of the loops in `set` for one role. `share`: the
    /// ragged sub-cluster counts only what its neighbours do not hold.
    #[inline(always)]
    fn spatial(&self, set: LoopSet, role: Role, share: bool) -> Result<i64, Overflow> {
        product_over(set & self.level.spatial, |i| {
            self.spatial_share(role, share, i)
        })
    }

    /// What counts of the tile of a spatial loop; see [`Outputs::spatial`].
    #[inline(always)]
    fn spatial_share<T: Taken>(&self, role: Role, share: bool, i: usize) -> T {
        let (level, flags) = (self.level, self.flags);
        let bit = 1 << i;
        let tile = level.out_tile(i);
        let plain = || match (role.first(), tile.fresh) {
            (true, _) => T::taken(tile, Share::Full),
            (false, 0) => T::taken(tile, Share::One),
            (false, _) => T::taken(tile, Share::Fresh),
        };
        if flags.edge() & bit == 0 {
            plain()
        } else if flags.moving() & bit == 0 {
            if !role.ragged() {
                plain()
            } else if level.output.all & bit != 0 && level.edge_clusters > 1 && share {
                T::taken(tile, Share::TailFresh)
            } else {
                T::taken(tile, Share::Tail)
            }
        } else if level.edge_clusters == 1 {
            // The extent of the input even for rows and columns, where that of the output
            // would be right: egress and MACs come out too high.
            if role.first() || role.ragged() {
                T::taken(&level.tiles[i], Share::InputTail)
            } else {
                T::taken(tile, Share::One)
            }
        } else if role.ragged() {
            T::taken(tile, Share::TailFresh)
        } else {
            plain()
        }
    }

    /// Output elements that leave the array.
    #[inline(always)]
    pub fn egress(&self) -> Result<i64, Overflow> {
        let set = self.level.output.once;
        let array = self
            .spread
            .total(self.level, |role| self.spatial(set, role, true))?;
        mul(self.held, array)
    }

    /// How sums are spread: always, along all spatial loops.
    #[inline(always)]
    fn spread_of_sums(&self) -> Spread {
        let (level, flags) = (self.level, self.flags);
        Spread {
            spatial: true,
            edge: level.spatial & flags.edge() != 0,
            ragged: flags.ragged() & (1 << level.last_spatial) != 0,
        }
    }

    /// Partial sums over the array. Two spatial dimensions advance together along a diagonal, so
    /// that the array's factor is n, not its square.
    #[inline(always)]
    pub fn macs(&self) -> Result<i64, Overflow> {
        let (level, spread) = (self.level, self.spread_of_sums());
        let set = level.partial_sums();
        let role = spread.lead(level);
        let lead = if role == self.spread.lead(level) {
            self.lead
        } else {
            self.spatial(set, role, true)?
        };
        let array = spread.total(level, |role| match role {
            Role::Ragged => self.spatial(set, role, false),
            _ => Ok(lead),
        })?;
        mul(self.summed, array)
    }
}
