//! The header for plain Verilog: macros, since parameters of a header would have to be repeated in
//! every module, where an include guard leaves them out.

use super::parameters::{Parameters, Vector, filled, literal};
use crate::cost::Refused;
use crate::emit::Decision;

/// Macros `<design>__…` under an include guard.
///
/// # Errors
/// Numbers that do not fit 64 bits.
pub fn header(decision: &Decision) -> Result<String, Refused> {
    let p = Parameters::new(decision)?;
    let design = &p.design;
    let mut out = String::new();
    for line in &p.head {
        out.push_str(&format!("// {line}\n"));
    }
    out.push_str(&format!(
        "//
// A vector has one value for each layer, WIDTH bits wide, that of layer 0 in the lowest bits; give
// it to a localparam to take parts of it. `{design}__ADDR_BITS_CHECK, given to a localparam of one
// bit, stops tools with an error if a width is not that of its memory.
`ifndef {design}__VH
`define {design}__VH
"
    ));
    let mut define = |comment: &str, name: &str, value: &str| {
        out.push_str(&format!("\n// {comment}\n`define {design}__{name} {value}"));
    };
    for e in &p.enumerations {
        for (i, (identifier, name)) in e.members.iter().enumerate() {
            define(
                &format!("{}: {name}", e.comment),
                &format!("{}_{identifier}", e.name),
                &format!("32'd{i}"),
            );
        }
    }
    for g in &p.globals {
        define(&g.comment, g.name, &literal(g.value));
    }
    define(
        "bits of a value in a vector",
        "WIDTH",
        &format!("32'd{}", p.width),
    );
    for (i, (identifier, name)) in p.layers.iter().enumerate() {
        define(
            &format!("number of layer {name}"),
            &format!("LAYER_{identifier}"),
            &format!("32'd{i}"),
        );
    }
    for vector in &p.vectors {
        define(
            &vector.comment,
            &vector.name,
            &concatenation(vector, p.width),
        );
    }
    for (i, (identifier, name)) in p.layers.iter().enumerate() {
        out.push_str(&format!("\n\n// layer {i}, {name}"));
        for vector in &p.vectors {
            let value = literal(vector.values[i]);
            out.push_str(&format!(
                "\n`define {design}__{identifier}__{} {value}",
                vector.name
            ));
        }
    }
    let global = |name: &str| format!("`{design}__{name}");
    let value = |name: &str, layer: usize, _| format!("`{design}__{}__{name}", p.layers[layer].0);
    let conditions = p.conditions(&global, &value);
    out.push_str(&format!(
        "\n\n`define {design}__ADDR_BITS_CHECK {{( \\\n  {} \\\n  ){{1'b1}}}}\n\n`endif\n",
        conditions.join(" && \\\n  ")
    ));
    Ok(out)
}

/// The last layer stands first, as bits are written.
fn concatenation(vector: &Vector, width: u32) -> String {
    let values = vector.values.iter().rev();
    let values: Vec<String> = values.map(|v| format!("{width}'d{v}")).collect();
    format!("{{ \\\n{} \\\n  }}", filled(&values, " \\\n"))
}
