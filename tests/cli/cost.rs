//! `cfxc cost`: the columns that scripts rely on, and prices of given choices.

use super::{Folder, TINY};
use serde_json::Value;

const COLUMNS: &str = "layer,dataflow,pes,buffer,latency_cycles,energy_nj,area_um2,power_mw,\
throughput_macs_per_cycle,l1_bytes,l2_bytes,noc_bandwidth_peak,noc_bandwidth_avg,\
offchip_bandwidth,macs,active_pes,refused";

#[test]
fn every_layer_at_every_point_in_menu_order() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let ran = folder
        .run(&["cost", "t.cfx", "--menu", "--format", "csv"])
        .ends(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], COLUMNS);
    assert_eq!(lines.len(), 1 + 4 * 12);
    assert!(lines[1].starts_with("conv1,nvdla,1,1,"));
    assert!(lines[2].starts_with("conv1,nvdla,1,2,"));
    assert!(lines[4].starts_with("conv1,nvdla,2,1,"));
    assert!(lines[13].starts_with("dw1,nvdla,1,1,"));
    let fine = folder
        .run(&["cost", "t.cfx", "--menu", "--fine", "--format", "csv"])
        .ends(0);
    assert_eq!(fine.out.lines().count(), 1 + 4 * 24);
    let json = folder
        .run(&["cost", "t.cfx", "--menu", "--format", "json"])
        .ends(0)
        .json();
    let rows = json["designs"][0]["prices"].as_array().expect("rows");
    assert_eq!(rows.len(), 48);
    let first: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(rows[0]["latency_cycles"].to_string(), first[4]);
    assert_eq!(rows[0]["energy_nj"].to_string(), first[5]);
    assert_eq!(rows[0]["refused"], Value::Null);
    folder.run(&["cost", "t.cfx", "--menu"]).ends(0);
}

#[test]
fn refused_points_say_why() {
    let spec = TINY.replace(
        "input image [3, 32, 32]",
        "input image [3, 1000000000, 100000]",
    );
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let ran = folder
        .run(&["cost", "t.cfx", "--menu", "--format", "csv"])
        .ends(0);
    let line = ran.out.lines().nth(1).expect("a row");
    assert!(line.starts_with("conv1,nvdla,1,1,,,,,,,,,,,,,"), "{line}");
    assert!(line.ends_with("cycles"), "{line}");
}

#[test]
fn choices_of_a_build_have_its_totals() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let built = folder
        .run(&["build", "t.cfx", "--format", "json"])
        .ends(0)
        .json();
    let built = &built["designs"][0];
    let args = ["cost", "t.cfx", "--assign", "build/npu.json"];
    let priced = folder
        .run(&[&args[..], &["--format", "json"]].concat())
        .ends(0)
        .json();
    let totals = &priced["designs"][0]["totals"];
    for (key, value) in built["metrics"].as_object().expect("metrics") {
        assert_eq!(&totals[key], value, "{key}");
    }
    assert_eq!(totals["within_budgets"], true);
    assert_eq!(totals["budgets"], built["budgets"]);
    // The same choices as CSV, as `cost` itself prints them.
    let csv = folder
        .run(&[&args[..], &["--format", "csv"]].concat())
        .ends(0);
    assert!(csv.err.contains("all budgets hold"), "{}", csv.err);
    folder.write("again.csv", csv.out.as_bytes());
    let again = folder
        .run(&["cost", "t.cfx", "--assign", "again.csv", "--format", "csv"])
        .ends(0);
    assert_eq!(again.out, csv.out);
}

#[test]
fn over_budget_is_reported_and_not_refused() {
    let spec = TINY.replace("area <= 50%", "area <= 0.1 mm2");
    let list = "layer,pes,buffer\nconv1,8,4\ndw1,7,4\npw1,8,1\nfc,1,1\n";
    let folder = Folder::with(&[("t.cfx", &spec), ("a.csv", list)]);
    let ran = folder.run(&["cost", "t.cfx", "--assign", "a.csv"]).ends(0);
    assert!(ran.err.contains("over budget: area"), "{}", ran.err);
    let json = folder
        .run(&["cost", "t.cfx", "--assign", "a.csv", "--format", "json"])
        .ends(0)
        .json();
    let totals = &json["designs"][0]["totals"];
    assert_eq!(totals["within_budgets"], false);
    assert_eq!(totals["budgets"][0]["holds"], false);
}

#[test]
fn mistakes_in_a_list_of_choices() {
    let list = "layer,pes,buffer\nconv1,9,4\ndw,7,4\npw1,8,\npw1,1,1\n";
    let folder = Folder::with(&[
        ("t.cfx", TINY),
        ("a.csv", list),
        ("b.csv", "layer,pe\n"),
        (
            "c.json",
            "{\"designs\": [{\"design\": \"npu\", \"layers\": [{\"pes\": 1}]}]}",
        ),
        ("d.json", "{\"designs\": [\n1,]}"),
        (
            "e.json",
            "{\"designs\": [{\"design\": \"np\", \"layers\": []}]}",
        ),
    ]);
    let mut all = String::new();
    for name in ["a.csv", "b.csv", "c.json", "d.json", "e.json"] {
        let ran = folder.run(&["cost", "t.cfx", "--assign", name]).ends(1);
        all.push_str(&ran.err);
    }
    insta::assert_snapshot!(all);
    folder
        .run(&["cost", "t.cfx", "--assign", "none.csv"])
        .ends(4);
}
