//! A comparison as a comment on a pull request.

use super::review::{Pair, Review, Reviewed};
use super::tables;
use crate::emit::grid::escaped;

/// Longer tables are folded.
const LONG: usize = 8;

/// The comparison: for each design a sentence, the totals, and the layers.
pub fn markdown(review: &Review) -> String {
    let (before, after) = (escaped(&review.before.name), escaped(&review.after.name));
    let mut out = if review.is_equal() {
        format!("Nothing differs between {before} and {after}.\n")
    } else {
        format!("### Decisions: {before} -> {after}\n")
    };
    if review.is_equal() {
        return out;
    }
    for design in &review.designs {
        out.push('\n');
        match design {
            Reviewed::New(name, design) => {
                out += &format!("**{}** is new: {}.\n", escaped(name), tables::alone(design));
            }
            Reviewed::Gone(name, design) => {
                let was = tables::alone(design);
                out += &format!("**{}** is gone: it was {was}.\n", escaped(name));
            }
            Reviewed::Both(pair) => one(pair, &mut out),
        }
    }
    out
}

fn one(pair: &Pair, out: &mut String) {
    *out += &format!("**{}**: {}.\n", escaped(pair.name), tables::headline(pair));
    if pair.is_equal() {
        return;
    }
    *out += &format!("\n{}", tables::totals(pair).markdown());
    if let Some(budgets) = tables::budgets(pair) {
        *out += &format!("\n{}", budgets.markdown());
    }
    let limited = escaped(&tables::limited_by(pair));
    *out += &format!("\n- limited by: {limited}\n");
    for note in tables::notes(pair) {
        *out += &format!("- {}\n", escaped(&note));
    }
    if pair.layers.is_empty() {
        return;
    }
    let table = tables::layers(pair).markdown();
    if pair.layers.len() > LONG {
        let title = format!("{} layers that differ", pair.layers.len());
        *out += &format!("\n<details><summary>{title}</summary>\n\n{table}\n</details>\n");
    } else {
        *out += &format!("\n{table}");
    }
}
