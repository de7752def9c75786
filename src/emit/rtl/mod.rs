//! The decided configuration as parameters for Verilog: a SystemVerilog package, and a header of
//! macros for plain Verilog. `docs/outputs.md` says what each parameter is.
//!
//! Both have the values of all layers in flat vectors: arrays of parameters and parameters of an
//! enumeration are beyond some of the tools that read this.

mod header;
mod names;
mod package;
mod parameters;

pub use header::header;
pub use package::package;
