//! Attention as one operator: the products of queries with keys, and of scores with values.

use super::known::{Dim, Given, View, shown};
use super::layout::Results;
use super::made::{Made, Refusal, dense, gemm};

/// Heads and extents of one attention.
#[derive(Debug, Clone, Copy)]
struct Heads {
    batch: Dim,
    heads: u64,
    queries: Dim,
    /// Keys of this call and of those before.
    keys: Dim,
    /// Elements of a query.
    width: Dim,
    /// Elements of a value.
    depth: Dim,
    /// Groups of heads that share their keys.
    shared: u64,
}

fn over(dim: Dim, by: u64) -> Dim {
    dim.filter(|d| by > 0 && d % by == 0).map(|d| d / by)
}

fn sum(a: Dim, b: Dim) -> Dim {
    a.zip(b).and_then(|(a, b)| a.checked_add(b))
}

/// Batch, heads, length and width.
type Split = (Dim, u64, Dim, Dim);

/// `Attention` of ONNX, `MultiHeadAttention` and `GroupQueryAttention`: queries, keys and values are
/// operands 0 to 2, or packed into the first. `Ok(None)` if a shape is not known.
///
/// # Errors
/// A layout that is not read, as a clause.
fn read(view: &View) -> Result<Option<Heads>, String> {
    let Some(q) = view.shape(0) else {
        return Ok(None);
    };
    let count = |name: &str| {
        let found = view.int(name).and_then(|h| u64::try_from(h).ok());
        found.filter(|&h| h > 0)
    };
    let heads = count("q_num_heads").or(count("num_heads"));
    let shared = count("kv_num_heads").or(heads);
    let strange = || {
        Err(format!(
            "queries of {} are of a layout that is not read",
            shown(q)
        ))
    };
    let (q, k, v): (Split, Split, Split) = if view.input(1).is_none() {
        let packed = match (&q[..], heads, shared) {
            (&[batch, length, Some(heads), Some(3), width], ..) => (batch, heads, length, width),
            (&[batch, length, all], Some(heads), Some(shared)) => {
                let parts = shared.checked_mul(2).and_then(|s| s.checked_add(heads));
                (batch, heads, length, over(all, parts.unwrap_or(0)))
            }
            _ => return strange(),
        };
        let keys = (packed.0, shared.unwrap_or(packed.1), packed.2, packed.3);
        (packed, keys, keys)
    } else {
        let (Some(k), Some(v)) = (view.shape(1), view.shape(2)) else {
            return match view.input(2) {
                Some(_) => Ok(None),
                None => strange(),
            };
        };
        let split = |shape: &[Dim], heads: Option<u64>| match *shape {
            [batch, Some(heads), length, width] => Some((batch, heads, length, width)),
            [batch, length, all] => heads.map(|h| (batch, h, length, over(all, h))),
            _ => None,
        };
        match (split(q, heads), split(k, shared), split(v, shared)) {
            (Some(q), Some(k), Some(v)) => (q, k, v),
            _ => return strange(),
        }
    };
    let before = match view.input(past(view)) {
        None => Some(0),
        Some(past) => past
            .shape
            .as_ref()
            .and_then(|s| s.get(2).copied().flatten()),
    };
    Ok(Some(Heads {
        batch: q.0,
        heads: q.1,
        queries: q.2,
        keys: sum(k.2, before),
        width: q.3,
        depth: v.3,
        shared: k.1,
    }))
}

/// The operand that holds earlier keys.
fn past(view: &View) -> usize {
    match &*view.node.op {
        "Attention" => 4,
        "MultiHeadAttention" => 6,
        _ => 3,
    }
}

/// The attended values in the layout of the queries, and the keys and values for the next call.
pub fn results(view: &View) -> Results {
    let mut given = vec![Given::unknown(); view.node.outputs.len().max(1)];
    let Ok(Some(h)) = read(view) else {
        return Ok(given);
    };
    let four = view.shape(0).is_some_and(|s| s.len() == 4);
    given[0] = Given::shape(if four {
        vec![h.batch, Some(h.heads), h.queries, h.depth]
    } else {
        vec![
            h.batch,
            h.queries,
            h.depth.and_then(|d| d.checked_mul(h.heads)),
        ]
    });
    for (at, last) in [(1, h.width), (2, h.depth)] {
        if let Some(given) = given.get_mut(at) {
            *given = Given::shape(vec![h.batch, Some(h.shared), h.keys, last]);
        }
    }
    if let Some(scores) = given.get_mut(3) {
        *scores = Given::shape(vec![h.batch, Some(h.heads), h.queries, h.keys]);
    }
    Ok(given)
}

/// Both products.
pub fn layers(view: &View) -> Result<Vec<Made>, Refusal> {
    let open = || Refusal::unknown(view, &[0, 1, 2, past(view)]);
    let h = read(view).map_err(Refusal::Beyond)?.ok_or_else(open)?;
    products(h, Vec::new())
        .ok_or_else(open)?
        .ok_or_else(Refusal::too_large)
}

/// The two products behind layers that are made already. The outer `None`: an extent is not known.
/// Heads that share their keys are rows of one product.
fn products(h: Heads, mut made: Vec<Made>) -> Option<Option<Vec<Made>>> {
    let (batch, queries, keys) = (h.batch?, h.queries?, h.keys?);
    let (width, depth) = (h.width?, h.depth?);
    let shared = over(Some(h.heads), h.shared)?;
    let counts = batch.checked_mul(h.shared).zip(queries.checked_mul(shared));
    let Some((groups, rows)) = counts else {
        return Some(None);
    };
    let before: Vec<usize> = (0..made.len()).collect();
    for mut scores in gemm(groups, rows, keys, width) {
        scores.suffix = "scores".into();
        scores.operands = (!before.is_empty()).then_some(&[]);
        scores.after = before.clone();
        made.push(scores);
    }
    for mut context in gemm(groups, rows, depth, keys) {
        context.suffix = "context".into();
        context.operands = (!before.is_empty()).then_some(&[]);
        context.after = before.clone();
        context.after.extend(made.len().checked_sub(1));
        made.push(context);
    }
    Some(Some(made))
}

/// The `Attention` of com.microsoft and its quantised form: one operand is projected to queries,
/// keys and values.
fn projected(view: &View) -> Result<Option<(Heads, u64)>, String> {
    let (Some(x), Some(w)) = (view.shape(0), view.shape(1)) else {
        return Ok(None);
    };
    let (&[batch, length, _], &[_, all]) = (&x[..], &w[..]) else {
        return Err(format!(
            "an input of {} and weights of {}",
            shown(x),
            shown(w)
        ));
    };
    let heads = view.int("num_heads").and_then(|h| u64::try_from(h).ok());
    let (Some(heads), Some(all)) = (heads.filter(|&h| h > 0), all) else {
        return Ok(None);
    };
    let each = match view.row("qkv_hidden_sizes") {
        Some(&[q, _, v]) => [q, v].map(|d| u64::try_from(d).ok()),
        _ => [over(Some(all), 3); 2],
    };
    // Behind scales, mask and zero points in the quantised form.
    let past = if &*view.node.op == "QAttention" { 8 } else { 4 };
    let before = match view.input(past) {
        None => Some(0),
        Some(past) => past
            .shape
            .as_ref()
            .and_then(|s| s.get(3).copied().flatten()),
    };
    let h = Heads {
        batch,
        heads,
        queries: length,
        keys: sum(length, before),
        width: over(each[0], heads),
        depth: over(each[1], heads),
        shared: heads,
    };
    Ok(Some((h, all)))
}

/// What [`projected`] attention gives.
pub fn projected_results(view: &View) -> Results {
    let mut given = vec![Given::unknown(); view.node.outputs.len().max(1)];
    if let Some((h, _)) = projected(view)? {
        let all = h.depth.and_then(|d| d.checked_mul(h.heads));
        given[0] = Given::shape(vec![h.batch, h.queries, all]);
        if let Some(present) = given.get_mut(1) {
            *present = Given::shape(vec![Some(2), h.batch, Some(h.heads), h.keys, h.depth]);
        }
    }
    Ok(given)
}

/// The projection and both products.
pub fn projected_layers(view: &View) -> Result<Vec<Made>, Refusal> {
    let open = || Refusal::unknown(view, &[0, 1]);
    let (h, all) = projected(view)?.ok_or_else(open)?;
    let inputs = view.shape(1).and_then(|w| w.first().copied().flatten());
    let (Some(batch), Some(length), Some(inputs)) = (h.batch, h.queries, inputs) else {
        return Err(open());
    };
    let rows = batch.checked_mul(length).ok_or_else(Refusal::too_large)?;
    let mut made = dense(rows, all, inputs);
    made.iter_mut().for_each(|m| m.suffix = "qkv".into());
    products(h, made)
        .ok_or_else(open)?
        .ok_or_else(Refusal::too_large)
}
