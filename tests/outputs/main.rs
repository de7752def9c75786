//! Every file that a build writes: what is in it, and that others can read it.

mod docs;
#[path = "../onnx/encode.rs"]
#[allow(dead_code)]
mod encode;
mod formats;
mod init;
mod odd;
mod pages;
mod rtl;
mod schema;
#[path = "../support/tools.rs"]
mod tools;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A design that was built with all files.
pub struct Built {
    /// Its name.
    pub name: String,
    /// Where its specification is.
    pub spec: PathBuf,
    /// Where its files are.
    pub folder: PathBuf,
    /// What its JSON says.
    pub document: Value,
}

impl Built {
    /// The facts of the design.
    pub fn design(&self) -> &Value {
        &self.document["designs"][0]
    }

    /// The text of one of its files.
    pub fn read(&self, ending: &str) -> String {
        let path = self.folder.join(format!("{}{ending}", self.name));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }
}

/// The designs of all examples, and of odd specifications.
pub static BUILT: LazyLock<Vec<Built>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outputs");
    let _ = std::fs::remove_dir_all(&root);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = std::fs::read_dir(examples).expect("examples");
    let mut specs: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    specs.retain(|path| path.extension().is_some_and(|e| e == "cfx"));
    specs.sort();
    assert!(specs.len() > 5);
    specs.extend(odd::written(&root.join("odd")));
    specs.iter().flat_map(|spec| built(spec, &root)).collect()
});

fn built(spec: &Path, root: &Path) -> Vec<Built> {
    let folder = root.join(spec.file_stem().expect("a name"));
    let mut args = vec!["build", "--format", "json", "--quiet", "--emit", "toml"];
    args.extend(["--emit", "csv", "--emit", "sv", "--emit", "vh"]);
    let printed = cfxc(&args, |c| c.arg(spec).arg("--out").arg(&folder));
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    let designs = printed["designs"].as_array().expect("designs");
    let one = |design: &Value| {
        let name = design["design"].as_str().expect("a name").to_string();
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("written");
        Built {
            name,
            spec: spec.to_path_buf(),
            folder: folder.clone(),
            document: serde_json::from_str(&text).expect("JSON"),
        }
    };
    designs.iter().map(one).collect()
}

/// What `cfxc` prints; it must end well.
#[track_caller]
pub fn cfxc(args: &[&str], more: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfxc"));
    let ran = more(command.args(args)).output().expect("runs");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{command:?}\n{err}");
    String::from_utf8(ran.stdout).expect("UTF-8")
}

/// Whether two documents say the same. `serde_json` reads a float to within its last bit.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let found = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(found)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Number(x), Value::Number(y)) if x.is_f64() && y.is_f64() => {
            let [x, y] = [x, y].map(|n| n.as_f64().unwrap_or(f64::NAN));
            (x - y).abs() <= 4.0 * f64::EPSILON * x.abs()
        }
        _ => a == b,
    }
}
