//! `cfxc build`: what it writes, and that equal inputs give equal bytes.

use super::{Folder, TINY, keys};
use serde_json::{Value, json};

#[test]
fn json_has_the_promised_schema() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let document = folder
        .run(&["build", "t.cfx", "--format", "json"])
        .ends(0)
        .json();
    assert_eq!(keys(&document), ["schema", "cfxc", "designs"]);
    assert_eq!(document["schema"], 1);
    assert_eq!(document["cfxc"], env!("CARGO_PKG_VERSION"));
    let design = &document["designs"][0];
    assert_eq!(
        keys(design),
        [
            "design",
            "seed",
            "objective",
            "budgets",
            "certificate",
            "stages",
            "interrupted",
            "reproducible",
            "stopped_by",
            "layers",
            "free",
            "engine",
            "metrics",
            "expectations",
            "inputs"
        ]
    );
    assert_eq!(keys(&design["objective"]), ["metric", "value", "unit"]);
    assert!(design["objective"]["value"].is_u64());
    assert_eq!(
        keys(&design["budgets"][0]),
        ["metric", "limit", "used", "unit", "holds"]
    );
    assert_eq!(design["budgets"][0]["unit"], "um2");
    assert_eq!(design["budgets"][1]["limit"], 500_000);
    assert_eq!(
        keys(&design["stages"][0]),
        ["method", "evaluations", "prices", "value"]
    );
    assert_eq!(design["stages"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        keys(&design["layers"][0]),
        [
            "name",
            "op",
            "dataflow",
            "pes",
            "buffer",
            "latency_cycles",
            "energy_nj",
            "area_um2",
            "power_mw",
            "mean_power_mw",
            "l1_bytes",
            "l2_bytes",
            "macs",
            "model_macs"
        ]
    );
    assert_eq!(design["layers"][0]["pes"], 4, "the pin is kept");
    assert_eq!(
        design["free"],
        json!([{"name": "skip", "op": "add"}, {"name": "pool", "op": "global_pool"}])
    );
    assert_eq!(design["engine"], Value::Null);
    assert_eq!(design["expectations"][0]["held"], true);
    assert_eq!(
        design["inputs"]["technology"]["coefficients"]["int8.multiply_area"]["value"],
        282
    );
    assert_eq!(design["inputs"]["pins"][0]["knobs"], json!({"pes": 4}));
    let latencies = design["layers"].as_array().expect("layers").iter();
    let sum: u64 = latencies.filter_map(|l| l["latency_cycles"].as_u64()).sum();
    assert_eq!(design["metrics"]["latency_cycles"], sum);
    // The file holds the same facts as stdout.
    assert_eq!(folder.read("build/npu.json"), {
        let again = folder.run(&["build", "t.cfx", "--format", "json"]);
        again.out
    });
}

#[test]
fn equal_inputs_give_equal_bytes() {
    let second = TINY
        .split("design npu")
        .nth(1)
        .map(|rest| {
            format!(
                "design other{}",
                rest.replace("pin conv1 { pes = 4 }", "seed 3")
            )
        })
        .expect("a design");
    let spec = format!("{TINY}{second}");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let mut all = Vec::new();
    for (jobs, out) in [("1", "a"), ("2", "b"), ("2", "c")] {
        let args = ["build", "t.cfx", "--jobs", jobs, "--out", out];
        let ran = folder
            .run(&[&args[..], &["--format", "json"]].concat())
            .ends(0);
        let files = [
            "npu.json",
            "npu.md",
            "npu.html",
            "other.json",
            "other.md",
            "other.html",
        ];
        let files: Vec<String> = files
            .iter()
            .map(|f| folder.read(&format!("{out}/{f}")))
            .collect();
        all.push((ran.out, files));
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[1], all[2]);
    let document: Value = serde_json::from_str(&all[0].0).expect("JSON");
    assert_eq!(document["designs"][0]["design"], "npu");
    assert_eq!(document["designs"][1]["design"], "other");
    assert_eq!(document["designs"][1]["seed"], 3);
}

/// A longest path as objective: the same bytes with any number of threads, and everywhere it is said
/// that it does not decompose.
#[test]
fn the_critical_path_says_how_it_was_bounded() {
    let spec = TINY
        .replace(
            "skip  = add(conv1, pw1)",
            "side  = conv(conv1) { filters = 16, kernel = 3x3, pad = 1 }\n  skip  = add(side, pw1)",
        )
        .replace(
            "minimize latency",
            "minimize critical_path  stop gap <= 5%  expect gap <= 10%",
        )
        .replace(
            "genetic { generations = 5 }",
            "genetic { generations = 5 } then exact",
        )
        .replace("expect latency", "expect critical_path");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let mut all = Vec::new();
    for jobs in ["1", "2"] {
        let args = ["build", "t.cfx", "--out", jobs, "--jobs", jobs];
        let ran = folder.run(&[&args[..], &["--format", "json"]].concat());
        let report = folder.read(&format!("{jobs}/npu.md"));
        all.push((ran.ends(0).out, report));
    }
    assert_eq!(all[0], all[1]);
    let document: Value = serde_json::from_str(&all[0].0).expect("JSON");
    let design = &document["designs"][0];
    let metrics = &design["metrics"];
    assert_eq!(
        design["objective"]["value"],
        metrics["critical_path_cycles"]
    );
    assert!(metrics["critical_path_cycles"].as_u64() < metrics["latency_cycles"].as_u64());
    let relaxation = &design["certificate"]["relaxation"];
    assert_eq!(keys(relaxation), ["note", "units", "layers", "edges"]);
    assert_eq!(relaxation["layers"]["conv1"], relaxation["units"]);
    let summary = folder.run(&["build", "t.cfx"]).ends(0).out;
    for text in [&summary, &all[0].1] {
        assert!(text.contains("critical path does not decompose"), "{text}");
        assert!(text.contains("critical_path"), "{text}");
    }
    let cost = [
        "cost",
        "t.cfx",
        "--assign",
        "build/npu.json",
        "--format",
        "json",
    ];
    let priced = folder.run(&cost).ends(0).json();
    let totals = &priced["designs"][0]["totals"];
    assert_eq!(
        totals["critical_path_cycles"],
        metrics["critical_path_cycles"]
    );
}

#[test]
fn the_seed_of_the_command_line_counts() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let document = folder
        .run(&["build", "t.cfx", "--seed", "9", "--format", "json"])
        .ends(0)
        .json();
    assert_eq!(document["designs"][0]["seed"], 9);
    assert_eq!(
        document["designs"][0]["inputs"]["defaults"].get("seed"),
        None
    );
}

#[test]
fn the_summary_says_what_was_decided() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let ran = folder.run(&["build", "t.cfx"]).ends(0);
    for part in [
        "Each of the 4 layers gets its own engine",
        "minimized",
        "What limits it",
        "wrote build/npu.json and build/npu.md",
        "wrote build/npu.html",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours in a pipe");
    let quiet = folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    assert_eq!(quiet.out, "");
}

#[test]
fn the_report_reads_as_it_should() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let report = folder.read("build/npu.md");
    for part in [
        "# npu\n",
        "## Result",
        "## What limits it",
        "| reinforce | 20 |",
        "| conv1 | conv | nvdla | 4 |",
        "skip (add), pool (global_pool)",
        "| pin: conv1 | pes = 4 |",
        "| int8.multiply_area | 282 um2 |",
        "What to know about the model",
    ] {
        assert!(report.contains(part), "{part}\n{report}");
    }
    let folder_name = folder.path.path().to_string_lossy().into_owned();
    assert!(!report.contains(&folder_name));
}

#[test]
fn one_engine_for_all_layers() {
    let spec = TINY
        .replace("pin conv1 { pes = 4 }", "deploy sequential")
        .replace("minimize latency", "maximize throughput")
        .replace("buffer in [1, 2, 4]", "buffer in [1, 2, 4] per layer");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let document = folder
        .run(&["build", "t.cfx", "--format", "json"])
        .ends(0)
        .json();
    let design = &document["designs"][0];
    assert_eq!(
        keys(&design["engine"]),
        ["pes", "l1_bytes", "l2_bytes", "area_um2", "power_mw"]
    );
    for layer in design["layers"].as_array().expect("layers") {
        assert_eq!(layer["area_um2"], Value::Null);
        assert_eq!(layer["pes"], design["engine"]["pes"]);
    }
    assert_eq!(design["engine"]["area_um2"], design["metrics"]["area_um2"]);
}

#[test]
fn a_failed_expectation_leaves_the_files() {
    let spec = TINY.replace("4e5 cycles", "10 cycles");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let ran = folder.run(&["build", "t.cfx"]).ends(1);
    assert!(ran.err.contains("E0801"), "{}", ran.err);
    assert!(ran.err.contains("10 cycles"), "{}", ran.err);
    let document: Value = serde_json::from_str(&folder.read("build/npu.json")).expect("JSON");
    assert_eq!(document["designs"][0]["expectations"][0]["held"], false);
}

#[test]
fn a_directory_that_cannot_be_written_is_told_before_the_search() {
    // More episodes than anybody waits for.
    let spec = TINY.replace("episodes = 20", "episodes = 10000000");
    let folder = Folder::with(&[("t.cfx", &spec), ("file", "kept")]);
    let ran = folder.run(&["build", "t.cfx", "--out", "file"]).ends(4);
    assert!(ran.err.contains("E0109"), "{}", ran.err);
    assert_eq!(folder.read("file"), "kept");
    std::fs::create_dir_all(folder.path("build/npu.md")).expect("made");
    folder.write("build/npu.json", b"kept");
    folder.run(&["build", "t.cfx"]).ends(4);
    assert_eq!(folder.read("build/npu.json"), "kept");
}

#[cfg(unix)]
#[test]
fn an_interrupted_search_keeps_its_best() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let spec = TINY.replace("episodes = 20", "episodes = 10000000");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    // The handler is set when the first warning or the progress could be seen; a message on
    // stderr does not come before the end, so the test waits for the directory.
    let mut child = Command::new(env!("CARGO_BIN_EXE_cfxc"))
        .current_dir(folder.path.path())
        .args(["build", "t.cfx"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    while !folder.path("build").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    let out: Vec<String> = BufReader::new(child.stdout.take().expect("piped"))
        .lines()
        .map_while(Result::ok)
        .collect();
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert!(out.iter().any(|l| l.starts_with("Interrupted")), "{out:?}");
    let document: Value = serde_json::from_str(&folder.read("build/npu.json")).expect("JSON");
    assert_eq!(document["designs"][0]["interrupted"], true);
    assert_eq!(document["designs"][0]["reproducible"], false);
    assert_eq!(document["designs"][0]["stopped_by"], "the user");
}

#[test]
fn a_time_limit_that_passes_keeps_the_best_and_says_so() {
    let spec = TINY
        .replace("episodes = 20", "episodes = 10000000")
        .replace("area <= 50%", "area <= 30%");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let args = ["build", "t.cfx", "--time-limit", "300ms"];
    let ran = folder.run(&args).ends(0);
    let by = "the time limit of 300ms";
    assert!(
        ran.out.contains(&format!("Interrupted by {by}")),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("not reproducible"), "{}", ran.out);
    let report = folder.read("build/npu.md");
    assert!(report.contains(&format!("interrupted by {by}")), "{report}");
    let document: Value = serde_json::from_str(&folder.read("build/npu.json")).expect("JSON");
    let design = &document["designs"][0];
    assert_eq!(design["interrupted"], true);
    assert_eq!(design["reproducible"], false);
    assert_eq!(design["stopped_by"], by);
    // The bound holds wherever the solver stopped.
    let certificate = &design["certificate"];
    let [value, bound] = ["value", "bound"].map(|k| certificate[k].as_f64().expect("a number"));
    assert!(0.0 < bound && bound <= value, "{certificate}");
}

#[test]
fn a_time_limit_that_does_not_pass_changes_nothing() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let limited = [
        "build",
        "t.cfx",
        "--quiet",
        "--out",
        "b",
        "--time-limit",
        "2h",
    ];
    folder.run(&limited).ends(0);
    for file in ["npu.json", "npu.md", "npu.html"] {
        let (a, b) = (format!("build/{file}"), format!("b/{file}"));
        assert_eq!(folder.read(&a), folder.read(&b));
    }
    let document: Value = serde_json::from_str(&folder.read("b/npu.json")).expect("JSON");
    assert_eq!(document["designs"][0]["reproducible"], true);
}

#[test]
fn a_time_limit_needs_a_unit() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    for (wrong, said) in [
        ("30", "`30s`"),
        ("3 weeks", "ms, s, min, h"),
        ("0s", "more than 0"),
    ] {
        let ran = folder
            .run(&["build", "t.cfx", "--time-limit", wrong])
            .ends(2);
        assert!(ran.err.contains(said), "{wrong}: {}", ran.err);
    }
}

#[test]
fn levels_of_pes_that_no_layer_can_use_are_told() {
    let spec = |levels: &str| {
        format!(
            "network net {{
  input image [3, 32, 32]
  conv1 = conv(image) {{ filters = 16, kernel = 3x3, pad = 1 }}
}}

dataflow columns {{
  for conv {{
    temporal Y' by 1
    temporal X' by 1
    spatial  K by 1
  }}
}}

menu small {{
  pes in [{levels}]
}}

design edge {{
  network  net
  dataflow columns
  menu     small
  minimize latency
}}
"
        )
    };
    let [wrong, right] = ["4, 16, 64", "4, 8, 16"].map(spec);
    let folder = Folder::with(&[("wrong.cfx", &wrong), ("right.cfx", &right)]);
    let told = folder.run(&["build", "wrong.cfx"]).ends(0).err;
    assert!(
        told.contains("W0505") && told.contains("more than 16 PEs"),
        "{told}"
    );
    assert_eq!(folder.run(&["build", "right.cfx"]).ends(0).err, "");
}
