//! The command line: one file per command. Only this room reads the environment, files and clocks,
//! and only this room prints.

mod accept;
mod assign;
mod build;
mod check;
mod completions;
mod console;
mod cost;
mod designs;
mod diff;
mod exit;
mod explain;
mod explain_layer;
mod files;
mod findings;
mod fmt;
mod graph;
mod import;
mod infeasible;
mod init;
mod judge;
mod list;
mod locked;
mod locking;
mod man;
mod output;
mod pareto;
mod parts;
mod progress;
mod review;
mod revision;
mod schema;
mod show;
mod stamps;
mod stop;
mod test;
mod watch;

use crate::cost::MODELS;
use crate::diag::{Diagnostic, codes};
use crate::ir::registry::ModelSpec;
use crate::search;
use crate::sema::Registries;
use clap::{Parser, Subcommand};
use console::{Console, MessageFormat};
pub use exit::{Exit, guarded};
use std::process::ExitCode;

const MODEL_SPECS: [ModelSpec; MODELS.len()] = {
    let mut specs = [MODELS[0].spec; MODELS.len()];
    let mut i = 0;
    while i < MODELS.len() {
        specs[i] = MODELS[i].spec;
        i += 1;
    }
    specs
};

/// What specifications may name that lives in code.
const REGISTRIES: Registries = Registries {
    models: &MODEL_SPECS,
    methods: &search::SPECS,
};

/// Compiles DNN accelerator configurations: decides how many PEs and how much buffer each layer
/// gets within a budget.
#[derive(Debug, Parser)]
#[command(
    name = "cfxc",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  cfxc init npu.cfx                             write a specification to begin with
  cfxc build examples/mobilenet_v2.cfx          decide, and write a report to build/
  cfxc check specs/*.cfx                        look for mistakes
  cfxc watch spec.cfx                           decide anew on every save, and say what changed
  cfxc test                                     expectations and locked decisions below here
  cfxc diff spec.cfx --git HEAD~1               what the last commit changed of the decisions
  cfxc cost spec.cfx --menu --format csv        price every layer at every point of the menu
  cfxc pareto spec.cfx --over area              what more or less area would buy
  cfxc show std.networks.mobilenet_v2           print what the library holds
  cfxc explain E0303                            what the code of a diagnostic means

Exit codes: 0 done, 1 the specification is wrong or cannot be met, 2 wrong usage, 3 a mistake of
cfxc itself, 4 files could not be read or written, 130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How errors and warnings are shown on stderr.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    message_format: MessageFormat,

    /// End with exit code 1 where there are warnings. Those of a specification or a model stop a
    /// command before anything is searched, those of a decision before it is written.
    #[arg(long, global = true, value_enum, value_name = "WHAT")]
    deny: Option<Denied>,
}

/// What `--deny` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Denied {
    /// All warnings
    Warnings,
}

#[derive(Debug, Subcommand)]
enum Command {
    Accept(accept::Args),
    Check(check::Args),
    Build(build::Args),
    Completions(completions::Args),
    Cost(cost::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    Fmt(fmt::Args),
    Graph(graph::Args),
    Import(import::Args),
    Init(init::Args),
    List(list::Args),
    Pareto(pareto::Args),
    Man(man::Args),
    Schema(schema::Args),
    Show(show::Args),
    Test(test::Args),
    Watch(watch::Args),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&error),
    };
    let exit = guarded(|| {
        let deny = cli.deny == Some(Denied::Warnings);
        let console = Console::of_this_process(cli.message_format, deny);
        let exit = match &cli.command {
            Command::Accept(args) => accept::run(args, &console),
            Command::Check(args) => check::run(args, &console),
            Command::Build(args) => build::run(args, &console),
            Command::Completions(args) => completions::run(args, &console),
            Command::Cost(args) => cost::run(args, &console),
            Command::Diff(args) => diff::run(args, &console),
            Command::Explain(args) => explain::run(args, &console),
            Command::Fmt(args) => fmt::run(args, &console),
            Command::Graph(args) => graph::run(args, &console),
            Command::Import(args) => import::run(args, &console),
            Command::Init(args) => init::run(args, &console),
            Command::List(args) => list::run(args, &console),
            Command::Pareto(args) => pareto::run(args, &console),
            Command::Man(args) => man::run(args, &console),
            Command::Schema(args) => schema::run(args, &console),
            Command::Show(args) => show::run(args, &console),
            Command::Test(args) => test::run(args, &console),
            Command::Watch(args) => watch::run(args, &console),
        };
        console.judged(exit)
    });
    ExitCode::from(exit.code())
}

/// Says why the arguments cannot be understood, as a diagnostic where tools read them. Help and the
/// version are asked for in this way, too.
fn wrong_usage(error: &clap::Error) -> ExitCode {
    // They may be no Unicode.
    let arguments = std::env::args_os().map(|a| a.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let mut pairs = arguments.windows(2);
    let json = arguments.iter().any(|a| a == "--message-format=json")
        || pairs.any(|pair| pair == ["--message-format", "json"]);
    if !(json && error.use_stderr()) {
        error.exit();
    }
    let text = error.to_string();
    let (what, more) = text.split_once('\n').unwrap_or((&text, ""));
    let message = what.trim_start_matches("error: ");
    let console = Console::of_this_process(MessageFormat::Json, false);
    console.fail(Diagnostic::error(codes::USAGE, message).help(more.trim()));
    ExitCode::from(Exit::Usage.code())
}

/// The threads of `--jobs`: no more than the machine has cores, since more would only get in each
/// other's way and the result does not depend on it; 0 means all cores.
fn use_threads(jobs: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if jobs == 0 { cores } else { jobs.min(cores) };
    // It can only fail if there is a pool already, and nobody else makes one.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
