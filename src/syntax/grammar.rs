//! The parser that pest makes of `grammar/cfx.pest`.

use pest_derive::Parser;

/// Reads text by the rules of the grammar.
#[derive(Parser)]
#[grammar = "grammar/cfx.pest"]
pub(super) struct Grammar;
