//! The SystemVerilog package and the Verilog header, read by Verilator and Icarus Verilog.

use crate::tools::{installed, output};
use crate::{BUILT, Built, cfxc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

const OPS: [&str; 6] = [
    "conv",
    "depthwise",
    "grouped_conv",
    "transposed_conv",
    "dense",
    "gemm",
];

/// Bits of an address, by trying.
fn address_bits(bytes: u64) -> u64 {
    let enough = |bits: &u64| 1u128 << bits >= u128::from(bytes);
    (1..=64).find(enough).expect("64 bits")
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value}"))
}

/// What the other outputs say of a design: global parameters, and for each layer its parameters.
struct Wanted {
    globals: BTreeMap<String, u64>,
    layers: Vec<BTreeMap<String, u64>>,
}

impl Wanted {
    fn of(built: &Built) -> Wanted {
        let design = built.design();
        let args = ["graph", "--format", "json", "--design", &built.name];
        let graph: Value =
            serde_json::from_str(&cfxc(&args, |c| c.arg(&built.spec))).expect("JSON");
        let nodes = list(&graph["nodes"]).iter();
        let nodes: BTreeMap<&str, &Value> = nodes
            .map(|n| (n["name"].as_str().expect("a name"), n))
            .collect();
        let layers = list(&design["layers"]).iter();
        let layers: Vec<BTreeMap<String, u64>> = layers
            .map(|l| layer(design, l, nodes[l["name"].as_str().expect("a name")]))
            .collect();
        let most = |name: &str| layers.iter().map(|l| l[name]).max().expect("a layer");
        let (l1, l2, pes) = (most("L1_BYTES"), most("L2_BYTES"), most("PES"));
        let one = design["engine"].is_object();
        let count = layers.len() as u64;
        let mut globals: BTreeMap<String, u64> = [
            ("LAYERS", count),
            ("ENGINES", if one { 1 } else { count }),
            ("DEPLOY", one.into()),
            ("MAX_PES", pes),
            (
                "TOTAL_PES",
                if one {
                    number(&design["engine"]["pes"])
                } else {
                    layers.iter().map(|l| l["PES"]).sum()
                },
            ),
            ("MAX_L1_BYTES", l1),
            ("MAX_L2_BYTES", l2),
            ("MAX_L1_ADDR_BITS", address_bits(l1)),
            ("MAX_L2_ADDR_BITS", address_bits(l2)),
            (
                "LATENCY_CYCLES",
                number(&design["metrics"]["latency_cycles"]),
            ),
        ]
        .map(|(name, value)| (name.to_string(), value))
        .into();
        if one {
            assert_eq!(l1, number(&design["engine"]["l1_bytes"]));
            assert_eq!(l2, number(&design["engine"]["l2_bytes"]));
        }
        let inputs = &design["inputs"];
        let clock = &inputs["technology"]["coefficients"]["clock"]["value"];
        globals.insert("CLOCK_HZ".into(), number(clock));
        for (tensor, name) in [
            ("input", "INPUT_BITS"),
            ("weights", "WEIGHT_BITS"),
            ("output", "OUTPUT_BITS"),
            ("sum", "SUM_BITS"),
        ] {
            if let Some(format) = inputs["precision"][tensor].as_str() {
                let digits = format.trim_start_matches(|c: char| !c.is_ascii_digit());
                globals.insert(name.into(), digits.parse().expect("bits"));
            }
        }
        Wanted { globals, layers }
    }
}

/// The parameters of a layer, from the result and the node of the graph.
fn layer(design: &Value, layer: &Value, node: &Value) -> BTreeMap<String, u64> {
    let inputs = &design["inputs"];
    let op = layer["op"].as_str().expect("an op");
    let mut out = BTreeMap::new();
    let mut put = |name: &str, value: u64| {
        assert_eq!(out.insert(name.to_string(), value), None, "{name} twice");
    };
    let place = |list: &[&str], word: &Value| {
        let at = list.iter().position(|w| *word == **w);
        at.unwrap_or_else(|| panic!("{word}")) as u64
    };
    put("OP", place(&OPS, &layer["op"]));
    let dataflows = list(&inputs["dataflows"]);
    let names: Vec<&str> = dataflows
        .iter()
        .filter_map(|d| d["name"].as_str())
        .collect();
    let dataflow = place(&names, &layer["dataflow"]);
    put("DATAFLOW", dataflow);
    let mut knobs = BTreeMap::new();
    for knob in list(&inputs["menu"]["knobs"]) {
        let name = knob["name"].as_str().expect("a name");
        let value = layer.get(format!("knob:{name}")).unwrap_or(&layer[name]);
        knobs.insert(name, number(value));
        if name == "pes" {
            put("PES", number(value));
        } else {
            put(&format!("KNOB_{name}"), number(value));
        }
    }
    for memory in ["l1", "l2"] {
        let bytes = number(&layer[format!("{memory}_bytes")]);
        let name = memory.to_uppercase();
        put(&format!("{name}_BYTES"), bytes);
        put(&format!("{name}_ADDR_BITS"), address_bits(bytes));
    }
    put("CYCLES", number(&layer["latency_cycles"]));
    let dim = |name: &str| node["dims"][name].as_u64().unwrap_or(1);
    for name in ["N", "G", "M", "K", "C", "Y", "X", "R", "S"] {
        put(&format!("DIM_{name}"), dim(name));
    }
    let slides = node.get("stride").is_some();
    let pair = |what: &str, i: usize, usual: u64| node[what][i].as_u64().unwrap_or(usual);
    let mut outputs = [1, 1];
    for (i, (axis, taps)) in [("Y", "R"), ("X", "S")].into_iter().enumerate() {
        let (stride, dilation) = (pair("stride", i, 1), pair("dilation", i, 1));
        put(&format!("STRIDE_{axis}"), stride);
        put(&format!("DILATION_{axis}"), dilation);
        let pads = pair("pad", 2 * i, 0) + pair("pad", 2 * i + 1, 0);
        let window = dilation * (dim(taps) - 1) + 1;
        // Only the odd design has one, of 1.
        let output_pad = u64::from(op == "transposed_conv" && design["design"] != "imported");
        put(&format!("OUTPUT_PAD_{axis}"), output_pad);
        if op == "transposed_conv" {
            outputs[i] = (dim(axis) - 1) * stride + window + output_pad - pads;
        } else if slides {
            outputs[i] = (dim(axis) + pads - window) / stride + 1;
        }
        put(&format!("OUT_{axis}"), outputs[i]);
    }
    for (i, side) in ["TOP", "BOTTOM", "LEFT", "RIGHT"].into_iter().enumerate() {
        put(&format!("PAD_{side}"), pair("pad", i, 0));
    }

    let rules = list(&dataflows[dataflow as usize]["rules"]);
    let names = |rule: &Value, key: &str, word: &Value| {
        rule.get(key)
            .is_some_and(|names| list(names).contains(word))
    };
    let rule = rules.iter().find(|r| names(r, "layers", &layer["name"]));
    let rule = rule.or(rules.iter().find(|r| names(r, "for", &layer["op"])));
    let extent = |name: &str| match name {
        "Y'" => outputs[0],
        "X'" => outputs[1],
        name => dim(name),
    };
    let size = |word: &str| {
        let known = word.parse().ok().or(knobs.get(word).copied());
        known.unwrap_or_else(|| extent(word))
    };
    let mut level = 0;
    for directive in list(&rule.expect("a rule")["directives"]) {
        let words: Vec<&str> = directive.as_str().expect("a text").split(' ').collect();
        match words[..] {
            ["cluster", units] => {
                level += 1;
                put(&format!("CLUSTER{level}"), size(units));
            }
            [_, name, "by", tile, ref step @ ..] => {
                let whole = extent(name);
                let named = name.replace('\'', "_OUT");
                put(&format!("TILE{level}_{named}"), size(tile).min(whole));
                let step = step.last().unwrap_or(&tile);
                put(&format!("STEP{level}_{named}"), size(step).min(whole));
            }
            _ => panic!("{directive}"),
        }
    }
    out
}

/// Names of layers as JSON has them, from the comments, with their identifiers.
fn identifiers(package: &str) -> Vec<(String, String)> {
    let lines = package.lines().filter_map(|l| {
        let line = l
            .trim_start()
            .strip_prefix("localparam logic [31:0] LAYER_")?;
        let (identifier, rest) = line.split_once(" = 32'd").expect("a number");
        let (_, name) = rest.split_once("; // ").expect("a comment");
        let name = serde_json::from_str(name).expect("a name as JSON has it");
        Some((identifier.to_string(), name))
    });
    lines.collect()
}

/// The vectors of a package, in its order.
fn vectors(package: &str) -> Vec<String> {
    let lines = package.lines().filter(|l| l.ends_with("= {"));
    let names = lines.filter_map(|l| l.rsplit(' ').nth(2));
    names.map(str::to_string).collect()
}

/// A folder for the sources of a design.
fn folder(built: &Built) -> PathBuf {
    let folder = built.folder.join(format!("rtl-{}", built.name));
    std::fs::create_dir_all(&folder).expect("made");
    folder
}

/// A module that prints every parameter of the package.
fn module(design: &str, wanted: &Wanted, package: &str) -> String {
    let mut out = format!("module uses;\n  import {design}_pkg::*;\n  initial begin\n");
    for name in wanted.globals.keys() {
        out.push_str(&format!("    $display(\"{name} %0d\", {name});\n"));
    }
    for name in vectors(package) {
        out.push_str(&format!(
            "    for (logic [31:0] i = 0; i < LAYERS; i = i + 1)\n      \
             $display(\"%0d {name} %0d\", i, {name}[i*WIDTH +: WIDTH]);\n"
        ));
    }
    for (identifier, _) in identifiers(package) {
        out.push_str(&format!(
            "    $display(\"LAYER {identifier} %0d\", LAYER_{identifier});\n"
        ));
    }
    out + "  end\nendmodule\n"
}

/// The same in plain Verilog, with the macros of each layer besides.
fn plain_module(design: &str, wanted: &Wanted, package: &str) -> String {
    let mut out = format!("`include \"{design}.vh\"\n`include \"{design}.vh\"\nmodule plain;\n");
    out.push_str(&format!(
        "  localparam CHECKED = `{design}__ADDR_BITS_CHECK;\n"
    ));
    for name in vectors(package) {
        out.push_str(&format!(
            "  localparam [`{design}__LAYERS*`{design}__WIDTH-1:0] V_{name} = `{design}__{name};\n"
        ));
    }
    out.push_str("  integer i;\n  initial begin\n    $display(\"CHECKED %0d\", CHECKED);\n");
    for name in wanted.globals.keys() {
        out.push_str(&format!(
            "    $display(\"{name} %0d\", `{design}__{name});\n"
        ));
    }
    for name in vectors(package) {
        out.push_str(&format!(
            "    for (i = 0; i < `{design}__LAYERS; i = i + 1)\n      $display(\"%0d {name} %0d\", \
             i, V_{name}[i*`{design}__WIDTH +: `{design}__WIDTH]);\n"
        ));
    }
    for (i, (identifier, _)) in identifiers(package).iter().enumerate() {
        for name in vectors(package) {
            out.push_str(&format!(
                "    $display(\"{i} {name} %0d\", `{design}__{identifier}__{name});\n"
            ));
        }
        out.push_str(&format!(
            "    $display(\"LAYER {identifier} %0d\", `{design}__LAYER_{identifier});\n"
        ));
    }
    out + "  end\nendmodule\n"
}

/// Compares what a simulation printed with what the other outputs say; `times` is how often each
/// value of a layer is to be printed.
#[track_caller]
fn compare(printed: &str, wanted: &Wanted, package: &str, times: usize) {
    let mut seen = 0;
    let identifiers = identifiers(package);
    for line in printed.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let value: u64 = words.last().expect("a word").parse().expect("a number");
        match words[..] {
            ["CHECKED", _] => assert_eq!(value, 1),
            ["LAYER", identifier, _] => assert_eq!(identifiers[value as usize].0, identifier),
            [name, _] => assert_eq!(value, wanted.globals[name], "{name}"),
            [layer, name, _] => {
                let layer = &wanted.layers[layer.parse::<usize>().expect("a layer")];
                let mapping = ["TILE", "STEP"].iter().any(|m| name.starts_with(m));
                let missing = if mapping { Some(0) } else { None };
                let missing = missing.or(name.starts_with("CLUSTER").then_some(1));
                let known = layer.get(name).copied().or(missing);
                assert_eq!(Some(value), known, "{line}");
                seen += 1;
            }
            _ => panic!("{line}"),
        }
    }
    let vectors = vectors(package);
    assert_eq!(seen, times * vectors.len() * wanted.layers.len());
    for name in wanted.layers.iter().flat_map(|l| l.keys()) {
        // The distance of tiles is given where one is not that of neighbours.
        let tile = name.replace("STEP", "TILE");
        let usual = || wanted.layers.iter().all(|l| l.get(name) == l.get(&tile));
        let there = vectors.iter().any(|v| v == name);
        assert!(there || (name.starts_with("STEP") && usual()), "{name}");
    }
}

fn there() -> bool {
    // Each that is missing is told.
    let tools = [("verilator", "--version"), ("iverilog", "-V")];
    tools.map(|(tool, version)| installed(tool, version)) == [true; 2]
}

fn simulated(language: &str, built: &Built, sources: &[PathBuf]) -> String {
    let program = folder(built).join(format!("{language}.vvp"));
    let mut compile = Command::new("iverilog");
    let flags = [language, "-Wall", "-o"];
    compile
        .args(flags)
        .arg(&program)
        .arg("-I")
        .arg(&built.folder);
    assert_eq!(output(compile.args(sources)), "");
    output(Command::new("vvp").arg("-n").arg(&program))
}

fn linted(language: &str, built: &Built, sources: &[PathBuf]) {
    let mut lint = Command::new("verilator");
    let include = format!("-I{}", built.folder.display());
    let flags = ["--lint-only", "-Wall", "--default-language", language];
    output(lint.args(flags).arg(include).args(sources));
}

/// Every example and every odd design: both tools take the files without a warning, and simulated
/// they have the numbers of the other outputs.
#[test]
fn both_tools_read_what_was_decided() {
    let names: Vec<&str> = BUILT.iter().map(|b| b.name.as_str()).collect();
    assert!(names.contains(&"edge_npu") && names.contains(&"begin_end"));
    if !there() {
        return;
    }
    for built in BUILT.iter() {
        let design = &built.name;
        let wanted = Wanted::of(built);
        let package = built.read("_pkg.sv");
        let known: Vec<&str> = list(&built.design()["layers"])
            .iter()
            .filter_map(|l| l["name"].as_str())
            .collect();
        let identifiers = identifiers(&package);
        let said: Vec<&str> = identifiers.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(said, known, "names are kept in comments");

        let (uses, plain) = (folder(built).join("uses.sv"), folder(built).join("plain.v"));
        std::fs::write(&uses, module(design, &wanted, &package)).expect("written");
        std::fs::write(&plain, plain_module(design, &wanted, &package)).expect("written");
        let sources = [built.folder.join(format!("{design}_pkg.sv")), uses];
        linted("1800-2017", built, &sources);
        compare(&simulated("-g2012", built, &sources), &wanted, &package, 1);
        let plain = [plain];
        linted("1364-2005", built, &plain);
        compare(&simulated("-g2005", built, &plain), &wanted, &package, 2);
    }
}

/// An address width that is not that of its memory.
#[test]
fn wrong_widths_stop_both_tools() {
    if !there() {
        return;
    }
    let built = BUILT.iter().find(|b| b.name == "spotter").expect("built");
    let changed = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let package = built.read("_pkg.sv");
    let bits = "L1_ADDR_BITS = {\n    32'd4,";
    let sources = [
        put(
            "spotter_pkg.sv",
            &changed(&package, bits, "L1_ADDR_BITS = {\n    32'd5,"),
        ),
        put(
            "uses.sv",
            "module uses; import spotter_pkg::*; localparam A = LAYERS; initial $display(A); endmodule\n",
        ),
    ];
    let header = built.read(".vh");
    let macros = changed(
        &header,
        "`define spotter__fc__L1_ADDR_BITS 32'd4",
        "`define spotter__fc__L1_ADDR_BITS 32'd5",
    );
    put("spotter.vh", &macros);
    let plain = [put(
        "plain.v",
        "`include \"spotter.vh\"\nmodule plain; localparam A = `spotter__ADDR_BITS_CHECK; initial $display(A); endmodule\n",
    )];
    for (language, sources) in [("-g2012", &sources[..]), ("-g2005", &plain[..])] {
        let mut icarus = Command::new("iverilog");
        icarus
            .args([language, "-t", "null", "-I"])
            .arg(folder.path());
        let mut verilator = Command::new("verilator");
        verilator
            .arg("--lint-only")
            .arg(format!("-I{}", folder.path().display()));
        for tool in [&mut icarus, &mut verilator] {
            let ran = tool.args(sources).output().expect("runs");
            let said = String::from_utf8_lossy(&ran.stderr);
            assert!(!ran.status.success(), "{tool:?}");
            assert!(
                said.to_lowercase().contains("repeat") || said.contains("Replication"),
                "{said}"
            );
        }
    }
}

/// What is beyond 32 bits says so, and only then.
#[test]
fn numbers_have_as_many_bits_as_they_need() {
    let of = |name: &str| {
        let built = BUILT.iter().find(|b| b.name == name).expect("built");
        (built.read("_pkg.sv"), built.read(".vh"))
    };
    let (package, header) = of("begin_end");
    assert!(package.contains("localparam logic [63:0] LATENCY_CYCLES = 64'd"));
    assert!(package.contains("localparam logic [31:0] WIDTH = 32'd64;"));
    assert!(header.contains("`define begin_end__LAYERS__CYCLES 64'd"));
    let (package, header) = of("spotter");
    assert!(!package.contains("64'd") && !header.contains("64'd"));
}
