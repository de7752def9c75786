//! Operators that sample elements of an image: regions, grids, windows laid out or cut.

use super::known::{Dim, Given, View, axis, shown};
use super::layout::{Results, unknown};
use super::window;

/// Pools with an output extent of their own.
pub fn roi(view: &View) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let &[_, channels, ..] = &**shape else {
        return Err(format!("a pool over {}", shown(shape)));
    };
    let size = |name: &str| view.int(name).map_or(Some(1), |v| u64::try_from(v).ok());
    let regions = view.shape(1).and_then(|s| s.first().copied().flatten());
    Ok(vec![match &*view.node.op {
        "RoiAlign" => Given::shape(vec![
            regions,
            channels,
            size("output_height"),
            size("output_width"),
        ]),
        "MaxRoiPool" => match view.row("pooled_shape") {
            Some(&[h, w]) => {
                let extent = |v: i64| u64::try_from(v).ok();
                Given::shape(vec![regions, channels, extent(h), extent(w)])
            }
            _ => Given::unknown(),
        },
        _ => unpooled(view, shape)?,
    }])
}

/// `MaxUnpool`: the extents of the pool it undoes, unless they are stated.
fn unpooled(view: &View, shape: &[Dim]) -> Result<Given, String> {
    if view.input(2).is_some() {
        return Ok(match view.ints(2) {
            Some(row) => Given::shape(
                row.iter()
                    .map(|&v| u64::try_from(v).ok())
                    .collect::<Vec<_>>(),
            ),
            None => Given::unknown(),
        });
    }
    let (Some(kernel), Some((lead, spatial))) =
        (view.row("kernel_shape"), shape.split_at_checked(2))
    else {
        return Err("its window is missing".into());
    };
    let kernel: Vec<u64> = kernel
        .iter()
        .map(|&k| u64::try_from(k).unwrap_or(0))
        .collect();
    let mut dims = lead.to_vec();
    dims.extend(
        window::transposed(view, spatial, &kernel)?
            .iter()
            .map(|a| a.output),
    );
    Ok(Given::shape(dims))
}

pub fn grid_sample(view: &View) -> Results {
    let (Some(x), Some(grid)) = (view.shape(0), view.shape(1)) else {
        return unknown();
    };
    let (Some(lead), Some((_, places))) = (x.get(..2), grid.split_last()) else {
        return Err(format!("{} sampled at {}", shown(x), shown(grid)));
    };
    let mut dims = lead.to_vec();
    dims.extend_from_slice(places.get(1..).unwrap_or(&[]));
    Ok(vec![Given::shape(dims)])
}

pub fn affine_grid(view: &View) -> Results {
    let Some(size) = view.ints(1) else {
        return unknown();
    };
    let extents: Vec<Dim> = size.iter().map(|&v| u64::try_from(v).ok()).collect();
    let (Some(&n), Some(spatial)) = (extents.first(), extents.get(2..)) else {
        return Err("the size of the grid is too short".into());
    };
    let mut dims = vec![n];
    dims.extend_from_slice(spatial);
    dims.push(Some(spatial.len() as u64));
    Ok(vec![Given::shape(dims)])
}

/// `Col2Im`: columns of blocks, [N, C x elements of a block, blocks], laid back to an image.
pub fn col2im(view: &View) -> Results {
    let (Some(shape), Some(image), Some(block)) = (view.shape(0), view.ints(1), view.ints(2))
    else {
        return unknown();
    };
    let taps = block.iter().try_fold(1u64, |n, &b| {
        n.checked_mul(u64::try_from(b).ok().filter(|&b| b > 0)?)
    });
    let (&[n, columns, _], Some(taps)) = (&**shape, taps) else {
        return Err(format!("{} in blocks of {block:?}", shown(shape)));
    };
    if columns.is_some_and(|c| c % taps != 0) {
        return Err(format!("{} in blocks of {block:?}", shown(shape)));
    }
    let mut dims = vec![n, columns.map(|c| c / taps)];
    dims.extend(image.iter().map(|&d| u64::try_from(d).ok()));
    Ok(vec![Given::shape(dims)])
}

/// `CenterCropPad`: the extents wanted, along all axes or those named.
pub fn center_crop_pad(view: &View) -> Results {
    let (Some(shape), Some(wanted)) = (view.shape(0), view.ints(1)) else {
        return unknown();
    };
    let mut dims = shape.to_vec();
    let all: Vec<i64> = (0..shape.len() as i64).collect();
    let axes = view.row("axes").unwrap_or(&all);
    if axes.len() != wanted.len() {
        return Err(format!(
            "{} extents for {} dimensions",
            wanted.len(),
            axes.len()
        ));
    }
    for (&a, &d) in axes.iter().zip(wanted) {
        dims[axis(a, shape.len())?] = u64::try_from(d).ok();
    }
    Ok(vec![Given::shape(dims)])
}
