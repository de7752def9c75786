//! Runs the stages of a search: counts evaluations and distinct prices, keeps the best, stops.

use super::{METHODS, trim};
use crate::certify::{self, Certificate, Proof, simple};
use crate::ir::problem::{Deployment, Problem};
use crate::space::{Assignment, Evaluation, Point, Space};
use std::sync::atomic::{AtomicBool, Ordering};

/// Is told how a search gets on. Observing changes nothing.
pub trait Observer {
    /// A stage begins; it will make about `total` evaluations.
    fn stage(&mut self, method: &str, total: usize);
    /// `done` evaluations of the stage are made; the best objective so far, in the metric's unit.
    fn progress(&mut self, done: usize, best: Option<f64>);
}

/// Watches nothing.
pub struct NoObserver;

impl Observer for NoObserver {
    fn stage(&mut self, _: &str, _: usize) {}
    fn progress(&mut self, _: usize, _: Option<f64>) {}
}

/// The best assignment of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// One point per layer.
    pub assignment: Assignment,
    /// What it costs.
    pub evaluation: Evaluation,
}

/// What one stage did.
#[derive(Debug, Clone, PartialEq)]
pub struct StageReport {
    /// Its method.
    pub method: &'static str,
    /// Whole-network assignments tried.
    pub evaluations: usize,
    /// How many of them were complete and within all budgets.
    pub within: usize,
    /// Distinct prices (layer shape and point) asked in this stage and no stage before.
    pub prices: usize,
    /// Best objective after the stage in the metric's unit; `None` if nothing feasible is known.
    pub value: Option<f64>,
    /// Each improvement: evaluations of the whole search so far, and the objective reached.
    pub improvements: Vec<(usize, f64)>,
}

/// The result of all stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The best feasible assignment, if any was found.
    pub best: Option<Found>,
    /// Stage by stage.
    pub stages: Vec<StageReport>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// How far the best is from the best possible; `None` if nothing was found.
    pub certificate: Option<Certificate>,
    /// What simpler ways reach on the same problem.
    pub simpler: Vec<Simpler>,
}

/// What a simpler way than searching reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Simpler {
    /// The way, in a few words.
    pub name: &'static str,
    /// The objective it reaches within budget in the metric's unit; `None` if it reaches nothing.
    pub value: Option<f64>,
}

/// The state that methods share.
pub struct Run<'r, 's> {
    /// The priced problem.
    pub space: &'r Space<'s>,
    /// An assignment known to keep all budgets, from the proof that there is one. Methods may
    /// lean on it to end an episode within budget; it is no start for them.
    pub refuge: Option<&'r [Point]>,
    /// The best feasible assignment so far.
    pub best: Option<Found>,
    /// The proof of a bound, once one was made. Learned methods must not look at it.
    pub(super) proof: Option<Proof>,
    /// The cost at which the search may end.
    enough: Option<f64>,
    stop: &'r AtomicBool,
    observer: &'r mut dyn Observer,
    evaluations: usize,
    within: usize,
    stage_start: usize,
    asked: Vec<Vec<bool>>,
    prices: usize,
    improvements: Vec<(usize, f64)>,
}

impl<'s> Run<'_, 's> {
    /// The problem.
    pub fn problem(&self) -> &'s Problem {
        self.space.problem
    }

    /// Whether to end: the user wants it, or the best is as near the bound as was asked for.
    pub fn stopped(&self) -> bool {
        let best = self.best.as_ref().map(|b| b.evaluation.cost);
        let enough = matches!((best, self.enough), (Some(b), Some(e)) if b <= e);
        enough || self.stop.load(Ordering::Relaxed)
    }

    /// What can be proved of the space, until the user wants it to end.
    pub fn prove(&self, known: Option<&Assignment>, states: usize) -> Proof {
        certify::prove_until(self.space, known, states, self.stop)
    }

    /// Evaluations of the present stage.
    pub fn done(&self) -> usize {
        self.evaluations - self.stage_start
    }

    /// Counts a price as asked.
    pub fn ask(&mut self, layer: usize, point: Point) {
        let asked = &mut self.asked[self.space.problem.layers[layer].shape][point as usize];
        self.prices += usize::from(!*asked);
        *asked = true;
    }

    /// Whether a price was asked before.
    pub fn asked(&self, layer: usize, point: Point) -> bool {
        self.asked[self.space.problem.layers[layer].shape][point as usize]
    }

    /// Counts an assignment that was given up before it was complete as an evaluation.
    pub fn count_cut_short(&mut self) {
        self.evaluations += 1;
    }

    /// Tries a whole assignment; the best feasible one is kept. Equal ones do not replace it.
    pub fn evaluate(&mut self, assignment: &[Point]) -> Option<Evaluation> {
        self.evaluations += 1;
        for (layer, &point) in assignment.iter().enumerate() {
            self.ask(layer, point);
        }
        let evaluation = self.space.evaluate(assignment)?;
        self.within += usize::from(evaluation.feasible());
        let better = self
            .best
            .as_ref()
            .is_none_or(|b| evaluation.cost < b.evaluation.cost);
        if evaluation.feasible() && better {
            let value = evaluation.totals.metric(self.problem().objective.metric);
            self.improvements.push((self.evaluations, value));
            self.best = Some(Found {
                assignment: assignment.to_vec(),
                evaluation,
            });
        }
        if self.evaluations.is_multiple_of(64) {
            let best = self.best_value();
            self.observer.progress(self.done(), best);
        }
        Some(evaluation)
    }

    /// Tells the observer how many evaluations the stage will make.
    pub fn announce(&mut self, method: &str, total: usize) {
        self.observer.stage(method, total);
    }

    fn best_value(&self) -> Option<f64> {
        let metric = self.problem().objective.metric;
        self.best
            .as_ref()
            .map(|b| b.evaluation.totals.metric(metric))
    }
}

/// Runs all stages of the problem one after the other. If none of them finds a feasible
/// assignment, the refuge is the result.
pub fn run(
    space: &Space,
    refuge: Option<&[Point]>,
    stop: &AtomicBool,
    observer: &mut dyn Observer,
) -> Outcome {
    let asked = space.tables.iter().map(|t| vec![false; t.len()]).collect();
    let mut run = Run {
        space,
        refuge,
        best: None,
        proof: None,
        enough: None,
        stop,
        observer,
        evaluations: 0,
        within: 0,
        stage_start: 0,
        asked,
        prices: 0,
        improvements: Vec::new(),
    };
    if let Some(gap) = space.problem.stop_gap {
        // Only the bound reaches the stages, as the cost at which they may end.
        let proof = run.prove(None, certify::STATES);
        run.enough = Some(proof.bound * (1.0 + gap));
        run.proof = Some(proof);
    }
    // Where feasibility was not settled before, the solver settles it: its assignment is a refuge
    // like the one from the proof, and no start for the learned stages.
    let settled = if refuge.is_none() {
        run.prove(None, certify::STATES).best
    } else {
        None
    };
    let settled = settled.filter(|a| space.evaluate(a).is_some_and(|e| e.feasible()));
    let refuge = refuge.or(settled.as_deref());
    run.refuge = refuge;
    let mut stages = Vec::new();
    for stage in &space.problem.stages {
        let Some(method) = METHODS.iter().find(|m| stage.is(&m.spec)) else {
            continue;
        };
        if run.stopped() {
            break;
        }
        run.stage_start = run.evaluations;
        let prices = run.prices;
        (method.run)(&mut run, stage);
        let best = run.best_value();
        let done = run.done();
        run.observer.progress(done, best);
        stages.push(StageReport {
            method: method.spec.name,
            evaluations: done,
            within: std::mem::take(&mut run.within),
            prices: run.prices - prices,
            value: best,
            improvements: std::mem::take(&mut run.improvements),
        });
    }
    if run.best.is_none()
        && let Some(refuge) = refuge
        && let Some(evaluation) = space.evaluate(refuge)
        && evaluation.feasible()
    {
        run.best = Some(Found {
            assignment: refuge.to_vec(),
            evaluation,
        });
    }
    for trim in [trim::spare_pace, trim::spare_resources] {
        if let Some(trimmed) = run.best.as_ref().and_then(|b| trim(space, b)) {
            run.best = Some(trimmed);
        }
    }
    let best = run.best.take();
    let certificate = best.as_ref().map(|best| {
        let proof = run
            .proof
            .take()
            .unwrap_or_else(|| run.prove(Some(&best.assignment), certify::STATES));
        certify::certify(space, &proof, best.evaluation.cost)
    });
    let metric = space.problem.objective.metric;
    let value = |assignment: Option<Assignment>| {
        let evaluation = space.evaluate(&assignment?)?;
        evaluation
            .feasible()
            .then(|| evaluation.totals.metric(metric))
    };
    let mut simpler = vec![Simpler {
        name: "the same coarse choice for every layer",
        value: value(simple::uniform(space)),
    }];
    let wanted = space.problem.deployment == Deployment::Pipelined && !stop.load(Ordering::Relaxed);
    if wanted && simple::greedy_is_quick(space) {
        simpler.push(Simpler {
            name: "greedy by gain per share of budget",
            value: value(refuge.and_then(|r| simple::greedy(space, r))),
        });
    }
    Outcome {
        best,
        stages,
        interrupted: stop.load(Ordering::Relaxed),
        certificate,
        simpler,
    }
}
