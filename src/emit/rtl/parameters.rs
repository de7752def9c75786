//! What both files hold: names, values and what they mean.

use super::names::distinct;
use crate::cost::Refused;
use crate::emit::decision::{Decision, Row};
use crate::ir::dataflow::{Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::menu::Menu;
use crate::ir::problem::Deployment;

/// The dimensions that every layer has a bound of, 1 where it has none.
const DIMS: [Dim; 9] = [
    Dim::N,
    Dim::G,
    Dim::M,
    Dim::K,
    Dim::C,
    Dim::Y,
    Dim::X,
    Dim::R,
    Dim::S,
];

/// One number of the design.
pub struct Global {
    pub name: &'static str,
    pub value: u64,
    pub comment: String,
}

/// Numbers for words.
pub struct Enumeration {
    pub name: &'static str,
    pub comment: &'static str,
    /// Identifier and what it stands for, numbered from 0.
    pub members: Vec<(String, String)>,
}

/// One number of each layer.
pub struct Vector {
    pub name: String,
    pub values: Vec<u64>,
    pub comment: String,
}

/// Everything in the files of a design.
pub struct Parameters {
    /// The design's name: a word, hence an identifier.
    pub design: String,
    /// What the files are, a line each.
    pub head: Vec<String>,
    /// Bits of each value of a vector.
    pub width: u32,
    pub globals: Vec<Global>,
    pub enumerations: Vec<Enumeration>,
    pub vectors: Vec<Vector>,
    /// Identifier and name of each layer.
    pub layers: Vec<(String, String)>,
}

/// Bits of an address within so many bytes; 1 where there is one byte or none, since no signal has
/// 0 bits.
pub fn address_bits(bytes: u64) -> u64 {
    let bits = u64::BITS - bytes.saturating_sub(1).leading_zeros();
    u64::from(bits.max(1))
}

/// A number as both languages write it: 32 bits if they are enough.
pub fn literal(value: u64) -> String {
    let width = if value > u64::from(u32::MAX) { 64 } else { 32 };
    format!("{width}'d{value}")
}

/// As many values to a line as fit; `join` is what stands between two lines.
pub fn filled(values: &[String], join: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (i, value) in values.iter().enumerate() {
        let comma = if i + 1 < values.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if line.len() + value.len() < 92 => {
                line.push_str(&format!(" {value}{comma}"));
            }
            _ => lines.push(format!("    {value}{comma}")),
        }
    }
    lines.join(join)
}

/// A name in a comment: as JSON writes it, in ASCII, so that nothing in it ends the comment, goes on
/// in the next line or speaks to a tool.
pub fn commented(name: &str) -> String {
    let mut out = String::new();
    for c in serde_json::Value::from(name).to_string().chars() {
        let mut units = [0; 2];
        match c {
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

impl Parameters {
    /// # Errors
    /// More PEs in all than 64 bits count.
    pub fn new(decision: &Decision) -> Result<Parameters, Refused> {
        let problem = decision.problem;
        let names = problem.layers.iter().map(|l| l.name.as_str());
        let layers = distinct(names.clone()).into_iter();
        let vectors = vectors(decision);
        let largest = vectors.iter().flat_map(|v| &v.values).max();
        Ok(Parameters {
            design: problem.design.clone(),
            head: vec![
                format!(
                    "Written by cfxc {}: the configuration of design {}.",
                    env!("CARGO_PKG_VERSION"),
                    problem.design
                ),
                format!(
                    "Network {}, model {}, technology {}, seed {}.",
                    problem.network.name, problem.model, problem.technology.name, problem.seed
                ),
            ],
            width: if largest.is_some_and(|&v| v > u64::from(u32::MAX)) {
                64
            } else {
                32
            },
            globals: globals(decision)?,
            enumerations: enumerations(decision),
            vectors,
            layers: layers.zip(names.map(commented)).collect(),
        })
    }

    /// What must hold: every address width is that of its memory. `global` names a global parameter;
    /// `value` the value of a vector for a layer, or so many of its lowest bits.
    pub fn conditions(
        &self,
        global: &dyn Fn(&str) -> String,
        value: &dyn Fn(&str, usize, u32) -> String,
    ) -> Vec<String> {
        // Both sides have the 32 bits of `$clog2`.
        let equal =
            |bits: String, bytes: String| format!("{bits} == $clog2({bytes} > 2 ? {bytes} : 2)");
        let mut out = Vec::new();
        for memory in ["L1", "L2"] {
            let (bits, bytes) = (format!("{memory}_ADDR_BITS"), format!("{memory}_BYTES"));
            let largest = |name: &str| global(&format!("MAX_{name}"));
            out.push(equal(largest(&bits), largest(&bytes)));
            out.extend(
                (0..self.layers.len())
                    .map(|layer| equal(value(&bits, layer, 32), value(&bytes, layer, self.width))),
            );
        }
        out
    }
}

fn globals(decision: &Decision) -> Result<Vec<Global>, Refused> {
    let problem = decision.problem;
    let rows = &decision.rows;
    let pipelined = problem.deployment == Deployment::Pipelined;
    let pes = rows.iter().map(|r| r.knobs[Menu::PES]);
    let most = |of: &dyn Fn(&Row) -> u64| rows.iter().map(of).max().unwrap_or(0);
    let max_pes = most(&|r| r.knobs[Menu::PES]);
    let total = if pipelined {
        pes.into_iter().try_fold(0u64, u64::checked_add)
    } else {
        Some(max_pes)
    };
    let total = total.ok_or_else(|| Refused::new("the PEs in all do not fit 64 bits"))?;
    let (l1, l2) = (most(&|r| r.price.l1_bytes), most(&|r| r.price.l2_bytes));
    let layers = rows.len() as u64;
    let mut out = Vec::new();
    let mut add = |name, value, comment: &str| {
        out.push(Global {
            name,
            value,
            comment: comment.to_string(),
        });
    };
    add("LAYERS", layers, "layers that are computed on an engine");
    add(
        "ENGINES",
        if pipelined { layers } else { 1 },
        "one for each layer if pipelined, one for all if sequential",
    );
    add(
        "DEPLOY",
        u64::from(!pipelined),
        "how the engines are laid out",
    );
    add("TOTAL_PES", total, "PEs of all engines");
    add("MAX_PES", max_pes, "PEs of the largest engine");
    add("MAX_L1_BYTES", l1, "the largest memory in a PE, in bytes");
    add("MAX_L2_BYTES", l2, "the largest shared memory, in bytes");
    add(
        "MAX_L1_ADDR_BITS",
        address_bits(l1),
        "bits of a byte's address there",
    );
    add(
        "MAX_L2_ADDR_BITS",
        address_bits(l2),
        "bits of a byte's address there",
    );
    add(
        "LATENCY_CYCLES",
        decision.totals.latency_cycles,
        "clock cycles of one inference, as priced",
    );
    let clock = decision.clock_hz();
    // Below 2^53 a float holds every whole number.
    if clock.fract() == 0.0 && (1.0..9_007_199_254_740_992.0).contains(&clock) {
        add("CLOCK_HZ", clock as u64, "clock of the technology, in Hz");
    }
    if let Some(p) = &problem.precision {
        add("INPUT_BITS", p.input.bits(), "bits of an input");
        add("WEIGHT_BITS", p.weights.bits(), "bits of a weight");
        add("OUTPUT_BITS", p.output.bits(), "bits of an output");
        add("SUM_BITS", p.sum.bits(), "bits of a partial sum");
    }
    Ok(out)
}

fn enumerations(decision: &Decision) -> Vec<Enumeration> {
    let dataflows = &decision.problem.dataflows;
    let names = dataflows.iter().map(|d| d.name.as_str());
    let plain = |word: &str| (word.to_string(), commented(word));
    vec![
        Enumeration {
            name: "DEPLOY",
            comment: "how engines are laid out",
            members: [Deployment::Pipelined, Deployment::Sequential]
                .map(|d| plain(d.name()))
                .to_vec(),
        },
        Enumeration {
            name: "OP",
            comment: "what a layer computes",
            members: Op::ALL.map(|op| plain(op.name())).to_vec(),
        },
        Enumeration {
            name: "DATAFLOW",
            comment: "how a layer is mapped",
            members: distinct(names.clone())
                .into_iter()
                .zip(names.map(commented))
                .collect(),
        },
    ]
}

/// One layer with everything that its numbers come from.
struct Chosen<'a> {
    row: &'a Row,
    shape: &'a LayerShape,
    rule: Option<&'a Rule>,
}

impl Chosen<'_> {
    /// Elements of a whole dimension.
    fn extent(&self, dim: Dim) -> u64 {
        let output = |axis: usize| self.shape.output().map_or(1, |o| o[axis]);
        match dim {
            Dim::YOut => output(0),
            Dim::XOut => output(1),
            dim => self.shape.bound(dim),
        }
    }

    fn size(&self, size: &Size) -> u64 {
        let plain = |size: &Size| {
            let value = match *size {
                Size::Count(count) => count,
                Size::Extent(dim) => self.extent(dim),
                Size::Knob(knob) => self.row.knobs.get(knob).copied().unwrap_or(1),
                Size::Computed(_) => return None,
            };
            i64::try_from(value).ok()
        };
        let value = size.value(&plain).and_then(|v| u64::try_from(v).ok());
        value.unwrap_or(1)
    }

    /// Size and step of the tiles that a level cuts a dimension into; a tile is no larger than the
    /// layer. 0 where the level does not map it. The last directive counts if there are two.
    fn tile(&self, level: usize, dim: Dim) -> [u64; 2] {
        let level = self.rule.and_then(|r| r.levels.get(level));
        let directive = level.and_then(|l| l.directives.iter().rfind(|d| d.dim == dim));
        directive.map_or([0, 0], |d| {
            [
                self.size(&d.size).min(self.extent(dim)),
                self.size(&d.step).min(self.extent(dim)),
            ]
        })
    }

    /// Sub-clusters that make one cluster of a level.
    fn cluster(&self, level: usize) -> u64 {
        let level = self.rule.and_then(|r| r.levels.get(level));
        let cluster = level.and_then(|l| l.cluster.as_ref());
        cluster.map_or(1, |size| self.size(size))
    }
}

fn vectors(decision: &Decision) -> Vec<Vector> {
    let problem = decision.problem;
    let rows = decision.rows.iter().zip(&problem.layers);
    let chosen: Vec<Chosen> = rows
        .map(|(row, layer)| Chosen {
            row,
            shape: &problem.shapes[layer.shape],
            rule: problem.rule(layer.shape, row.dataflow),
        })
        .collect();
    let mut out = Vec::new();
    let mut add = |name: String, comment: &str, value: &dyn Fn(&Chosen) -> u64| {
        out.push(Vector {
            name,
            values: chosen.iter().map(value).collect(),
            comment: comment.to_string(),
        });
    };
    let plain = str::to_string;
    add(plain("OP"), "what it computes, an OP_ number", &|c| {
        let op = Op::ALL.iter().position(|&op| op == c.shape.op);
        op.unwrap_or(0) as u64
    });
    add(plain("DATAFLOW"), "a DATAFLOW_ number", &|c| {
        c.row.dataflow as u64
    });
    add(plain("PES"), "PEs", &|c| c.row.knobs[Menu::PES]);
    let knobs = &problem.menu.knobs[Menu::PES + 1..];
    let named = distinct(knobs.iter().map(|k| k.name.as_str()));
    for (i, name) in named.into_iter().enumerate() {
        let comment = format!("knob {} of the menu", commented(&knobs[i].name));
        add(format!("KNOB_{name}"), &comment, &|c| {
            c.row.knobs[Menu::PES + 1 + i]
        });
    }
    let l1 = |c: &Chosen| c.row.price.l1_bytes;
    let l2 = |c: &Chosen| c.row.price.l2_bytes;
    add(plain("L1_BYTES"), "bytes of memory in each PE", &l1);
    add(plain("L2_BYTES"), "bytes of shared memory", &l2);
    let bits = "bits of a byte's address there";
    add(plain("L1_ADDR_BITS"), bits, &|c| address_bits(l1(c)));
    add(plain("L2_ADDR_BITS"), bits, &|c| address_bits(l2(c)));
    add(
        plain("CYCLES"),
        "clock cycles of the layer, as priced",
        &|c| c.row.price.latency_cycles,
    );
    for dim in DIMS {
        let comment = format!("extent of {}, 1 if the layer has none", dim.name());
        add(format!("DIM_{}", dim.name()), &comment, &|c| c.extent(dim));
    }
    add(plain("OUT_Y"), "rows of the output", &|c| {
        c.extent(Dim::YOut)
    });
    add(plain("OUT_X"), "columns of the output", &|c| {
        c.extent(Dim::XOut)
    });
    for (name, what, pair) in [
        (
            "STRIDE",
            "step of the window along",
            (|s| s.stride) as fn(&LayerShape) -> [u64; 2],
        ),
        ("DILATION", "distance of the window's taps along", |s| {
            s.dilation
        }),
        (
            "OUTPUT_PAD",
            "added to a transposed convolution's output:",
            |s| s.output_pad,
        ),
    ] {
        for (at, (axis, along)) in [("Y", "rows"), ("X", "columns")].into_iter().enumerate() {
            add(format!("{name}_{axis}"), &format!("{what} {along}"), &|c| {
                pair(c.shape)[at]
            });
        }
    }
    for (name, pad) in [
        ("TOP", (|s| s.pad.top) as fn(&LayerShape) -> u64),
        ("BOTTOM", |s| s.pad.bottom),
        ("LEFT", |s| s.pad.left),
        ("RIGHT", |s| s.pad.right),
    ] {
        add(format!("PAD_{name}"), "zeros around the input", &|c| {
            pad(c.shape)
        });
    }
    let levels = chosen.iter().filter_map(|c| c.rule).map(|r| r.levels.len());
    for level in 0..levels.max().unwrap_or(0) {
        if level > 0 {
            add(
                format!("CLUSTER{level}"),
                &format!("sub-clusters in a cluster of level {level}, 1 without that level"),
                &|c| c.cluster(level),
            );
        }
        for dim in Dim::ALL {
            let tiles: Vec<[u64; 2]> = chosen.iter().map(|c| c.tile(level, dim)).collect();
            if tiles.iter().all(|t| t[0] == 0) {
                continue;
            }
            let named = dim.name().replace('\'', "_OUT");
            let of = format!("of {} at level {level}", dim.name());
            let unmapped = "0 where it is not mapped there";
            add(
                format!("TILE{level}_{named}"),
                &format!("elements in a tile {of}, {unmapped}"),
                &|c| c.tile(level, dim)[0],
            );
            if tiles.iter().any(|t| t[0] != t[1]) {
                add(
                    format!("STEP{level}_{named}"),
                    &format!("distance of the tiles {of}, {unmapped}"),
                    &|c| c.tile(level, dim)[1],
                );
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_addresses() {
        for (bytes, bits) in [
            (0, 1),
            (1, 1),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 3),
            (1 << 20, 20),
            ((1 << 20) + 1, 21),
            (u64::MAX, 64),
        ] {
            assert_eq!(address_bits(bytes), bits, "{bytes}");
        }
    }

    #[test]
    fn numbers_have_a_size() {
        assert_eq!(literal(u64::from(u32::MAX)), "32'd4294967295");
        assert_eq!(literal(1 << 32), "64'd4294967296");
    }

    #[test]
    fn comments_stay_comments() {
        assert_eq!(commented("a\"*/\n\\"), r#""a\"*/\n\\""#);
        assert_eq!(commented("ö😀"), r#""\u00f6\ud83d\ude00""#);
    }
}
