//! What is known of the terminal, and the only functions that print.

use super::exit::Exit;
use crate::base::span::SourceMap;
use crate::diag::{Diagnostic, Severity, codes, render};
use crate::emit::summary::Style;
use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal, Write};

/// So many diagnostics are shown at a time: nobody reads more, and a file may have a million.
const MOST_SHOWN: usize = 1000;

/// How diagnostics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum MessageFormat {
    /// With the source text around them
    #[default]
    Human,
    /// One JSON object per line
    Json,
    /// `file:line:column: severity: message`, one per line
    Short,
}

/// Where this process prints, and how.
#[derive(Debug, Clone)]
pub struct Console {
    /// How diagnostics are shown.
    pub messages: MessageFormat,
    /// How the summary on stdout is drawn.
    pub style: Style,
    /// How a summary on stderr is drawn.
    pub error_style: Style,
    diagnostics: render::Style,
    /// Whether a progress bar on stderr would be seen.
    pub progress: bool,
    /// Whether a warning ends a command as an error does.
    deny_warnings: bool,
    warned: Cell<bool>,
    /// Whether what was printed on stdout had no reader any more.
    unread: Cell<bool>,
}

impl Console {
    /// What the environment says.
    pub fn of_this_process(messages: MessageFormat, deny_warnings: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let colors = !set("NO_COLOR") && !dumb;
        let (stdout, stderr) = (
            std::io::stdout().is_terminal(),
            std::io::stderr().is_terminal(),
        );
        let width = terminal_size::terminal_size_of(std::io::stderr());
        Console {
            messages,
            style: Style {
                color: colors && stdout,
                unicode: !stdout || unicode(),
            },
            error_style: Style {
                color: colors && stderr,
                unicode: !stderr || unicode(),
            },
            diagnostics: render::Style {
                color: colors && stderr,
                unicode: !stderr || unicode(),
                width: width.map_or(100, |(w, _)| usize::from(w.0).clamp(40, 140)),
            },
            progress: stderr && !dumb,
            deny_warnings,
            warned: Cell::new(false),
            unread: Cell::new(false),
        }
    }

    /// Whether a warning was shown where warnings are denied.
    pub fn denied(&self) -> bool {
        self.deny_warnings && self.warned.get()
    }

    /// Whether any of these is a warning that is denied.
    pub fn denies(&self, said: &[Diagnostic]) -> bool {
        self.deny_warnings && said.iter().any(|d| d.severity == Severity::Warning)
    }

    /// Forgets the warnings shown so far: what follows is judged by its own.
    pub fn forget_warnings(&self) {
        self.warned.set(false);
    }

    /// Whether nobody reads stdout any more.
    pub fn unread(&self) -> bool {
        self.unread.get()
    }

    /// How a command ends that would end like this but for denied warnings.
    pub fn judged(&self, exit: Exit) -> Exit {
        if exit != Exit::Done || !self.denied() {
            return exit;
        }
        self.remark("warnings are denied by `--deny warnings`");
        Exit::Wrong
    }

    /// Shows diagnostics on stderr.
    pub fn show(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if diagnostics.iter().any(|d| d.severity == Severity::Warning) {
            self.warned.set(true);
        }
        let (mut shown, more) = first(diagnostics);
        if let (Some(more), MessageFormat::Json) = (&more, self.messages) {
            // Tools get no remarks.
            let told = Diagnostic::warning(codes::FILE_LIMITS, more);
            shown.push(told.help("mend what is shown, and the others are shown"));
        }
        let text = match self.messages {
            MessageFormat::Human => render::human(&shown, sources, self.diagnostics),
            MessageFormat::Json => render::json(&shown, sources),
            MessageFormat::Short => render::short(&shown, sources),
        };
        if !text.is_empty() {
            note(&text);
        }
        if let Some(more) = more {
            self.remark(&more);
        }
    }

    /// Shows diagnostics that belong to no text.
    pub fn fail(&self, diagnostic: Diagnostic) {
        self.show(&[diagnostic], &SourceMap::default());
    }

    /// A line for people on stderr; tools that read diagnostics there do not get it.
    pub fn remark(&self, text: &str) {
        if self.messages != MessageFormat::Json {
            note(&format!("{text}\n"));
        }
    }

    /// A line on stderr for somebody who sits before it.
    pub fn hint(&self, text: &str) {
        if self.progress && self.messages != MessageFormat::Json {
            note(&format!("{}\n", self.error_style.dim(text)));
        }
    }

    /// Prints on stdout. Nobody reading any more (`cfxc … | head`) is no error.
    pub fn print(&self, text: &str) -> Exit {
        let mut stdout = std::io::stdout().lock();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        match written {
            Ok(()) => Exit::Done,
            Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                self.unread.set(true);
                Exit::Done
            }
            Err(e) => {
                self.fail(
                    Diagnostic::error(
                        codes::UNWRITABLE,
                        format!("cannot write to standard output: {e}"),
                    )
                    .help("check what it is redirected to"),
                );
                Exit::Files
            }
        }
    }
}

/// As many diagnostics as are shown, errors before warnings if there are more, and what is said of the
/// others.
pub fn first(all: &[Diagnostic]) -> (Vec<Diagnostic>, Option<String>) {
    let Some(more) = all.len().checked_sub(MOST_SHOWN).filter(|n| *n > 0) else {
        return (all.to_vec(), None);
    };
    let of = |wrong| {
        let kind = move |d: &&Diagnostic| (d.severity == Severity::Error) == wrong;
        all.iter().filter(kind)
    };
    let shown = of(true).chain(of(false)).take(MOST_SHOWN).cloned();
    (shown.collect(), Some(format!("{more} more are not shown")))
}

/// Where stderr cannot be written there is no one left to tell.
fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether the locale has more than ASCII. Without any locale a terminal of today has.
fn unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_among_the_first() {
        let mut all = vec![Diagnostic::warning(codes::NO_EFFECT, "w"); MOST_SHOWN];
        assert_eq!(first(&all), (all.clone(), None));
        all.push(Diagnostic::error(codes::TABLE, "e"));
        let (shown, more) = first(&all);
        assert_eq!((shown.len(), &shown[0]), (MOST_SHOWN, &all[MOST_SHOWN]));
        assert_eq!(more.as_deref(), Some("1 more are not shown"));
    }
}
