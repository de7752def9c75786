//! Text to AST.

pub mod ast;
