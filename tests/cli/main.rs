//! The command line as scripts and people meet it: exit codes, outputs, diagnostics.

mod build;
mod corpus;
mod cost;
mod diff;
mod lock;
mod maestro;
mod modules;
mod other;
mod pages;
mod pareto;
mod revisions;
mod table;
mod tested;
mod tutorial;
mod watch;
mod wrong_input;

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A small design with every kind of input. The budgets are loose.
pub const TINY: &str = r#"
network tiny {
  input image [3, 32, 32]
  conv1 = conv(image)      { filters = 16, kernel = 3x3, stride = 2, pad = 1 }
  dw1   = depthwise(conv1) { kernel = 3x3, pad = 1 }
  pw1   = conv(dw1)        { filters = 16, kernel = 1x1 }
  skip  = add(conv1, pw1)
  pool  = global_pool(skip)
  fc    = dense(pool)      { units = 10 }
}

menu small {
  pes    in [1, 2, 4, 8]
  buffer in [1, 2, 4]
  refine pes in 1..=8
}

budget loose {
  area <= 50%
  latency <= 1 ms
}

design npu {
  network tiny
  dataflow std.dataflows.nvdla
  menu small
  budget loose
  minimize latency
  search reinforce { episodes = 20 } then genetic { generations = 5 }
  pin conv1 { pes = 4 }
  expect latency <= 4e5 cycles
}
"#;

/// A folder with specifications, in which commands run.
pub struct Folder {
    /// Goes with this value.
    pub path: TempDir,
}

impl Folder {
    /// A folder with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = Folder {
            path: tempfile::tempdir().expect("a folder"),
        };
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path.path().join(name), bytes).expect("written");
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path.path().join(name)).expect("readable")
    }

    /// Where a file is.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.path.path().join(name)
    }

    /// Runs `cfxc` here.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.answer(args, "")
    }

    /// Runs `cfxc` here with this on its standard input.
    pub fn answer(&self, args: &[&str], answers: &str) -> Ran {
        let output = Command::cargo_bin("cfxc")
            .expect("built")
            .current_dir(Path::new(self.path.path()))
            .args(args)
            .write_stdin(answers)
            .output()
            .expect("runs");
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Checks the exit code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON on stdout")
    }
}

/// The keys of an object in their order.
pub fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}
