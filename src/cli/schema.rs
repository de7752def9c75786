//! `cfxc schema`: prints the JSON Schema of an output.

use super::console::Console;
use super::exit::Exit;
use crate::emit::schema::{SCHEMAS, Schema};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Print the JSON Schema of what tools may read
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc schema result > result.schema.json
  cfxc schema diagnostics

The schemas are of draft 2020-12 and say the unit of every number.")]
pub struct Args {
    /// Which JSON
    #[arg(value_parser = schema())]
    what: &'static Schema,
}

fn schema() -> impl TypedValueParser<Value = &'static Schema> {
    let named = |s: &'static Schema| PossibleValue::new(s.name).help(s.summary);
    PossibleValuesParser::new(SCHEMAS.iter().map(named)).try_map(|name| {
        let found = SCHEMAS.iter().find(|s| s.name == name);
        found.ok_or("no such schema")
    })
}

pub fn run(args: &Args, console: &Console) -> Exit {
    console.print(args.what.text)
}
