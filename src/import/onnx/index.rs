//! Operators that pick elements, and those that reduce them.

use super::known::{Constant, Dim, Given, View, axis, flat, product, shown, step};
use super::layout::{Results, unknown};
use super::model::{Data, MOST_ELEMENTS, MOST_RANK};

fn one(given: Given) -> Results {
    Ok(vec![given])
}

pub fn gather(view: &View) -> Results {
    let (Some(shape), Some(indices)) = (view.shape(0), view.shape(1)) else {
        return unknown();
    };
    let at = axis(view.int("axis").unwrap_or(0), shape.len())?;
    let mut dims: Vec<Dim> = shape[..at].to_vec();
    dims.extend_from_slice(indices);
    dims.extend_from_slice(&shape[at + 1..]);
    let value = view
        .value(0)
        .zip(view.value(1))
        .and_then(|(data, indices)| {
            let count = usize::try_from(*data.dims.get(at)?).ok()?;
            // All of them first: one that leads nowhere is found before anything is laid out.
            let which = indices.ints()?.iter().map(|&i| axis(i, count).ok());
            let which: Vec<usize> = which.collect::<Option<_>>()?;
            let mut new = data.dims[..at].to_vec();
            new.extend_from_slice(&indices.dims);
            new.extend_from_slice(&data.dims[at + 1..]);
            data.rearranged(&new, |index| {
                let inner = at + indices.dims.len();
                let place = flat(index.get(at..inner)?, &indices.dims)?;
                let chosen = *which.get(usize::try_from(place).ok()?)?;
                let mut own = index[..at].to_vec();
                own.push(chosen as u64);
                own.extend_from_slice(&index[inner..]);
                flat(&own, &data.dims)
            })
        });
    one(Given::with(dims, value))
}

pub fn gather_nd(view: &View) -> Results {
    let (Some(shape), Some(indices)) = (view.shape(0), view.shape(1)) else {
        return unknown();
    };
    let shared = usize::try_from(view.int("batch_dims").unwrap_or(0)).unwrap_or(0);
    let Some((Some(depth), lead)) = indices.split_last() else {
        return unknown();
    };
    let from = usize::try_from(*depth)
        .ok()
        .and_then(|d| d.checked_add(shared));
    let Some(rest) = from.and_then(|from| shape.get(from..)) else {
        return Err(format!(
            "{} has too few dimensions for {}",
            shown(shape),
            shown(indices)
        ));
    };
    let mut dims = lead.to_vec();
    dims.extend_from_slice(rest);
    one(Given::shape(dims))
}

pub fn slice(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let (Ok(starts), Ok(ends), Ok(axes)) = (
        view.axes("starts", 1),
        view.axes("ends", 2),
        view.axes("axes", 3),
    ) else {
        return one(Given::shape(vec![None; shape.len()]));
    };
    let steps = match view.input(4) {
        Some(_) => view.ints(4).map(<[i64]>::to_vec),
        None => Some(vec![1; starts.as_ref().map_or(0, Vec::len)]),
    };
    let (Some(starts), Some(ends), Some(steps)) = (starts, ends, steps) else {
        return one(Given::shape(vec![None; shape.len()]));
    };
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    if [ends.len(), steps.len(), axes.len()] != [starts.len(); 3] {
        return Err("starts, ends, axes and steps differ in number".into());
    }
    let mut dims = shape.to_vec();
    let mut cuts: Vec<(i128, i128)> = vec![(0, 1); shape.len()];
    for (((&a, &start), &end), &step) in axes.iter().zip(&starts).zip(&ends).zip(&steps) {
        let a = axis(a, shape.len())?;
        let Some(size) = shape[a] else {
            dims[a] = None;
            continue;
        };
        if step == 0 {
            return Err("a slice with steps of 0".into());
        }
        let (size, step) = (i128::from(size), i128::from(step));
        let place = |at: i64| {
            let at = i128::from(at);
            let at = if at < 0 { at + size } else { at };
            if step > 0 {
                at.clamp(0, size)
            } else {
                at.clamp(-1, size - 1)
            }
        };
        // From the front, -1 as an end is the last element; from the back it is before the first.
        let (start, end) = (place(start), place(end));
        let span = if step > 0 { end - start } else { start - end };
        let count = if span > 0 {
            (span + step.abs() - 1) / step.abs()
        } else {
            0
        };
        dims[a] = u64::try_from(count).ok();
        cuts[a] = (start, step);
    }
    let value = view.value(0).and_then(|v| {
        let new: Vec<u64> = dims.iter().copied().collect::<Option<_>>()?;
        v.rearranged(&new, |index| {
            let own = index
                .iter()
                .zip(&cuts)
                .map(|(&i, &(start, step))| u64::try_from(start + i128::from(i) * step).ok());
            flat(&own.collect::<Option<Vec<u64>>>()?, &v.dims)
        })
    });
    one(Given::with(dims, value))
}

/// `Reduce…`: the axes are an attribute or, in newer operator sets, an operand.
pub fn reduce(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let keep = view.int("keepdims").unwrap_or(1) != 0;
    let Ok(axes) = view.axes("axes", 1) else {
        return if keep {
            one(Given::shape(vec![None; shape.len()]))
        } else {
            unknown()
        };
    };
    let axes = axes.filter(|a| !a.is_empty());
    let mut gone = vec![axes.is_none(); shape.len()];
    if axes.is_none() && view.int("noop_with_empty_axes").unwrap_or(0) != 0 {
        gone = vec![false; shape.len()];
    }
    for a in axes.unwrap_or_default() {
        gone[axis(a, shape.len())?] = true;
    }
    let kept = shape.iter().zip(&gone).filter(|(_, gone)| keep || !**gone);
    let dims: Vec<Dim> = kept
        .map(|(d, gone)| if *gone { Some(1) } else { *d })
        .collect();
    let value = view.value(0).and_then(|v| folded(&view.node.op, v, &gone));
    let value = value.and_then(|v| v.under(&dims));
    one(Given::with(dims, value))
}

/// Two elements made one, if they are not too large.
type Combine<T> = fn(T, T) -> Option<T>;

/// How integers are combined, and real numbers; `None` for operators that are not computed.
fn combining(op: &str) -> Option<(Combine<i64>, Combine<f64>)> {
    Some(match op {
        "ReduceProd" => (i64::checked_mul, |a, b| Some(a * b)),
        "ReduceSum" => (i64::checked_add, |a, b| Some(a + b)),
        "ReduceMax" => (|a, b| Some(a.max(b)), |a, b| Some(a.max(b))),
        "ReduceMin" => (|a, b| Some(a.min(b)), |a, b| Some(a.min(b))),
        _ => return None,
    })
}

/// The values of a constant, reduced along these dimensions.
fn folded(op: &str, value: &Constant, gone: &[bool]) -> Option<Constant> {
    let (whole, real) = combining(op)?;
    let kept = value.dims.iter().zip(gone);
    let dims: Vec<u64> = kept.map(|(&d, &g)| if g { 1 } else { d }).collect();
    let count = usize::try_from(product(&dims)?).ok()?;
    if count > MOST_ELEMENTS {
        return None;
    }
    // Where in the result each element goes.
    let mut places = Vec::new();
    let mut index = vec![0; value.dims.len()];
    for _ in 0..value.data.count() {
        let own = index.iter().zip(&dims).map(|(&i, &d)| i.min(d - 1));
        places.push(own.zip(&dims).fold(0, |at, (i, d)| at * d + i) as usize);
        step(&mut index, &value.dims);
    }
    let data = match &value.data {
        Data::Ints(values) => Data::Ints(gathered(values, &places, count, whole)?),
        Data::Floats(values) => {
            let found = gathered(values, &places, count, real)?;
            Data::Floats(super::pointwise::single(found, &[values]))
        }
    };
    Some(Constant { dims, data })
}

/// All elements of each place combined; `None` if a place has none.
fn gathered<T: Copy>(
    values: &[T],
    places: &[usize],
    count: usize,
    combine: Combine<T>,
) -> Option<Vec<T>> {
    let mut found: Vec<Option<T>> = vec![None; count];
    for (&value, &at) in values.iter().zip(places) {
        let slot = found.get_mut(at)?;
        *slot = Some(match *slot {
            Some(have) => combine(have, value)?,
            None => value,
        });
    }
    found.into_iter().collect()
}

/// `ArgMax` and `ArgMin`.
pub fn arg(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let at = axis(view.int("axis").unwrap_or(0), shape.len())?;
    let mut dims = shape.to_vec();
    if view.int("keepdims").unwrap_or(1) != 0 {
        dims[at] = Some(1);
    } else {
        dims.remove(at);
    }
    one(Given::shape(dims))
}

pub fn top_k(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return Ok(vec![Given::unknown(); 2]);
    };
    let at = axis(view.int("axis").unwrap_or(-1), shape.len())?;
    let wanted = match view.ints(1) {
        Some(&[k]) => Some(k),
        _ => view.int("k"),
    };
    let mut dims = shape.to_vec();
    dims[at] = wanted.and_then(|k| u64::try_from(k).ok());
    Ok(vec![Given::shape(dims); 2])
}

pub fn one_hot(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let depth = match view.value(1).map(Constant::floats).as_deref() {
        Some(&[depth]) if (0.0..1e15).contains(&depth) => Some(depth as u64),
        _ => None,
    };
    let at = axis(view.int("axis").unwrap_or(-1), shape.len() + 1)?;
    let mut dims = shape.to_vec();
    dims.insert(at, depth);
    one(Given::shape(dims))
}

/// Indices of what is not 0: as many as the values say.
pub fn non_zero(view: &View) -> Results {
    let rank = view.shape(0).map(|s| s.len() as u64);
    let Some(value) = view.value(0) else {
        return one(Given::shape(vec![rank, None]));
    };
    let mut rows: Vec<Vec<i64>> = vec![Vec::new(); value.dims.len()];
    let mut index = vec![0; value.dims.len()];
    for v in value.floats() {
        if v != 0.0 {
            rows.iter_mut()
                .zip(&index)
                .for_each(|(row, &i): (&mut Vec<i64>, &u64)| row.push(i as i64));
        }
        step(&mut index, &value.dims);
    }
    let count = rows.first().map_or(0, Vec::len);
    let dims = vec![rows.len() as u64, count as u64];
    let data: Vec<i64> = rows.concat();
    one(if data.len() <= MOST_ELEMENTS {
        Given::value(Constant {
            dims,
            data: Data::Ints(data),
        })
    } else {
        Given::shape(vec![Some(dims[0]), Some(dims[1])])
    })
}

/// `ScatterND` and `ScatterElements` leave the shape; single elements of a row are put in.
pub fn scatter(view: &View) -> Results {
    let value = || {
        let (data, indices, updates) = (view.value(0)?, view.ints(1)?, view.ints(2)?);
        if data.dims.len() != 1 || indices.len() != updates.len() {
            return None;
        }
        let mut values = data.ints()?.to_vec();
        for (&at, &new) in indices.iter().zip(updates) {
            let at = axis(at, values.len()).ok()?;
            values[at] = new;
        }
        Some(Constant::row(values))
    };
    let plain = matches!(view.text("reduction"), None | Some("none"));
    one(Given {
        shape: view.shape(0).cloned(),
        value: if plain { value() } else { None },
        ..Given::default()
    })
}

/// `Einsum`: labels of the operands' dimensions and of the result's.
///
/// # Errors
/// An equation that does not fit the operands.
pub fn einsum(view: &View) -> Results {
    let Some(parsed) = Equation::read(view)? else {
        return unknown();
    };
    let dims: Vec<Dim> = parsed.result.iter().map(|&l| parsed.extent(l)).collect();
    one(Given::shape(dims))
}

/// An equation with the extent of each label.
pub struct Equation {
    /// Labels of each operand's dimensions. Those behind `...` are numbers from 256 on.
    pub operands: Vec<Vec<u32>>,
    /// Labels of the result's.
    pub result: Vec<u32>,
    extents: Vec<(u32, Dim)>,
}

impl Equation {
    /// Reads a node's equation; `None` if an operand's shape is not known.
    pub fn read(view: &View) -> Result<Option<Equation>, String> {
        let text: String = view
            .text("equation")
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (text.as_str(), None),
        };
        let terms: Vec<&str> = left.split(',').collect();
        if terms.len() != view.inputs.len() {
            return Err(format!("`{text}` has {} operands", terms.len()));
        }
        let mut equation = Equation {
            operands: Vec::new(),
            result: Vec::new(),
            extents: Vec::new(),
        };
        let mut widest = 0;
        for (at, term) in terms.iter().enumerate() {
            let Some(shape) = view.shape(at) else {
                return Ok(None);
            };
            let named = term.chars().filter(char::is_ascii_alphabetic).count();
            let hidden = shape.len().saturating_sub(named);
            if (hidden > 0) != term.contains("...") && shape.len() != named {
                return Err(format!("`{term}` does not fit {}", shown(shape)));
            }
            widest = widest.max(hidden);
            let labels = labels(term, hidden);
            if labels.len() != shape.len() {
                return Err(format!("`{term}` does not fit {}", shown(shape)));
            }
            for (&label, &dim) in labels.iter().zip(shape.iter()) {
                equation.set(label, dim, &text)?;
            }
            equation.operands.push(labels);
        }
        equation.result = match right {
            Some(right) => labels(right, widest),
            None => equation.implicit(widest),
        };
        let known = |label: &u32| equation.extents.iter().any(|(l, _)| l == label);
        if !equation.result.iter().all(known) {
            return Err(format!("`{text}` gives a label that no operand has"));
        }
        Ok(Some(equation))
    }

    fn set(&mut self, label: u32, dim: Dim, text: &str) -> Result<(), String> {
        match self.extents.iter_mut().find(|(l, _)| *l == label) {
            None => self.extents.push((label, dim)),
            Some((_, have)) => match (*have, dim) {
                (_, Some(1) | None) => {}
                (None | Some(1), dim) => *have = dim,
                (Some(a), Some(b)) if a == b => {}
                (Some(a), Some(b)) => {
                    return Err(format!("`{text}` gives one label the extents {a} and {b}"));
                }
            },
        }
        Ok(())
    }

    /// Without an arrow: labels that occur once, in alphabetical order, behind the hidden ones.
    fn implicit(&self, widest: usize) -> Vec<u32> {
        let mut counts = [0u8; 256];
        for &label in self.operands.iter().flatten().filter(|l| **l < 256) {
            let count = &mut counts[label as usize];
            *count = count.saturating_add(1);
        }
        let once = (0..256u32).filter(|&l| counts[l as usize] == 1);
        let mut result = labels("...", widest);
        result.extend(once);
        result
    }

    /// The extent of a label.
    pub fn extent(&self, label: u32) -> Dim {
        self.extents
            .iter()
            .find(|(l, _)| *l == label)
            .and_then(|(_, d)| *d)
    }
}

/// The labels of one term, `...` standing for so many dimensions, counted from the last.
fn labels(term: &str, hidden: usize) -> Vec<u32> {
    let mut labels = Vec::new();
    let mut rest = term;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            let hidden = hidden.min(MOST_RANK) as u32;
            labels.extend((0..hidden).rev().map(|i| 256 + i));
            rest = after;
        } else {
            if c.is_ascii_alphabetic() {
                labels.push(c as u32);
            }
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    labels
}
