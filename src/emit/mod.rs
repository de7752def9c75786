//! Decisions, prices, fronts and graphs as text: JSON, Markdown, HTML with pictures, CSV, TOML, DOT,
//! Verilog, and a summary for a terminal.
//!
//! Nothing here reads a clock, a file or the environment, so that equal decisions give equal bytes.

pub mod account;
pub mod breakdown;
pub mod chart;
pub mod csv;
pub mod dataflow;
pub mod decision;
pub mod expect;
pub mod exporters;
mod free;
pub mod front;
pub mod graph;
pub mod grid;
pub mod html;
mod idle;
mod inputs;
pub mod insight;
pub mod json;
mod layers;
pub mod maestro;
pub mod markdown;
pub mod markup;
mod names;
pub mod network;
pub mod number;
pub mod prices;
pub mod proof;
pub mod rtl;
pub mod schema;
pub mod summary;
mod tables;
pub mod tested;
pub mod toml;

pub use decision::Decision;
