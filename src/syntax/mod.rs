//! Text to AST.

pub mod ast;

use crate::base::span::FileId;
use crate::diag::Diagnostic;
/// stub
pub fn parse(_file: FileId, _text: &str) -> (ast::File, Vec<Diagnostic>) {
    unimplemented!()
}
