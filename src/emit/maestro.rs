//! A decided design as MAESTRO's own files, so that the original can check its figures.

use super::Decision;
use super::exporters::File;
use crate::cost::{self, Refused, maestro};
use crate::ir::dataflow::{MapKind, Rule};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::menu::Menu;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One layer at its point.
#[derive(Debug, Clone)]
pub struct MappedLayer {
    /// As the network calls it.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// As the original sees it.
    pub layer: maestro::Layer,
    /// How it is mapped there.
    pub mapping: maestro::Mapping,
}

impl MappedLayer {
    /// A layer mapped by a rule with the knobs at these values.
    ///
    /// # Errors
    /// What has no place in the original's model.
    pub fn new(
        name: &str,
        shape: &LayerShape,
        rule: &Rule,
        knobs: &[u64],
    ) -> Result<MappedLayer, Refused> {
        let (layer, mapping) = cost::original(shape, rule, knobs)?;
        Ok(MappedLayer {
            name: name.to_string(),
            op: shape.mapped_as(),
            layer,
            mapping,
        })
    }
}

/// What a hardware file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array {
    /// PEs.
    pub pes: u64,
    /// Bytes of a PE's buffer.
    pub l1_bytes: u64,
    /// Bytes of the shared buffer.
    pub l2_bytes: u64,
    /// Elements per cycle at every level.
    pub noc_bandwidth: u64,
    /// Cycles until the first element of a transfer arrives.
    pub noc_latency: u64,
    /// Elements per cycle to and from off-chip memory.
    pub offchip_bandwidth: u64,
    /// Multiply-accumulates of a PE in a cycle.
    pub lanes: u64,
}

/// A mapping file and a hardware file for every number of PEs that occurs: a hardware file has one
/// number of PEs, a pipelined design may have one for each layer.
///
/// # Errors
/// Another model than `maestro`: its prices are none of the original's.
pub fn files(decision: &Decision) -> Result<Vec<File>, Refused> {
    let problem = decision.problem;
    if problem.model != "maestro" {
        return Err(Refused::new(format!(
            "the design is priced by model `{}`, and the original knows only its own",
            problem.model
        )));
    }
    let mut engines: BTreeMap<u64, (Vec<MappedLayer>, Array)> = BTreeMap::new();
    let whole = |name: &str| problem.technology.get(name).unwrap_or(0.0) as u64;
    for (layer, row) in problem.layers.iter().zip(&decision.rows) {
        let Some(rule) = problem.rule(layer.shape, row.dataflow) else {
            continue; // it has a price, so it has a rule
        };
        let shape = &problem.shapes[layer.shape];
        let mapped = MappedLayer::new(&layer.name, shape, rule, &row.knobs)?;
        let pes = row.knobs.get(Menu::PES).copied().unwrap_or(1);
        let (layers, array) = engines.entry(pes).or_insert_with(|| {
            let array = Array {
                pes,
                l1_bytes: 1,
                l2_bytes: 1,
                noc_bandwidth: whole("noc.bandwidth"),
                noc_latency: whole("noc.hops").saturating_mul(whole("noc.hop_latency")),
                offchip_bandwidth: whole("offchip.bandwidth"),
                lanes: whole("mac.lanes"),
            };
            (Vec::new(), array)
        });
        array.l1_bytes = array.l1_bytes.max(row.price.l1_bytes);
        array.l2_bytes = array.l2_bytes.max(row.price.l2_bytes);
        layers.push(mapped);
    }
    let alone = engines.len() == 1;
    let mut files = Vec::new();
    for (pes, (layers, array)) in &engines {
        let part = if alone {
            String::new()
        } else {
            format!(".pes{pes}")
        };
        files.push(File {
            ending: format!("{part}.m"),
            text: mapping(&problem.network.name, layers),
        });
        files.push(File {
            ending: format!("{part}.hw.m"),
            text: hardware(array),
        });
    }
    Ok(files)
}

/// A mapping file of these layers. All sizes are numbers.
pub fn mapping(network: &str, layers: &[MappedLayer]) -> String {
    let mut out = String::from(
        "// Each layer was priced alone. The original charges a layer of several levels with the L1\n\
         // accesses of the layer before it in the file: compare energies one layer at a time.\n",
    );
    put(&mut out, format_args!("Network {} {{\n", word(network)));
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for layer in layers {
        let name = apart(word(&layer.name), &mut taken);
        one(&mut out, &name, layer);
    }
    out.push_str("}\n");
    out
}

/// A word that no layer before has: what was told apart by other signs gets a number.
fn apart(word: String, taken: &mut BTreeMap<String, usize>) -> String {
    let mut name = word.clone();
    while taken.contains_key(&name) {
        let count = taken.entry(word.clone()).or_default();
        *count += 1;
        name = format!("{word}_{}", *count + 1);
    }
    taken.insert(name.clone(), 0);
    name
}

fn one(out: &mut String, name: &str, mapped: &MappedLayer) {
    let layer = &mapped.layer;
    put(out, format_args!("  Layer {name} {{\n"));
    put(out, format_args!("    Type: {}\n", kind(mapped.op)));
    let strides = [Dim::Y, Dim::X].map(|dim| (dim, layer.stride[dim].max(1)));
    // It must stand before the dimensions.
    if mapped.op.slides() && strides.iter().any(|(_, stride)| *stride != 1) {
        put(out, format_args!("    Stride {{ {} }}\n", pairs(&strides)));
    }
    let declared = |dim: Dim| (layer.dims[dim] != 0).then_some((dim, layer.dims[dim]));
    let order = [
        Dim::N,
        Dim::G,
        Dim::M,
        Dim::K,
        Dim::C,
        Dim::R,
        Dim::S,
        Dim::Y,
        Dim::X,
    ];
    let dims: Vec<(Dim, i64)> = order.into_iter().filter_map(declared).collect();
    put(out, format_args!("    Dimensions {{ {} }}\n", pairs(&dims)));
    out.push_str("    Dataflow {\n");
    for (level, segment) in mapped.mapping.segments().iter().enumerate() {
        if level > 0 {
            put(
                out,
                format_args!("      Cluster({}, P);\n", segment.cluster_size()),
            );
        }
        for d in segment.directives() {
            let kind = match d.kind {
                MapKind::Temporal => "TemporalMap",
                MapKind::Spatial => "SpatialMap",
            };
            let (size, step, dim) = (d.size, d.step, d.dim.name());
            put(out, format_args!("      {kind}({size}, {step}) {dim};\n"));
        }
    }
    out.push_str("    }\n  }\n");
}

/// A hardware file.
pub fn hardware(array: &Array) -> String {
    let mut out = String::new();
    if array.lanes != 1 {
        put(
            &mut out,
            format_args!(
                "// Run the original with --num_simd_lanes={}: this file cannot say so.\n",
                array.lanes
            ),
        );
    }
    for (name, value) in [
        ("num_pes", array.pes),
        ("l1_size_cstr", array.l1_bytes),
        ("l2_size_cstr", array.l2_bytes),
        ("noc_bw_cstr", array.noc_bandwidth),
        ("NoC_NumHops", array.noc_latency),
        ("offchip_bw_cstr", array.offchip_bandwidth),
    ] {
        put(&mut out, format_args!("{name}: {value}\n"));
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}

fn pairs(pairs: &[(Dim, i64)]) -> String {
    let texts: Vec<String> = pairs
        .iter()
        .map(|(dim, value)| format!("{}: {value}", dim.name()))
        .collect();
    texts.join(", ")
}

fn kind(op: Op) -> &'static str {
    match op {
        // A dense layer is a convolution of one pixel.
        Op::Conv | Op::Dense => "CONV",
        Op::Depthwise => "DSCONV",
        Op::GroupedConv => "NGCONV",
        Op::TransposedConv => "TRCONV",
        Op::Gemm => "GEMM",
    }
}

/// A name as one word of the original, where `-`, `:` and others part words.
fn word(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') {
            c
        } else {
            '_'
        }
    };
    let word: String = name.chars().map(plain).collect();
    if word.is_empty() {
        "_".to_string()
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart() {
        let mut taken = BTreeMap::new();
        let names = ["A-1", "A_1", "A:1", "A_1_2", "b"].map(|n| apart(word(n), &mut taken));
        assert_eq!(names, ["A_1", "A_1_2", "A_1_3", "A_1_2_2", "b"]);
    }
}
