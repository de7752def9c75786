//! Multiple-choice knapsack instances in integers.
//!
//! Prices become integers here, by powers of two and rounded towards the optimistic side: costs and
//! weights down, limits up. Whatever is proved of the integers is a bound for the prices.

use crate::space::Point;

/// Sums of all costs, and of all weights under one limit, stay below this.
const TOTAL: f64 = (1u64 << 58) as f64;

/// Whole numbers below this are exact as doubles, and so are their sums.
const EXACT: f64 = (1u64 << 53) as f64;

/// What one kind of layer may take: no option is dominated (as cheap or cheaper under every limit
/// and in cost, and strictly so in one, or equal and earlier in menu order).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The options' points, in menu order.
    pub points: Vec<Point>,
    /// Cost of each option.
    pub costs: Vec<i64>,
    /// `weights[option * limits + limit]`
    pub weights: Vec<i64>,
}

/// Choose one option for every layer: least total cost, every limit kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Options by kind of layer.
    pub kinds: Vec<Kind>,
    /// The kind of each layer.
    pub layers: Vec<usize>,
    /// The limits.
    pub bounds: Vec<i64>,
}

/// Prices of one kind before they become integers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawKind {
    /// The options' points, in menu order.
    pub points: Vec<Point>,
    /// Cost of each option, finite and not negative.
    pub costs: Vec<f64>,
    /// Weight of each option under each limit, finite and not negative.
    pub weights: Vec<Vec<f64>>,
}

/// The factors between prices and integers.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    /// Integer cost = cost x this, rounded down.
    pub cost: f64,
    /// Whether all costs are whole numbers, and small enough for their sums to be exact.
    pub whole: bool,
    /// Integer weight = weight x this, rounded down, per limit.
    pub weights: Vec<f64>,
}

impl Instance {
    /// The integers of these prices. `bounds` are the limits in the weights' units.
    pub fn new(kinds: &[RawKind], layers: &[usize], bounds: &[f64]) -> (Instance, Scales) {
        // A sum of floats may be rounded down by about n half-ulps and still keep its limit.
        let slack = 1.0 + (layers.len() as f64 + 2.0) * f64::EPSILON;
        let bounds: Vec<f64> = bounds.iter().map(|b| b * slack).collect();
        // Options above a limit alone are never taken; without them small limits keep their digits.
        let fits = |k: &RawKind, o: usize| k.weights[o].iter().zip(&bounds).all(|(w, b)| w <= b);
        let total = |value: &dyn Fn(&RawKind, usize) -> f64| -> f64 {
            let most = |k: &RawKind| {
                let options = (0..k.points.len()).filter(|&o| fits(k, o));
                options.map(|o| value(k, o)).fold(0.0, f64::max)
            };
            let most: Vec<f64> = kinds.iter().map(most).collect();
            layers.iter().map(|&k| most[k]).sum()
        };
        let costs = total(&|k, o| k.costs[o]);
        let mut all = kinds.iter().flat_map(|k| &k.costs);
        let whole = costs < EXACT && all.all(|c| c.fract() == 0.0);
        let (mut weights, mut limits) = (Vec::new(), Vec::new());
        for (b, &bound) in bounds.iter().enumerate() {
            // A limit far above all weights binds nothing, and need not be told from a smaller one.
            let most = total(&|k, o| k.weights[o][b]);
            let bound = bound.min(2.0 * most);
            let factor = scale(most.max(bound));
            weights.push(factor);
            limits.push((bound * factor).ceil() as i64);
        }
        let scales = Scales {
            cost: scale(costs),
            whole,
            weights,
        };
        let kinds = kinds
            .iter()
            .map(|k| reduce(k, (0..k.points.len()).filter(|&o| fits(k, o)), &scales))
            .collect();
        let bounds = limits;
        (
            Instance {
                kinds,
                layers: layers.to_vec(),
                bounds,
            },
            scales,
        )
    }

    /// Number of limits.
    pub fn limits(&self) -> usize {
        self.bounds.len()
    }

    /// Cost and weights of a choice of one option per layer.
    pub fn sums(&self, choice: &[usize]) -> (i64, Vec<i64>) {
        let mut cost = 0;
        let mut used = vec![0; self.limits()];
        for (&kind, &option) in self.layers.iter().zip(choice) {
            let kind = &self.kinds[kind];
            cost += kind.costs[option];
            for (used, w) in used.iter_mut().zip(kind.weights_of(option)) {
                *used += w;
            }
        }
        (cost, used)
    }

    /// Whether weights keep all limits.
    pub fn keeps(&self, used: &[i64]) -> bool {
        used.iter().zip(&self.bounds).all(|(u, b)| u <= b)
    }

    /// The points of a choice.
    pub fn points(&self, choice: &[usize]) -> Vec<Point> {
        self.layers
            .iter()
            .zip(choice)
            .map(|(&k, &o)| self.kinds[k].points[o])
            .collect()
    }
}

impl Kind {
    /// The weights of an option under every limit.
    pub fn weights_of(&self, option: usize) -> &[i64] {
        let limits = self.weights.len() / self.points.len().max(1);
        &self.weights[option * limits..(option + 1) * limits]
    }
}

/// The power of two that brings `total` close to, but below [`TOTAL`], so that costs and weights
/// have about the same size and multipliers between them are neither tiny nor huge.
fn scale(total: f64) -> f64 {
    let mut scale = 1.0;
    while total * scale < TOTAL / 2.0 && scale < 1e200 {
        scale *= 2.0;
    }
    while total * scale >= TOTAL && scale > 1e-200 {
        scale *= 0.5;
    }
    scale
}

/// Integers of some options of one kind without the dominated ones.
fn reduce(raw: &RawKind, options: impl Iterator<Item = usize>, scales: &Scales) -> Kind {
    let mut options: Vec<(i64, Vec<i64>, usize)> = options
        .map(|o| {
            let weights = raw.weights[o].iter().zip(&scales.weights);
            let weights = weights.map(|(w, s)| (w * s).floor() as i64).collect();
            ((raw.costs[o] * scales.cost).floor() as i64, weights, o)
        })
        .collect();
    options.sort();
    let mut kept: Vec<(i64, Vec<i64>, usize)> = Vec::new();
    for option in options {
        // In lexicographic order an option can only be dominated by an earlier one.
        let dominated = kept
            .iter()
            .any(|k| k.1.iter().zip(&option.1).all(|(a, b)| a <= b));
        if !dominated {
            kept.push(option);
        }
    }
    kept.sort_by_key(|k| k.2);
    Kind {
        points: kept.iter().map(|k| raw.points[k.2]).collect(),
        costs: kept.iter().map(|k| k.0).collect(),
        weights: kept.into_iter().flat_map(|k| k.1).collect(),
    }
}
