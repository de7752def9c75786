//! One step of the LSTM cell for one episode, forwards and backwards, after and before the matrix
//! products. All slices are of length H but the gates, which are (i, f, g, o) of H each.

use super::activation::{sigmoid_all, tanh_all};

/// From the pre-activations in `gates`, which become the activations, and c_{t-1}:
/// `cell` = c_t = f c_{t-1} + i g, `squashed` = tanh(c_t), `hidden` = h_t = o tanh(c_t).
pub(super) fn forward(
    gates: &mut [f32],
    previous_cell: &[f32],
    cell: &mut [f32],
    squashed: &mut [f32],
    hidden: &mut [f32],
) {
    let n = hidden.len();
    sigmoid_all(&mut gates[..2 * n]);
    tanh_all(&mut gates[2 * n..3 * n]);
    sigmoid_all(&mut gates[3 * n..]);
    let [i, f, g, o] = split(gates, n);
    let (previous_cell, cell, squashed) = (&previous_cell[..n], &mut cell[..n], &mut squashed[..n]);
    for k in 0..n {
        cell[k] = f[k] * previous_cell[k] + i[k] * g[k];
    }
    squashed.copy_from_slice(cell);
    tanh_all(squashed);
    for k in 0..n {
        hidden[k] = o[k] * squashed[k];
    }
}

/// The transpose of the derivative of [`forward`]. Takes `d_hidden` = dL/dh_t and, in `d_cell`,
/// what reaches c_t from later slots; gives the gradient of the pre-activations in `d_gates` and,
/// in `d_cell`, what reaches c_{t-1}:
///
/// ```text
/// dc   = d_cell + dh o (1 - tanh²(c_t))
/// di^  = dc g i (1 - i)             df^ = dc c_{t-1} f (1 - f)
/// dg^  = dc i (1 - g²)              do^ = dh tanh(c_t) o (1 - o)
/// d_cell' = dc f
/// ```
pub(super) fn backward(
    gates: &[f32],
    previous_cell: &[f32],
    squashed: &[f32],
    d_hidden: &[f32],
    d_cell: &mut [f32],
    d_gates: &mut [f32],
) {
    let n = d_cell.len();
    let [i, f, g, o] = split(gates, n);
    let (previous_cell, squashed, d_hidden) = (&previous_cell[..n], &squashed[..n], &d_hidden[..n]);
    let (di, rest) = d_gates.split_at_mut(n);
    let (df, rest) = rest.split_at_mut(n);
    let (dg, d_o) = rest.split_at_mut(n);
    let d_o = &mut d_o[..n];
    for k in 0..n {
        let dh = d_hidden[k];
        let dc = d_cell[k] + dh * o[k] * (1.0 - squashed[k] * squashed[k]);
        di[k] = dc * g[k] * i[k] * (1.0 - i[k]);
        df[k] = dc * previous_cell[k] * f[k] * (1.0 - f[k]);
        dg[k] = dc * i[k] * (1.0 - g[k] * g[k]);
        d_o[k] = dh * squashed[k] * o[k] * (1.0 - o[k]);
        d_cell[k] = dc * f[k];
    }
}

/// The four gates of `n` cells.
fn split(gates: &[f32], n: usize) -> [&[f32]; 4] {
    let (i, rest) = gates.split_at(n);
    let (f, rest) = rest.split_at(n);
    let (g, o) = rest.split_at(n);
    [i, f, g, &o[..n]]
}
