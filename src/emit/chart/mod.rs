//! Pictures, drawn by code as SVG: bars, lines, and the network with what its layers take.
//!
//! Every picture has a title and a description for those who do not see it, takes its colours from a
//! style sheet (`chart/style.css`, light and dark), and shows nothing that stands in no table.

pub mod axis;
pub mod bars;
pub mod canvas;
pub mod convergence;
pub mod front;
pub mod lanes;
pub mod layers;
pub mod plot;
pub mod roofline;

/// Colours and strokes of all pictures.
pub const STYLE: &str = include_str!("style.css");
