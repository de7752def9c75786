//! `check`, `graph`, `list`, `show`, and what all commands share.

use super::{Folder, TINY};

/// [`TINY`] with a limit and an expectation that a decision could miss.
fn strict() -> String {
    let limited = TINY.replace("latency <= 1 ms", "latency <= 410 us");
    limited.replace("latency <= 4e5 cycles", "latency <= 2e5 cycles")
}

#[test]
fn check_counts() {
    let strict = strict();
    let wrong = strict.replace("network tiny\n", "network tini\n");
    let folder = Folder::with(&[("t.cfx", &strict), ("w.cfx", &wrong)]);
    let ran = folder.run(&["check", "t.cfx"]).ends(0);
    assert_eq!(ran.out, "");
    assert_eq!(
        ran.err,
        "1 file: no mistakes, 1 sound design, 1 network declared\n"
    );
    let ran = folder.run(&["check", "t.cfx", "w.cfx"]).ends(1);
    assert!(ran.err.ends_with("2 files: 1 error\n"), "{}", ran.err);
    let args = ["check", "w.cfx", "--message-format", "json"];
    for line in folder.run(&args).ends(1).err.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(value["labels"][0]["file"], "w.cfx");
    }
    let args = ["check", "w.cfx", "--message-format", "short"];
    let ran = folder.run(&args).ends(1);
    assert!(ran.err.starts_with("w.cfx:"), "{}", ran.err);
    folder.run(&["check", "t.cfx", "none.cfx"]).ends(4);
    folder.run(&["check", "."]).ends(4);
    folder.run(&["check"]).ends(2);
    folder.run(&["chek", "t.cfx"]).ends(2);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"\xff.cfx");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cfxc"));
        let ran = command.arg("check").arg(name).output().expect("it runs");
        assert_eq!(ran.status.code(), Some(2));
    }
    // What tools read is JSON even if the command cannot be understood.
    for args in [&["check"][..], &["chek", "t.cfx"], &["diff", "t.lock"]] {
        let args = [args, &["--message-format", "json"]].concat();
        let ran = folder.run(&args).ends(2);
        let value: serde_json::Value = serde_json::from_str(&ran.err).expect("JSON");
        assert_eq!(value["code"], "cfx::E0906");
    }
}

#[test]
fn names_on_the_command_line() {
    let folder = Folder::with(&[("t.cfx", TINY), ("empty.cfx", "menu m { pes in [1] }\n")]);
    let mut all = String::new();
    for (args, code) in [
        (&["build", "t.cfx", "--design", "nup"][..], 2),
        (
            &["graph", "t.cfx", "--format", "dot", "--network", "tony"],
            2,
        ),
        (&["show", "std.networks.mobilenet"], 2),
        (&["show", "maestro"], 2),
        (&["build", "empty.cfx"], 1),
    ] {
        all.push_str(&folder.run(args).ends(code).err);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn graphs() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let table = folder.run(&["graph", "t.cfx"]).ends(0);
    insta::assert_snapshot!("a_network_as_a_table", table.out);
    let dot = folder.run(&["graph", "t.cfx", "--format", "dot"]).ends(0);
    insta::assert_snapshot!(dot.out);
    let json = folder
        .run(&["graph", "t.cfx", "--format", "json", "--design", "npu"])
        .ends(0);
    insta::assert_snapshot!(json.out);
}

#[test]
fn the_library_can_be_read() {
    let folder = Folder::with(&[]);
    for what in [
        "networks",
        "tables",
        "dataflows",
        "technologies",
        "menus",
        "methods",
        "models",
        "metrics",
        "units",
        "codes",
    ] {
        let ran = folder.run(&["list", what]).ends(0);
        assert!(!ran.out.trim().is_empty(), "{what}");
    }
    let networks = folder.run(&["list", "networks"]).out;
    for path in networks.lines().filter_map(|l| l.split(' ').next()) {
        let text = folder.run(&["show", path]).ends(0).out;
        folder.write("n.cfx", text.as_bytes());
        folder.run(&["check", "n.cfx"]).ends(0);
    }
    let version = folder.run(&["--version"]).ends(0);
    assert_eq!(version.out, format!("cfxc {}\n", env!("CARGO_PKG_VERSION")));
    for command in ["check", "build", "cost", "explain", "graph", "list", "show"] {
        let help = folder.run(&[command, "--help"]).ends(0);
        assert!(help.out.contains("Examples:"), "{command}");
    }
}

#[test]
fn the_price_of_a_layer_is_explained() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let explain = |more: &[&str]| folder.run(&[&["explain", "t.cfx"], more].concat());
    let told = explain(&["--layer", "conv1", "--buffer", "2"]).ends(0);
    // Pinned to 4 PEs.
    let head = "conv1 of npu: conv { K = 16, C = 3, Y = 32, X = 32, R = 3, S = 3, stride = 2, pad = 1 }\n\
                at pes = 4, buffer = 2 under nvdla; model analytic, technology horowitz45\n";
    assert!(told.out.starts_with(head), "{}", told.out);
    for part in [
        "latency  ",
        "energy  ",
        "area  ",
        "power  ",
        "Horowitz",
        "what limits it",
        "next to it in the menu",
    ] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    assert_eq!(told.err, "");
    let steps = "\n  steps = 2,048 = (K / K_of_a_PE) x Y' x X', with K = 16, K_of_a_PE = 2,";
    let tiles = "\ntiles from  spatial K by buffer, temporal C by pes,";
    for part in [steps, tiles] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    // Beside the menu, and said to be.
    let told = explain(&["--layer", "pw1", "--pes", "7", "--knob", "buffer=9"]).ends(0);
    assert!(told.out.contains("at pes = 7, buffer = 9"), "{}", told.out);
    assert_eq!(told.err, "buffer = 9 is not in menu small\n");
    // The fastest of the menu.
    explain(&["--layer", "fc"]).ends(0);
    let wrong: [(&[&str], &str); 6] = [
        (&["--layer", "conv2"], "did you mean `conv1`"),
        (
            &["--layer", "conv1", "--knob", "bufer=2"],
            "did you mean `buffer`",
        ),
        (
            &["--layer", "conv1", "--knob", "buffer"],
            "gives no knob a value",
        ),
        (&["--layer", "conv1", "--pes", "0"], "at least 1"),
        (
            &["--layer", "conv1", "--dataflow", "nvdlb"],
            "did you mean `nvdla`",
        ),
        (&[], "which of its layers"),
    ];
    for (options, reason) in wrong {
        let told = explain(options).ends(2);
        assert!(told.err.contains(reason), "{reason}: {}", told.err);
    }
    assert!(
        folder
            .run(&["explain", "E0303", "--layer", "a"])
            .ends(2)
            .err
            .contains("no specification")
    );
    let gap = folder.run(&["explain", "gap"]).ends(0);
    assert!(gap.out.starts_with("gap, in %: "), "{}", gap.out);
    let edp = folder.run(&["explain", "edp"]).ends(0);
    assert!(
        edp.out.starts_with("edp, in nJ*cycles: energy"),
        "{}",
        edp.out
    );
}

#[test]
fn a_transfer_inside_of_tiles_is_not_computing() {
    let spec = "network n { layer m gemm { M = 64, K = 64, N = 128 } }
        dataflow deep { for gemm {
          temporal G by 1 spatial M by kt temporal N by 8 temporal K by 2
          cluster 4 { spatial N by 1 cluster 2 { spatial K by 1 } }
        } }
        menu m { pes in [64] kt in [1, 4] }
        design d { network n dataflow deep menu m minimize latency model maestro }";
    let folder = Folder::with(&[("t.cfx", spec)]);
    for (kt, limit) in [
        // A tile takes 11 cycles, in which a PE adds up 2 x 4 sums; it takes 5 for 2 x 1.
        (
            "kt=4",
            "computing: 72.7 % of the cycles; 46.54 of 64 PEs at work on average, MACs / (cycles x mac.lanes)",
        ),
        (
            "kt=1",
            "transfers inside of tiles: 60.0 % of the cycles; 25.6 of 64 PEs at work on average, MACs / (cycles x mac.lanes)",
        ),
    ] {
        let args = ["explain", "t.cfx", "--layer", "m", "--knob", kt];
        let told = folder.run(&args).ends(0).out;
        let limit = format!("\nwhat limits it\n  {limit}\n");
        assert!(told.contains(&limit), "{told}");
    }
}

#[test]
fn counts_of_the_reference_are_products_over_its_loops() {
    let spec = "dataflow tiled(c, y) { for conv {
          spatial K by buffer temporal C by c temporal Y by y temporal X by S step 1
        } }
        network n { layer c1 conv { K = 18, C = 8, Y = 10, X = 10, R = 3, S = 3 } }
        menu m { pes in [4] buffer in [2] }
        design d { network n dataflow in [tiled(4, 5), tiled(8, y = 3)] menu m minimize latency model maestro }";
    let folder = Folder::with(&[("t.cfx", spec)]);
    let explain = |dataflow: &str| {
        let args = ["explain", "t.cfx", "--layer", "c1", "--dataflow", dataflow];
        folder.run(&args).ends(0).out
    };
    // Dataflows are named with their parameters, or by the values alone.
    let told = explain("tiled(4,5)");
    assert_eq!(told, explain("tiled(c = 4, y = 5)"));
    for part in [
        "\n  K_tiles = 3 = ceil(K / (K_of_a_tile x PEs)), with K = 18, K_of_a_tile = 2, PEs = 4\n",
        "\n  X_tiles = 8 = ceil((X - X_of_a_tile) / X_step) + 1, with X = 10, X_of_a_tile = 3, X_step = 1\n",
        " = (K_tiles - 1) x C_tiles x Y_tiles x X_tiles",
        "inputs_of_a_step",
        "\n  `spatial K by buffer` has 9 tiles for 4 PEs: 3 rounds, of which the last has 1\n",
        "\n  energy: accesses to L1, ",
        "\n  area: bus, ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn units_without_work_have_a_reason() {
    let spec = "dataflow deep { for conv {
          spatial Y by R step 1 temporal C by 8 temporal K by 1 temporal X by S step 1
          cluster 16 { spatial C by 1 }
        } }
        network n { layer c1 conv { K = 18, C = 40, Y = 10, X = 10, R = 3, S = 3 } }
        menu m { pes in [160] }
        design d { network n dataflow deep menu m minimize latency }";
    let folder = Folder::with(&[("t.cfx", spec)]);
    for model in ["analytic", "maestro"] {
        let text = spec.replace("minimize", &format!("model {model} minimize"));
        folder.write("t.cfx", text.as_bytes());
        let args = ["explain", "t.cfx", "--layer", "c1"];
        let told = folder.run(&args).ends(0).out;
        for part in [
            "\n  `spatial Y by R step 1` has 8 tiles for 10 clusters: 2 idle\n",
            "\n  `spatial C by 1` has 8 tiles for 16 PEs of a cluster: 8 idle\n",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}

/// MAESTRO adds up some products of a strided convolution more than once.
#[test]
fn more_pes_at_work_than_there_are_have_a_reason() {
    let spec = "network n { input i [3, 17, 17]
        c = conv(i) { filters = 8, kernel = 3x3, stride = 2, pad = 1 } }
        menu m { pes in [4] buffer in [1] }
        design d { network n dataflow std.dataflows.eyeriss menu m minimize latency model maestro }";
    let folder = Folder::with(&[("t.cfx", spec)]);
    let told = folder
        .run(&["explain", "t.cfx", "--layer", "c"])
        .ends(0)
        .out;
    assert!(
        told.contains("(more than there are: model `maestro` counts"),
        "{told}"
    );
}

#[test]
fn a_layer_is_explained_where_it_was_decided() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let origin = |more: &[&str]| -> String {
        let told = folder.run(&[&["explain", "t.cfx", "--layer"], more].concat());
        let told = told.ends(0).out;
        told.lines().skip(1).take(2).collect::<Vec<_>>().join("\n")
    };
    let first = |text: &str| text.lines().next().unwrap_or_default().to_string();
    let fastest = origin(&["pw1"]);
    assert!(
        fastest.ends_with("\nthe fastest point of the menu; there is no decision of `npu`"),
        "{fastest}"
    );
    let some = origin(&["pw1", "--pes", "2"]);
    assert!(
        some.ends_with("that fits what is asked for; there is no decision of `npu`"),
        "{some}"
    );
    // Decided otherwise than fastest.
    folder.run(&["build", "t.cfx", "--quiet"]).ends(0);
    let lock = folder.read("t.lock");
    let chosen = "pw1 = { dataflow = \"nvdla\", pes = 2, buffer = 1";
    let line = lock.lines().find(|l| l.contains("pw1 ")).expect("a choice");
    let (_, figures) = line.split_once(", latency").expect("figures");
    let name = line.split(" = ").next().expect("a name");
    assert!(name.ends_with("pw1"), "{line}");
    let other = format!("{chosen}, latency{figures}");
    let fixed = lock.replace(line, &other);
    folder.write("t.lock", fixed.as_bytes());
    let decided = origin(&["pw1"]);
    assert!(decided.ends_with("\nas decided in t.lock"), "{decided}");
    assert!(
        decided.starts_with("at pes = 2, buffer = 1 under nvdla;"),
        "{decided}"
    );
    assert_ne!(first(&decided), first(&fastest));
    // Options come before the lock, which still says the rest.
    let asked = origin(&["pw1", "--pes", "4"]);
    assert!(
        asked.starts_with("at pes = 4, buffer = 1 under nvdla;"),
        "{asked}"
    );
    assert!(
        asked.ends_with("\nas decided in t.lock, but there with pes = 2"),
        "{asked}"
    );
    let all = origin(&["pw1", "--pes", "4", "--buffer", "4"]);
    assert!(all.ends_with("\nthe point that is asked for"), "{all}");
    // Another network, or a change of anything.
    folder.write("t.cfx", TINY.replace("units = 10", "units = 12").as_bytes());
    let stale = origin(&["pw1"]);
    assert_eq!(first(&stale), first(&fastest));
    assert!(
        stale.ends_with("\nthe fastest point of the menu; t.lock is out of date"),
        "{stale}"
    );
    folder.write("t.lock", b"lock = ");
    let broken = folder.run(&["explain", "t.cfx", "--layer", "pw1"]).ends(1);
    assert!(broken.err.contains("t.lock"), "{}", broken.err);
}

#[test]
fn codes_are_explained() {
    let folder = Folder::with(&[("t.cfx", TINY)]);
    for code in ["E0303", "cfx::e0303"] {
        let ran = folder.run(&["explain", code]).ends(0);
        assert!(ran.out.starts_with("# cfx::E0303: "), "{}", ran.out);
    }
    for (what, told) in [
        ("E03033", "did you mean `E0303`?"),
        ("shapes", "`cfxc list codes`"),
        ("t.cfx", "`cfxc check t.cfx`"),
        ("none.cfx", "`cfxc check none.cfx`"),
    ] {
        let ran = folder.run(&["explain", what]).ends(2);
        assert_eq!(ran.out, "", "{what}");
        assert!(ran.err.contains(told), "{what}: {}", ran.err);
    }
    let codes = folder.run(&["list", "codes"]).ends(0).out;
    for code in codes.lines().filter_map(|l| l.split(' ').next()) {
        folder.run(&["explain", code]).ends(0);
    }
}

#[cfg(unix)]
#[test]
fn nobody_reading_is_no_error() {
    use std::process::{Command, Stdio};
    let folder = Folder::with(&[("t.cfx", TINY)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_cfxc"))
        .current_dir(folder.path.path())
        .args(["list", "units"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn warnings_can_be_denied() {
    let strict = strict();
    let unneeded = format!("use std.networks.resnet50\n{strict}");
    let folder = Folder::with(&[("t.cfx", &strict), ("w.cfx", &unneeded), ("p.cfx", TINY)]);
    // What only prices show stops a build before it searches, too.
    folder
        .run(&["check", "p.cfx", "--deny", "warnings"])
        .ends(1);
    let denied = ["build", "p.cfx", "--deny", "warnings"];
    assert!(folder.run(&denied).ends(1).err.contains("W0506"));
    assert!(!folder.path.path().join("build").exists());
    folder.run(&["check", "w.cfx"]).ends(0);
    let ran = folder.run(&["check", "w.cfx", "--deny", "warnings"]);
    assert!(ran.ends(1).err.contains("warnings are denied"));
    folder
        .run(&["--deny", "warnings", "check", "t.cfx"])
        .ends(0);
    folder
        .run(&["build", "w.cfx", "--deny", "warnings"])
        .ends(1);
    assert!(!folder.path.path().join("build").exists());

    // The file that is read is not written.
    folder.write("one.csv", b"name,op,K,C\na,dense,4,4\n");
    let onto = ["import", "one.csv", "-o", "./one.csv"];
    assert!(
        folder
            .run(&onto)
            .ends(2)
            .err
            .contains("is the file that is read")
    );
    folder.run(&["import", "one.csv"]).ends(0);

    // A name that the table gives to two layers.
    let table = "name,op,K,C\na,dense,4,4\na,dense,4,4\n";
    folder.write("net.csv", table.as_bytes());
    folder.run(&["import", "net.csv", "-o", "kept.cfx"]).ends(0);
    let denied = [
        "import",
        "net.csv",
        "-o",
        "denied.cfx",
        "--deny",
        "warnings",
    ];
    folder.run(&denied).ends(1);
    assert!(folder.path.path().join("kept.cfx").exists());
    assert!(!folder.path.path().join("denied.cfx").exists());
}

#[test]
fn layout() {
    let crooked = "menu m {pes in [1,2]}   // few\n";
    let straight = "menu m { pes in [1, 2] } // few\n";
    let folder = Folder::with(&[
        ("c.cfx", crooked),
        ("s.cfx", straight),
        ("broken.cfx", "menu m { pes in\n"),
    ]);
    let read = |name: &str| std::fs::read_to_string(folder.path.path().join(name)).expect("a text");
    let ran = folder.run(&["fmt", "--check", "c.cfx", "s.cfx"]).ends(1);
    assert!(ran.err.contains("c.cfx") && !ran.err.contains("s.cfx"));
    assert_eq!(read("c.cfx"), crooked);
    folder.run(&["fmt", "broken.cfx", "c.cfx"]).ends(1);
    assert_eq!(read("broken.cfx"), "menu m { pes in\n");
    assert_eq!(read("c.cfx"), straight);
    folder.run(&["fmt", "--check", "c.cfx", "s.cfx"]).ends(0);
    folder.run(&["fmt", "none.cfx"]).ends(4);
}

#[test]
fn a_model_where_a_specification_is_wanted() {
    let folder = Folder::with(&[]);
    folder.write("m.onnx", &[0x08, 8, 0x12, 1, 0xff]);
    let ran = folder.run(&["build", "m.onnx"]).ends(1);
    assert!(
        ran.err.contains("network name from \"m.onnx\""),
        "{}",
        ran.err
    );
    folder.write("latin.cfx", b"// Gr\xfc\xdfe\n");
    let ran = folder.run(&["check", "latin.cfx"]).ends(1);
    assert!(ran.err.contains("save the file as UTF-8"), "{}", ran.err);
}
