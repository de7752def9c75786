//! Sequences of tensors and tensors that may be missing, as operators pass them on.

use super::known::{Constant, Dim, Given, Known, View, axis};
use super::layout::{Results, unknown};
use super::model::MOST_ELEMENTS;

/// Sequences of at most so many elements are followed; each operator hands all of them on.
const LONGEST: usize = MOST_ELEMENTS;

fn sequence(parts: Vec<Known>) -> Results {
    Ok(vec![if parts.len() <= LONGEST {
        Given {
            parts: Some(parts.into()),
            ..Given::default()
        }
    } else {
        Given::unknown()
    }])
}

fn one(known: &Known) -> Results {
    Ok(vec![Given::from(known)])
}

/// `SequenceConstruct` and `SequenceEmpty`
pub fn construct(view: &View) -> Results {
    let parts = view.inputs.iter().map(|k| k.cloned().unwrap_or_default());
    sequence(parts.collect())
}

/// A place in a sequence of so many elements, counted from the end if negative; `default` if the
/// operand is left out, `None` if it depends on data.
fn place(view: &View, at: usize, count: usize, default: usize) -> Result<Option<usize>, String> {
    if view.input(at).is_none() {
        return Ok(Some(default));
    }
    match view.ints(at) {
        Some(&[place]) => axis(place, count)
            .map(Some)
            .map_err(|_| format!("there is no element {place} among {count}")),
        _ => Ok(None),
    }
}

/// `SequenceInsert`
pub fn insert(view: &View) -> Results {
    let Some(parts) = view.parts(0) else {
        return unknown();
    };
    let new = view.input(1).cloned().unwrap_or_default();
    let count = parts.len();
    match place(view, 2, count + 1, count)? {
        Some(at) => sequence([&parts[..at], &[new], &parts[at..]].concat()),
        // Wherever it stands, no element is another one if all are alike.
        None if parts.iter().all(|p| alike(p, &new)) => sequence([parts, &[new]].concat()),
        None => unknown(),
    }
}

fn alike(a: &Known, b: &Known) -> bool {
    a.shape == b.shape && a.value.is_none() && b.value.is_none()
}

/// `SequenceErase`
pub fn erase(view: &View) -> Results {
    let Some(parts) = view.parts(0) else {
        return unknown();
    };
    let Some(last) = parts.len().checked_sub(1) else {
        return Err("the sequence has no element".into());
    };
    match place(view, 1, parts.len(), last)? {
        Some(at) => sequence([&parts[..at], &parts[at + 1..]].concat()),
        None if parts.iter().all(|p| alike(p, &parts[0])) => sequence(parts[1..].to_vec()),
        None => unknown(),
    }
}

/// `SequenceAt`
pub fn at(view: &View) -> Results {
    let Some(parts) = view.parts(0) else {
        return unknown();
    };
    match place(view, 1, parts.len(), 0)? {
        Some(at) => parts.get(at).map_or_else(unknown, one),
        // Any of them: what all have in common.
        None => match parts.split_first() {
            Some((first, rest)) => one(&rest.iter().fold(first.clone(), |a, b| a.common(b))),
            None => unknown(),
        },
    }
}

/// `SequenceLength`
pub fn length(view: &View) -> Results {
    let count = view.parts(0).and_then(|p| i64::try_from(p.len()).ok());
    Ok(vec![match count {
        Some(count) => Given::value(Constant::scalar(count)),
        None => Given::shape(Vec::new()),
    }])
}

/// `SplitToSequence`
pub fn split(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let at = axis(view.int("axis").unwrap_or(0), shape.len())?;
    let Some(whole) = shape[at] else {
        return unknown();
    };
    let misfit = |sizes: &[i64]| format!("{whole} cannot be split into {sizes:?}");
    let keep = view.input(1).is_some() || view.int("keepdims").unwrap_or(1) != 0;
    // One number is the size of every part, the last of which may be smaller.
    let scalar = view.shape(1).is_some_and(|s| s.is_empty());
    let sizes: Vec<u64> = match view.ints(1) {
        None if view.input(1).is_some() => return unknown(),
        Some(sizes) if !scalar => {
            let extents: Option<Vec<u64>> = sizes.iter().map(|&s| s.try_into().ok()).collect();
            let extents = extents.ok_or_else(|| misfit(sizes))?;
            let sum = extents.iter().try_fold(0u64, |a, &b| a.checked_add(b));
            if sum != Some(whole) {
                return Err(misfit(sizes));
            }
            extents
        }
        given => {
            let size = given.and_then(|g| g.first()).copied().unwrap_or(1);
            let size = u64::try_from(size).ok().filter(|&s| s > 0);
            let size = size.ok_or_else(|| misfit(given.unwrap_or(&[])))?;
            let count = whole.div_ceil(size);
            if count > LONGEST as u64 {
                return unknown();
            }
            let part = |i: u64| size.min(whole - i * size);
            (0..count).map(part).collect()
        }
    };
    let parts = sizes.into_iter().map(|size| {
        let mut dims = shape.to_vec();
        if keep {
            dims[at] = Some(size);
        } else {
            dims.remove(at);
        }
        Known {
            shape: Some(dims.into()),
            ..Known::default()
        }
    });
    sequence(parts.collect())
}

/// `ConcatFromSequence`: joined along an axis, or stacked along a new one.
pub fn concat(view: &View) -> Results {
    let Some((first, rest)) = view.parts(0).and_then(|p| p.split_first()) else {
        return unknown();
    };
    let new = view.int("new_axis").unwrap_or(0) != 0;
    let mut all = first.clone();
    let rank = first.shape.as_ref().map(|s| s.len());
    let at = match rank {
        Some(rank) => axis(
            view.int("axis").ok_or("it has no `axis`")?,
            rank + usize::from(new),
        )?,
        None => return unknown(),
    };
    let along = |known: &Known| known.shape.as_ref().and_then(|s| s.get(at).copied()?);
    let mut sum: Dim = along(first);
    for part in rest {
        sum = sum.zip(along(part)).and_then(|(a, b)| a.checked_add(b));
        all = all.common(part);
    }
    let Some(shape) = all.shape else {
        return unknown();
    };
    let mut dims = shape.to_vec();
    if new {
        dims.insert(at, Some(rest.len() as u64 + 1));
    } else {
        dims[at] = sum;
    }
    Ok(vec![Given::shape(dims)])
}

/// `Optional` and `OptionalGetElement`: what is there, a tensor or a sequence.
pub fn optional(view: &View) -> Results {
    view.input(0).map_or_else(unknown, one)
}

/// `OptionalHasElement`
pub fn has_element(view: &View) -> Results {
    let there = match view.input(0) {
        None => Some(0),
        Some(known) => (known.shape.is_some() || known.parts.is_some()).then_some(1),
    };
    Ok(vec![match there {
        Some(there) => Given::value(Constant::scalar(there)),
        None => Given::shape(Vec::new()),
    }])
}
