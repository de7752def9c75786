//! `cfxc completions`: what a shell needs to complete commands.

use super::Cli;
use super::console::Console;
use super::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc completions bash > ~/.local/share/bash-completion/completions/cfxc
  cfxc completions zsh > ~/.zfunc/_cfxc        with ~/.zfunc in fpath before compinit
  cfxc completions fish > ~/.config/fish/completions/cfxc.fish
  cfxc completions powershell >> $PROFILE")]
pub struct Args {
    /// Shell
    shell: Shell,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cfxc", &mut script);
    console.print(&String::from_utf8_lossy(&script))
}
