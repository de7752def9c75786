//! The SystemVerilog package.

use super::parameters::{Parameters, Vector, filled, literal};
use crate::cost::Refused;
use crate::emit::Decision;

/// `package <design>_pkg`.
///
/// # Errors
/// Numbers that do not fit 64 bits.
pub fn package(decision: &Decision) -> Result<String, Refused> {
    let p = Parameters::new(decision)?;
    let mut out = String::new();
    for line in &p.head {
        out.push_str(&format!("// {line}\n"));
    }
    out.push_str(&format!(
        "//
// A vector has one value for each layer, WIDTH bits wide, that of layer 0 in the lowest bits:
// PES[layer*WIDTH +: WIDTH].
package {}_pkg;
  // A module need not read all of them.
  // verilator lint_off UNUSEDPARAM
",
        p.design
    ));
    for e in &p.enumerations {
        out.push_str(&format!("\n  // {}\n", capital(e.comment)));
        out.push_str("  typedef enum logic [31:0] {\n");
        let prefix = e.name;
        for (i, (identifier, name)) in e.members.iter().enumerate() {
            let comma = if i + 1 < e.members.len() { "," } else { "" };
            out.push_str(&format!(
                "    {prefix}_{identifier} = 32'd{i}{comma} // {name}\n"
            ));
        }
        out.push_str(&format!("  }} {}_e;\n", prefix.to_ascii_lowercase()));
    }
    out.push('\n');
    for g in &p.globals {
        let value = literal(g.value);
        let bits = if value.starts_with("64") { 63 } else { 31 };
        out.push_str(&format!(
            "  localparam logic [{bits}:0] {} = {value}; // {}\n",
            g.name, g.comment
        ));
    }
    out.push_str("\n  // The layers' numbers and names\n");
    for (i, (identifier, name)) in p.layers.iter().enumerate() {
        out.push_str(&format!(
            "  localparam logic [31:0] LAYER_{identifier} = 32'd{i}; // {name}\n"
        ));
    }
    out.push_str(&format!(
        "\n  localparam logic [31:0] WIDTH = 32'd{}; // bits of a value in a vector\n",
        p.width
    ));
    for vector in &p.vectors {
        out.push_str(&one(vector, &p));
    }
    let value = |name: &str, layer: usize, bits: u32| {
        format!("{name}[{} +: {bits}]", layer * p.width as usize)
    };
    let conditions = p.conditions(&str::to_string, &value);
    out.push_str(&format!(
        "\n  // Tools stop here with an error if an address width is not that of its memory.\n  \
         localparam logic ADDR_BITS_CHECKED = {{(\n    {}\n  ){{1'b1}}}};\n",
        conditions.join(" &&\n    ")
    ));
    out.push_str("  // verilator lint_on UNUSEDPARAM\nendpackage\n");
    Ok(out)
}

/// The last layer stands first, as bits are written.
fn one(vector: &Vector, p: &Parameters) -> String {
    let width = p.width;
    let values = vector.values.iter().rev();
    let values: Vec<String> = values.map(|v| format!("{width}'d{v}")).collect();
    let top = p.layers.len() * width as usize - 1;
    format!(
        "\n  // {}\n  localparam logic [{top}:0] {} = {{\n{}\n  }};\n",
        capital(&vector.comment),
        vector.name,
        filled(&values, "\n")
    )
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_ascii_uppercase().to_string() + chars.as_str()
    })
}
