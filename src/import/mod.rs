//! Layers from files of other tools, as statements of the language with places in those files.

pub mod csv;
pub mod table;
