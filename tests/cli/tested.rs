//! `cfxc test` and `cfxc accept`.

use super::lock::two;
use super::{Folder, TINY};

#[test]
fn expectations_and_lock_are_tests() {
    let folder = Folder::with(&[("t.cfx", &two())]);
    let ran = folder.run(&["test", "t.cfx"]).ends(0);
    for part in [
        "running 5 tests of t.cfx",
        "test npu::latency <= 4e5 cycles ... ok (",
        "test npu::lock ... not run (there is no t.lock)",
        "test big::latency <= 2 * npu.latency ... ok (",
        "test big::fc.latency >= 1 cycle ... ok (",
        "test result: ok. 3 passed, 0 failed, 2 not run",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert!(!folder.path("build").exists() && !folder.path("t.lock.new").exists());
    folder.run(&["test", "t.cfx", "--locked"]).ends(1);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let ran = folder.run(&["test", "t.cfx", "--locked"]).ends(0);
    assert!(ran.out.contains("test npu::lock ... ok"), "{}", ran.out);
    // All below this directory, those without designs left out.
    folder.write("menus.cfx", b"menu m { pes in [1] }\n");
    let ran = folder.run(&["test"]).ends(0);
    assert!(
        ran.out.starts_with("running 5 tests of t.cfx"),
        "{}",
        ran.out
    );
    folder.run(&["test", "menus.cfx"]).ends(1);
    folder.run(&["test", "none.cfx"]).ends(4);
    folder.run(&["test", "--design", "bog"]).ends(2);
    let one = folder.run(&["test", "--design", "big"]).ends(0);
    assert!(one.out.contains("running 3 tests"), "{}", one.out);
}

#[test]
fn what_fails_is_told_with_both_values() {
    let spec = two().replace("4e5 cycles", "10 cycles");
    let spec = spec.replace("2 * npu.latency", "0.5 * npu.latency");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    let ran = folder.run(&["test", "t.cfx"]).ends(1);
    for part in [
        "test npu::latency <= 10 cycles ... FAILED",
        "expected was <= 10 cycles",
        "test big::latency <= 0.5 * npu.latency ... FAILED",
        ", 0.5 * npu.latency",
        "at t.cfx:31:3",
        "test result: FAILED. 1 passed, 2 failed, 2 not run",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    // The same as in a build.
    let built = folder.run(&["build", "t.cfx"]).ends(1);
    assert_eq!(built.err.matches("E0801").count(), 2, "{}", built.err);

    let ran = folder.run(&["test", "t.cfx", "--format", "github"]).ends(1);
    let first = ran.out.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("::error file=t.cfx,line=31,col=3,title=npu%3A%3Alatency <= 10 cycles::"),
        "{first}"
    );
    let ran = folder.run(&["test", "t.cfx", "--format", "junit"]).ends(1);
    let xml = roxmltree::Document::parse(&ran.out).expect("well formed");
    let root = xml.root_element();
    assert_eq!(root.attribute("tests"), Some("5"));
    assert_eq!(root.attribute("failures"), Some("2"));
    let failures = xml.descendants().filter(|n| n.has_tag_name("failure"));
    assert_eq!(failures.count(), 2);
}

#[test]
fn a_wrong_specification_is_a_failed_test() {
    let wrong = TINY.replace("network tiny\n", "network tini\n");
    let narrow = TINY.replace("area <= 50%", "area <= 1 um2");
    let folder = Folder::with(&[("t.cfx", TINY), ("w.cfx", &wrong), ("x.cfx", &narrow)]);
    let ran = folder.run(&["test", "--format", "junit"]).ends(1);
    let xml = roxmltree::Document::parse(&ran.out).expect("well formed");
    assert_eq!(xml.root_element().attribute("failures"), Some("2"));
    assert!(
        ran.err.contains("E0101") && ran.err.contains("E0701"),
        "{}",
        ran.err
    );
}

#[test]
fn an_expectation_of_a_design_that_is_not_built() {
    let folder = Folder::with(&[("t.cfx", &two())]);
    let args = ["build", "t.cfx", "--design", "big", "--no-lock"];
    let ran = folder.run(&args).ends(0);
    assert!(
        ran.err.contains("an expectation of `big` not judged"),
        "{}",
        ran.err
    );
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let ran = folder.run(&["build", "t.cfx", "--design", "big"]).ends(0);
    assert!(!ran.err.contains("not judged"), "{}", ran.err);
    let report = folder.read("build/big.md");
    assert!(report.contains("latency <= 2 * npu.latency = "), "{report}");
}

/// A decision that the lock has not: it waits, and is taken whole.
#[test]
fn a_new_decision_is_accepted_whole() {
    let folder = Folder::with(&[("t.cfx", &two())]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let ran = folder.run(&["accept", "t.cfx"]).ends(1);
    assert!(ran.err.contains("E0903"), "{}", ran.err);
    folder.write("t.cfx", two().replace("pes = 4 }", "pes = 2 }").as_bytes());
    let ran = folder.run(&["test", "t.cfx"]).ends(1);
    assert!(ran.out.contains("conv1: pes 4 -> 2"), "{}", ran.out);
    let before = folder.read("t.lock");
    let ran = folder.run(&["accept", "t.cfx", "--list"]).ends(0);
    assert!(ran.out.contains("nothing was taken"), "{}", ran.out);
    assert_eq!(folder.read("t.lock"), before);
    folder.run(&["accept", "t.cfx", "--design", "big"]).ends(0);
    assert!(!folder.read("t.lock.new").contains("[design.big]"));
    folder.run(&["accept", "t.cfx"]).ends(0);
    assert!(!folder.path("t.lock.new").exists());
    folder.run(&["test", "t.cfx", "--locked"]).ends(0);
    folder.run(&["build", "t.cfx", "--locked"]).ends(0);
    let accepted = folder.read("t.lock");
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    assert_eq!(folder.read("t.lock"), accepted, "what a build decides");
    // What waits for other inputs than those of now is not taken.
    folder.write("t.cfx", two().replace("pes = 4 }", "pes = 8 }").as_bytes());
    folder.run(&["test", "t.cfx"]).ends(1);
    folder.write("t.cfx", two().as_bytes());
    let ran = folder.run(&["accept", "t.cfx"]).ends(1);
    assert!(ran.err.contains("other inputs"), "{}", ran.err);
    assert_eq!(folder.read("t.lock"), accepted);
}

#[test]
fn a_new_decision_is_accepted_layer_by_layer() {
    let start = TINY.replace("expect latency <= 4e5 cycles", "pin fc { pes = 1 }");
    let next = start
        .replace("pin conv1 { pes = 4 }", "")
        .replace("pin fc { pes = 1 }", "");
    let next = next.replace("minimize latency", "minimize latency pin pw1 { pes = 2 }");
    let folder = Folder::with(&[("t.cfx", &start)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    folder.write("t.cfx", next.as_bytes());
    folder.run(&["test", "t.cfx"]).ends(1);
    let layer = |name: &str| ["accept", "t.cfx", "--layer", name].map(str::to_string);
    let run = |name: &str| {
        let args = layer(name);
        folder.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let before = folder.read("t.lock");
    // The kept choice of `pw1` is not what its pin asks for.
    let ran = run("fc").ends(1);
    assert!(ran.err.contains("`pw1`"), "{}", ran.err);
    let ran = run("fd").ends(1);
    assert!(ran.err.contains("did you mean `fc`"), "{}", ran.err);
    assert_eq!(folder.read("t.lock"), before);
    let ran = run("pw1").ends(0);
    assert!(ran.out.contains("pw1: pes "), "{}", ran.out);
    assert!(ran.out.contains("still wait"), "{}", ran.out);
    let mixed = folder.read("t.lock");
    assert!(
        mixed.contains("fc = { dataflow = \"nvdla\", pes = 1,"),
        "{mixed}"
    );
    // It holds: nothing is searched, and a build does not take it away.
    folder.run(&["build", "t.cfx", "--locked"]).ends(0);
    let waiting = folder.read("t.lock.new");
    folder.run(&["test", "t.cfx", "--locked"]).ends(0);
    assert_eq!(folder.read("t.lock.new"), waiting, "the rest waits on");
    let ran = folder.run(&["build", "t.cfx"]).ends(0);
    assert!(ran.out.contains("and keeps it"), "{}", ran.out);
    assert_eq!(folder.read("t.lock"), mixed);
    let ran = run("pw1").ends(1);
    assert!(ran.err.contains("the same choice in both"), "{}", ran.err);
    folder.run(&["accept", "t.cfx"]).ends(0);
    folder.run(&["build", "t.cfx", "--locked"]).ends(0);
    assert!(!folder.path("t.lock.new").exists());
}

#[test]
fn layers_that_exceed_a_budget_together_are_not_taken() {
    // More area for one layer, less for another: the one alone does not fit.
    let wide = TINY.replace("area <= 50%", "area <= 100%");
    let wide = wide.replace(
        "pin conv1 { pes = 4 }",
        "pin conv1 { pes = 8 } pin pw1 { pes = 8 }",
    );
    let folder = Folder::with(&[("t.cfx", &wide)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let narrow = wide.replace("area <= 100%", "area <= 15%");
    let narrow = narrow.replace("pin conv1 { pes = 8 } pin pw1 { pes = 8 }", "");
    folder.write("t.cfx", narrow.as_bytes());
    folder.run(&["test", "t.cfx"]).ends(1);
    let before = folder.read("t.lock");
    let args = ["accept", "t.cfx", "--layer", "conv1"];
    let ran = folder.run(&args).ends(1);
    assert!(ran.err.contains("E0903"), "{}", ran.err);
    assert!(ran.err.contains("is allowed"), "{}", ran.err);
    assert_eq!(folder.read("t.lock"), before);
    folder.run(&["accept", "t.cfx"]).ends(0);
    folder.run(&["test", "t.cfx", "--locked"]).ends(0);
}

#[test]
fn decisions_are_reviewed_one_by_one() {
    let folder = Folder::with(&[("t.cfx", &two())]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let locked = folder.read("t.lock");
    folder.write("t.cfx", two().replace("pes = 4 }", "pes = 2 }").as_bytes());
    folder.run(&["test", "t.cfx"]).ends(1);
    let waiting = folder.read("t.lock.new");
    let review = ["accept", "t.cfx", "--review"];
    // Nobody answers, or the answers are skips: everything waits on.
    for answers in ["", "s\n\ns\n", "l\na\n", "what?\n"] {
        let ran = folder.answer(&review, answers).ends(0);
        assert!(ran.out.contains("nothing was taken"), "{}", ran.out);
        assert!(ran.err.contains("conv1: pes 4 -> 2"), "{}", ran.err);
        assert_eq!(folder.read("t.lock"), locked);
        assert_eq!(folder.read("t.lock.new"), waiting);
    }
    // One is taken, the other rejected.
    let ran = folder.answer(&review, "r\nACCEPT\n").ends(0);
    assert!(ran.out.contains("rejected"), "{}", ran.out);
    assert!(ran.out.contains("wrote t.lock"), "{}", ran.out);
    assert!(!folder.path("t.lock.new").exists());
    let taken = folder.read("t.lock");
    let conv1 = taken.lines().filter(|l| l.starts_with("conv1 = "));
    let pes: Vec<bool> = conv1.map(|l| l.contains("pes = 2,")).collect();
    // The file has `npu` first, the lock is sorted.
    assert_eq!(pes, [true, false], "{taken}");
}

#[test]
fn layers_are_reviewed_one_by_one() {
    let start = TINY.replace("expect latency <= 4e5 cycles", "pin fc { pes = 1 }");
    let next = start
        .replace("pin conv1 { pes = 4 }", "")
        .replace("pin fc { pes = 1 }", "");
    let folder = Folder::with(&[("t.cfx", &start)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    folder.write("t.cfx", next.as_bytes());
    folder.run(&["test", "t.cfx"]).ends(1);
    let review = ["accept", "t.cfx", "--review"];
    let asked = folder.answer(&review, "l\nk\nk\nk\nk\n").ends(0);
    assert!(asked.out.contains("nothing was taken"), "{}", asked.out);
    let questions = asked.err.matches("[k] keep the lock's").count();
    assert!(questions >= 2, "{}", asked.err);
    // All but the last.
    let mut answers = "l\n".to_string();
    answers.push_str(&"a\n".repeat(questions - 1));
    answers.push_str("k\n");
    let ran = folder.answer(&review, &answers).ends(0);
    assert!(
        ran.out.contains("1 layer of `npu` still wait"),
        "{}",
        ran.out
    );
    folder.run(&["build", "t.cfx", "--locked"]).ends(0);
    // What is left has one layer: it is taken or not.
    let ran = folder.answer(&review, "a\n").ends(0);
    assert!(!ran.err.contains("layer by layer"), "{}", ran.err);
    assert!(!folder.path("t.lock.new").exists());
}
