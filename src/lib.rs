//! `cfxc`: a compiler for DNN accelerator configurations.
//!
//! Text becomes an AST (`syntax`), the AST a checked problem (`sema`, `ir`), design points get
//! prices (`cost`, `space`), a search decides (`nn`, `search`), and the decision becomes files
//! (`emit`). `docs/architecture.md` says which room may know which.

pub mod base;
pub mod certify;
pub mod cli;
pub mod cost;
pub mod diag;
pub mod diff;
pub mod emit;
pub mod import;
pub mod ir;
pub mod lock;
pub mod nn;
pub mod search;
pub mod sema;
pub mod space;
pub mod syntax;
