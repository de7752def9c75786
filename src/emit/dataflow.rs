//! Imported dataflows as blocks of the language.

use super::inputs::{directive, size};
use super::network::name;
use crate::ir::dataflow::{ClusterLevel, Dataflow};

/// Where a list of names goes on in the next line.
const WIDTH: usize = 96;

/// `dataflow name { … }` of a dataflow that reads no knobs.
pub fn cfx(dataflow: &Dataflow) -> String {
    let mut out = format!("dataflow {} {{\n", name(&dataflow.name));
    for rule in &dataflow.rules {
        let (mut line, names): (String, Vec<String>) = if rule.layers.is_empty() {
            let ops = rule.ops.iter().map(|op| op.name().to_string());
            ("  for ".to_string(), ops.collect())
        } else {
            let layers = rule.layers.iter().map(|layer| name(layer));
            ("  for layer ".to_string(), layers.collect())
        };
        for (i, name) in names.iter().enumerate() {
            if line.len() + name.len() > WIDTH && i > 0 {
                out.push_str(line.trim_end());
                out.push('\n');
                line = "    ".to_string();
            }
            line.push_str(name);
            line.push_str(if i + 1 < names.len() { ", " } else { " {" });
        }
        out.push_str(&line);
        out.push('\n');
        levels(&rule.levels, "    ", &mut out);
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

/// The directives of the first level and, inside of its cluster, those of the others.
fn levels(all: &[ClusterLevel], indent: &str, out: &mut String) {
    let Some((level, inner)) = all.split_first() else {
        return;
    };
    for d in &level.directives {
        out.push_str(&format!("{indent}{}\n", directive(d, &[])));
    }
    if let Some(cluster) = inner.first().and_then(|level| level.cluster.as_ref()) {
        out.push_str(&format!("{indent}cluster {} {{\n", size(cluster, &[])));
        levels(inner, &format!("{indent}  "), out);
        out.push_str(&format!("{indent}}}\n"));
    }
}
