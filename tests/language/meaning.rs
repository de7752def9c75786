//! What constructs mean, one by one.

use crate::spec::{Checked, check};
use cfxc::diag::codes;
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op};
use cfxc::ir::network::{Network, TensorShape};
use cfxc::ir::problem::{Deployment, Limit, Problem};

/// One network of a text without mistakes.
#[track_caller]
fn network(body: &str) -> Network {
    let analysis = check(&format!("network net {{\n{body}\n}}\n")).clean();
    analysis.networks.into_iter().next().expect("a network")
}

fn shape(network: &Network, name: &str) -> LayerShape {
    let mut layers = network.layers();
    let found = layers.find(|(_, node, _)| node.name == name);
    *found.unwrap_or_else(|| panic!("no layer {name}")).2
}

fn output(network: &Network, name: &str) -> TensorShape {
    let mut nodes = network.graph.node_weights();
    let found = nodes.find(|n| n.name == name);
    found.and_then(|n| n.output).expect("a shape")
}

/// A specification around these blocks and lines of its only design.
fn spec(blocks: &str, lines: &str) -> Checked {
    let mut text = String::from("use std.dataflows.nvdla\nuse std.menus.confuciux\n");
    text += "network net {\n layer l1 conv { K = 8, C = 3, Y = 8, X = 8, R = 3, S = 3 }\n}\n";
    text += blocks;
    let mut design = String::new();
    for (word, line) in [
        ("network", "network net"),
        ("dataflow", "dataflow nvdla"),
        ("menu", "menu confuciux"),
        ("minimize", "minimize latency"),
    ] {
        let said = lines.lines().any(|l| l.trim_start().starts_with(word));
        let maximizes = word == "minimize" && lines.contains("maximize");
        if !said && !maximizes {
            design += &format!(" {line}\n");
        }
    }
    check(&format!("{text}\ndesign d {{\n{design}{lines}\n}}\n"))
}

/// The problem of a specification in which only `use` lines may be unneeded.
#[track_caller]
fn problem(blocks: &str, lines: &str) -> Problem {
    let checked = spec(blocks, lines);
    let others = |d: &&cfxc::diag::Diagnostic| d.code != codes::UNUSED_USE;
    let found = checked.analysis.diagnostics.iter().filter(others).count();
    assert_eq!(found, 0, "{}", checked.shown());
    let problem = checked.analysis.problems.into_iter().next();
    problem.expect("a problem")
}

#[test]
fn seeds_are_exact_to_the_last_bit() {
    for seed in [0, 7, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
        assert_eq!(problem("", &format!(" seed {seed}")).seed, seed);
    }
    assert_eq!(problem("", " seed 1e6").seed, 1_000_000);
    assert_eq!(problem("", " seed 1_000").seed, 1000);
    for bad in ["-1", "0.5", "18446744073709551616", "1e19", "1e18", "7 B"] {
        assert!(
            spec("", &format!(" seed {bad}"))
                .analysis
                .problems
                .is_empty(),
            "{bad}"
        );
    }
}

#[test]
fn defaults_are_named() {
    let problem = problem("", "");
    let names: Vec<&str> = problem.defaults.iter().map(|d| d.0).collect();
    assert_eq!(
        names,
        [
            "model",
            "precision",
            "technology",
            "deploy",
            "seed",
            "search"
        ]
    );
    assert_eq!(problem.deployment, Deployment::Pipelined);
    assert_eq!(problem.model, "analytic");
    assert_eq!(problem.technology.name, "horowitz45");
    let methods: Vec<&str> = problem.stages.iter().map(|s| s.method).collect();
    assert_eq!(methods, ["reinforce", "genetic"]);
}

#[test]
fn grouped_convolutions_are_per_group() {
    let net = network(
        "input image [8, 8, 8]\n\
         a = conv(image) { filters = 16, kernel = 3x3, groups = 4 }\n\
         b = conv(image) { filters = 16, kernel = 3x3, groups = 8 }\n\
         layer c grouped_conv { G = 4, K = 4, C = 2, Y = 8, X = 8, R = 3, S = 3 }\n\
         image -> c",
    );
    let (a, b, c) = (shape(&net, "a"), shape(&net, "b"), shape(&net, "c"));
    assert_eq!(a, c);
    assert_eq!(
        (a.bound(Dim::G), a.bound(Dim::K), a.bound(Dim::C)),
        (4, 4, 2)
    );
    assert_eq!(a.macs(), Some(6 * 6 * 9 * 16 * 2));
    // One channel per group: a depthwise convolution with two filters per channel.
    assert_eq!(
        (b.op, b.bound(Dim::C), b.bound(Dim::K)),
        (Op::Depthwise, 8, 2)
    );
    assert_eq!(output(&net, "b").channels, 16);
    assert_eq!(output(&net, "c").channels, 16);
}

/// They stay transposed ones, and are mapped group after group.
#[test]
fn transposed_convolutions_have_groups() {
    let net = network(
        "input x [8, 7, 5]
         y = transposed_conv(x) { filters = 6, kernel = 2x2, stride = 2, groups = 2 }
         layer z transposed_conv { G = 6, K = 1, C = 1, Y = 14, X = 10, R = 4, S = 4, stride = 2, pad = 1 }
         y -> z",
    );
    let y = shape(&net, "y");
    assert_eq!((y.op, y.mapped_as()), (Op::TransposedConv, Op::GroupedConv));
    let bounds = [Dim::G, Dim::K, Dim::C].map(|d| y.bound(d));
    assert_eq!((bounds, y.macs()), ([2, 3, 4], Some(7 * 5 * 2 * 2 * 6 * 4)));
    let output = |name| output(&net, name);
    assert_eq!((output("y").channels, output("y").rows), (6, 14));
    assert_eq!((output("z").channels, output("z").rows), (6, 28));
}

#[test]
fn dense_layers_flatten() {
    let net = network(
        "layer conv conv { K = 4, C = 3, Y = 8, X = 8, R = 3, S = 3 }\n\
         layer fc dense { K = 10, C = 144 }\n\
         conv -> fc\n\
         head = dense(conv) { units = 5 }\n\
         flat = flatten(conv)\n\
         tail = dense(flat) { units = 5 }",
    );
    for name in ["fc", "head", "tail"] {
        assert_eq!(shape(&net, name).bound(Dim::C), 144, "{name}");
    }
}

#[test]
fn windows_strides_paddings() {
    let net = network(
        "input image [3, 9, 7]\n\
         a = conv(image) { filters = 2, kernel = 3x1, stride = 2x1, pad = 1x0 }\n\
         b = conv(image) { filters = 2, kernel = 3, pad = [0, 1, 1, 2], dilation = 2x1 }\n\
         c = transposed_conv(image) { filters = 2, kernel = 3, stride = 2, pad = 1, output_pad = 1 }\n\
         d = max_pool(image) { kernel = 2, stride = 2 }",
    );
    let extents = |name: &str| {
        let shape = output(&net, name);
        [shape.rows, shape.columns]
    };
    assert_eq!(extents("a"), [5, 7]);
    assert_eq!(extents("b"), [6, 8]);
    assert_eq!(extents("c"), [18, 14]);
    assert_eq!(extents("d"), [4, 3]);
}

#[test]
fn edges_add_up_or_stack() {
    let layer = |name: &str, k: u64, c: u64| {
        format!("layer {name} conv {{ K = {k}, C = {c}, Y = 8, X = 8, R = 1, S = 1 }}\n")
    };
    let two = layer("a", 4, 3) + &layer("b", 4, 3);
    network(&format!("{two}{}a -> sum\nb -> sum", layer("sum", 8, 4)));
    network(&format!(
        "{two}{}a -> stack\nb -> stack",
        layer("stack", 8, 8)
    ));
    let wrong = format!("network n {{\n{two}{}a -> c\nb -> c\n}}", layer("c", 8, 6));
    assert_eq!(check(&wrong).errors(), ["E0303", "E0303"]);
}

#[test]
fn unchecked_shapes_are_not_checked_anywhere() {
    let text = "network t shapes unchecked {\n\
        layer a conv { K = 4, C = 3, Y = 8, X = 8, R = 1, S = 1 }\n\
        layer b conv { K = 9, C = 5, Y = 4, X = 4, R = 1, S = 1 }\n\
        a -> b\n sum = add(a, b)\n both = concat(a, b)\n}\n";
    check(text).clean();
    let checked = text.replace(" shapes unchecked", "");
    assert_eq!(check(&checked).errors(), ["E0303"; 3]);
}

#[test]
fn names_of_different_kinds_do_not_collide() {
    let text = "network same { layer same dense { K = 2, C = 2 } }\n\
        dataflow same { for dense { spatial K by same } }\n\
        menu same { pes in [1, 2] same in [1, 2] }\n\
        budget same { area <= 50% }\n\
        technology same extends std.technologies.horowitz45 { }\n\
        design same {\n network same\n dataflow same\n menu same\n budget same\n \
        technology same\n minimize area\n pin same { same = 2, dataflow = same }\n}\n";
    let problem = check(text).clean().problems.remove(0);
    assert_eq!(problem.pins[0].knobs, [(1, 2)]);
    assert_eq!(problem.pins[0].dataflow, Some(0));
}

#[test]
fn aliases_name_dataflows() {
    let problem = check(include_str!("specs/mixed.cfx"))
        .clean()
        .problems
        .remove(0);
    let names: Vec<&str> = problem.dataflows.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["weights", "eyeriss"]);
    assert_eq!(problem.pins[0].dataflow, Some(0));
}

#[test]
fn limits_in_every_unit() {
    let budget = "budget b {\n area <= 2.5 mm2\n power <= 1 W\n latency <= 20 ms\n \
        energy <= 1 mJ\n throughput >= 30 inferences/s\n}\n\
        technology slow extends std.technologies.horowitz45 { clock 500 MHz }\n";
    let found = problem(budget, " budget b\n technology slow").budgets;
    let limits: Vec<Limit> = found.iter().map(|b| b.limit).collect();
    assert_eq!(limits[0], Limit::Absolute(2.5e6));
    assert_eq!(limits[1], Limit::Absolute(1e3));
    // At the technology's clock, not at the usual one.
    assert_eq!(limits[2], Limit::Absolute(1e7));
    assert_eq!(limits[3], Limit::Absolute(1e6));
    assert_eq!(limits[4], Limit::Absolute(30.0));
    let share = problem("budget b {\n area <= 10 %\n}\n", " budget b").budgets;
    assert_eq!(share[0].limit, Limit::Share(0.1));
}

#[test]
fn technologies_override_what_they_extend() {
    let blocks = "technology base extends std.technologies.horowitz45 {\n source \"ours\"\n \
        int8 { multiply_area = 300 um2, multiply = 0.5 pJ, source = \"synthesis\" }\n clock 2 GHz\n}\n\
        technology fast extends base {\n clock 4 GHz\n noc { width = 128 B }\n}\n";
    let technology = problem(blocks, " technology fast").technology;
    assert_eq!(technology.name, "fast");
    assert_eq!(technology.clock_hz(), 4e9);
    assert_eq!(technology.get("noc.width"), Some(128.0));
    assert_eq!(technology.get("int8.multiply_area"), Some(300.0));
    assert_eq!(technology.get("int8.multiply"), Some(0.5e-3));
    assert_eq!(technology.get("int32.add"), Some(0.1e-3));
    let source = |name: &str| technology.coefficients[name].source.clone();
    assert_eq!(source("int8.multiply_area").as_deref(), Some("synthesis"));
    assert_eq!(source("clock"), None);
    // Longer chains than anyone writes are no circles.
    let mut chain = String::from("technology t0 extends std.technologies.horowitz45 { }\n");
    for i in 1..100 {
        chain += &format!("technology t{i} extends t{} {{ }}\n", i - 1);
    }
    assert_eq!(
        problem(&chain, " technology t99").technology.clock_hz(),
        5e8
    );
}

#[test]
fn sequential_designs_choose_tiles_per_layer() {
    let problem = check(include_str!("specs/explicit.cfx"))
        .clean()
        .problems
        .remove(0);
    assert_eq!(problem.deployment, Deployment::Sequential);
    // `pes` comes first, wherever the menu has it.
    let names: Vec<&str> = problem.menu.knobs.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(names, ["pes", "tile_c"]);
    assert_eq!(problem.menu.knobs[1].levels, [1, 2, 4, 8]);
    assert!(problem.menu.knobs[1].per_layer && !problem.menu.knobs[0].per_layer);
    assert_eq!(problem.pins[0].knobs, [(1, 8)]);
    assert_eq!(problem.layers[problem.pins[0].layer].name, "/classifier/l5");
}

#[test]
fn pins_may_use_refined_levels() {
    assert_eq!(problem("", " pin l1 { pes = 3 }").pins[0].knobs, [(0, 3)]);
}

#[test]
fn a_use_of_the_wrong_kind_is_told_where_it_is_used() {
    let checked = spec("use std.networks.resnet50 as tech\n", " technology tech");
    assert!(checked.errors().contains(&"E0102"), "{}", checked.shown());
}

#[test]
fn the_same_line_twice_is_only_unneeded() {
    let checked = spec("use std.dataflows.nvdla\n", "");
    let found: Vec<_> = checked
        .analysis
        .diagnostics
        .iter()
        .map(|d| d.code)
        .collect();
    assert_eq!(found, [codes::UNUSED_USE], "{}", checked.shown());
}

/// The second run after mending a mistake must not bring up one that could have been told before.
#[test]
fn a_broken_layer_hides_no_other() {
    let text = "network net {\n input image [3, 8, 8]\n\
        a = conv(image) { filters = 0, kernel = 3x3 }\n\
        b = conv(a) { filters = 4, kernal = 3x3 }\n\
        c = dense(b, a) { units = 4 }\n\
        d = dense(x) { units = 4, bias = 1 }\n\
        layer e conv { K = 4, C = 4, Y = 2, X = 2, R = 3, S = 3 }\n\
        e -> image\n}\n";
    let found = check(text).errors();
    let wanted = [
        "E0204", "E0104", "E0305", "E0104", "E0304", "E0101", "E0307",
    ];
    assert_eq!(found, wanted, "{}", check(text).shown());
}

#[test]
fn a_mistake_in_one_design_spares_the_next() {
    let text =
        include_str!("specs/paper.cfx").replacen("minimize   latency", "maximize   latency", 1);
    let checked = check(&text);
    assert_eq!(checked.errors(), ["E0601"]);
    assert_eq!(checked.analysis.designs, ["paper", "again"]);
    let problems: Vec<&str> = checked
        .analysis
        .problems
        .iter()
        .map(|p| p.design.as_str())
        .collect();
    assert_eq!(problems, ["again"]);
}

#[test]
fn a_design_starts_from_the_one_it_extends() {
    let blocks = "budget wide { area <= 50% }\nbudget tiny { area <= 5% }\n";
    let lines = "dataflow nvdla\nminimize latency\nbudget wide\nseed 7\nstop gap <= 1%\nexpect gap <= 2%\n\
        pin l1 { pes = 4 }\nsearch exact\n}\n\
        design small extends d {\nbudget tiny\nmaximize throughput\npin l1 { pes = 2 }\n}\n\
        design smaller extends small {\ndataflow in [nvdla]\ndeploy pipelined";
    let problems = spec(blocks, lines).clean().problems;
    let [base, small, smaller] = &problems[..] else {
        panic!("{} designs", problems.len())
    };
    for problem in &problems {
        assert_eq!((problem.seed, problem.stop_gap), (7, Some(0.01)));
        assert_eq!(problem.stages.len(), 1);
        assert_eq!(problem.pins.len(), 1);
    }
    let limit = |p: &Problem| p.budgets[0].limit;
    assert_eq!(limit(base), Limit::Share(0.5));
    assert_eq!(limit(small), Limit::Share(0.05));
    assert_eq!(limit(smaller), Limit::Share(0.05));
    assert_eq!(base.objective.metric.name(), "latency");
    assert_eq!(smaller.objective.metric.name(), "throughput");
    // An expectation is about one decision.
    let expectations = problems.iter().map(|p| p.expectations.len());
    assert_eq!(expectations.collect::<Vec<_>>(), [1, 0, 0]);
}

#[test]
fn a_pin_that_is_dropped_leaves_the_layer_free() {
    let lines = "dataflow nvdla\nminimize latency\npin l1 { pes = 4 }\n}\n\
        design open extends d { pin l1 none }\n\
        design still_open extends open { seed 2 }\n\
        design again extends open { pin l1 { pes = 2 }";
    let problems = spec("", lines).clean().problems;
    let pinned = problems.iter().map(|p| p.pins.len());
    assert_eq!(pinned.collect::<Vec<_>>(), [1, 0, 0, 1]);
}

/// Cycles and energy of the layer of `net` under a rule of these directives, with `pes = 4` and
/// `tile = 3`; `None` where the model refuses.
fn price(model: &str, directives: &str) -> Option<(u64, f64)> {
    let blocks = format!(
        "let side = 2\nlet seven = 7\nmenu two {{ pes in [4, 8] tile in [3, 5] }}\n\
         dataflow tiles {{ for conv {{ {directives} }} }}\n"
    );
    let lines = format!(" dataflow tiles\n menu two\n model {model}\n minimize latency");
    let checked = spec(&blocks, &lines);
    let problem = checked.analysis.problems.first();
    let problem = problem.unwrap_or_else(|| panic!("{}", checked.shown()));
    let built = cfxc::cost::build(problem.model, &problem.technology, problem.precision);
    let rule = problem.rule(0, 0).expect("a rule");
    let price = built
        .expect("a model")
        .price(&problem.shapes[0], rule, &[4, 3]);
    price.ok().map(|p| (p.latency_cycles, p.energy_nj))
}

/// A layer with K = 8, C = 3, Y = X = 8, R = S = 3; quotients are rounded up.
#[test]
fn sizes_are_computed_from_extents_knobs_and_constants() {
    let rest = "temporal R by R temporal S by S temporal X by S step 1";
    for model in ["analytic", "maestro"] {
        for (computed, plain) in [
            ("spatial K by 2 * tile", "spatial K by 6"),
            ("spatial K by (K + tile) / side", "spatial K by 6"),
            // Quotients of numbers alone are rounded up like those of knobs.
            ("spatial K by 7 / 2 + 1", "spatial K by 5"),
            ("spatial K by seven / 2", "spatial K by 4"),
            ("spatial K by (seven / 2) * tile / 3", "spatial K by 4"),
            (
                "spatial K by 1 temporal C by C / side",
                "spatial K by 1 temporal C by 2",
            ),
            (
                "spatial K by tile - 1 cluster pes / 2 { spatial C by C - tile + 1 }",
                "spatial K by 2 cluster 2 { spatial C by 1 }",
            ),
        ] {
            let a = price(model, &format!("{computed} "));
            let b = price(model, &format!("{plain} "));
            assert!(
                a.is_some() && a == b,
                "{model}: {computed}: {a:?} and {b:?}"
            );
        }
        let window = "spatial K by 1 temporal Y by tile + R - 1 step tile";
        let number = "spatial K by 1 temporal Y by 5 step 3";
        let a = price(model, &format!("{window} {rest}"));
        let b = price(model, &format!("{number} {rest}"));
        assert!(a.is_some() && a == b, "{model}: {a:?} and {b:?}");
        // Below 1, above all bounds, divided by zero.
        for size in ["C - tile", "K * 1000000000 * 1000000000", "K / (C - tile)"] {
            let found = price(model, &format!("spatial K by {size}"));
            assert_eq!(found, None, "{model}: {size}");
        }
    }
}
