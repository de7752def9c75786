//! The lock: what writes it, what leaves it alone, and `build --locked`.

use super::{Folder, TINY};

/// [`TINY`] with a second design that extends the first and looks back at it.
pub fn two() -> String {
    format!(
        "{TINY}\ndesign big extends npu {{\n  seed 3\n  expect latency <= 2 * npu.latency\n  expect fc.latency >= 1 cycle\n}}\n"
    )
}

#[test]
fn a_build_writes_it_and_locked_takes_it() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let ran = folder.run(&["build", "t.cfx"]).ends(0);
    assert!(ran.out.contains("\nwrote t.lock\n"), "{}", ran.out);
    let lock = folder.read("t.lock");
    for line in [
        "lock = 1\n",
        "[design.npu]\n",
        "\"t.cfx\" = \"",
        "\"std.dataflows.nvdla\" = \"",
        "objective = \"latency_cycles\"\n",
        "conv1 = { dataflow = \"nvdla\", pes = 4, buffer = ",
    ] {
        assert!(lock.contains(line), "{line}\n{lock}");
    }
    let again = folder.run(&["build", "t.cfx"]).ends(0);
    assert!(again.out.contains("t.lock is as it was"), "{}", again.out);
    assert_eq!(folder.read("t.lock"), lock);

    let searched = folder.read("build/npu.json");
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(0);
    assert!(ran.out.contains("nothing was searched"), "{}", ran.out);
    let locked = folder.read("build/npu.json");
    let read = |text: &str| -> serde_json::Value { serde_json::from_str(text).expect("JSON") };
    let (a, b) = (read(&searched), read(&locked));
    for part in ["layers", "metrics", "budgets", "expectations", "inputs"] {
        assert_eq!(a["designs"][0][part], b["designs"][0][part], "{part}");
    }
    for part in ["value", "bound", "gap", "proven", "states", "solver"] {
        let get = |v: &serde_json::Value| v["designs"][0]["certificate"][part].clone();
        assert_eq!(get(&a), get(&b), "{part}");
    }
    assert_eq!(b["designs"][0]["stages"], serde_json::json!([]));
    assert_eq!(folder.read("t.lock"), lock);
}

/// The name of the folder that a command runs in is no input.
#[test]
fn it_is_the_same_from_everywhere() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    std::fs::create_dir(folder.path("sub")).expect("made");
    folder.write("sub/t.cfx", TINY.replace('\n', "\r\n").as_bytes());
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    folder.run(&["build", "sub/t.cfx", "--quiet"]).ends(0);
    assert_eq!(folder.read("t.lock"), folder.read("sub/t.lock"));
}

#[test]
fn locked_says_which_input_changed_and_what_that_changes() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let lock = folder.read("t.lock");
    let files = folder.read("build/npu.json");
    folder.write("t.cfx", TINY.replace("pes = 4 }", "pes = 2 }").as_bytes());
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(1);
    for part in ["E0902", "t.cfx has changed", "conv1: pes 4 -> 2", "latency"] {
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
    assert_eq!(folder.read("t.lock"), lock);
    assert_eq!(folder.read("build/npu.json"), files);
    let waiting = folder.read("t.lock.new");
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    assert_eq!(folder.read("t.lock"), waiting);
    assert!(!folder.path("t.lock.new").exists(), "it was taken");

    // A comment changes the hash and nothing else.
    let commented = format!("// said\n{}", folder.read("t.cfx"));
    folder.write("t.cfx", commented.as_bytes());
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(1);
    let words: Vec<&str> = ran.err.split_whitespace().filter(|w| *w != "│").collect();
    let words = words.join(" ");
    assert!(words.contains("its decision stays the same"), "{words}");
}

#[test]
fn without_a_lock_locked_fails() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(1);
    assert!(ran.err.contains("there is no lock t.lock"), "{}", ran.err);
    assert!(!folder.path("build").exists());
    folder
        .run(&["build", "t.cfx", "--no-lock", "--quiet"])
        .ends(0);
    assert!(!folder.path("t.lock").exists());
    for other in [["--seed", "1"], ["--time-limit", "1s"]] {
        let args = [&["build", "t.cfx", "--locked"][..], &other].concat();
        folder.run(&args).ends(2);
    }
}

#[test]
fn one_design_leaves_the_entries_of_the_others() {
    let folder = Folder::with(&[("t.cfx", &two())]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let before = folder.read("t.lock");
    let of = |lock: &str, design: &str| -> String {
        let sections = lock.split("\n[design.");
        let own = sections.filter(|s| s.starts_with(design));
        own.collect::<Vec<_>>().join("\n")
    };
    assert!(before.find("[design.big]") < before.find("[design.npu]"));
    // An experiment changes nothing.
    let ran = folder.run(&["build", "t.cfx", "--seed", "99"]).ends(0);
    assert!(ran.out.contains("leaves t.lock alone"), "{}", ran.out);
    assert_eq!(folder.read("t.lock"), before);
    folder.write("t.cfx", two().replace("pes = 4 }", "pes = 2 }").as_bytes());
    let args = ["build", "t.cfx", "--design", "big", "--quiet"];
    folder.run(&args).ends(0);
    let after = folder.read("t.lock");
    assert_eq!(of(&before, "npu"), of(&after, "npu"));
    assert_ne!(of(&before, "big"), of(&after, "big"));
    folder
        .run(&["build", "t.cfx", "--locked", "--design", "big"])
        .ends(0);
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(1);
    assert!(ran.err.contains("`npu` have changed"), "{}", ran.err);
    // A design that is gone goes with the next whole build.
    folder.write("t.cfx", TINY.as_bytes());
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(1);
    assert!(ran.err.contains("decision of `big`"), "{}", ran.err);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    assert_eq!(of(&folder.read("t.lock"), "big"), "");
}

#[test]
fn a_lock_that_was_tampered_with_does_not_hold() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let lock = folder.read("t.lock");
    let line = |key: &str| {
        let found = lock.lines().find(|l| l.starts_with(key));
        found.expect("a line").to_string()
    };
    for (old, new, told) in [
        (
            line("latency_cycles"),
            "latency_cycles = 1".to_string(),
            "latency",
        ),
        (line("energy_nj"), "energy_nj = 1.5".to_string(), "energy"),
        (line("bound"), "bound = 1".to_string(), "gap"),
        (line("fc"), String::new(), "layer `fc`"),
        (
            line("conv1"),
            line("conv1").replace("pes = 4", "pes = 8"),
            "offered",
        ),
        (line("fc"), line("fc").replace("pes = ", "pes = 77"), "fc"),
        (line("fc"), line("fc").replace("nvdla", "other"), "other"),
    ] {
        folder.write("t.lock", lock.replace(&old, &new).as_bytes());
        let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(1);
        assert!(ran.err.contains("E0902"), "{new}\n{}", ran.err);
        assert!(ran.err.contains(told), "{told}\n{}", ran.err);
        assert_eq!(folder.read("t.lock"), lock.replace(&old, &new));
    }
}

#[test]
fn what_is_no_lock_is_shown_and_kept() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let lock = folder.read("t.lock");
    let mut all = String::new();
    for text in [
        lock.replace("states =", "<<<<<<< HEAD\nstates ="),
        lock.replace("lock = 1\n", "lock = 9\n"),
        lock.replace("proven = ", "proven = maybe"),
        lock.replace("seed = 1\n", "seed = -1\n"),
        lock.replace("energy_nj", "energy"),
        "lock = 1\n[design.npu]\n".to_string(),
        String::new(),
    ] {
        folder.write("t.lock", text.as_bytes());
        for command in [
            &["build", "t.cfx", "--locked"][..],
            &["build", "t.cfx"],
            &["test", "t.cfx"],
        ] {
            let ran = folder.run(command).ends(1);
            assert!(ran.err.contains("E0901"), "{}", ran.err);
            assert_eq!(folder.read("t.lock"), text);
        }
        let shown = folder.run(&["build", "t.cfx", "--message-format", "short"]);
        all.push_str(&shown.ends(1).err);
    }
    insta::assert_snapshot!(all);
}

/// Another version decided: price and bound are checked again, over the whole menu.
#[test]
fn a_lock_of_another_version_is_checked_again() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let version = format!("cfxc = \"{}\"", env!("CARGO_PKG_VERSION"));
    let lock = folder.read("t.lock").replace(&version, "cfxc = \"0.0.9\"");
    folder.write("t.lock", lock.as_bytes());
    let ran = folder.run(&["build", "t.cfx", "--locked"]).ends(0);
    assert!(ran.err.contains("decided by cfxc 0.0.9"), "{}", ran.err);
    assert_eq!(folder.read("t.lock"), lock);
    // More was proved than can be.
    let value = lock
        .lines()
        .find_map(|l| l.strip_prefix("latency_cycles = "));
    let value: f64 = value.expect("a latency").parse().expect("a number");
    let mut lines = Vec::new();
    for line in lock.lines() {
        lines.push(match line.split(" = ").next() {
            Some("conv1") | None => line.to_string(),
            Some("bound") => format!("bound = {value}"),
            Some("gap") => "gap = 0.0".to_string(),
            Some("proven") => "proven = true".to_string(),
            _ => line.to_string(),
        });
    }
    let proven = lock.contains("proven = true");
    folder.write("t.lock", (lines.join("\n") + "\n").as_bytes());
    let ran = folder.run(&["build", "t.cfx", "--locked"]);
    if proven {
        ran.ends(0);
    } else {
        let ran = ran.ends(1);
        assert!(ran.err.contains("can be proved"), "{}", ran.err);
    }
    // Another figure.
    let other = lock.replace("energy_nj = ", "energy_nj = 1");
    folder.write("t.lock", other.as_bytes());
    folder.run(&["build", "t.cfx", "--locked"]).ends(1);
}

#[test]
fn a_build_that_fails_or_stops_leaves_it() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let lock = folder.read("t.lock");
    // An expectation that fails: the decision waits, the files are written.
    let failing = TINY.replace("4e5 cycles", "10 cycles");
    folder.write("t.cfx", failing.as_bytes());
    let ran = folder.run(&["build", "t.cfx"]).ends(1);
    assert!(ran.out.contains("t.lock stays as it was"), "{}", ran.out);
    assert_eq!(folder.read("t.lock"), lock);
    assert!(folder.path("t.lock.new").exists());
    folder.run(&["accept", "t.cfx"]).ends(0);
    assert_ne!(folder.read("t.lock"), lock, "taken all the same");
    folder.run(&["build", "t.cfx", "--locked"]).ends(1);
    let lock = folder.read("t.lock");
    // A search that was stopped.
    let long = TINY
        .replace("episodes = 20", "episodes = 10000000")
        .replace("area <= 50%", "area <= 30%");
    folder.write("t.cfx", long.as_bytes());
    let args = ["build", "t.cfx", "--time-limit", "200ms"];
    let ran = folder.run(&args).ends(0);
    assert!(ran.out.contains("t.lock stays as it was"), "{}", ran.out);
    assert_eq!(folder.read("t.lock"), lock);
    // Budgets that nothing meets.
    let narrow = TINY.replace("area <= 50%", "area <= 1 um2");
    folder.write("t.cfx", narrow.as_bytes());
    folder.run(&["build", "t.cfx"]).ends(1);
    assert_eq!(folder.read("t.lock"), lock);
}

#[test]
fn where_it_cannot_be_written_is_told_before_the_search() {
    let spec = TINY.replace("episodes = 20", "episodes = 10000000");
    let folder = Folder::with(&[("t.cfx", &spec)]);
    std::fs::create_dir(folder.path("t.lock")).expect("made");
    let ran = folder.run(&["build", "t.cfx"]).ends(4);
    assert!(ran.err.contains("t.lock"), "{}", ran.err);
    // A specification of this very ending is not written over.
    let folder = Folder::with(&[("t.lock", TINY)]);
    folder.run(&["build", "t.lock", "--quiet"]).ends(0);
    assert_eq!(folder.read("t.lock"), TINY);
    assert!(folder.read("t.lock.lock").starts_with("# Decisions"));
}
