//! Windows that slide: convolutions, transposed ones and pools.

use super::known::{Dim, Extents, Given, Shape, View, shown};
use super::layout::{Results, unknown};
use smallvec::{SmallVec, smallvec};

/// How a window moves along one axis.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// Extent of the input.
    pub input: Dim,
    /// Taps of the window.
    pub kernel: u64,
    /// Step; of a transposed convolution the up-sampling factor.
    pub stride: u64,
    /// Distance between taps.
    pub dilation: u64,
    /// Zeros before the input.
    pub begin: u64,
    /// Zeros after it.
    pub end: u64,
    /// Elements added to the output of a transposed convolution.
    pub extra: u64,
    /// Extent of the output.
    pub output: Dim,
}

/// Those of two dimensions take no memory of their own: a model may have a million windows.
pub type Axes = SmallVec<[Axis; 2]>;

/// Larger steps, paddings and taps no window has.
const MOST: i64 = 1_000_000_000;

/// An attribute with one number for each axis.
fn numbers(
    view: &View,
    name: &str,
    count: usize,
    least: i64,
    usual: i64,
) -> Result<SmallVec<[i64; 4]>, String> {
    let Some(row) = view.row(name) else {
        return Ok(smallvec![usual; count]);
    };
    if row.len() != count || row.iter().any(|v| !(least..=MOST).contains(v)) {
        return Err(format!(
            "`{name}` is {row:?}, where {count} numbers from {least} on are wanted"
        ));
    }
    Ok(row.into())
}

/// Padding so that `need` elements are there, halved; the odd one goes to the end if `upper`.
fn halves(need: i64, upper: bool) -> (i64, i64) {
    let need = need.max(0);
    let small = need / 2;
    if upper {
        (small, need - small)
    } else {
        (need - small, small)
    }
}

/// Elements from the first to the last tap of a window, and those of its input.
fn extents(taps: u64, dilation: i64, input: Dim) -> Result<(i64, Option<i64>), String> {
    let count = i64::try_from(taps).ok().filter(|k| (1..=MOST).contains(k));
    let count = count.ok_or_else(|| format!("a window of {taps} elements"))?;
    let input = input.map(i64::try_from).transpose();
    Ok((
        dilation * (count - 1) + 1,
        input.map_err(|e| e.to_string())?,
    ))
}

/// `auto_pad`
fn padding<'v>(view: &'v View) -> Result<&'v str, String> {
    let mode = view.text("auto_pad").unwrap_or("NOTSET");
    match mode {
        // An empty text is what some writers leave.
        "NOTSET" | "SAME_UPPER" | "SAME_LOWER" | "VALID" | "" => Ok(mode),
        other => Err(format!("there is no `auto_pad` of `{other}`")),
    }
}

/// The axes of a convolution or pool over `spatial` with a window of `kernel`.
pub fn sliding(view: &View, spatial: &[Dim], kernel: &[u64], ceil: bool) -> Result<Axes, String> {
    let rank = kernel.len();
    if spatial.len() != rank {
        return Err(format!(
            "a window of {rank} dimensions over {}",
            shown(spatial)
        ));
    }
    let strides = numbers(view, "strides", rank, 1, 1)?;
    let dilations = numbers(view, "dilations", rank, 1, 1)?;
    let pads = numbers(view, "pads", 2 * rank, 0, 0)?;
    let mode = padding(view)?;
    let mut axes = Axes::new();
    for i in 0..rank {
        let (window, input) = extents(kernel[i], dilations[i], spatial[i])?;
        let (mut begin, mut end) = (pads[i], pads[i + rank]);
        let mut output = None;
        match (mode, input) {
            ("SAME_UPPER" | "SAME_LOWER", Some(input)) => {
                let out = input / strides[i] + i64::from(input % strides[i] != 0);
                let last = (out - 1)
                    .checked_mul(strides[i])
                    .ok_or("the extents are too large")?;
                (begin, end) = halves(last.saturating_add(window) - input, mode == "SAME_UPPER");
                output = Some(out);
            }
            ("SAME_UPPER" | "SAME_LOWER", None) => {}
            (_, input) => {
                if mode == "VALID" {
                    (begin, end) = (0, 0);
                }
                if let Some(input) = input {
                    let padded = input
                        .checked_add(begin + end)
                        .ok_or("the extents are too large")?;
                    let room = padded - window;
                    if room < 0 {
                        return Err(format!(
                            "a window of {window} elements is larger than its padded input of {padded}"
                        ));
                    }
                    let mut steps = room / strides[i];
                    if ceil && room % strides[i] != 0 {
                        steps += 1;
                        // The last window begins within the input or the zeros before it.
                        if steps.saturating_mul(strides[i]) >= input + begin {
                            steps -= 1;
                        }
                    }
                    output = Some(steps + 1);
                }
            }
        }
        axes.push(Axis {
            input: spatial[i],
            kernel: kernel[i],
            stride: strides[i].unsigned_abs(),
            dilation: dilations[i].unsigned_abs(),
            begin: begin.unsigned_abs(),
            end: end.unsigned_abs(),
            extra: 0,
            output: output.map(i64::unsigned_abs),
        });
    }
    Ok(axes)
}

/// The axes of a transposed convolution.
pub fn transposed(view: &View, spatial: &[Dim], kernel: &[u64]) -> Result<Axes, String> {
    let rank = kernel.len();
    if spatial.len() != rank {
        return Err(format!(
            "a window of {rank} dimensions over {}",
            shown(spatial)
        ));
    }
    let strides = numbers(view, "strides", rank, 1, 1)?;
    let dilations = numbers(view, "dilations", rank, 1, 1)?;
    let pads = numbers(view, "pads", 2 * rank, 0, 0)?;
    let extras = numbers(view, "output_padding", rank, 0, 0)?;
    let mode = padding(view)?;
    // Some writers state batch and channels too.
    let wanted = match view.row("output_shape") {
        Some(row) if row.len() >= rank => Some(row[row.len() - rank..].to_vec()),
        Some(_) => return Err("`output_shape` is too short".into()),
        None => None,
    };
    let mut axes = Axes::new();
    for i in 0..rank {
        let (window, input) = extents(kernel[i], dilations[i], spatial[i])?;
        let (mut begin, mut end, mut extra) = (pads[i], pads[i + rank], extras[i]);
        let mut output = None;
        if let Some(input) = input {
            let too_large = || "the extents are too large".to_string();
            let grown = input
                .checked_sub(1)
                .and_then(|n| n.checked_mul(strides[i]))
                .and_then(|n| n.checked_add(window + extra))
                .ok_or_else(too_large)?;
            let same = matches!(mode, "SAME_UPPER" | "SAME_LOWER");
            let stated = match &wanted {
                Some(row) => Some(row[i]),
                None if same => Some(input.checked_mul(strides[i]).ok_or_else(too_large)?),
                None => None,
            };
            if let Some(stated) = stated {
                let surplus = grown.checked_sub(stated).ok_or_else(too_large)?;
                (begin, end) = halves(surplus, mode == "SAME_UPPER");
                extra += (-surplus).max(0);
                output = Some(stated);
            } else {
                if mode == "VALID" {
                    (begin, end) = (0, 0);
                }
                output = Some(grown - begin - end);
            }
            if output.is_none_or(|o| o < 1) {
                return Err("nothing is left between its paddings".into());
            }
        }
        axes.push(Axis {
            input: spatial[i],
            kernel: kernel[i],
            stride: strides[i].unsigned_abs(),
            dilation: dilations[i].unsigned_abs(),
            begin: begin.unsigned_abs(),
            end: end.unsigned_abs(),
            extra: extra.unsigned_abs(),
            output: output.map(i64::unsigned_abs),
        });
    }
    Ok(axes)
}

/// Operators of com.microsoft may store channels behind rows and columns.
fn channels_last(view: &View) -> bool {
    view.int("channels_last").unwrap_or(0) != 0 || &*view.node.op == "NhwcMaxPool"
}

/// A shape with the channels behind the batch, wherever the operator has them.
fn channels_first(view: &View, shape: &[Dim]) -> Extents {
    let mut dims = Extents::from(shape);
    if channels_last(view)
        && let [_, rest @ ..] = &mut dims[..]
        && !rest.is_empty()
    {
        rest.rotate_right(1);
    }
    dims
}

/// What [`channels_first`] moved, moved back.
fn as_stored(view: &View, mut dims: Extents) -> Shape {
    if channels_last(view)
        && let [_, rest @ ..] = &mut dims[..]
        && !rest.is_empty()
    {
        rest.rotate_left(1);
    }
    Shape::from(&dims[..])
}

/// A convolution's operands taken apart.
pub struct Convolution {
    /// Batch.
    pub n: Dim,
    /// Channels of the input.
    pub input: u64,
    /// Channels of the output.
    pub output: u64,
    /// Independent groups of channels.
    pub groups: u64,
    /// How the window moves.
    pub axes: Axes,
}

/// Takes a convolution apart whose input and weights are these operands. `Ok(None)` if the shape of
/// one of them is not known.
///
/// # Errors
/// What does not fit, as a clause.
pub fn convolution(
    view: &View,
    x: usize,
    w: usize,
    up: bool,
) -> Result<Option<Convolution>, String> {
    let (Some(input), Some(weights)) = (view.shape(x), view.shape(w)) else {
        return Ok(None);
    };
    let input = channels_first(view, input);
    let weights: Option<SmallVec<[u64; 4]>> = weights.iter().copied().collect();
    let Some(weights) = weights else {
        return Ok(None);
    };
    let (&[first, second, ref kernel @ ..], &[n, channels, ref spatial @ ..]) =
        (&weights[..], &input[..])
    else {
        return Err(format!(
            "an input of {} and weights of {weights:?}",
            shown(&input)
        ));
    };
    let groups = u64::try_from(view.int("group").unwrap_or(1)).unwrap_or(0);
    if groups == 0 || first % groups != 0 || first == 0 || second == 0 {
        return Err(format!("weights of {weights:?} in {groups} groups"));
    }
    // Weights are [M, C / groups, …]; of a transposed convolution [C, M / groups, …].
    let other = second
        .checked_mul(groups)
        .ok_or("the extents are too large")?;
    let (own, output) = if up { (first, other) } else { (other, first) };
    if channels.is_some_and(|c| c != own) {
        return Err(format!(
            "an input of {} channels where the weights take {own}",
            shown(&[channels])
        ));
    }
    let stated = view.row("kernel_shape").unwrap_or_default();
    let wide = |(&stated, &taps): (&i64, &u64)| u64::try_from(stated) == Ok(taps);
    let same = stated.len() == kernel.len() && stated.iter().zip(kernel).all(wide);
    if !stated.is_empty() && !same {
        return Err(format!(
            "`kernel_shape` is {stated:?} where the weights have {kernel:?}"
        ));
    }
    let axes = if up {
        transposed(view, spatial, kernel)?
    } else {
        sliding(view, spatial, kernel, false)?
    };
    Ok(Some(Convolution {
        n,
        input: own,
        output,
        groups,
        axes,
    }))
}

/// The shape a convolution gives.
pub fn convolved(view: &View, x: usize, w: usize, up: bool) -> Results {
    let Some(conv) = convolution(view, x, w, up)? else {
        return unknown();
    };
    let mut dims: Extents = smallvec![conv.n, Some(conv.output)];
    dims.extend(conv.axes.iter().map(|a| a.output));
    Ok(vec![Given::shape(as_stored(view, dims))])
}

/// The shape a pool gives; both results have it.
pub fn pool(view: &View) -> Results {
    let count = view.node.outputs.len().max(1);
    let Some(shape) = view.shape(0) else {
        return Ok(vec![Given::unknown(); count]);
    };
    let dims = channels_first(view, shape);
    let (Some(kernel), Some((lead, spatial))) =
        (view.row("kernel_shape"), dims.split_at_checked(2))
    else {
        return Err(format!("a pool over {} without its window", shown(shape)));
    };
    let kernel: Vec<u64> = kernel
        .iter()
        .map(|&k| u64::try_from(k).unwrap_or(0))
        .collect();
    let axes = sliding(
        view,
        spatial,
        &kernel,
        view.int("ceil_mode").unwrap_or(0) != 0,
    )?;
    let mut dims = Extents::from(lead);
    dims.extend(axes.iter().map(|a| a.output));
    Ok(vec![Given::shape(as_stored(view, dims)); count])
}

/// One element per channel.
pub fn global_pool(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let last = channels_last(view);
    let rank = shape.len();
    let dims: Vec<Dim> = shape
        .iter()
        .enumerate()
        .map(|(i, d)| {
            let kept = i == 0 || if last { i + 1 == rank } else { i == 1 };
            if kept { *d } else { Some(1) }
        })
        .collect();
    Ok(vec![Given::shape(dims)])
}
