//! `cfxc graph`: networks as graphs.

use super::console::Console;
use super::designs::{self, unknown};
use super::exit::Exit;
use super::files;
use crate::emit::graph;
use crate::ir::network::Network;

/// Print networks as graphs, for drawing or for tools
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc graph spec.cfx
  cfxc graph spec.cfx --format dot | dot -Tsvg > network.svg
  cfxc graph spec.cfx --format json --network tiny

Without --design or --network, all networks of the file are printed, those of the library that its
designs use included. JSON has one object per network, one after the other.")]
pub struct Args {
    /// Specification
    spec: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The network of this design
    #[arg(long, value_name = "NAME", conflicts_with = "network")]
    design: Option<String>,
    /// This network
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line per node, with the shape it gives
    Table,
    /// Graphviz
    Dot,
    /// Nodes and edges
    Json,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut loaded = files::load(&args.spec);
    console.show(&loaded.analysis.diagnostics, &loaded.sources);
    if loaded.analysis.has_errors() {
        return Exit::of(&loaded.analysis.diagnostics);
    }
    let problems = match designs::select(&loaded, args.design.as_deref()) {
        Ok(problems) => problems,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Usage;
        }
    };
    let mut networks: Vec<Network> = Vec::new();
    if args.design.is_none() {
        networks.append(&mut loaded.analysis.networks);
    }
    // The place of its declaration tells a network from others of its name.
    for problem in problems {
        if networks.iter().all(|n| n.span != problem.network.span) {
            networks.push(problem.network);
        }
    }
    if let Some(name) = &args.network {
        let names: Vec<String> = networks.iter().map(|n| n.name.clone()).collect();
        networks.retain(|n| n.name == *name);
        if networks.is_empty() {
            console.fail(unknown("network", name, names.iter().map(String::as_str)));
            return Exit::Usage;
        }
    }
    let mut out = String::new();
    for network in &networks {
        match args.format {
            Format::Table => out.push_str(&graph::table(network)),
            Format::Dot => out.push_str(&graph::dot(network)),
            Format::Json => out.push_str(&crate::emit::json::text(&graph::json(network))),
        }
    }
    console.print(&out)
}
