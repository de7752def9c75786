//! `cfxc init`: what it writes checks, is laid out, and builds without a warning.

use crate::{cfxc, odd};
use std::path::Path;
use std::process::{Command, Output};

fn init(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfxc"));
    let ran = command.current_dir(folder).arg("init").args(args);
    ran.output().expect("runs")
}

const DENIED: [&str; 2] = ["--deny", "warnings"];

/// Checks and builds what was written; `prices` says whether there may be warnings, as of levels that
/// a small network cannot use.
fn builds(folder: &Path, spec: &str, prices: &[&str]) {
    cfxc(&["check", spec], |c| c.current_dir(folder).args(prices));
    cfxc(&["fmt", "--check", spec], |c| c.current_dir(folder));
    cfxc(&["build", spec, "--quiet"], |c| {
        c.current_dir(folder).args(prices)
    });
    assert!(folder.join("build/npu.json").exists());
}

#[test]
fn a_template() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let ran = init(path, &["npu.cfx"]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert!(said.contains("cfxc build npu.cfx"), "{said}");
    builds(path, "npu.cfx", &DENIED);

    // What is there stays.
    std::fs::write(path.join("npu.cfx"), "mine").expect("written");
    let ran = init(path, &["npu.cfx"]);
    assert_eq!(ran.status.code(), Some(4));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("E0109"), "{said}");
    assert_eq!(
        std::fs::read_to_string(path.join("npu.cfx")).expect("kept"),
        "mine"
    );
    assert_eq!(init(path, &["none/npu.cfx"]).status.code(), Some(4));
}

#[test]
fn from_files_of_other_tools() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    std::fs::create_dir_all(path.join("models \"x\"")).expect("made");
    std::fs::create_dir_all(path.join("specs/deep")).expect("made");
    let model = "models \"x\"/my-net.onnx";
    std::fs::write(path.join(model), odd::model()).expect("written");
    std::fs::write(path.join("t.csv"), "K,C,Y,X,R,S,T\n8,3,16,16,3,3,1\n").expect("written");
    for (spec, from) in [
        ("a.cfx", model),
        ("specs/deep/b.cfx", model),
        ("specs/c.cfx", "t.csv"),
    ] {
        let ran = init(path, &[spec, "--from", from]);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{said}");
        builds(path, spec, &[]);
    }
}

#[test]
fn nothing_is_written_that_does_not_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    std::fs::write(path.join("odd.onnx"), b"no model").expect("written");
    for from in ["odd.onnx", "none.onnx"] {
        let ran = init(path, &["npu.cfx", "--from", from]);
        assert_ne!(ran.status.code(), Some(0), "{from}");
        assert!(!path.join("npu.cfx").exists());
    }
    std::fs::write(path.join("m.onnx"), odd::model()).expect("written");
    let ran = init(path, &["npu.cfx", "--from", "m.onnx", "--dim", "batch=1"]);
    assert_eq!(ran.status.code(), Some(1), "a dimension that is not open");
    assert_eq!(
        init(path, &["npu.cfx", "--dim", "batch=1"]).status.code(),
        Some(2)
    );
}
