//! `cfxc explain`: what the code of a diagnostic or a metric means, or where the price of a layer
//! comes from.

use super::console::Console;
use super::exit::Exit;
use super::explain_layer;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes, pages};
use crate::ir::metric::Metric;
use std::path::Path;

/// Explain a code, a metric, or the price of a layer
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc explain E0303
  cfxc explain cfx::W0301
  cfxc explain edp
  cfxc explain spec.cfx --layer conv1 --pes 16 --buffer 4
  cfxc explain spec.cfx --layer conv1 --dataflow nvdla --knob tile_c=2

`cfxc list codes` and `cfxc list metrics` name them all. What is not said of a layer's point is as
decided in the lock beside the specification, or, without a lock that is up to date, as the fastest
point of the menu that fits what is said.")]
pub struct Args {
    /// Code of a diagnostic, metric, or specification
    #[arg(value_name = "WHAT")]
    what: String,
    /// The layer of the specification
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    #[command(flatten)]
    point: explain_layer::Point,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let what = &args.what;
    if is_file(what) {
        let Some(layer) = &args.layer else {
            console.fail(no_layer(what));
            return Exit::Usage;
        };
        return explain_layer::run(what, layer, &args.point, console);
    }
    if args.layer.is_some() || args.point.says() {
        console.fail(
            Diagnostic::error(codes::WRONG_VALUE, format!("`{what}` is no specification"))
                .help("a layer and its point are explained of a specification: `cfxc explain spec.cfx --layer conv1`"),
        );
        return Exit::Usage;
    }
    if let Some(page) = pages::page(what) {
        return console.print(page);
    }
    if let Some(metric) = Metric::parse(what) {
        return console.print(&explained(metric));
    }
    if what == "gap" {
        return console.print(GAP);
    }
    console.fail(unknown(what));
    Exit::Usage
}

/// What is no metric of a design, but of what is known about it.
const GAP: &str = "gap, in %: how far the result is from the best possible at most, as a share of the bound that is proved; \
0 % is a proven optimum; a design may say `expect gap <= 1%` and `stop gap <= 1%`.\n\n\
How the bound is proved: docs/search.md and docs/language.md; `cfxc build` writes it with every result.\n";

/// What a metric is.
fn explained(metric: Metric) -> String {
    let whole = match metric {
        Metric::Latency => "the sum over the layers of their cycles, for one inference",
        Metric::Energy => "the sum over the layers, for one inference",
        Metric::Area => {
            "pipelined: the sum over the layers' engines; sequential: the one engine's, with memories \
             as large as the most demanding layer needs"
        }
        Metric::Power => {
            "pipelined: the sum over the layers' engines, all at full rate; sequential: the one engine's"
        }
        Metric::Throughput => {
            "the clock over the cycles of the slowest layer (pipelined) or of all layers (sequential)"
        }
        Metric::CriticalPath => {
            "the longest path through the network: a layer starts when all its producers are done"
        }
        Metric::Edp => "energy of one inference x its latency",
        Metric::EdpPerLayer => "the sum over the layers of energy x latency of the layer",
    };
    let better = if metric.larger_is_better() {
        "more is better"
    } else {
        "less is better"
    };
    let budget = match (metric.can_be_budget(), metric.larger_is_better()) {
        (false, _) => "no budget may limit it".to_string(),
        (true, larger) => {
            let sign = if larger { ">=" } else { "<=" };
            format!("a budget may say `{} {sign} …`", metric.name())
        }
    };
    format!(
        "{}, in {}: {whole}; {better}; {budget}.\n\nWhere that of a layer comes from: \
         `cfxc explain spec.cfx --layer NAME`.\n",
        metric.name(),
        metric.unit()
    )
}

/// Whether a file is meant, there or not.
fn is_file(what: &str) -> bool {
    let path = Path::new(what);
    path.extension().is_some_and(|e| e == "cfx") || path.is_file()
}

fn no_layer(what: &str) -> Diagnostic {
    Diagnostic::error(
        codes::MISSING_FIELD,
        format!("{what} is a specification: which of its layers is to be explained?"),
    )
    .help(format!(
        "write `cfxc explain {what} --layer NAME`; `cfxc check {what}` looks for mistakes, and `cfxc explain E0303` explains a code"
    ))
}

fn unknown(what: &str) -> Diagnostic {
    let all = "`cfxc list codes` and `cfxc list metrics` name them all";
    let near = pages::near(what);
    let metrics = Metric::ALL.map(Metric::name).into_iter().chain(["gap"]);
    let near = near.or_else(|| nearest(what, metrics));
    let message = format!("there is no code and no metric `{what}`");
    Diagnostic::error(codes::UNKNOWN_NAME, message).help(match near {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all.to_string(),
    })
}
