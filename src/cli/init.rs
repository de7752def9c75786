//! `cfxc init`: a specification to begin with.

use super::console::Console;
use super::exit::Exit;
use super::files;
use super::import::{dim, word_of};
use super::output;
use crate::base::span::SourceMap;
use std::path::{Component, Path, PathBuf};

/// Write a specification to begin with
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc init npu.cfx
  cfxc init npu.cfx --from model.onnx --dim batch=1

What is written checks and says in comments what may be changed. A file that is there stays.")]
pub struct Args {
    /// File to write
    spec: String,
    /// Model or table whose network it is for, as `cfxc import` reads it
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// Size of a dimension that the model leaves open
    #[arg(long = "dim", value_name = "NAME=N", value_parser = dim, requires = "from")]
    dims: Vec<(String, u64)>,
}

/// The network where no file is named.
const SMALL: &str = "\
// What is computed: here a small network, layer by layer. `cfxc list networks` has others to `use`,
// and `network name from \"model.onnx\"` reads one from a file.
network small {
  input image [3, 32, 32] // channels, rows, columns
  conv1 = conv(image)      { filters = 32, kernel = 3x3, stride = 2, pad = 1 }
  dw1   = depthwise(conv1) { kernel = 3x3, pad = 1 }
  pw1   = conv(dw1)        { filters = 32, kernel = 1x1 }
  skip  = add(conv1, pw1)
  pool  = global_pool(skip)
  fc    = dense(pool)      { units = 10 }
}
";

/// Everything but the network.
const REST: &str = "\
// What may be bought for each layer: PEs, and output channels held at a time.
menu offers {
  pes    in [1, 2, 4, 8, 16, 32]
  buffer in [1, 2, 4, 8]
}

// What it may cost: a share of the span between the menu's smallest and largest design, or an amount
// such as `area <= 2 mm2` or `power <= 300 mW`. All limits hold at once.
budget limits {
  area <= 25%
}

design npu {
  network    NETWORK
  dataflow   nvdla // `cfxc list dataflows`; `in [nvdla, eyeriss]` lets each layer choose
  deploy     pipelined // an engine for each layer; `sequential` is one for all
  menu       offers
  budget     limits
  technology horowitz45
  minimize   latency // `cfxc list metrics`
  seed       1

  // A decision as a test: the build fails if it does not hold.
  expect gap <= 5% // proved: no design within budget is more than 5 % better
}
";

pub fn run(args: &Args, console: &Console) -> Exit {
    let (name, network) = match &args.from {
        None => ("small".to_string(), SMALL.to_string()),
        Some(file) => from_file(args, file),
    };
    let text = format!(
        "// `cfxc build` decides this design and writes the decision to build/.\n\n\
         use std.dataflows.nvdla\nuse std.technologies.horowitz45\n\n{network}\n{}",
        REST.replace("NETWORK", &name)
    );
    let mut sources = SourceMap::default();
    let found = files::check(&args.spec, &text, &mut sources).diagnostics;
    console.show(&found, &sources);
    let exit = Exit::of(&found);
    if exit != Exit::Done || console.denied() {
        return exit;
    }
    match output::write_new(Path::new(&args.spec), &text) {
        Ok(()) => {
            console.remark(&format!("wrote {0}; next: cfxc build {0}", args.spec));
            Exit::Done
        }
        Err(diagnostic) => {
            console.fail(diagnostic);
            Exit::Files
        }
    }
}

/// Name and block of a network that a file holds.
fn from_file(args: &Args, file: &str) -> (String, String) {
    let name = word_of(file);
    let quoted = |text: &str| {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    };
    let dims: Vec<String> = args
        .dims
        .iter()
        .map(|(name, size)| format!("dim {} = {size}", quoted(name)))
        .collect();
    let dims = match dims[..] {
        [] => String::new(),
        _ => format!(" {{ {} }}", dims.join(", ")),
    };
    let path = quoted(&seen_from(Path::new(&args.spec), Path::new(file)));
    let block = format!(
        "// What is computed. `cfxc import` shows what is read of the file.\n\
         network {name} from {path}{dims}\n"
    );
    (name, block)
}

/// A file's path from the folder of a specification, with `/` between its parts.
fn seen_from(spec: &Path, file: &Path) -> String {
    let folder = match spec.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => return slashed(file),
    };
    let (Ok(folder), Ok(whole)) = (folder.canonicalize(), file.canonicalize()) else {
        return slashed(file);
    };
    let same = folder.components().zip(whole.components());
    let same = same.take_while(|(a, b)| a == b).count();
    if file.is_absolute() || same == 0 {
        return slashed(file);
    }
    let up = folder.components().skip(same).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(whole.components().skip(same)).collect();
    slashed(&path)
}

fn slashed(path: &Path) -> String {
    path.display()
        .to_string()
        .replace(std::path::MAIN_SEPARATOR, "/")
}
