//! Decisions, prices and graphs as text: JSON, Markdown, CSV, TOML, DOT, Verilog, and a summary for a
//! terminal.
//!
//! Nothing here reads a clock, a file or the environment, so that equal decisions give equal bytes.

pub mod csv;
pub mod dataflow;
pub mod decision;
pub mod exporters;
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
pub mod rtl;
pub mod schema;
pub mod summary;
pub mod toml;

pub use decision::Decision;
