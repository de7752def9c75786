//! How the process ends, and what it says when it is our own fault.

use crate::diag::{Diagnostic, Severity, codes};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exit {
    /// As wished.
    #[default]
    Done,
    /// The specification is wrong, cannot be met, or an expectation failed.
    Wrong,
    /// The command line is wrong.
    Usage,
    /// A mistake of ours.
    Bug,
    /// Files could not be read or written.
    Files,
    /// Stopped by the user; the best so far was kept.
    Interrupted,
}

impl Exit {
    /// The exit code that scripts see.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Wrong => 1,
            Exit::Usage => 2,
            Exit::Bug => 3,
            Exit::Files => 4,
            Exit::Interrupted => 130,
        }
    }

    /// What these diagnostics end a command with.
    pub fn of(diagnostics: &[Diagnostic]) -> Exit {
        let mut errors = diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .peekable();
        if errors.peek().is_none() {
            return Exit::Done;
        }
        if errors.any(|d| matches!(d.code, codes::UNREADABLE | codes::UNWRITABLE)) {
            return Exit::Files;
        }
        Exit::Wrong
    }
}

/// Runs a command; a panic in it ends with [`Exit::Bug`] and a message that asks for a report.
pub fn guarded(command: impl FnOnce() -> Exit) -> Exit {
    std::panic::set_hook(Box::new(|info| eprintln!("{}", bug_report(info))));
    // Nothing of what the command touched is used afterwards.
    catch_unwind(AssertUnwindSafe(command)).unwrap_or(Exit::Bug)
}

fn bug_report(info: &PanicHookInfo) -> String {
    let payload = info.payload();
    let reason = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("the reason is not known as text");
    let place = info
        .location()
        .map_or(String::new(), |l| format!(" ({}:{})", l.file(), l.line()));
    format!(
        "error: cfxc {version} made a mistake: {reason}{place}

This is a fault of cfxc, not of your specification. Please report it at
  {repository}/issues
and attach the message above, the command line, and the specification with the files it names.",
        version = env!("CARGO_PKG_VERSION"),
        repository = env!("CARGO_PKG_REPOSITORY"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_our_own_mistake() {
        let exit = guarded(|| panic!("two and two are {}", 5));
        let _ = std::panic::take_hook();
        assert_eq!(exit, Exit::Bug);
        assert_eq!(exit.code(), 3);
    }

    #[test]
    fn diagnostics_decide_the_code() {
        let wrong = Diagnostic::error(codes::SYNTAX, "x");
        let unread = Diagnostic::error(codes::UNREADABLE, "x");
        let warning = Diagnostic::warning(codes::UNUSED_USE, "x");
        assert_eq!(Exit::of(&[]), Exit::Done);
        assert_eq!(Exit::of(std::slice::from_ref(&warning)), Exit::Done);
        assert_eq!(Exit::of(&[warning, wrong.clone()]), Exit::Wrong);
        assert_eq!(Exit::of(&[wrong, unread]), Exit::Files);
    }
}
