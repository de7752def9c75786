//! A comparison for the terminal.

use super::review::{Pair, Review, Reviewed};
use super::tables;

/// The comparison in words and columns.
pub fn text(review: &Review) -> String {
    if review.is_equal() {
        let (before, after) = (&review.before.name, &review.after.name);
        return format!("nothing differs between {before} and {after}\n");
    }
    let mut out = format!("{} -> {}\n", review.before.name, review.after.name);
    for design in &review.designs {
        out.push('\n');
        match design {
            Reviewed::New(name, design) => {
                out += &format!("{name}: new, {}\n", tables::alone(design));
            }
            Reviewed::Gone(name, design) => {
                out += &format!("{name}: gone, was {}\n", tables::alone(design));
            }
            Reviewed::Both(pair) => one(pair, &mut out),
        }
    }
    out
}

fn one(pair: &Pair, out: &mut String) {
    *out += &format!("{}: {}\n", pair.name, tables::headline(pair));
    if pair.is_equal() {
        return;
    }
    let mut block = |lines: Vec<String>| {
        if !lines.is_empty() {
            out.push('\n');
        }
        for line in lines {
            *out += &format!("  {line}\n");
        }
    };
    block(tables::notes(pair));
    block(tables::totals(pair).lines());
    if let Some(budgets) = tables::budgets(pair) {
        block(budgets.lines());
    }
    block(vec![format!("limited by  {}", tables::limited_by(pair))]);
    if !pair.layers.is_empty() {
        block(tables::layers(pair).lines());
    }
}
