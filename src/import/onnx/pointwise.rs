//! Operators that work element by element: shapes, and values where they are few.

use super::known::{Constant, Dim, Extents, Given, Shape, View, shown};
use super::model::{Data, MOST_ELEMENTS};
use crate::base::math;
use smallvec::{SmallVec, smallvec};

/// The shape that these operands are repeated to.
///
/// # Errors
/// Extents that differ and are not 1, as a clause.
pub fn broadcast(shapes: &[&[Dim]]) -> Result<Shape, String> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out: Extents = smallvec![Some(1); rank];
    for shape in shapes {
        let lead = rank - shape.len();
        for (have, &dim) in out.iter_mut().skip(lead).zip(shape.iter()) {
            *have = match (*have, dim) {
                (have, Some(1)) => have,
                (Some(1), dim) => dim,
                (None, dim) | (dim, None) => dim,
                (Some(a), Some(b)) if a == b => Some(a),
                _ => {
                    let all: Vec<String> = shapes.iter().map(|s| shown(s)).collect();
                    return Err(format!("operands of {} do not fit", all.join(" and ")));
                }
            };
        }
    }
    Ok(Shape::from(&out[..]))
}

/// One result of the operands' common shape.
pub fn joined(view: &View, operands: &[usize]) -> Result<Vec<Given>, String> {
    let mut shapes: SmallVec<[&[Dim]; 4]> = SmallVec::new();
    for &at in operands {
        if view.input(at).is_none() {
            continue;
        }
        match view.shape(at) {
            Some(shape) => shapes.push(shape),
            None => return Ok(vec![Given::unknown()]),
        }
    }
    // Before operator set 7 the second operand's place was an attribute, and the first gave the shape.
    if let (Some(1), Some(first)) = (view.int("broadcast"), shapes.first()) {
        return Ok(vec![Given::shape(first.to_vec())]);
    }
    let shape = broadcast(&shapes)?;
    let value = folded(view, operands, &shape);
    Ok(vec![Given::with(shape, value)])
}

/// The result's values, if those of all operands are known.
fn folded(view: &View, operands: &[usize], shape: &[Dim]) -> Option<Constant> {
    if operands.iter().any(|&at| view.value(at).is_none()) {
        return None;
    }
    let dims: Vec<u64> = shape.iter().copied().collect::<Option<_>>()?;
    let mut values = Vec::new();
    for &at in operands {
        values.push(view.value(at)?.broadcast(&dims)?);
    }
    let op = &*view.node.op;
    let data = match (op, values.as_slice()) {
        ("Where", [condition, a, b]) => {
            let yes: Vec<bool> = condition.floats().iter().map(|&c| c != 0.0).collect();
            match (&a.data, &b.data) {
                (Data::Ints(a), Data::Ints(b)) => Data::Ints(chosen(&yes, a, b)),
                _ => Data::Floats(chosen(&yes, &a.floats(), &b.floats())),
            }
        }
        (_, [first, rest @ ..]) => {
            let mut data = first.data.clone();
            for next in rest {
                data = two(op, &data, &next.data)?;
            }
            data
        }
        _ => return None,
    };
    Some(Constant { dims, data })
}

fn chosen<T: Copy>(yes: &[bool], a: &[T], b: &[T]) -> Vec<T> {
    let pairs = yes.iter().zip(a.iter().zip(b));
    pairs
        .map(|(&yes, (&a, &b))| if yes { a } else { b })
        .collect()
}

fn two(op: &str, a: &Data, b: &Data) -> Option<Data> {
    if let (Data::Ints(a), Data::Ints(b)) = (a, b) {
        let pairs = a.iter().zip(b);
        let values: Option<Vec<i64>> = pairs.map(|(&a, &b)| whole(op, a, b)).collect();
        return values.map(Data::Ints);
    }
    let whole = matches!(a, Data::Ints(_));
    let floats = |data: &Data| match data {
        Data::Ints(v) => v.iter().map(|&v| v as f64).collect(),
        Data::Floats(v) => v.clone(),
    };
    let (a, b): (Vec<f64>, Vec<f64>) = (floats(a), floats(b));
    let pairs = a.iter().zip(&b);
    let compare = |f: fn(&f64, &f64) -> bool| {
        Some(Data::Ints(
            a.iter().zip(&b).map(|(a, b)| i64::from(f(a, b))).collect(),
        ))
    };
    let values: Vec<f64> = match op {
        "Add" => pairs.map(|(a, b)| a + b).collect(),
        "Sub" => pairs.map(|(a, b)| a - b).collect(),
        "Mul" => pairs.map(|(a, b)| a * b).collect(),
        "Div" => pairs.map(|(a, b)| a / b).collect(),
        "Mod" => pairs.map(|(a, b)| a % b).collect(),
        "Pow" => {
            let powers: Vec<f64> = pairs.map(|(&a, &b)| math::powf(a, b)).collect();
            // A power is of the type of its base.
            if whole {
                return Some(Data::Ints(powers.iter().map(|&v| v as i64).collect()));
            }
            powers
        }
        "Min" => pairs.map(|(a, b)| a.min(*b)).collect(),
        "Max" => pairs.map(|(a, b)| a.max(*b)).collect(),
        "Equal" => return compare(|a, b| a == b),
        "Less" => return compare(|a, b| a < b),
        "Greater" => return compare(|a, b| a > b),
        "LessOrEqual" => return compare(|a, b| a <= b),
        "GreaterOrEqual" => return compare(|a, b| a >= b),
        _ => return None,
    };
    Some(Data::Floats(single(values, &[&a, &b])))
}

/// Values computed from these, rounded as runtimes round them: to single precision, unless an
/// operand has more. An extent that is the floor of a product depends on it.
pub fn single(values: Vec<f64>, operands: &[&[f64]]) -> Vec<f64> {
    let narrow = |v: f64| f64::from(v as f32);
    let double = operands.iter().flat_map(|o| o.iter());
    if double.copied().any(|v| v.is_finite() && narrow(v) != v) {
        return values;
    }
    values.into_iter().map(narrow).collect()
}

/// `None` for operators that are not computed, and where there is no result.
fn whole(op: &str, a: i64, b: i64) -> Option<i64> {
    match op {
        "Add" => a.checked_add(b),
        "Sub" => a.checked_sub(b),
        "Mul" => a.checked_mul(b),
        "Div" => a.checked_div(b),
        "Mod" => match b {
            0 => None,
            // The sign of the divisor.
            _ => {
                let rest = a.checked_rem(b)?;
                Some(if rest != 0 && (rest < 0) != (b < 0) {
                    rest + b
                } else {
                    rest
                })
            }
        },
        "Pow" => a.checked_pow(u32::try_from(b).ok()?),
        "Min" => Some(a.min(b)),
        "Max" => Some(a.max(b)),
        "Equal" => Some(i64::from(a == b)),
        "Less" => Some(i64::from(a < b)),
        "Greater" => Some(i64::from(a > b)),
        "LessOrEqual" => Some(i64::from(a <= b)),
        "GreaterOrEqual" => Some(i64::from(a >= b)),
        "And" => Some(i64::from(a != 0 && b != 0)),
        "Or" => Some(i64::from(a != 0 || b != 0)),
        "Xor" => Some(i64::from((a != 0) != (b != 0))),
        _ => None,
    }
}

/// Every result has the shape of the first operand; the first result its values, if the operator
/// is one of the few that shapes are computed with.
pub fn alike(view: &View) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    for at in 0..view.node.outputs.len().max(1) {
        given.push(Given {
            shape: view.shape(0).cloned(),
            value: if at == 0 {
                view.value(0).and_then(|v| one(view, v))
            } else {
                None
            },
            ..Given::default()
        });
    }
    given
}

fn one(view: &View, value: &Constant) -> Option<Constant> {
    if value.data.count() > MOST_ELEMENTS {
        return None;
    }
    let floats = |f: fn(f64) -> f64| {
        let from = value.floats();
        Data::Floats(single(from.iter().map(|&v| f(v)).collect(), &[&from]))
    };
    let data = match (&*view.node.op, &value.data) {
        ("Identity" | "Dropout", data) => data.clone(),
        ("Floor" | "Ceil" | "Round" | "Abs", Data::Ints(v)) if view.node.op.as_ref() != "Abs" => {
            Data::Ints(v.clone())
        }
        ("Floor", _) => floats(f64::floor),
        ("Ceil", _) => floats(f64::ceil),
        ("Round", _) => floats(f64::round_ties_even),
        ("Neg", Data::Ints(v)) => {
            Data::Ints(v.iter().map(|v| v.checked_neg()).collect::<Option<_>>()?)
        }
        ("Neg", _) => floats(|v| -v),
        ("Abs", Data::Ints(v)) => {
            Data::Ints(v.iter().map(|v| v.checked_abs()).collect::<Option<_>>()?)
        }
        ("Abs", _) => floats(f64::abs),
        ("Sqrt", _) => floats(f64::sqrt),
        ("Reciprocal", _) => floats(|v| 1.0 / v),
        ("Exp", _) => floats(math::exp),
        ("Log", _) => floats(math::ln),
        ("Relu", Data::Ints(v)) => Data::Ints(v.iter().map(|&v| v.max(0)).collect()),
        ("Relu", _) => floats(|v| v.max(0.0)),
        ("Clip", Data::Ints(v)) => {
            let bound = |at: usize, without: i64| match view.input(at) {
                None => Some(without),
                Some(_) => view.ints(at)?.first().copied(),
            };
            let (low, high) = (bound(1, i64::MIN)?, bound(2, i64::MAX)?);
            Data::Ints(v.iter().map(|&v| v.max(low).min(high)).collect())
        }
        ("Clip", Data::Floats(v)) => {
            // Bounds are attributes in old operator sets.
            let bound = |at: usize, name: &str, without: f64| match view.input(at) {
                None => Some(view.float(name).unwrap_or(without)),
                Some(_) => view.value(at)?.floats().first().copied(),
            };
            let low = bound(1, "min", f64::NEG_INFINITY)?;
            let high = bound(2, "max", f64::INFINITY)?;
            Data::Floats(v.iter().map(|&v| v.max(low).min(high)).collect())
        }
        ("Not", Data::Ints(v)) => Data::Ints(v.iter().map(|&v| i64::from(v == 0)).collect()),
        ("Sign", Data::Ints(v)) => Data::Ints(v.iter().map(|v| v.signum()).collect()),
        ("Cast", _) => cast(view.int("to")?, value),
        ("CastLike", _) => match view.value(1)?.data {
            Data::Ints(_) => cast(7, value),
            Data::Floats(_) => cast(1, value),
        },
        _ => return None,
    };
    Some(Constant {
        dims: value.dims.clone(),
        data,
    })
}

/// Values as a `TensorProto.DataType`.
fn cast(to: i64, value: &Constant) -> Data {
    match (to, &value.data) {
        // float, float16, double, bfloat16
        (1 | 10 | 11 | 16, _) => Data::Floats(value.floats()),
        // Truth values.
        (9, _) => Data::Ints(
            value
                .floats()
                .iter()
                .map(|&v| i64::from(v != 0.0))
                .collect(),
        ),
        (_, Data::Ints(v)) => Data::Ints(v.clone()),
        (_, Data::Floats(v)) => Data::Ints(v.iter().map(|&v| v as i64).collect()),
    }
}
