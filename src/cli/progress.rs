//! Progress bars, one per design that is being searched.

use crate::base::units::Quantity;
use crate::emit::number::amount;
use crate::search::Observer;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// All bars of a run.
pub struct Bars {
    bars: MultiProgress,
}

impl Bars {
    /// Bars on stderr, or none that can be seen.
    pub fn new(visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        Bars {
            bars: MultiProgress::with_draw_target(target),
        }
    }

    /// A bar for one design whose objective is measured so.
    pub fn add(&self, design: &str, quantity: Quantity) -> Bar {
        let bar = self.bars.add(ProgressBar::new(0));
        // The template is ours and sound; without it there would be the default one.
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} {msg:<40} {wide_bar} {percent:>3} % {eta:>4}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(design.to_string());
        Bar {
            bar,
            method: String::new(),
            quantity,
        }
    }
}

/// A bar of so many steps that take about as long each; it is gone when it is dropped.
pub struct Steps(ProgressBar);

impl Steps {
    /// A bar on stderr, or none that can be seen.
    pub fn new(what: &str, total: usize, visible: bool) -> Self {
        let bar = match visible {
            true => ProgressBar::new(total as u64),
            false => ProgressBar::hidden(),
        };
        // The template is ours and sound; without it there would be the default one.
        if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos} of {len}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_string());
        Steps(bar)
    }

    /// One more is done.
    pub fn done(&self) {
        self.0.inc(1);
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The bar of one design.
pub struct Bar {
    bar: ProgressBar,
    method: String,
    quantity: Quantity,
}

impl Observer for Bar {
    fn stage(&mut self, method: &str, total: usize) {
        self.method = method.to_string();
        self.bar.reset();
        self.bar.set_length(total as u64);
        self.bar.set_message(method.to_string());
    }

    fn progress(&mut self, done: usize, best: Option<f64>) {
        self.bar.set_position(done as u64);
        if let Some(best) = best {
            let best = amount(self.quantity, best);
            self.bar.set_message(format!("{}: {best}", self.method));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
