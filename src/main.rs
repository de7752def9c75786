//! The `cfxc` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    cfxc::cli::main()
}
