//! `cfxc diff` between files, and `cfxc show` of decisions.

use crate::lock::two;
use crate::{Folder, TINY};
use serde_json::Value;

/// A folder in which the same design was built before and after the area was cut.
fn cut() -> Folder {
    let folder = Folder::with(&[
        ("a.cfx", TINY),
        ("b.cfx", &TINY.replace("area <= 50%", "area <= 20%")),
    ]);
    folder.run(&["build", "a.cfx", "--out", "a"]).ends(0);
    folder.run(&["build", "b.cfx", "--out", "b"]).ends(0);
    folder
}

#[test]
fn a_cut_of_the_budget() {
    let folder = cut();
    let shown = folder.run(&["diff", "a.lock", "b.lock"]).ends(0).out;
    insta::assert_snapshot!(shown);
    let shown = folder.run(&["diff", "a.lock", "b.lock", "--format", "markdown"]);
    insta::assert_snapshot!(shown.ends(0).out);
    folder
        .run(&["diff", "a.lock", "b.lock", "--exit-code"])
        .ends(1);
    let same = folder
        .run(&["diff", "a.lock", "a.lock", "--exit-code"])
        .ends(0);
    assert_eq!(same.out, "nothing differs between a.lock and a.lock\n");
}

/// The order and the figures of the JSON follow from the two locks.
#[test]
fn figures_are_those_of_the_locks() {
    let folder = cut();
    let diff = folder
        .run(&["diff", "a.lock", "b.lock", "--format", "json"])
        .ends(0)
        .json();
    let result = |name: &str| -> Value {
        serde_json::from_str(&folder.read(&format!("{name}/npu.json"))).expect("JSON")
    };
    let (a, b) = (result("a"), result("b"));
    let (a, b) = (&a["designs"][0], &b["designs"][0]);
    let design = &diff["designs"][0];
    assert_eq!(diff["equal"], false);
    for total in design["totals"].as_array().expect("totals") {
        let name = total["figure"].as_str().expect("a name");
        assert_eq!(
            total["before"].as_f64(),
            a["metrics"][name].as_f64(),
            "{name}"
        );
        assert_eq!(
            total["after"].as_f64(),
            b["metrics"][name].as_f64(),
            "{name}"
        );
    }
    let layers = design["layers"].as_array().expect("layers");
    assert!(layers.len() > 1);
    let cycles = |layer: &Value, side: &str| -> f64 {
        layer[side]["figures"]["latency_cycles"]
            .as_f64()
            .expect("cycles")
    };
    let moves: Vec<f64> = layers
        .iter()
        .map(|l| cycles(l, "after") - cycles(l, "before"))
        .collect();
    assert!(
        moves.windows(2).all(|m| m[0].abs() >= m[1].abs()),
        "{moves:?}"
    );
    let (before, after) = (
        &a["metrics"]["latency_cycles"],
        &b["metrics"]["latency_cycles"],
    );
    let (before, after) = (
        before.as_f64().expect("cycles"),
        after.as_f64().expect("cycles"),
    );
    assert_eq!(moves.iter().sum::<f64>(), after - before);
    for (layer, moved) in layers.iter().zip(&moves) {
        let share = layer["of_whole"].as_f64().expect("a share");
        assert!((share - moved / before).abs() < 1e-12);
    }
}

#[test]
fn a_lock_and_the_result_of_its_build_are_equal() {
    let folder = cut();
    let ran = folder.run(&["diff", "a.lock", "a/npu.json", "--exit-code"]);
    assert!(ran.ends(0).out.starts_with("nothing differs"));
    let ran = folder
        .run(&["diff", "a/npu.json", "b.lock", "--exit-code"])
        .ends(1);
    assert!(ran.out.contains("inputs: not known"), "{}", ran.out);
    let two = folder.run(&["diff", "a/npu.json", "b/npu.json", "--format", "json"]);
    assert_eq!(two.ends(0).json()["designs"][0]["inputs"], Value::Null);
}

/// What is null in a result is not known; it is neither 0 nor left out.
#[test]
fn what_is_not_known_is_said_so() {
    let folder = cut();
    let mut result: Value = serde_json::from_str(&folder.read("a/npu.json")).expect("JSON");
    let design = &mut result["designs"][0];
    design["certificate"] = Value::Null;
    design["metrics"]["area_um2"] = Value::Null;
    design["layers"][0]["latency_cycles"] = Value::Null;
    folder.write("odd.json", result.to_string().as_bytes());
    let out = folder.run(&["diff", "odd.json", "b.lock"]).ends(0).out;
    let line = |name: &str| -> String {
        let found = out.lines().find(|l| l.trim_start().starts_with(name));
        found.unwrap_or_else(|| panic!("{name}: {out}")).to_string()
    };
    for name in [
        "area ",
        "bound, proved",
        "gap",
        "conv1",
        "limited by  not known",
    ] {
        assert!(line(name).contains("not known"), "{name}: {out}");
    }
    assert!(!out.contains("NaN"), "{out}");
    let shown = folder.run(&["show", "odd.json"]).ends(0).out;
    assert!(shown.contains("bound not known") && shown.contains("inputs not known"));
}

#[test]
fn designs_that_come_and_go() {
    let folder = Folder::with(&[("one.cfx", TINY), ("two.cfx", &two())]);
    folder.run(&["build", "one.cfx"]).ends(0);
    folder.run(&["build", "two.cfx"]).ends(0);
    let out = folder.run(&["diff", "one.lock", "two.lock"]).ends(0).out;
    assert_eq!(out.matches(": new, ").count(), 1, "{out}");
    let out = folder
        .run(&["diff", "two.lock", "one.lock", "--format", "markdown"])
        .ends(0)
        .out;
    assert_eq!(out.matches(" is gone: it was ").count(), 1, "{out}");
    let all = folder
        .run(&["diff", "/dev/null", "two.lock", "--format", "json"])
        .ends(0)
        .json();
    let designs = all["designs"].as_array().expect("designs");
    assert!(designs.len() == 2 && designs.iter().all(|d| d["status"] == "new"));
    // The only design of each side is compared whatever it is called.
    let other = TINY.replace("design npu", "design other");
    folder.write("other.cfx", other.as_bytes());
    folder.run(&["build", "other.cfx"]).ends(0);
    let out = folder.run(&["diff", "one.lock", "other.lock"]).ends(0).out;
    assert!(out.contains("was `npu` before"), "{out}");
}

#[test]
fn what_is_neither_lock_nor_result() {
    let folder = cut();
    let result = folder.read("a/npu.json");
    folder.write("cut_off.json", &result.as_bytes()[..900]);
    folder.write(
        "later.json",
        result.replace("\"schema\": 1", "\"schema\": 9").as_bytes(),
    );
    folder.write(
        "half.json",
        result.replacen("\"pes\": 4", "\"pes\": 4.5", 1).as_bytes(),
    );
    folder.write("other.json", b"{\"schema\": 1, \"layers\": []}\n");
    folder.write("text.lock", b"not a lock\n");
    let mut out = String::new();
    for (file, code) in [
        ("cut_off.json", 1),
        ("later.json", 1),
        ("half.json", 1),
        ("other.json", 1),
        ("text.lock", 1),
        ("nothing.lock", 4),
    ] {
        let ran = folder.run(&["diff", "a.lock", file]).ends(code);
        assert_eq!(ran.out, "");
        out += &ran.err;
        assert_eq!(folder.run(&["show", file]).ends(code).err, ran.err);
    }
    insta::assert_snapshot!(out);
    folder.run(&["diff", "a.lock"]).ends(2);
    folder
        .run(&["diff", "a.lock", "b.lock", "--git", "HEAD"])
        .ends(2);
    folder.run(&["diff", "a.lock", "b.lock", "c.lock"]).ends(2);
}

#[test]
fn a_lock_as_a_text_to_be_read() {
    let folder = cut();
    let shown = folder.run(&["show", "a.lock"]).ends(0).out;
    insta::assert_snapshot!(shown);
    // Every line but the inputs comes from the result as well.
    let result = folder.run(&["show", "a/npu.json"]).ends(0).out;
    let rest = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|l| !l.trim_start().starts_with("input"));
        lines.map(str::to_string).collect()
    };
    let (mut a, mut b) = (rest(&shown), rest(&result));
    a.sort();
    b.sort();
    assert_eq!(a, b);
}
