//! One of the two that are compared.

use super::result;
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};
use crate::emit::decision::BINDING;
use crate::emit::number::percent;
use crate::ir::metric::Metric;
use crate::lock::{self, Entry, figure};
use std::collections::BTreeMap;

/// A decided design as a file tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// What was decided. Without an objective that is known, nothing is read.
    pub entry: Entry,
    /// Whether the file has hashes of the inputs.
    pub inputs_known: bool,
    /// Whether the file says what is proved.
    pub proof_known: bool,
    /// Whether the search was stopped before its end.
    pub stopped: bool,
}

/// The decisions of one file or revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What it is called where it is shown.
    pub name: String,
    /// Designs by name.
    pub designs: BTreeMap<String, Design>,
}

impl Side {
    /// Decisions from a lock, or from a result in JSON: the first character tells which.
    ///
    /// # Errors
    /// What is wrong in the text, at its place.
    pub fn read(name: &str, file: FileId, text: &str) -> Result<Side, Diagnostic> {
        if text.len() > crate::syntax::LARGEST {
            return Err(
                Diagnostic::error(codes::BAD_LOCK, format!("{name} is too large"))
                    .help("locks and results of up to 16 MiB are compared"),
            );
        }
        let mut designs = if text.trim_start().starts_with('{') {
            result::read(file, text)?
        } else {
            let lock = lock::read(file, text)?.designs.into_iter();
            lock.map(|(name, entry)| (name, of_lock(entry))).collect()
        };
        for (design, read) in &mut designs {
            if figure(&read.entry.certificate.objective).is_none() {
                let whole = Span {
                    file,
                    start: 0,
                    end: text.len().min(1) as u32,
                };
                let what = &read.entry.certificate.objective;
                let message = format!("`{design}` has the objective `{what}`, which is no metric");
                return Err(Diagnostic::error(codes::BAD_LOCK, message)
                    .label(whole, "in this file")
                    .help("restore the file from version control, or build again"));
            }
            // A result has the knobs in another order than the lock.
            for layer in &mut read.entry.layers {
                layer
                    .knobs
                    .sort_by(|(a, _), (b, _)| (a != "pes", a).cmp(&(b != "pes", b)));
            }
        }
        Ok(Side {
            name: name.to_string(),
            designs,
        })
    }

    /// What has no decision.
    pub fn empty(name: &str) -> Side {
        Side {
            name: name.to_string(),
            designs: BTreeMap::new(),
        }
    }
}

fn of_lock(entry: Entry) -> Design {
    Design {
        entry,
        inputs_known: true,
        proof_known: true,
        stopped: false,
    }
}

impl Design {
    /// The metric that is optimised.
    pub fn objective(&self) -> Metric {
        figure(&self.entry.certificate.objective).unwrap_or(Metric::Latency)
    }

    /// The used share of a limit; `None` if it is not known what is used.
    pub fn used(&self, metric: Metric, limit: f64) -> Option<f64> {
        let used = self.entry.metric(metric)?;
        let share = match metric.larger_is_better() {
            true => limit / used,
            false => used / limit,
        };
        share.is_finite().then_some(share)
    }

    /// Budgets that stand in the way of a better result.
    pub fn limited_by(&self) -> String {
        let mut shares = Vec::new();
        for (name, limit) in &self.entry.limits {
            match figure(name).and_then(|m| Some((m, self.used(m, *limit)?))) {
                Some((metric, share)) if metric != self.objective() => shares.push((metric, share)),
                Some(_) => {}
                None => return "not known".to_string(),
            }
        }
        let told = |(metric, share): &(Metric, f64)| {
            format!("{}, used to {}", metric.name(), percent(*share))
        };
        let binding = shares.iter().filter(|(_, share)| *share >= BINDING);
        let binding: Vec<String> = binding.map(told).collect();
        match shares.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
            _ if !binding.is_empty() => binding.join("; "),
            Some(most) => format!("no budget; the nearest is {}", told(most)),
            None => "no budget".to_string(),
        }
    }
}
