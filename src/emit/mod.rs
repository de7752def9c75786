//! Decisions, prices and graphs as text: JSON, Markdown, CSV, DOT, and a summary for a terminal.
//!
//! Nothing here reads a clock, a file or the environment, so that equal decisions give equal bytes.

pub mod dataflow;
pub mod decision;
pub mod expect;
pub mod graph;
pub mod grid;
mod inputs;
pub mod insight;
pub mod json;
mod layers;
pub mod maestro;
pub mod markdown;
pub mod network;
pub mod number;
pub mod prices;
pub mod proof;
pub mod summary;
pub mod tested;

pub use decision::Decision;
