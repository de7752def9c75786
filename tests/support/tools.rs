//! Tools that a test runs and that a machine may not have.

use std::io::Write;
use std::process::{Command, Stdio};

/// Whether a tool is installed. Where it is not, the test that asked says so and is to end; where
/// nothing may be skipped (`CI` or `CFXC_REQUIRE_TOOLS` is set), it fails.
///
/// # Panics
/// If the tool is missing and nothing may be skipped.
pub fn installed(tool: &str, shows_version: &str) -> bool {
    let ran = Command::new(tool)
        .arg(shows_version)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if ran.is_ok() {
        return true;
    }
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    assert!(
        !set("CI") && !set("CFXC_REQUIRE_TOOLS"),
        "{tool} is not installed, and nothing may be skipped here"
    );
    // What `eprintln` writes is shown of failed tests only.
    let _ = writeln!(std::io::stderr(), "skipped: {tool} is not installed");
    false
}

/// What a tool prints.
///
/// # Panics
/// If it fails, or prints anything on stderr.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let ran = command.output().expect("runs");
    let [out, err] = [ran.stdout, ran.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    assert!(
        ran.status.success() && err.is_empty(),
        "{command:?}\n{out}\n{err}"
    );
    out
}
