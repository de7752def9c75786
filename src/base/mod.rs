//! Ground floor: source places, units, portable maths, random streams. Knows nothing of `cfxc`.

pub mod math;
pub mod random;
pub mod span;
pub mod units;
