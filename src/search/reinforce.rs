//! REINFORCE (Williams 1992) with a recurrent policy that walks the layers and picks one level
//! per knob, as ConfuciuX does, under masks that keep an episode within budget.
//!
//! What a layer costs is c / C + sum over budgets b of p_b w_b: its share of the objective plus its
//! shares of the budgets at prices p_b. The prices are no solver's: a batch asks d_b too much of a
//! budget, the probability that the mask had to take away less the share left unspent, and
//!
//! ```text
//! ln p_b += rate d_b + damping (d_b - d_b of the batch before)
//! ```
//!
//! a proportional-integral controller (without the damping the prices swing by a factor of ten and
//! the policy follows them: `docs/search.md`).
//! The paper's reward is how far a cost lies below the worst seen; standardised per kind of layer,
//! as here, the worst cancels out.
//!
//! The masks have asked all coarse prices, so what a choice of the last head costs against its
//! alternatives is known. With π the last head's probabilities after the choices a of the heads
//! before it, and r the reward,
//!
//! ```text
//! advantage of the heads before = V(a) = sum over levels b of π(b) r(a, b)
//! advantage of the last head    = r(a, chosen) - V(a)
//! ```
//!
//! which is the sampled reward with its variance taken out (a baseline may depend on what was
//! chosen before; Williams 1992). What later slots earn counts with `discount`.

mod episode;

use super::mask::Budgets;
use super::runner::Run;
use super::slots::{Choice, Slots};
use super::walk::{self, Features};
use super::{MethodEntry, walk::Memory};
use crate::base::math::exp;
use crate::base::random::Stream;
use crate::ir::problem::Stage;
use crate::ir::registry::{MethodSpec, ParamKind, ParamSpec};
use crate::nn::{Adam, Gradient, Policy, PolicyShape, Tape};
use crate::space::{Around, Evaluation, Space};
use episode::Episode;

/// The registry line.
pub const ENTRY: MethodEntry = MethodEntry {
    spec: MethodSpec {
        name: "reinforce",
        summary: "policy gradient: an LSTM walks the layers and picks coarse levels, within budget",
        refines: false,
        sequential: true,
        params: &[
            ParamSpec::variant("masked", VARIANTS),
            ParamSpec::number(
                "episodes",
                ParamKind::Whole(1, 10_000_000),
                1000.0,
                "whole-network assignments tried",
            ),
            ParamSpec::number(
                "batch",
                ParamKind::Whole(1, 1024),
                8.0,
                "episodes per step of the optimiser",
            ),
            ParamSpec::number(
                "hidden",
                ParamKind::Whole(1, 1024),
                32.0,
                "hidden units of the LSTM",
            ),
            ParamSpec::number(
                "learning_rate",
                ParamKind::Real(1e-6, 1.0),
                0.001,
                "step size of Adam, falling linearly to 30 %",
            ),
            ParamSpec::number(
                "kind_rate",
                ParamKind::Real(1e-6, 10.0),
                0.25,
                "its step size for what is learned per kind of layer",
            ),
            ParamSpec::word(
                "critic",
                &["prices", "none"],
                "advantages from the alternatives' known prices, or from the sampled reward",
            ),
            ParamSpec::word(
                "order",
                &["random", "network"],
                "order in which an episode visits the layers",
            ),
            ParamSpec::word(
                "start",
                &["budget", "even"],
                "first policy: spends about the budget, or picks all levels alike",
            ),
            ParamSpec::number(
                "price_rate",
                ParamKind::Real(0.0, 10.0),
                0.2,
                "how fast a budget's price follows what episodes ask too much",
            ),
            ParamSpec::number(
                "price_damping",
                ParamKind::Real(0.0, 100.0),
                8.0,
                "how much it follows a change of that",
            ),
            ParamSpec::number(
                "discount",
                ParamKind::Real(0.0, 1.0),
                0.0,
                "weight of the next slot's reward in a slot's return",
            ),
            ParamSpec::number(
                "entropy",
                ParamKind::Real(0.0, 10.0),
                0.25,
                "reward for staying undecided, falling linearly to 0",
            ),
        ],
    },
    run: stage,
};

/// The variants of this method: this file's, and that of `paper`.
pub const VARIANTS: &[&str] = &["masked", "paper"];

/// Samples of a kind that standardise its costs.
const MEMORY: usize = 64;

fn stage(run: &mut Run, stage: &Stage) {
    let episodes = stage.whole("episodes");
    run.announce(ENTRY.spec.name, episodes);
    let space = run.space;
    let Some(slots) = Slots::new(space) else {
        return;
    };
    let budgets = Budgets::new(space, &slots, run.refuge);
    for (layer, &kind) in slots.kind_of.iter().enumerate() {
        // Masks look at every coarse choice.
        if !budgets.sums.is_empty() {
            slots.kinds[kind]
                .iter()
                .for_each(|c| run.ask(layer, c.point));
        }
    }
    // Without a way to complete an episode none could end within budget.
    let hopeless = !slots.engine && !budgets.purse(&budgets.ways).fits();
    if hopeless || slots.kinds.iter().any(Vec::is_empty) {
        return;
    }
    let engines = walk::engines(space, &slots);
    if slots.engine && engines.is_empty() {
        return;
    }
    Learner::new(space, stage, &slots, &budgets, &engines).learn(run, episodes);
}

struct Learner<'a, 's> {
    space: &'a Space<'s>,
    slots: &'a Slots,
    budgets: &'a Budgets,
    engines: &'a [Vec<u16>],
    features: Features,
    policy: Policy,
    adam: Adam,
    tape: Tape,
    gradient: Gradient,
    memory: Memory,
    /// Per sum limit: what the cheapest choices take.
    least: Vec<f64>,
    /// Price of each sum limit.
    prices: Vec<f64>,
    /// The latest episode, around which objectives that are no sums are linearised.
    around: Option<Around>,
    /// Per limit: what the batch before asked too much.
    excess: Vec<f64>,
    critic: bool,
    shuffled: bool,
    price_rate: f64,
    price_damping: f64,
    batch: usize,
    rate: f64,
    discount: f64,
    entropy: f64,
    seed: u64,
}

impl<'a, 's> Learner<'a, 's> {
    fn new(
        space: &'a Space<'s>,
        stage: &Stage,
        slots: &'a Slots,
        budgets: &'a Budgets,
        engines: &'a [Vec<u16>],
    ) -> Self {
        let features = Features::new(space, slots, &budgets.least);
        let shape = PolicyShape {
            inputs: features.width(),
            hidden: stage.whole("hidden"),
            kinds: slots.kinds.len() + 1,
            levels: slots.levels.clone(),
        };
        let seed = space.problem.seed;
        let mut policy = Policy::new(shape, &mut Stream::new(seed, "policy", 0));
        if stage.word("start") == "budget" {
            walk::tilt(&mut policy, slots, budgets);
        }
        let rate = stage.number("learning_rate");
        let kind_rate = stage.number("kind_rate");
        let mut adam = Adam::new(&policy, rate as f32);
        // A hundred steps or so: squares are to forget the first ones.
        adam.beta2 = 0.99;
        for (name, range) in policy.groups() {
            if name == "heads.kind" {
                adam.scale(range, (kind_rate / rate) as f32);
            } else if name.starts_with("heads.previous") {
                adam.scale(range, (kind_rate / rate / 6.0) as f32);
            }
        }
        Learner {
            space,
            slots,
            budgets,
            engines,
            features,
            adam,
            gradient: Gradient::new(&policy),
            policy,
            tape: Tape::new(),
            memory: Memory::new(slots.kinds.len() + 1, MEMORY),
            least: budgets.least_sums(slots),
            prices: vec![1.0; budgets.sums.len()],
            around: None,
            excess: vec![0.0; budgets.sums.len()],
            critic: stage.word("critic") == "prices",
            shuffled: stage.word("order") == "random",
            price_rate: stage.number("price_rate"),
            price_damping: stage.number("price_damping"),
            batch: stage.whole("batch"),
            rate,
            discount: stage.number("discount"),
            entropy: stage.number("entropy"),
            seed,
        }
    }

    fn learn(&mut self, run: &mut Run, episodes: usize) {
        while run.done() < episodes && !run.stopped() {
            let done = run.done();
            let size = self.batch.min(episodes - done);
            let left = 1.0 - done as f64 / episodes as f64;
            let last = done + size == episodes;
            let walked = self.walk(done, size, last);
            let mut outcomes = Vec::with_capacity(size);
            for episode in &walked {
                let assignment = self.assignment(episode);
                outcomes.push(run.evaluate(&assignment));
            }
            self.update(&walked, &outcomes, left);
        }
    }

    /// Moves policy and budget prices after a batch.
    fn update(&mut self, walked: &[Episode], outcomes: &[Option<Evaluation>], left: f64) {
        let priced = walked.iter().zip(outcomes).rev();
        if let Some((episode, outcome)) = priced.flat_map(|(e, o)| Some((e, (*o)?))).next() {
            let assignment = self.assignment(episode);
            let around = self.space.around(&assignment, &outcome.totals);
            self.around = Some(around.after(self.around.as_ref()));
        }
        let Some(around) = self.around.clone() else {
            return;
        };
        let scale = {
            // The whole network's credit, so that an episode's shares add up to about 1.
            let layers = 0..self.slots.kind_of.len();
            let assignment = self.assignment(&walked[walked.len() - 1]);
            let sum: f64 = layers
                .map(|l| self.space.credit(l, assignment[l], &around))
                .sum();
            if sum.is_finite() && sum > 0.0 {
                sum
            } else {
                1.0
            }
        };
        let engine = usize::from(self.slots.engine);
        let steps = engine
            + if self.slots.layers {
                self.slots.kind_of.len()
            } else {
                0
            };
        let heads = self.slots.heads.len();
        // Remember costs first, so that this batch is judged among its equals.
        for (episode, outcome) in walked.iter().zip(outcomes) {
            if self.slots.layers {
                for (layer, &choice) in episode.chosen.iter().enumerate() {
                    let kind = self.slots.kind_of[layer];
                    let point = self.slots.kinds[kind][choice].point;
                    let credit = self.space.credit(layer, point, &around) / scale;
                    let weights = &self.budgets.weights[kind][choice];
                    self.memory.push(kind, credit, weights);
                }
            }
            if engine == 1 {
                let cost = self.episode_cost(outcome, &around);
                self.memory.push(self.slots.kinds.len(), cost, &[]);
            }
        }
        self.memory.standardise(&self.prices);
        let mut advantages = vec![0.0f32; walked.len() * steps * heads];
        for (e, (episode, outcome)) in walked.iter().zip(outcomes).enumerate() {
            let mut later = 0.0;
            for step in (0..steps).rev() {
                let at = (e * steps + step) * heads;
                let later_share = self.discount * later;
                if engine == 1 && step == 0 {
                    let cost = self.episode_cost(outcome, &around);
                    let kind = self.slots.kinds.len();
                    let reward = self.memory.reward(kind, cost, &[], &self.prices);
                    advantages[at..at + heads].fill((reward + later_share) as f32);
                    continue;
                }
                let layer = episode.order[step - engine];
                let kind = self.slots.kind_of[layer];
                let reward = |choice: usize| {
                    let point = self.slots.kinds[kind][choice].point;
                    let credit = self.space.credit(layer, point, &around) / scale;
                    let weights = &self.budgets.weights[kind][choice];
                    self.memory.reward(kind, credit, weights, &self.prices)
                };
                let got = reward(episode.chosen[layer]);
                let (before, last) = if self.critic && !self.budgets.sums.is_empty() {
                    let expected = self.expected(e, step, kind, episode.chosen[layer], &reward);
                    (expected, got - expected)
                } else {
                    (got, got)
                };
                later = got + later_share;
                let split = at + heads - 1;
                advantages[at..split].fill((before + later_share) as f32);
                advantages[split] = (last + later_share) as f32;
            }
        }
        self.gradient.clear();
        let divisor = walked.len() as f32;
        let entropy = (self.entropy * left) as f32;
        self.policy.backward(
            &mut self.tape,
            &advantages,
            entropy,
            divisor,
            &mut self.gradient,
        );
        self.adam.learning_rate = (self.rate * (0.3 + 0.7 * left)) as f32;
        self.adam.step(&mut self.policy, &self.gradient);
        self.move_prices(walked);
    }

    /// The reward to expect of the last head after the choices that the heads before it made.
    fn expected(
        &self,
        episode: usize,
        step: usize,
        kind: usize,
        chosen: usize,
        reward: &dyn Fn(usize) -> f64,
    ) -> f64 {
        let choices = &self.slots.kinds[kind];
        let last = self.slots.heads.len() - 1;
        let probabilities = self.tape.probabilities(step, episode, last);
        let alike = |c: &Choice| c.levels[..last] == choices[chosen].levels[..last];
        let alternatives = choices.iter().enumerate().filter(|(_, c)| alike(c));
        alternatives
            .map(|(index, c)| {
                let probability = f64::from(probabilities[c.levels[last] as usize]);
                if probability > 0.0 {
                    probability * reward(index)
                } else {
                    0.0
                }
            })
            .sum()
    }

    /// What an episode of a sequential design cost relative to the latest, with what it overshot.
    fn episode_cost(&self, outcome: &Option<Evaluation>, around: &Around) -> f64 {
        let usual = self.space.cost(&around.totals);
        outcome.map_or(10.0, |e| {
            (e.cost / usual).min(100.0) * (1.0 + 10.0 * e.overshoot.min(10.0))
        })
    }

    /// Raises the price of a budget that the mask had to defend, lowers that of one left unspent;
    /// see the head of this file.
    fn move_prices(&mut self, walked: &[Episode]) {
        for limit in 0..self.prices.len() {
            let count = walked.len() as f64;
            let denied = walked.iter().map(|e| e.denied[limit]).sum::<f64>() / count;
            let spent = walked.iter().map(|e| e.purse.used[limit]).sum::<f64>() / count;
            // Of what the cheapest choices leave.
            let least = self.least[limit];
            let spent = (spent - least) / (1.0 - least);
            let excess = denied - (0.99 - spent).max(0.0);
            let change =
                self.price_rate * excess + self.price_damping * (excess - self.excess[limit]);
            self.excess[limit] = excess;
            let price = self.prices[limit] * exp(change.clamp(-1.0, 1.0));
            self.prices[limit] = price.clamp(0.1, 1e3);
        }
    }
}
