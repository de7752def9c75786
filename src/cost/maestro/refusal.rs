//! Why the model has no price.

use std::fmt;

use super::arith::SIZE_LIMIT;
use super::cost::CASE_LIMIT;
use super::mapping::{MAX_DIRECTIVES, MAX_LEVELS};
use crate::ir::dim::Dim;

/// Why a layer has no price under a mapping. Levels count from 0, the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A bound of the layer is negative or above [`SIZE_LIMIT`].
    Extent {
        /// The dimension it bounds.
        dim: Dim,
        /// The bound given.
        value: i64,
    },
    /// A stride is negative or above [`SIZE_LIMIT`].
    Stride {
        /// The dimension it steps along.
        dim: Dim,
        /// The stride given.
        value: i64,
    },
    /// A tensor depends on a dimension for which the layer has no bound.
    MissingDimension {
        /// The dimension without bound.
        dim: Dim,
    },
    /// A parameter of the hardware is out of range.
    Hardware {
        /// Which one.
        parameter: &'static str,
        /// Its value.
        value: i64,
    },
    /// A tile size or step is not in 1 ..= [`SIZE_LIMIT`], as written or once the window or the
    /// stride has been added to it.
    Tile {
        /// The level of the directive.
        level: u8,
        /// The mapped dimension.
        dim: Dim,
        /// The size or step.
        value: i64,
    },
    /// A cluster size is not in 1 ..= [`SIZE_LIMIT`].
    ClusterSize {
        /// The level it forms.
        level: u8,
        /// The size given.
        value: i64,
    },
    /// More than [`MAX_LEVELS`] cluster levels.
    TooManyLevels,
    /// A level has more than [`MAX_DIRECTIVES`] directives, with those it inherits.
    TooManyDirectives {
        /// The level.
        level: u8,
    },
    /// Fewer PEs than one cluster needs.
    TooFewPes {
        /// PEs of the array.
        pes: i64,
        /// Product of the cluster sizes.
        needed: i64,
    },
    /// A level maps an output dimension but not the filter dimension whose window slides over it.
    NoWindow {
        /// The level.
        level: u8,
        /// The output dimension.
        dim: Dim,
    },
    /// A level maps a dimension both as input (`Y`) and as output (`Y'`).
    MappedTwice {
        /// The level.
        level: u8,
        /// The output dimension.
        dim: Dim,
    },
    /// A temporal directive on `R` or `S` that does not hold the whole window at once.
    PartialWindow {
        /// The level.
        level: u8,
        /// `R` or `S`.
        dim: Dim,
    },
    /// A level maps a dimension its tile does not have.
    NoSuchDimension {
        /// The level.
        level: u8,
        /// The mapped dimension.
        dim: Dim,
    },
    /// A level has no spatial directive, or more than two.
    SpatialMaps {
        /// The level.
        level: u8,
        /// How many it has.
        count: u8,
    },
    /// A loop advances although its whole dimension is already held: nothing new to fetch.
    NothingNew {
        /// The dimension of the loop.
        dim: Dim,
    },
    /// No sub-cluster of the outermost level computes anything: time per step is zero.
    IdleClusters,
    /// More than [`CASE_LIMIT`] iteration cases.
    TooManyCases,
    /// A count does not fit 64 bits.
    Overflow,
    /// In no case does a tile hold a whole window: nothing is computed.
    NothingComputed,
    /// A figure of the report is negative, or not a number where it must be one.
    Nonsense {
        /// Which one.
        figure: &'static str,
    },
}

impl Refusal {
    /// The level and the mapped dimension that it is about, as far as it is about one.
    pub fn place(&self) -> (Option<usize>, Option<Dim>) {
        match *self {
            Refusal::Tile { level, dim, .. }
            | Refusal::NoWindow { level, dim }
            | Refusal::MappedTwice { level, dim }
            | Refusal::PartialWindow { level, dim }
            | Refusal::NoSuchDimension { level, dim } => (Some(level.into()), Some(dim)),
            Refusal::ClusterSize { level, .. }
            | Refusal::TooManyDirectives { level }
            | Refusal::SpatialMaps { level, .. } => (Some(level.into()), None),
            Refusal::TooManyLevels => (Some(MAX_LEVELS), None),
            Refusal::NothingNew { dim } => (None, Some(dim)),
            _ => (None, None),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Refusal::Extent { dim, value } => {
                write!(
                    f,
                    "extent of {} is {value}, not in 1..={SIZE_LIMIT}",
                    dim.name()
                )
            }
            Refusal::Stride { dim, value } => {
                write!(
                    f,
                    "stride of {} is {value}, not in 1..={SIZE_LIMIT}",
                    dim.name()
                )
            }
            Refusal::MissingDimension { dim } => {
                write!(f, "the layer needs an extent of {}", dim.name())
            }
            Refusal::Hardware { parameter, value } => {
                write!(f, "{parameter} is {value}, which the model has no use for")
            }
            Refusal::Tile { level, dim, value } => write!(
                f,
                "level {level}: tile size or step of {} is {value}, not in 1..={SIZE_LIMIT}",
                dim.name()
            ),
            Refusal::ClusterSize { level, value } => {
                write!(
                    f,
                    "level {level}: cluster size is {value}, not in 1..={SIZE_LIMIT}"
                )
            }
            Refusal::TooManyLevels => write!(f, "more than {MAX_LEVELS} cluster levels"),
            Refusal::TooManyDirectives { level } => write!(
                f,
                "level {level}: more than {MAX_DIRECTIVES} directives, with those inherited"
            ),
            Refusal::TooFewPes { pes, needed } => {
                write!(f, "{pes} PEs are fewer than the {needed} of one cluster")
            }
            Refusal::NoWindow { level, dim } => write!(
                f,
                "level {level}: {} is mapped but not the filter dimension that slides over it",
                dim.name()
            ),
            Refusal::MappedTwice { level, dim } => write!(
                f,
                "level {level}: {} is mapped both as input and as output",
                dim.name()
            ),
            Refusal::PartialWindow { level, dim } => write!(
                f,
                "level {level}: a temporal map of {} must hold all of it and step over all of it",
                dim.name()
            ),
            Refusal::NoSuchDimension { level, dim } => {
                write!(f, "level {level}: there is no {} to map", dim.name())
            }
            Refusal::SpatialMaps { level, count } => {
                write!(
                    f,
                    "level {level}: {count} spatial maps, where one or two are needed"
                )
            }
            Refusal::NothingNew { dim } => write!(
                f,
                "the loop over {} advances although all of it is already held",
                dim.name()
            ),
            Refusal::IdleClusters => {
                write!(f, "no sub-cluster of the outermost level computes anything")
            }
            Refusal::TooManyCases => write!(f, "more than {CASE_LIMIT} iteration cases"),
            Refusal::Overflow => write!(f, "a count does not fit 64 bits"),
            Refusal::NothingComputed => {
                write!(f, "no tile holds a whole window, so nothing is computed")
            }
            Refusal::Nonsense { figure } => write!(f, "{figure} comes out as nonsense"),
        }
    }
}

impl std::error::Error for Refusal {}
