//! What ends a run early: Ctrl-C, or the time limit of the command line. Whoever works sees only a
//! flag, and no clock.

use super::exit::Exit;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// `--time-limit`: a duration, and how the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLimit {
    text: String,
    duration: Duration,
}

/// The units of a time limit and what they are in seconds.
const UNITS: [(&str, f64); 4] = [("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0)];
/// Longer than anybody waits, and short enough for every clock: a year in seconds.
const LONGEST: f64 = 366.0 * 24.0 * 3600.0;

impl FromStr for TimeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLES: &str = "for example `500ms`, `30s` or `2min`";
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
        let number: f64 = number
            .parse()
            .map_err(|_| format!("a number and its unit are wanted, {EXAMPLES}"))?;
        let unit = unit.trim_start();
        if unit.is_empty() {
            return Err(format!("a number without a unit; write {EXAMPLES}"));
        }
        let Some((_, factor)) = UNITS.iter().find(|u| u.0 == unit) else {
            let units: Vec<&str> = UNITS.iter().map(|u| u.0).collect();
            return Err(format!(
                "there is no unit of time `{unit}` here; write one of {}",
                units.join(", ")
            ));
        };
        let seconds = number * factor;
        let duration = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        if duration.is_zero() || seconds > LONGEST {
            return Err(format!("more than 0 and at most a year, {EXAMPLES}"));
        }
        Ok(TimeLimit {
            text: text.to_string(),
            duration,
        })
    }
}

/// Who stopped a run, as it is kept in one byte.
const NOBODY: u8 = 0;
const USER: u8 = 1;
const CLOCK: u8 = 2;

#[derive(Default)]
struct Shared {
    flag: AtomicBool,
    by: AtomicU8,
}

impl Shared {
    /// Returns whether nobody had stopped it before.
    fn stop(&self, by: u8) -> bool {
        // Who comes first is named, and is named before the work ends.
        let named = self
            .by
            .compare_exchange(NOBODY, by, Ordering::SeqCst, Ordering::SeqCst);
        self.flag.store(true, Ordering::SeqCst);
        named.is_ok()
    }
}

/// Lets Ctrl-C end the process at once, for commands that leave nothing half done.
pub fn end_at_once() {
    // Without a handler it does so as well, only not with our exit code.
    let _ = ctrlc::set_handler(|| std::process::exit(i32::from(Exit::Interrupted.code())));
}

/// Watches for Ctrl-C and for the time limit until it is dropped.
pub struct Stopper {
    shared: Arc<Shared>,
    limit: Option<TimeLimit>,
    /// The clock's thread ends with this end of its channel.
    _clock: Option<Sender<()>>,
}

impl Stopper {
    /// Begins to watch. The limit counts from `start`.
    pub fn new(limit: Option<&TimeLimit>, start: Instant) -> Self {
        let shared = Arc::new(Shared::default());
        let user = Arc::clone(&shared);
        // Without a handler Ctrl-C ends the process at once, which is all one can do then.
        let _ = ctrlc::set_handler(move || {
            if user.stop(USER) {
                eprintln!(
                    "stopping: the best so far is kept (Ctrl-C again ends at once, without it)"
                );
            } else {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        });
        let clock = limit.map(|limit| {
            let (sender, end) = mpsc::channel::<()>();
            let left = limit.duration.saturating_sub(start.elapsed());
            let clock = Arc::clone(&shared);
            let watch = move || {
                if end.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                    clock.stop(CLOCK);
                }
            };
            // Without a thread for it the limit cannot be kept: it counts as met.
            if std::thread::Builder::new().spawn(watch).is_err() {
                shared.stop(CLOCK);
            }
            sender
        });
        Stopper {
            shared,
            limit: limit.cloned(),
            _clock: clock,
        }
    }

    /// Set when the work is to end.
    pub fn flag(&self) -> &AtomicBool {
        &self.shared.flag
    }

    /// Whether it was the user who stopped the work.
    pub fn by_user(&self) -> bool {
        self.shared.by.load(Ordering::SeqCst) == USER
    }

    /// Who stopped the work, in words.
    pub fn by(&self) -> String {
        match &self.limit {
            Some(limit) if !self.by_user() => format!("the time limit of {}", limit.text),
            _ => "the user".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_unit() {
        let seconds = |text: &str| text.parse::<TimeLimit>().map(|l| l.duration.as_secs_f64());
        assert_eq!(seconds("500ms"), Ok(0.5));
        assert_eq!(seconds("30s"), Ok(30.0));
        assert_eq!(seconds("2min"), Ok(120.0));
        assert_eq!(seconds("1.5 h"), Ok(5400.0));
        for wrong in [
            "",
            "30",
            "s",
            "30 m",
            "-1s",
            "0s",
            "1e9s",
            "9e9h",
            "1..2s",
            "inf s",
            "99999999h",
        ] {
            let error = seconds(wrong).expect_err(wrong);
            assert!(error.contains("s"), "{wrong}: {error}");
        }
    }

    #[test]
    fn the_clock_sets_the_flag_and_is_named() {
        let limit: TimeLimit = "1ms".parse().expect("a limit");
        let stopper = Stopper::new(Some(&limit), Instant::now());
        while !stopper.flag().load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        assert!(!stopper.by_user());
        assert_eq!(stopper.by(), "the time limit of 1ms");
    }
}
