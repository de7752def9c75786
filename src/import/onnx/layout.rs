//! Operators that lay elements out anew.

use super::known::{Constant, Dim, Given, View, axis, elements, shown};
use super::model::{Data, MOST_ELEMENTS, MOST_RANK};

/// What these functions give: one entry per result, or why the operands do not fit.
pub type Results = Result<Vec<Given>, String>;

fn one(given: Given) -> Results {
    Ok(vec![given])
}

/// Nothing is known of the one result.
pub fn unknown() -> Results {
    one(Given::unknown())
}

/// An extent from a value: not negative.
fn extent(value: i64) -> Result<u64, String> {
    u64::try_from(value).map_err(|_| format!("{value} is no extent"))
}

fn extents(values: &[i64]) -> Result<Vec<Dim>, String> {
    if values.len() > MOST_RANK {
        return Err(format!("{} dimensions are too many", values.len()));
    }
    values.iter().map(|&v| extent(v).map(Some)).collect()
}

pub fn reshape(view: &View) -> Results {
    let Some(wanted) = view.ints(1).or(view.row("shape")) else {
        return one(Given::as_long_as(view.shape(1)));
    };
    let Some(shape) = view.shape(0) else {
        // Nothing needs to be known of the operand if every extent is written out.
        return match wanted.iter().all(|&w| w > 0) {
            true => one(Given::shape(extents(wanted)?)),
            false => unknown(),
        };
    };
    let keep_zero = view.int("allowzero").unwrap_or(0) != 0;
    let mut dims: Vec<Dim> = Vec::new();
    let mut open = None;
    for (i, &w) in wanted.iter().enumerate() {
        dims.push(match w {
            -1 if open.is_none() => {
                open = Some(i);
                Some(1)
            }
            0 if !keep_zero => *shape.get(i).ok_or_else(|| {
                format!(
                    "extent {i} of {} is wanted, and there is none",
                    shown(shape)
                )
            })?,
            w => Some(extent(w)?),
        });
    }
    let misfit = || format!("{} cannot be laid out as {wanted:?}", shown(shape));
    let (all, rest) = (elements(shape), elements(&dims));
    if let Some(at) = open {
        dims[at] = match (all, rest) {
            (Some(all), Some(rest)) if rest > 0 && all % rest == 0 => Some(all / rest),
            (Some(_), Some(_)) => return Err(misfit()),
            _ => None,
        };
    } else if let (Some(all), Some(rest)) = (all, rest)
        && all != rest
    {
        return Err(misfit());
    }
    let value = view.value(0).and_then(|v| v.under(&dims));
    one(Given::with(dims, value))
}

pub fn flatten(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let at = view.int("axis").unwrap_or(1);
    let at = if at == shape.len() as i64 {
        shape.len()
    } else {
        axis(at, shape.len())?
    };
    one(Given::shape(vec![
        elements(&shape[..at]),
        elements(&shape[at..]),
    ]))
}

pub fn squeeze(view: &View) -> Results {
    let (Some(shape), Ok(axes)) = (view.shape(0), view.axes("axes", 1)) else {
        return unknown();
    };
    let mut gone = vec![false; shape.len()];
    match axes {
        Some(axes) => {
            for a in axes {
                gone[axis(a, shape.len())?] = true;
            }
        }
        None if shape.iter().all(|d| d.is_some()) => {
            gone = shape.iter().map(|d| *d == Some(1)).collect();
        }
        None => return unknown(),
    }
    if shape
        .iter()
        .zip(&gone)
        .any(|(d, gone)| *gone && !matches!(d, Some(1) | None))
    {
        return Err(format!("{} has an extent other than 1 there", shown(shape)));
    }
    let kept = shape.iter().zip(&gone).filter(|(_, gone)| !**gone);
    let dims: Vec<Dim> = kept.map(|(d, _)| *d).collect();
    let value = view.value(0).and_then(|v| v.under(&dims));
    one(Given::with(dims, value))
}

pub fn unsqueeze(view: &View) -> Results {
    let (Some(shape), Ok(Some(axes))) = (view.shape(0), view.axes("axes", 1)) else {
        return unknown();
    };
    let rank = shape.len() + axes.len();
    if rank > MOST_RANK {
        return Err(format!("{rank} dimensions are too many"));
    }
    let mut new = vec![false; rank];
    for a in axes {
        new[axis(a, rank)?] = true;
    }
    if new.iter().filter(|n| !**n).count() != shape.len() {
        return Err("an axis is named twice".into());
    }
    let mut old = shape.iter();
    let dims: Vec<Dim> = new
        .iter()
        .map(|&new| {
            if new {
                Some(1)
            } else {
                old.next().copied().flatten()
            }
        })
        .collect();
    let value = view.value(0).and_then(|v| v.under(&dims));
    one(Given::with(dims, value))
}

pub fn transpose(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let rank = shape.len();
    let order: Vec<usize> = match view.row("perm") {
        None => (0..rank).rev().collect(),
        Some(perm) => perm
            .iter()
            .map(|&a| axis(a, rank))
            .collect::<Result<_, _>>()?,
    };
    let mut seen = order.clone();
    seen.sort_unstable();
    if seen != (0..rank).collect::<Vec<_>>() {
        return Err(format!("{order:?} is no order of {rank} dimensions"));
    }
    let dims: Vec<Dim> = order.iter().map(|&a| shape[a]).collect();
    let value = view.value(0).and_then(|v| {
        let new: Vec<u64> = order
            .iter()
            .map(|&a| v.dims.get(a).copied())
            .collect::<Option<_>>()?;
        v.rearranged(&new, |index| {
            let mut own = vec![0; rank];
            order.iter().zip(index).for_each(|(&a, &i)| own[a] = i);
            super::known::flat(&own, &v.dims)
        })
    });
    one(Given::with(dims, value))
}

pub fn concat(view: &View) -> Results {
    let mut shapes = Vec::new();
    for at in 0..view.inputs.len() {
        match view.shape(at) {
            Some(shape) => shapes.push(shape),
            None => return unknown(),
        }
    }
    let Some(first) = shapes.first() else {
        return Err("there is nothing to join".into());
    };
    let at = axis(view.int("axis").ok_or("it has no `axis`")?, first.len())?;
    let mut dims: Vec<Dim> = first.to_vec();
    dims[at] = Some(0);
    for shape in &shapes {
        if shape.len() != dims.len() {
            return Err(format!("{} and {} do not join", shown(first), shown(shape)));
        }
        for (i, (have, &dim)) in dims.iter_mut().zip(shape.iter()).enumerate() {
            if i == at {
                *have = have.zip(dim).and_then(|(a, b)| a.checked_add(b));
            } else if let (Some(a), Some(b)) = (*have, dim) {
                if a != b {
                    return Err(format!("{} and {} do not join", shown(first), shown(shape)));
                }
            } else {
                *have = have.or(dim);
            }
        }
    }
    let value = if dims.len() == 1 { joined(view) } else { None };
    one(Given::with(dims, value))
}

/// Rows of values one behind the other; real numbers if one of them is.
fn joined(view: &View) -> Option<Constant> {
    let mut parts = Vec::new();
    for at in 0..view.inputs.len() {
        parts.push(view.value(at)?);
    }
    let count: usize = parts.iter().map(|part| part.data.count()).sum();
    if count > MOST_ELEMENTS {
        return None;
    }
    let whole: Option<Vec<&[i64]>> = parts.iter().map(|part| part.ints()).collect();
    Some(match whole {
        Some(rows) => Constant::row(rows.concat()),
        None => Constant {
            dims: vec![count as u64],
            data: Data::Floats(parts.iter().flat_map(|part| part.floats()).collect()),
        },
    })
}

pub fn split(view: &View) -> Results {
    let count = view.node.outputs.len();
    let all_unknown = || Ok(vec![Given::unknown(); count]);
    let (Some(shape), Ok(sizes)) = (view.shape(0), view.axes("split", 1)) else {
        return all_unknown();
    };
    let at = axis(view.int("axis").unwrap_or(0), shape.len())?;
    let Some(whole) = shape[at] else {
        return all_unknown();
    };
    let sizes: Vec<u64> = match sizes {
        Some(sizes) => sizes.iter().map(|&s| extent(s)).collect::<Result<_, _>>()?,
        None => {
            let parts = (count as u64).max(1);
            let size = whole.div_ceil(parts);
            (0..parts)
                .map(|i| size.min(whole.saturating_sub(i * size)))
                .collect()
        }
    };
    let sum = sizes.iter().try_fold(0u64, |a, &b| a.checked_add(b));
    if sizes.len() != count || sum != Some(whole) {
        return Err(format!("{whole} cannot be split into {sizes:?}"));
    }
    let mut begin = 0;
    let mut given = Vec::new();
    for size in sizes {
        let mut dims = shape.to_vec();
        dims[at] = Some(size);
        let value = view.value(0).and_then(|v| part(v, at, begin, size));
        begin += size;
        given.push(Given::with(dims, value));
    }
    Ok(given)
}

fn part(value: &Constant, at: usize, begin: u64, size: u64) -> Option<Constant> {
    let mut dims = value.dims.clone();
    *dims.get_mut(at)? = size;
    value.rearranged(&dims, |index| {
        let mut own = index.to_vec();
        *own.get_mut(at)? += begin;
        super::known::flat(&own, &value.dims)
    })
}

pub fn expand(view: &View) -> Results {
    let (Some(shape), Some(wanted)) = (view.shape(0), view.ints(1)) else {
        return unknown();
    };
    let dims = super::pointwise::broadcast(&[shape, &extents(wanted)?])?;
    let value = view.value(0).and_then(|v| {
        let dims: Vec<u64> = dims.iter().copied().collect::<Option<_>>()?;
        v.broadcast(&dims)
    });
    one(Given::with(dims, value))
}

pub fn tile(view: &View) -> Results {
    let (Some(shape), Some(times)) = (view.shape(0), view.ints(1)) else {
        return unknown();
    };
    if times.len() != shape.len() {
        return Err(format!(
            "{} is repeated {} times",
            shown(shape),
            times.len()
        ));
    }
    let mut dims: Vec<Dim> = Vec::new();
    for (&dim, &t) in shape.iter().zip(times) {
        let t = extent(t)?;
        dims.push(dim.and_then(|d| d.checked_mul(t)));
    }
    let value = view.value(0).and_then(|v| {
        let new: Vec<u64> = dims.iter().copied().collect::<Option<_>>()?;
        v.rearranged(&new, |index| {
            let own: Vec<u64> = index
                .iter()
                .zip(&v.dims)
                .map(|(&i, &d)| i % d.max(1))
                .collect();
            super::known::flat(&own, &v.dims)
        })
    });
    one(Given::with(dims, value))
}

pub fn pad(view: &View) -> Results {
    let pads = match view.row("pads") {
        Some(pads) => Some(pads),
        None => view.ints(1),
    };
    let (Some(shape), Some(pads)) = (view.shape(0), pads) else {
        return match view.shape(0) {
            Some(shape) => one(Given::shape(vec![None; shape.len()])),
            None => unknown(),
        };
    };
    let axes: Vec<usize> = match view.ints(3) {
        Some(axes) => axes
            .iter()
            .map(|&a| axis(a, shape.len()))
            .collect::<Result<_, _>>()?,
        None => (0..shape.len()).collect(),
    };
    if pads.len() != 2 * axes.len() {
        return Err(format!("{} pads for {} dimensions", pads.len(), axes.len()));
    }
    let mut dims = shape.to_vec();
    for (i, &a) in axes.iter().enumerate() {
        let grown = |d: u64| {
            let sum = i128::from(d) + i128::from(pads[i]) + i128::from(pads[i + axes.len()]);
            u64::try_from(sum).map_err(|_| format!("padding leaves {sum} elements"))
        };
        dims[a] = dims[a].map(grown).transpose()?;
    }
    one(Given::shape(dims))
}

/// `Resize` and the older `Upsample`.
pub fn resize(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let rank = shape.len();
    let axes: Vec<usize> = match view.row("axes") {
        Some(axes) => axes
            .iter()
            .map(|&a| axis(a, rank))
            .collect::<Result<_, _>>()?,
        None => (0..rank).collect(),
    };
    // Upsample and Resize-10: (X, scales); Resize-11 and later: (X, roi, scales, sizes).
    let scales_at = if view.inputs.len() == 2 { 1 } else { 2 };
    let mut dims = shape.to_vec();
    if view.input(3).is_some() {
        let Some(sizes) = view.ints(3) else {
            return one(Given::shape(vec![None; rank]));
        };
        if sizes.len() != axes.len() {
            return Err(format!(
                "{} sizes for {} dimensions",
                sizes.len(),
                axes.len()
            ));
        }
        return one(Given::shape(sized(view, dims, &axes, sizes)?));
    }
    let from_operand = view.value(scales_at).map(Constant::floats);
    let Some(scales) = view
        .float_row("scales")
        .map(<[f64]>::to_vec)
        .or(from_operand)
    else {
        return one(Given::shape(vec![None; rank]));
    };
    if scales.len() != axes.len() {
        return Err(format!(
            "{} scales for {} dimensions",
            scales.len(),
            axes.len()
        ));
    }
    for (&a, &scale) in axes.iter().zip(&scales) {
        dims[a] = match dims[a] {
            Some(d) => {
                // In single precision, as runtimes have it: 0.7 x 10 is 7.
                let size = f64::from((d as f32 * scale as f32).floor());
                if !(0.0..=1e15).contains(&size) {
                    return Err(format!("a scale of {scale} makes no extent of {d}"));
                }
                Some(size as u64)
            }
            None => None,
        };
    }
    one(Given::shape(dims))
}

/// The extents that a resize to `sizes` gives along these axes.
fn sized(
    view: &View,
    mut dims: Vec<Dim>,
    axes: &[usize],
    sizes: &[i64],
) -> Result<Vec<Dim>, String> {
    let sizes: Vec<u64> = sizes.iter().map(|&s| extent(s)).collect::<Result<_, _>>()?;
    let own: Option<Vec<u64>> = axes.iter().map(|&a| dims[a].filter(|&d| d > 0)).collect();
    let scales = own.iter().flatten().zip(&sizes);
    let scales = scales.map(|(&d, &s)| s as f64 / d as f64);
    // One scale for all axes: the smallest, or the largest.
    let scale = match view.text("keep_aspect_ratio_policy") {
        Some("not_larger") => scales.fold(f64::INFINITY, f64::min),
        Some("not_smaller") => scales.fold(0.0, f64::max),
        _ => {
            axes.iter()
                .zip(&sizes)
                .for_each(|(&a, &s)| dims[a] = Some(s));
            return Ok(dims);
        }
    };
    for &a in axes {
        dims[a] = match (&own, dims[a]) {
            (Some(_), Some(d)) => Some((d as f64 * scale).round() as u64),
            _ => None,
        };
    }
    Ok(dims)
}

/// `DepthToSpace` and `SpaceToDepth`.
pub fn blocks(view: &View, to_space: bool) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let block = extent(view.int("blocksize").unwrap_or(1))?;
    let (&[n, c, y, x], 1..=65536) = (&**shape, block) else {
        return Err(format!("{} in blocks of {block}", shown(shape)));
    };
    let square = block * block;
    let times = |d: Dim, by: u64| d.and_then(|d| d.checked_mul(by));
    let over = |d: Dim, by: u64| match d {
        Some(d) if d % by != 0 => Err(format!("{} in blocks of {block}", shown(shape))),
        d => Ok(d.map(|d| d / by)),
    };
    one(Given::shape(if to_space {
        vec![n, over(c, square)?, times(y, block), times(x, block)]
    } else {
        vec![n, times(c, square), over(y, block)?, over(x, block)?]
    }))
}

pub fn shape_of(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let rank = shape.len() as i64;
    let place = |name: &str, default: i64| {
        let at = view.int(name).unwrap_or(default);
        let at = if at < 0 { at.saturating_add(rank) } else { at };
        at.clamp(0, rank) as usize
    };
    let (start, end) = (place("start", 0), place("end", rank));
    let part = shape.get(start..end.max(start)).unwrap_or(&[]);
    let values: Option<Vec<i64>> = part.iter().map(|d| i64::try_from((*d)?).ok()).collect();
    one(match values {
        Some(values) => Given::value(Constant::row(values)),
        None => Given::shape(vec![Some(part.len() as u64)]),
    })
}

pub fn size(view: &View) -> Results {
    let count = view.shape(0).and_then(|s| elements(s));
    let count = count.and_then(|c| i64::try_from(c).ok());
    one(match count {
        Some(count) => Given::value(Constant::scalar(count)),
        None => Given::shape(Vec::new()),
    })
}

pub fn constant_of_shape(view: &View) -> Results {
    let Some(wanted) = view.ints(0) else {
        return one(Given::as_long_as(view.shape(0)));
    };
    let dims = extents(wanted)?;
    let zero = Constant {
        dims: vec![1],
        data: Data::Floats(vec![0.0]),
    };
    let fill = match view.tensor("value") {
        Some(tensor) => Constant::of(tensor),
        None => Some(zero),
    };
    let value = fill.and_then(|v| {
        let dims: Vec<u64> = dims.iter().copied().collect::<Option<_>>()?;
        v.rearranged(&dims, |_| Some(0))
    });
    one(Given::with(dims, value))
}

/// `ConstantFill`, which PyTorch's exporter wrote before there was `ConstantOfShape`.
pub fn constant_fill(view: &View) -> Results {
    let as_shape = view.int("input_as_shape").unwrap_or(0) != 0;
    let extents = |values: Option<&[i64]>| values.map_or(Ok(Vec::new()), extents);
    let mut dims = match (view.input(0), as_shape) {
        (None, _) => extents(view.row("shape"))?,
        (Some(_), true) => match view.ints(0) {
            Some(values) => extents(Some(values))?,
            None => return unknown(),
        },
        (Some(known), false) => match &known.shape {
            Some(shape) => shape.to_vec(),
            None => return unknown(),
        },
    };
    dims.extend(extents(view.row("extra_shape"))?);
    one(Given::shape(dims))
}

pub fn range(view: &View) -> Results {
    let (Some(start), Some(limit), Some(delta)) = (view.value(0), view.value(1), view.value(2))
    else {
        return one(Given::shape(vec![None]));
    };
    if let (Some(&[start]), Some(&[limit]), Some(&[delta])) =
        (start.ints(), limit.ints(), delta.ints())
    {
        if delta == 0 {
            return Err("a range with steps of 0".into());
        }
        let span = i128::from(limit) - i128::from(start);
        let step = i128::from(delta);
        let count = if (span > 0) == (step > 0) {
            (span.abs() + step.abs() - 1) / step.abs()
        } else {
            0
        };
        if count <= MOST_ELEMENTS as i128 {
            let values = (0..count)
                .map(|i| (i128::from(start) + i * step) as i64)
                .collect();
            return one(Given::value(Constant::row(values)));
        }
        return one(Given::shape(vec![u64::try_from(count).ok()]));
    }
    let (start, limit, delta) = (start.floats(), limit.floats(), delta.floats());
    let (&[start], &[limit], &[delta]) = (&start[..], &limit[..], &delta[..]) else {
        return Err("a range takes three numbers".into());
    };
    let count = ((limit - start) / delta).ceil().max(0.0);
    one(Given::shape(vec![(count < 1e15).then_some(count as u64)]))
}

pub fn constant(view: &View) -> Results {
    if let Some(tensor) = view.tensor("value") {
        let dims: Vec<Dim> = tensor.dims.iter().map(|&d| Some(d)).collect();
        return one(Given::with(dims, Constant::of(tensor)));
    }
    let floats = |values: &[f64], dims: Vec<u64>| {
        Given::value(Constant {
            dims,
            data: Data::Floats(values.to_vec()),
        })
    };
    one(if let Some(value) = view.int("value_int") {
        Given::value(Constant::scalar(value))
    } else if let Some(values) = view.row("value_ints") {
        Given::value(Constant::row(values.to_vec()))
    } else if let Some(value) = view.float("value_float") {
        floats(&[value], Vec::new())
    } else if let Some(values) = view.float_row("value_floats") {
        floats(values, vec![values.len() as u64])
    } else {
        Given::unknown()
    })
}
