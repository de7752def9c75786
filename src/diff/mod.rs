//! What differs between two sets of decisions, made to be read in a review: two locks, two results
//! of a build, or one of each. What only one of them can know is "not known" and is not compared.

mod json;
mod listing;
mod markdown;
mod result;
mod review;
mod side;
mod tables;
mod text;

pub use json::json;
pub use listing::listing;
pub use markdown::markdown;
pub use review::{Moved, Pair, Review, Reviewed};
pub use side::{Design, Side};
pub use text::text;
