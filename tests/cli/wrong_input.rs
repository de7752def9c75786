//! Wrong inputs and the diagnostics they get. Each is one small change to a sound specification.

use super::{Folder, TINY};

/// The diagnostics for the specification with `old` replaced by `new`.
#[track_caller]
fn told(old: &str, new: &str) -> String {
    told_of(TINY, old, new)
}

#[track_caller]
fn told_of(spec: &str, old: &str, new: &str) -> String {
    assert!(spec.contains(old), "{old}");
    let folder = Folder::with(&[("t.cfx", &spec.replace(old, new))]);
    let ran = folder.run(&["build", "t.cfx"]).ends(1);
    assert_eq!(ran.out, "");
    assert!(!folder.path("build").exists(), "nothing is begun");
    ran.err
}

#[test]
fn unknown_name() {
    insta::assert_snapshot!(told(
        "dataflow std.dataflows.nvdla",
        "dataflow std.dataflows.nvlda"
    ));
}

#[test]
fn missing_unit() {
    insta::assert_snapshot!(told("area <= 50%", "area <= 2.5"));
}

#[test]
fn cycle() {
    insta::assert_snapshot!(told("depthwise(conv1)", "depthwise(pw1)"));
}

#[test]
fn shapes_that_disagree() {
    insta::assert_snapshot!(told(
        "{ filters = 16, kernel = 1x1 }",
        "{ filters = 8, kernel = 1x1 }"
    ));
}

#[test]
fn empty_network() {
    let start = TINY.find("  conv1").expect("a layer");
    let end = TINY.find("}\n\nmenu").expect("an end");
    insta::assert_snapshot!(told(&TINY[start..end], ""));
}

#[test]
fn dimension_of_nothing() {
    insta::assert_snapshot!(told("[3, 32, 32]", "[3, 0, 32]"));
}

#[test]
fn dimension_beyond_all_measure() {
    insta::assert_snapshot!(told("[3, 32, 32]", "[3, 1000000000000, 32]"));
}

#[test]
fn pin_outside_the_menu() {
    insta::assert_snapshot!(told("pin conv1 { pes = 4 }", "pin conv1 { pes = 40 }"));
}

#[test]
fn budget_that_nothing_meets() {
    insta::assert_snapshot!(told("area <= 50%", "area <= 0.012 mm2"));
}

#[test]
fn latency_that_nothing_meets() {
    insta::assert_snapshot!(told("latency <= 1 ms", "latency <= 20 us"));
}

#[test]
fn throughput_that_nothing_meets() {
    insta::assert_snapshot!(told("latency <= 1 ms", "throughput >= 100000 inferences/s"));
}

#[test]
fn budgets_that_nothing_meets_together() {
    insta::assert_snapshot!(told(
        "area <= 50%\n  latency <= 1 ms",
        "area <= 1.6 mm2\n  latency <= 70 us"
    ));
}

const HUGE: &str = "layer huge gemm { M = 1000000000, N = 100000, K = 1 }\n  input image";

#[test]
fn layer_without_a_price() {
    let absolute = TINY.replace("area <= 50%", "area <= 9 mm2");
    insta::assert_snapshot!(told_of(&absolute, "input image", HUGE));
}

#[test]
fn share_of_an_unknown_span() {
    insta::assert_snapshot!(told("input image", HUGE));
}

#[test]
fn space_too_large() {
    insta::assert_snapshot!(told(
        "refine pes in 1..=8",
        "refine pes in 1..=50000\n  refine buffer in 1..=5000"
    ));
}

#[test]
fn not_text() {
    let folder = Folder::with(&[]);
    folder.write("t.cfx", b"network tiny {\n  // caf\xe9\n}\n");
    folder.write("wide.cfx", b"\xff\xfen\0e\0t\0");
    let mut all = String::new();
    for name in ["t.cfx", "wide.cfx"] {
        all.push_str(&folder.run(&["check", name]).ends(1).err);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn directory_that_cannot_be_written() {
    let folder = Folder::with(&[("t.cfx", TINY), ("file", "")]);
    let ran = folder
        .run(&["build", "t.cfx", "--out", "file/deep"])
        .ends(4);
    insta::assert_snapshot!(ran.err);
}

/// A mistake of the last layers is told behind more refused prices than are asked for in layers like the
/// first.
#[test]
fn mistake_of_late_layers() {
    let layer = |i: usize| {
        let window = if i < 3000 { 3 } else { 11 };
        let extents = format!(
            "K = {}, C = 8, Y = 50, X = {}, R = 3, S = {window}",
            i % 60 + 1,
            i / 60 + 20
        );
        format!("  layer l{i} conv {{ {extents} }}\n")
    };
    let layers: String = (0..3010).map(layer).collect();
    let spec = format!(
        "network n {{\n{layers}}}
dataflow w {{ for conv {{
  temporal Y by R step 2
  temporal X by 10 step 10 - S + 1
  cluster pes {{ spatial C by c }}
}} }}
menu m {{ pes in 1..=16 c in 1..=16 }}
design d {{ network n dataflow w menu m minimize latency }}
"
    );
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let told = folder.run(&["check", "t.cfx"]).ends(1).err;
    let places = ["layer `l0` of", "`step 1` does not", "layer `l3000` of"];
    assert!(places.iter().all(|p| told.contains(p)), "{told}");
    assert!(told.contains("1 file: 2 errors"), "{told}");
}
