//! The design space: choices per layer, their prices, limits, and what is feasible.

mod build;
pub mod cheapest;
pub mod evaluate;
pub mod feasible;
pub mod idle;
mod limits;
pub mod path;
pub mod point;
pub mod probe;
pub mod table;

pub use build::{MAX_PRICES, Space, SpaceError};
pub use evaluate::{Around, Assignment, Evaluation, Totals};
pub use limits::BoundLimit;
pub use path::Paths;
pub use point::{Grid, Point};
