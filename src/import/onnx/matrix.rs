//! Matrix products: their extents, their results, and the layers they are.

use super::index::Equation;
use super::known::{Dim, Extents, Given, Known, Shape, View, shown};
use super::layout::{Results, unknown};
use super::made::{Made, Refusal, dense, gemm};
use super::pointwise::broadcast;
use smallvec::SmallVec;

/// `batch` products of (m x k) by (k x n).
#[derive(Debug, Clone)]
pub struct Product {
    /// Extents that both operands are repeated over.
    pub batch: Shape,
    /// Rows of the left operand.
    pub m: Dim,
    /// Columns of the right one.
    pub n: Dim,
    /// What is summed over.
    pub k: Dim,
    /// For each extent of the batch, those of left and right; 1 where they have none.
    pub lead: SmallVec<[[Dim; 2]; 2]>,
    /// Whether left and right had one dimension only.
    vector: [bool; 2],
}

/// The extents of a product of two operands, each perhaps with its last two dimensions swapped.
/// `Ok(None)` if a shape is not known.
///
/// # Errors
/// Extents that do not fit, as a clause.
pub fn product(view: &View, at: [usize; 2], swapped: [bool; 2]) -> Result<Option<Product>, String> {
    let (Some(a), Some(b)) = (view.shape(at[0]), view.shape(at[1])) else {
        return Ok(None);
    };
    let misfit = || format!("{} and {} do not multiply", shown(a), shown(b));
    let (rows, columns) = (
        rows_behind_batch(view, "transBatchA", a),
        rows_behind_batch(view, "transBatchB", b),
    );
    let (left, (m, k)) = matrix(&rows, swapped[0], true).ok_or_else(misfit)?;
    let (right, (k2, n)) = matrix(&columns, swapped[1], false).ok_or_else(misfit)?;
    if let (Some(k), Some(k2)) = (k, k2)
        && k != k2
    {
        return Err(misfit());
    }
    let batch = broadcast(&[left, right])?;
    let own = |lead: &[Dim], at: usize| {
        let missing = batch.len() - lead.len();
        at.checked_sub(missing).map_or(Some(1), |at| lead[at])
    };
    let lead = (0..batch.len()).map(|at| [own(left, at), own(right, at)]);
    Ok(Some(Product {
        lead: lead.collect(),
        batch,
        m,
        n,
        k: k.or(k2),
        vector: [a.len() == 1, b.len() == 1],
    }))
}

/// `FusedMatMul` may have the rows of an operand before its batch.
fn rows_behind_batch(view: &View, flag: &str, shape: &[Dim]) -> Extents {
    let mut dims = Extents::from(shape);
    if view.int(flag).unwrap_or(0) != 0
        && let [rows_and_batch @ .., _] = &mut dims[..]
        && !rows_and_batch.is_empty()
    {
        rows_and_batch.rotate_left(1);
    }
    dims
}

/// Leading extents, and rows and columns. A vector is a row on the left, a column on the right.
fn matrix(shape: &[Dim], swapped: bool, left: bool) -> Option<(&[Dim], (Dim, Dim))> {
    Some(match shape {
        [] => return None,
        &[d] if left => (&[], (Some(1), d)),
        &[d] => (&[], (d, Some(1))),
        [lead @ .., rows, columns] if swapped => (lead, (*columns, *rows)),
        [lead @ .., rows, columns] => (lead, (*rows, *columns)),
    })
}

/// What a product gives.
pub fn multiplied(view: &View, at: [usize; 2], swapped: [bool; 2]) -> Results {
    let Some(p) = product(view, at, swapped)? else {
        return unknown();
    };
    let mut dims = Extents::from(&p.batch[..]);
    if !p.vector[0] {
        dims.push(p.m);
    }
    if !p.vector[1] {
        dims.push(p.n);
    }
    Ok(vec![Given::shape(&dims[..])])
}

/// `Gemm` multiplies matrices and nothing else, and adds what can be repeated to their product.
fn plain_matrices(view: &View, p: &Product) -> Result<(), String> {
    let ranks = [0, 1].map(|at| view.shape(at).map_or(2, |s| s.len()));
    if let Some(rank) = ranks.into_iter().find(|&rank| rank != 2) {
        return Err(format!(
            "an operand of {rank} dimensions, where 2 are wanted"
        ));
    }
    let Some(added) = view.shape(2) else {
        return Ok(());
    };
    let fits = |(&have, want): (&Dim, Dim)| {
        have == Some(1) || have.zip(want).is_none_or(|(have, want)| have == want)
    };
    if added.len() > 2 || !added.iter().rev().zip([p.n, p.m]).all(fits) {
        let product = shown(&[p.m, p.n]);
        return Err(format!("{} cannot be added to {product}", shown(added)));
    }
    Ok(())
}

/// The layer a product is: dense if one operand is weights, a matrix product otherwise.
pub fn layer(view: &View, at: [usize; 2], swapped: [bool; 2]) -> Result<Vec<Made>, Refusal> {
    let Some(p) = product(view, at, swapped)? else {
        return Err(Refusal::unknown(view, &at));
    };
    if &*view.node.op == "Gemm" {
        plain_matrices(view, &p)?;
    }
    let fixed = at.map(|i| view.input(i).is_some_and(|k: &Known| k.fixed));
    let known = |dim: Dim| dim.ok_or_else(|| Refusal::unknown(view, &at));
    let (mut m, mut n, k) = (known(p.m)?, known(p.n)?, known(p.k)?);
    // Where the right operand is repeated, the left one has more rows; where the left one is, the
    // right one has more columns. Where both go on, each product is one of its own.
    let mut groups = 1u64;
    for (&whole, own) in p.batch.iter().zip(&p.lead) {
        let counted = match own {
            [_, Some(1)] => &mut m,
            [Some(1), _] => &mut n,
            _ => &mut groups,
        };
        *counted = counted
            .checked_mul(known(whole)?)
            .ok_or_else(Refusal::too_large)?;
    }
    Ok(match (fixed, groups) {
        ([_, true], 1) => dense(m, n, k),
        ([true, false], 1) => dense(n, m, k),
        _ => gemm(groups, m, n, k),
    })
}

/// What `Einsum` is on the array: nothing if no operand pair is multiplied and summed, one product
/// if there are two operands.
pub fn einsum(view: &View) -> Result<Vec<Made>, Refusal> {
    let Some(equation) = Equation::read(view)? else {
        return Err(Refusal::unknown(
            view,
            &(0..view.inputs.len()).collect::<Vec<_>>(),
        ));
    };
    let [a, b] = &equation.operands[..] else {
        return match equation.operands.len() {
            0 | 1 => Ok(Vec::new()),
            _ => Err(Refusal::Beyond(
                "products of three and more operands are not counted".into(),
            )),
        };
    };
    let sizes = |labels: Vec<u32>| {
        labels.into_iter().try_fold(1u64, |n, label| {
            let extent = equation
                .extent(label)
                .ok_or_else(|| Refusal::unknown(view, &[0, 1]))?;
            n.checked_mul(extent).ok_or_else(Refusal::too_large)
        })
    };
    let mut left: Vec<u32> = a.clone();
    let mut right: Vec<u32> = b.clone();
    for side in [&mut left, &mut right] {
        side.sort_unstable();
        side.dedup();
    }
    let kept = |l: &u32| equation.result.contains(l);
    let both = |l: &u32| a.contains(l) && b.contains(l);
    let k = sizes(
        left.iter()
            .copied()
            .filter(|l| both(l) && !kept(l))
            .collect(),
    )?;
    let batch = sizes(
        left.iter()
            .copied()
            .filter(|l| both(l) && kept(l))
            .collect(),
    )?;
    let m = sizes(
        left.iter()
            .copied()
            .filter(|l| !both(l) && kept(l))
            .collect(),
    )?;
    let n = sizes(
        right
            .iter()
            .copied()
            .filter(|l| !both(l) && kept(l))
            .collect(),
    )?;
    let summed = left.iter().any(|l| both(l) && !kept(l));
    if !summed {
        // Element by element: no sum, hence no matrix product.
        return Ok(Vec::new());
    }
    let fixed = [0, 1].map(|i| view.input(i).is_some_and(|k: &Known| k.fixed));
    Ok(match (batch, fixed) {
        (1, [_, true]) => dense(m, n, k),
        (1, [true, false]) => dense(n, m, k),
        _ => gemm(batch, m, n, k),
    })
}
