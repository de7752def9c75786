//! The problem as a searcher or a cost model may know it. Knows no text.

pub mod dataflow;
pub mod dim;
pub mod layer;
pub mod menu;
pub mod metric;
pub mod network;
pub mod precision;
pub mod problem;
pub mod registry;
pub mod size;
pub mod technology;
