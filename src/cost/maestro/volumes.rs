//! Elements moved and multiplied in one case.

use super::arith::{Overflow, add, mul, product};
use super::cases::Flags;
use super::levels::{Level, LoopSet, TensorLoops, loops};
use super::refusal::Refusal;

/// The part a sub-cluster plays in the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
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
    fn total(
        self,
        level: &Level,
        g: impl Fn(Role) -> Result<i64, Overflow>,
    ) -> Result<i64, Overflow> {
        let lead = g(self.lead(level))?;
        if !self.spatial {
            return Ok(lead);
        }
        if !self.edge {
            if level.clusters == 1 {
                return Ok(lead);
            }
            return add(lead, mul(level.clusters - 1, g(Role::Peer)?)?);
        }
        let mut total = lead;
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

/// Elements of an operand (input or filter) that enter the array in a case.
///
/// The mover is the innermost loop past its first iteration. If the tensor does not depend on it,
/// the tensor is stationary and nothing enters - even if the mover's advance restarted inner loops
/// of the tensor, whose first tile is then missed. Otherwise everything held is fetched, except
/// that the mover brings only its `fresh` part, unless a loop of the tensor inside the mover has
/// several iterations and restarted: then nothing could be kept and all is reloaded.
pub(super) fn ingress(level: &Level, tensor: &TensorLoops, flags: Flags) -> Result<i64, Refusal> {
    let mover = flags.mover();
    if mover.is_some_and(|i| tensor.all & (1 << i) == 0) {
        return Ok(0);
    }
    let spread = Spread::of(level, tensor, flags);
    let spatial = tensor.all & level.spatial;
    let temporal = tensor.all & !level.spatial;
    let at_first = |i: usize| {
        let tile = &level.tiles[i];
        if flags.edge() & (1 << i) != 0 {
            tile.tail
        } else {
            tile.full
        }
    };
    let Some(mover) = mover else {
        // The very first tiles. Peers load complete tiles: halos are not shared here.
        let held = product(loops(temporal & level.wide).map(at_first))?;
        if spatial == 0 {
            return Ok(held);
        }
        let array = spread.total(level, |role| {
            product(loops(spatial).map(|i| {
                let tile = &level.tiles[i];
                if flags.edge() & (1 << i) == 0 {
                    tile.full
                } else if level.edge_clusters > 1 {
                    if role.ragged() { tile.tail } else { tile.full }
                } else if role.first() || role.ragged() {
                    tile.tail
                } else {
                    1
                }
            }))
        })?;
        return Ok(mul(held, array)?);
    };
    let inside = !((2 << mover) - 1) as LoopSet;
    let reload = tensor.all & inside & !flags.moving() & !flags.unrolled() != 0;
    let kept = !reload;
    // An edge tile of a moving temporal loop is charged at its full or fresh size, not its tail.
    let mut held = 1;
    for i in loops(temporal & (level.wide | 1 << mover)) {
        let extent = if flags.moving() & (1 << i) == 0 {
            at_first(i)
        } else if i == mover && kept {
            if level.tiles[i].fresh == 0 {
                let dim = level.segment.directives()[i].dim;
                return Err(Refusal::NothingNew { dim });
            }
            level.tiles[i].fresh
        } else {
            level.tiles[i].full
        };
        held = mul(held, extent)?;
    }
    if spatial == 0 {
        return Ok(held);
    }
    // Neighbours share halos: all but the first bring only what is new to them along the mover,
    // and along spatial loops inside it.
    let array = spread.total(level, |role| {
        product(loops(spatial).map(|i| {
            let tile = &level.tiles[i];
            let partial = !role.first()
                && if flags.moving() & (1 << i) == 0 {
                    i > mover
                } else {
                    i == mover && kept
                };
            match (role.ragged(), partial) {
                (true, true) => tile.tail_fresh,
                (true, false) => tile.tail,
                (false, true) => tile.fresh,
                (false, false) => tile.full,
            }
        }))
    })?;
    Ok(mul(held, array)?)
}

/// Output volumes of one case.
pub(super) struct Outputs<'a> {
    level: &'a Level,
    flags: Flags,
    /// Product of the output's temporal factors.
    held: i64,
    /// Product of the temporal factors of the loops that are summed over.
    summed: i64,
}

impl<'a> Outputs<'a> {
    /// Prepares the case. A temporal factor is the tile of outputs (Y' for Y), its tail at an
    /// edge.
    pub fn new(level: &'a Level, flags: Flags) -> Result<Outputs<'a>, Overflow> {
        let temporal = |set: LoopSet| {
            product(loops(set & !level.spatial & level.out_wide).map(|i| {
                let tile = level.out_tile(i);
                if flags.edge() & (1 << i) != 0 {
                    tile.tail
                } else {
                    tile.full
                }
            }))
        };
        Ok(Outputs {
            level,
            flags,
            held: temporal(level.output.once)?,
            summed: temporal(level.reduction)?,
        })
    }

    /// The product of the spatial factors of the loops in `set` for one role. `share`: the
    /// ragged sub-cluster counts only what its neighbours do not hold.
    fn spatial(&self, set: LoopSet, role: Role, share: bool) -> Result<i64, Overflow> {
        let Outputs { level, flags, .. } = *self;
        product(loops(set & level.spatial).map(|i| {
            let bit = 1 << i;
            let tile = level.out_tile(i);
            let plain = match (role.first(), tile.fresh) {
                (true, _) => tile.full,
                (false, 0) => 1,
                (false, fresh) => fresh,
            };
            if flags.moving() & bit == 0 {
                if flags.edge() & bit == 0 || !role.ragged() {
                    plain
                } else if level.output.all & bit != 0 && level.edge_clusters > 1 && share {
                    tile.tail_fresh
                } else {
                    tile.tail
                }
            } else if flags.last() & bit == 0 {
                plain
            } else if level.edge_clusters == 1 {
                // The extent of the input even for rows and columns, where that of the output
                // would be right: egress and MACs come out too high.
                if role.first() || role.ragged() {
                    level.tiles[i].tail
                } else {
                    1
                }
            } else if role.ragged() {
                tile.tail_fresh
            } else {
                plain
            }
        }))
    }

    /// Output elements that leave the array.
    pub fn egress(&self) -> Result<i64, Overflow> {
        let spread = Spread::of(self.level, &self.level.output, self.flags);
        let set = self.level.output.once;
        mul(
            self.held,
            spread.total(self.level, |role| self.spatial(set, role, true))?,
        )
    }

    /// Partial sums of the slowest sub-cluster: those of the first. Where only a dimension that
    /// is summed over is spatial, its full tile counts even if the only active sub-cluster holds
    /// less.
    pub fn critical(&self) -> Result<i64, Overflow> {
        let role = Spread::of(self.level, &self.level.output, self.flags).lead(self.level);
        let factors = self.spatial(self.level.partial_sums(), role, true)?;
        mul(mul(self.held, self.summed)?, factors)
    }

    /// Partial sums over the array. Two spatial dimensions advance together along a diagonal, so
    /// that the array's factor is n, not its square.
    pub fn macs(&self) -> Result<i64, Overflow> {
        let (level, flags) = (self.level, self.flags);
        let spread = Spread {
            spatial: true,
            edge: level.spatial & flags.edge() != 0,
            ragged: flags.ragged() & (1 << level.last_spatial) != 0,
        };
        let set = level.partial_sums();
        let array = spread.total(level, |role| match role {
            Role::Lead | Role::Peer => self.spatial(set, Role::Lead, true),
            Role::LeadRagged => self.spatial(set, Role::LeadRagged, true),
            Role::Ragged => self.spatial(set, Role::Ragged, false),
        })?;
        mul(mul(self.held, self.summed)?, array)
    }
}
