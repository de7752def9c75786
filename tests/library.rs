//! The bundled library is what it says it is.

#[path = "support/spec.rs"]
mod spec;

use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op, Padding};
use cfxc::ir::network::Network;
use cfxc::sema::library;
use spec::check;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The network of a library text.
fn network(path: &str) -> Network {
    let text = library::find(path).unwrap_or_else(|| panic!("the library has no {path}"));
    let mut networks = check(text).clean().networks;
    assert_eq!(networks.len(), 1, "{path}");
    networks.remove(0)
}

/// The rows of a comma-separated text without its comments, the header first.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines.map(|l| l.split(',').collect())
}

fn number(text: &str) -> u64 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is no number"))
}

#[test]
fn every_text_checks_without_a_word() {
    for path in library::paths() {
        let text = library::find(&path).expect("a listed text");
        check(text).clean();
        let name = path.rsplit('.').next().expect("a name");
        assert!(
            text.lines()
                .any(|l| !l.starts_with("//") && l.contains(&format!(" {name}"))),
            "{path} declares something else"
        );
    }
}

/// What is on the disk under `std/` is in the library, and nothing else is.
#[test]
fn every_file_is_bundled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("std");
    let mut files = BTreeSet::new();
    for folder in fs::read_dir(&root).expect("std/") {
        let folder = folder.expect("an entry").path();
        for file in fs::read_dir(&folder).expect("a folder") {
            let path = file.expect("an entry").path().with_extension("");
            let name = |p: &Path| {
                p.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            files.insert(format!("std.{}.{}", name(&folder), name(&path)));
        }
    }
    assert_eq!(library::paths().into_iter().collect::<BTreeSet<_>>(), files);
}

/// The layer that a row of a running torchvision model describes.
fn expected(row: &[&str]) -> (LayerShape, u64) {
    let [kind, numbers @ ..] = row else {
        panic!("an empty row");
    };
    let numbers: Vec<u64> = numbers.iter().map(|n| number(n)).collect();
    let [k, c, y, x, r, s, stride, pad, groups, macs] = numbers[..] else {
        panic!("a row of {} fields", numbers.len() + 1);
    };
    let mut shape = match *kind {
        "dense" => LayerShape::new(Op::Dense, &[(Dim::K, k), (Dim::C, c)]),
        "conv" | "depthwise" => LayerShape::new(
            if *kind == "conv" {
                Op::Conv
            } else {
                Op::Depthwise
            },
            &[
                (Dim::C, c),
                (Dim::Y, y),
                (Dim::X, x),
                (Dim::R, r),
                (Dim::S, s),
            ],
        ),
        other => panic!("a layer of kind {other}"),
    };
    match shape.op {
        Op::Conv => {
            assert_eq!(groups, 1);
            shape.bounds[Dim::K] = k;
        }
        Op::Depthwise => assert_eq!((groups, k), (c, c)),
        _ => {}
    }
    shape.stride = [stride, stride];
    shape.pad = Padding {
        top: pad,
        bottom: pad,
        left: pad,
        right: pad,
    };
    (shape, macs)
}

/// Multiply-accumulates against what others print. Where a source counts FLOPs, two of them are one
/// multiply-accumulate; where it counts multiply-accumulates (and calls them FLOPS), one is one.
#[test]
fn networks_have_the_counts_that_are_cited() {
    // Half of the last digit that is printed.
    const OF_3_DIGITS: f64 = 0.0005e9;
    for (name, layers, macs, cited, per_mac, within) in [
        // torchvision 0.29.2, `_ops` of the weights in 10^9, one per multiply-accumulate.
        ("alexnet", 8, 714_188_480, 0.714e9, 1.0, OF_3_DIGITS),
        ("vgg16", 16, 15_470_264_320, 15.47e9, 1.0, OF_3_DIGITS),
        ("mobilenet_v2", 53, 300_774_272, 0.301e9, 1.0, OF_3_DIGITS),
        ("mobilenet_v3", 64, 216_589_760, 0.217e9, 1.0, OF_3_DIGITS),
        ("mnasnet", 53, 314_415_872, 0.314e9, 1.0, OF_3_DIGITS),
        ("resnet50", 54, 4_089_184_256, 4.089e9, 1.0, OF_3_DIGITS),
        (
            "efficientnet_b0",
            82,
            385_814_752,
            0.386e9,
            1.0,
            OF_3_DIGITS,
        ),
        ("vit_b16", 74, 17_563_828_224, 17.564e9, 1.0, OF_3_DIGITS),
        ("swin_t", 77, 4_490_566_656, 4.491e9, 1.0, OF_3_DIGITS),
        ("convnext_t", 59, 4_455_531_264, 4.456e9, 1.0, OF_3_DIGITS),
        // Darknet's table of models: 5.56 billion FLOPs, two per multiply-accumulate.
        ("yolov3_tiny", 13, 2_782_480_896, 5.56e9, 2.0, 0.005e9),
        // Jiao et al., TinyBERT, 2020, Table 1: 22.5 billion FLOPs. What else it counts it does not
        // say.
        ("bert_base", 96, 11_173_625_856, 22.5e9, 2.0, 0.16e9),
    ] {
        let network = network(&format!("std.networks.{name}"));
        let counts: Vec<u64> = network.layers().filter_map(|(_, _, s)| s.macs()).collect();
        assert_eq!(counts.len(), layers, "{name}");
        assert_eq!(counts.iter().sum::<u64>(), macs, "{name}");
        let off = per_mac * macs as f64 - cited;
        assert!(off.abs() <= within, "{name}: off by {off}");
        assert!(text_says(name, macs), "{name}: the text has another count");
    }
}

/// Darknet's list of layers: 26 x 26 cells with 128 channels from below and 256 from beside.
#[test]
fn yolo_stacks_what_it_repeats() {
    let network = network("std.networks.yolov3_tiny");
    assert!(network.shapes_checked);
    let stacked = network.graph.node_weights().find(|n| n.name == "route20");
    let output = stacked.and_then(|n| n.output).expect("a shape");
    assert_eq!(
        (output.channels, output.rows, output.columns),
        (384, 26, 26)
    );
    let last = network.layers().last().and_then(|(_, _, s)| s.output());
    assert_eq!(last, Some([26, 26]));
}

/// Whether the comment of a network gives this count.
fn text_says(name: &str, macs: u64) -> bool {
    let digits = macs.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    let text = library::find(&format!("std.networks.{name}")).expect("a listed text");
    text.contains(&groups.join(","))
}

/// Kaplan et al., 2020, equation 2.1: a token takes 12 x layers x width^2 in the layers with weights.
#[test]
fn gpt2_takes_what_its_width_says() {
    for (name, tokens, total) in [
        ("gpt2_prefill", 1024, 106_339_037_952),
        ("gpt2_decode", 1, 142_406_400),
    ] {
        let network = network(&format!("std.networks.{name}"));
        let sum = |wanted: &dyn Fn(&str, Op) -> bool| -> u64 {
            let layers = network.layers().filter(|(_, n, s)| wanted(&n.name, s.op));
            layers.filter_map(|(_, _, shape)| shape.macs()).sum()
        };
        let weights = sum(&|name, op| op == Op::Dense && name != "words");
        assert_eq!(weights, 12 * 12 * 768 * 768 * tokens, "{name}");
        let attention = sum(&|_, op| op == Op::Gemm);
        assert_eq!(attention, 12 * 2 * 1024 * 768 * tokens, "{name}");
        assert_eq!(sum(&|_, _| true), total, "{name}");
        assert!(text_says(name, total), "{name}: the text has another count");
    }
}

/// Touvron et al., 2023: width 4096, feed-forward width 11008 with a gate, 32 layers, 32,000 words.
#[test]
fn llama_takes_what_its_hyperparameters_say() {
    const WEIGHTS: u64 = 4 * 4096 * 4096 + 3 * 4096 * 11008;
    const NORMS: u64 = 32 * 2 * 4096 + 4096;
    // The published number of parameters of the whole model.
    assert_eq!(32 * WEIGHTS + 2 * 32_000 * 4096 + NORMS, 6_738_415_616);
    for (name, tokens, total) in [
        ("llama_prefill", 2048, 448_824_082_432),
        ("llama_decode", 1, 219_152_384),
    ] {
        let network = network(&format!("std.networks.{name}"));
        assert_eq!(macs_of(&network, Op::Dense), WEIGHTS * tokens, "{name}");
        let attention = 2 * 2048 * 4096 * tokens;
        assert_eq!(macs_of(&network, Op::Gemm), attention, "{name}");
        assert_eq!(WEIGHTS * tokens + attention, total, "{name}");
        assert_eq!(network.layers().count(), 9, "{name}");
        assert!(text_says(name, total), "{name}: the text has another count");
    }
}

/// Multiply-accumulates in layers of one kind.
fn macs_of(network: &Network, op: Op) -> u64 {
    let shapes = network.layers().map(|(_, _, shape)| shape);
    shapes.filter(|s| s.op == op).filter_map(|s| s.macs()).sum()
}

/// The layers of MAESTRO's mapping files, as `cfxc import` reads them.
fn published(text: &str) -> Vec<LayerShape> {
    let network = check(text).analysis.networks.remove(0);
    network.layers().map(|(_, _, shape)| *shape).collect()
}

#[test]
fn tables_of_maestro_are_those_of_its_files() {
    for (name, file, total) in [
        (
            "gnmt",
            include_str!("reference/mappings/gnmt_nmk.cfx"),
            24_427_626_496,
        ),
        (
            "ncf",
            include_str!("reference/mappings/ncf_nmk.cfx"),
            655_097_856,
        ),
        (
            "transformer",
            include_str!("reference/mappings/Transformer_Layers.cfx"),
            404_750_336,
        ),
    ] {
        let network = network(&format!("std.networks.{name}"));
        assert!(!network.shapes_checked, "{name}");
        let layers: Vec<LayerShape> = network.layers().map(|(_, _, s)| *s).collect();
        assert_eq!(layers, published(file), "{name}");
        assert_eq!(network.graph.edge_count(), layers.len() - 1, "{name}");
        let macs: u64 = layers.iter().filter_map(LayerShape::macs).sum();
        assert_eq!(macs, total, "{name}");
        assert!(text_says(name, macs), "{name}: the text has another count");
    }
}

/// Ronneberger et al., 2015, figure 1; MAESTRO's file follows it too, but for one layer. The
/// parameters of this version are counted in gchlebus.github.io, Looking under the hood of
/// tensorflow models (2018).
#[test]
fn unet_is_that_of_its_figure() {
    let network = network("std.networks.unet");
    assert!(network.shapes_checked);
    let file = published(include_str!("reference/mappings/UNet_yxp_os.cfx"));
    let layers: Vec<_> = network.layers().collect();
    assert_eq!(layers.len(), file.len());
    let (mut macs, mut parameters) = (0, 0);
    for ((_, node, shape), theirs) in layers.iter().zip(&file) {
        let [k, c, r, s] = [Dim::K, Dim::C, Dim::R, Dim::S].map(|d| shape.bound(d));
        parameters += k * c * r * s + k;
        let mut bounds = theirs.bounds;
        if node.name == "up3" {
            // The file has 512 channels where the figure halves them.
            assert_eq!(bounds[Dim::K], 512);
            bounds[Dim::K] = 256;
        }
        assert_eq!(
            (shape.op, &shape.bounds),
            (theirs.op, &bounds),
            "{}",
            node.name
        );
        macs += shape.macs().expect("a count");
    }
    let outputs = layers.last().and_then(|(_, _, shape)| shape.output());
    assert_eq!(outputs, Some([388, 388]));
    assert_eq!(macs, 150_428_424_448);
    assert_eq!(parameters, 31_030_658);
    assert!(text_says("unet", parameters), "the text has another count");
    assert!(text_says("unet", macs), "the text has another count");
}

#[test]
fn networks_are_those_of_torchvision() {
    for (name, list, total, adds) in [
        (
            "mobilenet_v2",
            include_str!("reference/mobilenet_v2_layers.csv"),
            300_774_272,
            10,
        ),
        (
            "resnet50",
            include_str!("reference/resnet50_layers.csv"),
            4_089_184_256,
            16,
        ),
        (
            "mnasnet",
            include_str!("reference/mnasnet_layers.csv"),
            314_415_872,
            10,
        ),
    ] {
        let network = network(&format!("std.networks.{name}"));
        assert!(network.shapes_checked, "{name}");
        let layers: Vec<_> = network.layers().collect();
        let wanted: Vec<_> = rows(list).skip(1).map(|row| expected(&row)).collect();
        assert_eq!(layers.len(), wanted.len(), "{name}");
        for ((_, node, shape), (wanted, macs)) in layers.iter().zip(&wanted) {
            assert_eq!(*shape, wanted, "{name}: {}", node.name);
            assert_eq!(shape.macs(), Some(*macs), "{name}: {}", node.name);
        }
        let macs: u64 = layers.iter().filter_map(|(_, _, s)| s.macs()).sum();
        assert_eq!(macs, total, "{name}");
        assert_eq!(
            network.free().filter(|(_, op)| *op == "add").count(),
            adds,
            "{name}"
        );
        for &at in &network.order {
            let incoming = network
                .graph
                .neighbors_directed(at, petgraph::Direction::Incoming)
                .count();
            let node = &network.graph[at];
            let residual = node.name.ends_with("_add");
            assert_eq!(incoming == 2, residual, "{name}: {}", node.name);
        }
    }
}

#[test]
fn tables_are_those_of_the_paper() {
    for (name, table) in [
        (
            "mobilenet_v2",
            include_str!("reference/mobilenet_v2_table.csv"),
        ),
        ("resnet50", include_str!("reference/resnet50_table.csv")),
        ("mnasnet", include_str!("reference/mnasnet_table.csv")),
    ] {
        let network = network(&format!("std.tables.{name}"));
        assert!(!network.shapes_checked, "{name}");
        let mut rows = rows(table);
        assert_eq!(rows.next(), Some(vec!["K", "C", "Y", "X", "R", "S", "T"]));
        let wanted: Vec<Vec<u64>> = rows
            .map(|row| row.iter().map(|n| number(n)).collect())
            .collect();
        let layers: Vec<_> = network.layers().collect();
        assert_eq!(layers.len(), wanted.len(), "{name}");
        for (i, ((_, node, shape), row)) in layers.iter().zip(&wanted).enumerate() {
            let dims = [Dim::K, Dim::C, Dim::Y, Dim::X, Dim::R, Dim::S];
            let mut written: Vec<u64> = dims.iter().map(|&d| shape.bound(d)).collect();
            written.push(if shape.op == Op::Depthwise { 2 } else { 1 });
            assert_eq!(&written, row, "{name}: {}", node.name);
            assert_eq!(node.name, format!("l{}", i + 1));
            let plain = LayerShape {
                bounds: shape.bounds,
                ..LayerShape::new(shape.op, &[])
            };
            assert_eq!(
                **shape, plain,
                "{name}: {} has a stride or padding",
                node.name
            );
        }
        assert_eq!(
            network.graph.edge_count(),
            layers.len() - 1,
            "{name}: a chain"
        );
    }
}

/// No dataflow is known to the code: what deletes its text deletes its prices.
#[test]
fn dataflows_live_in_texts_only() {
    fn search(folder: &Path, names: &[String], found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                search(&path, names, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default().to_lowercase();
            // Tests at the end of a file may price what users write.
            let code = text.split("#[cfg(test)]").next().unwrap_or("");
            for name in names.iter().filter(|n| code.contains(n.as_str())) {
                found.push(format!("{} names {name}", path.display()));
            }
        }
    }
    let names: Vec<String> = library::paths()
        .iter()
        .filter_map(|p| p.strip_prefix("std.dataflows.").map(str::to_string))
        .collect();
    assert!(names.len() >= 3);
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for room in ["cost", "space", "search", "ir"] {
        let mut found = Vec::new();
        search(&src.join(room), &names, &mut found);
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Every dataflow maps every kind of layer, with the knobs of the bundled menu and no other.
#[test]
fn dataflows_map_every_kind_with_the_menu_of_the_library() {
    let layers = "network all {\n\
        layer a conv { K = 8, C = 8, Y = 8, X = 8, R = 3, S = 3 }\n\
        layer b depthwise { C = 8, Y = 8, X = 8, R = 3, S = 3 }\n\
        layer c grouped_conv { G = 2, K = 8, C = 8, Y = 8, X = 8, R = 3, S = 3 }\n\
        layer d transposed_conv { K = 8, C = 8, Y = 8, X = 8, R = 3, S = 3 }\n\
        layer e dense { K = 8, C = 8 }\n\
        layer f gemm { M = 8, N = 8, K = 8 }\n}\n";
    let dataflows: Vec<String> = library::paths()
        .into_iter()
        .filter(|p| p.starts_with("std.dataflows."))
        .collect();
    let text = format!(
        "{layers}design d {{\n network all\n dataflow in [{}]\n menu std.menus.confuciux\n minimize latency\n}}\n",
        dataflows.join(", ")
    );
    let problems = check(&text).clean().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].dataflows.len(), dataflows.len());
}
