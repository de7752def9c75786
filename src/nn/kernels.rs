//! The loops that cost time: a small dense matrix product over packed operands, and row sums.
//!
//! `out += left * right` with the left operand packed in tiles of up to [`ROWS`] rows and the right
//! one in panels of [`LANES`] columns, both depth-major, so that the inner loop reads two contiguous
//! streams and keeps a tile of `out` in registers (four rows of eight floats fill half of the
//! SSE2 registers).
//!
//! Every element of `out` is its old value plus its products in order of depth, one rounding per
//! operation, whatever the tile: neither the vector width of the machine nor the number of rows
//! multiplied together nor a cut of the depth into several calls changes a bit.

/// Rows of a full tile of the left operand.
const ROWS: usize = 4;

/// Columns of a panel of the right operand.
const LANES: usize = 8;

/// A matrix in memory: element (i, j) lies at `i * row + j * column`.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    data: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> View<'a> {
    /// Rows of consecutive elements, `stride` apart.
    pub(super) fn rows(data: &'a [f32], stride: usize) -> Self {
        View {
            data,
            row: stride,
            column: 1,
        }
    }

    /// The transpose of [`View::rows`].
    pub(super) fn transposed(data: &'a [f32], stride: usize) -> Self {
        View {
            data,
            row: 1,
            column: stride,
        }
    }
}

/// A left operand: tiles of 4 rows (the last ones of 2 and 1), each depth-major.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    rows: usize,
    depth: usize,
    data: Vec<f32>,
}

/// Rows of the next tile when `left` rows remain.
fn tile_rows(left: usize) -> usize {
    match left {
        0 => 0,
        1 => 1,
        2 | 3 => 2,
        _ => ROWS,
    }
}

impl Left {
    /// Packs the `rows` x `depth` matrix at `view`, reusing the memory.
    pub(super) fn pack(&mut self, view: View, rows: usize, depth: usize) {
        self.rows = rows;
        self.depth = depth;
        self.data.resize(rows * depth, 0.0);
        let mut rest = &mut self.data[..];
        let mut first = 0;
        while first < rows {
            let height = tile_rows(rows - first);
            let (tile, tail) = rest.split_at_mut(height * depth);
            let start = first * view.row;
            if view.row == 1 {
                for (k, out) in tile.chunks_exact_mut(height).enumerate() {
                    out.copy_from_slice(&view.data[start + k * view.column..][..height]);
                }
            } else {
                for r in 0..height {
                    let source = view.data[start + r * view.row..]
                        .iter()
                        .step_by(view.column);
                    for (out, &v) in tile[r..].iter_mut().step_by(height).zip(source) {
                        *out = v;
                    }
                }
            }
            rest = tail;
            first += height;
        }
    }
}

/// A right operand: panels of 8 columns, each depth-major, the last one padded with zeros.
#[derive(Debug, Clone, Default)]
pub(super) struct Right {
    depth: usize,
    columns: usize,
    data: Vec<f32>,
}

impl Right {
    /// Packs the `depth` x `columns` matrix at `view`, reusing the memory.
    pub(super) fn pack(&mut self, view: View, depth: usize, columns: usize) {
        self.depth = depth;
        self.columns = columns;
        self.data
            .resize(columns.div_ceil(LANES) * depth * LANES, 0.0);
        for (p, panel) in self.data.chunks_exact_mut(depth * LANES).enumerate() {
            let first = p * LANES;
            let width = LANES.min(columns - first);
            for (k, out) in panel.chunks_exact_mut(LANES).enumerate() {
                let source = &view.data[k * view.row + first * view.column..];
                if view.column == 1 && width == LANES {
                    out.copy_from_slice(&source[..LANES]);
                } else {
                    out.fill(0.0);
                    for (o, &v) in out
                        .iter_mut()
                        .zip(source.iter().step_by(view.column))
                        .take(width)
                    {
                        *o = v;
                    }
                }
            }
        }
    }
}

/// `out += left * right`; row i of `out` begins at `i * stride`.
pub(super) fn add_product(out: &mut [f32], stride: usize, left: &Left, right: &Right) {
    let depth = left.depth;
    assert_eq!(depth, right.depth, "operands of different depth");
    for (p, panel) in right.data.chunks_exact(depth * LANES).enumerate() {
        let (panel, _) = panel.as_chunks::<LANES>();
        let column = p * LANES;
        let width = LANES.min(right.columns - column);
        let mut rest = &left.data[..];
        let mut row = 0;
        while row < left.rows {
            let height = tile_rows(left.rows - row);
            let (tile, tail) = rest.split_at(height * depth);
            let corner = &mut out[row * stride + column..];
            match height {
                1 => add_tile::<1>(corner, stride, width, tile, panel),
                2 => add_tile::<2>(corner, stride, width, tile, panel),
                _ => add_tile::<ROWS>(corner, stride, width, tile, panel),
            }
            rest = tail;
            row += height;
        }
    }
}

/// One tile of [`add_product`]: `R` rows by `width` columns.
#[inline(never)]
fn add_tile<const R: usize>(
    out: &mut [f32],
    stride: usize,
    width: usize,
    tile: &[f32],
    panel: &[[f32; LANES]],
) {
    let mut sums = [[0.0_f32; LANES]; R];
    for (r, sum) in sums.iter_mut().enumerate() {
        let source = &out[r * stride..];
        if width == LANES {
            sum.copy_from_slice(&source[..LANES]);
        } else {
            sum[..width].copy_from_slice(&source[..width]);
        }
    }
    let (tile, _) = tile.as_chunks::<R>();
    for (a, b) in tile.iter().zip(panel) {
        for r in 0..R {
            for lane in 0..LANES {
                sums[r][lane] += a[r] * b[lane];
            }
        }
    }
    for (r, sum) in sums.iter().enumerate() {
        let target = &mut out[r * stride..];
        if width == LANES {
            target[..LANES].copy_from_slice(sum);
        } else {
            target[..width].copy_from_slice(&sum[..width]);
        }
    }
}

/// `out += row`, element by element.
pub(super) fn add(out: &mut [f32], row: &[f32]) {
    debug_assert_eq!(out.len(), row.len());
    for (o, &v) in out.iter_mut().zip(row) {
        *o += v;
    }
}

/// Sum of squares in double precision, in eight interleaved partial sums.
pub(super) fn sum_of_squares(values: &[f32]) -> f64 {
    let mut sums = [0.0_f64; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for (sum, &v) in sums.iter_mut().zip(block) {
            *sum += f64::from(v) * f64::from(v);
        }
    }
    for (sum, &v) in sums.iter_mut().zip(rest) {
        *sum += f64::from(v) * f64::from(v);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Stream;

    fn noise(stream: &mut Stream, n: usize) -> Vec<f32> {
        (0..n)
            .map(|_| (stream.uniform() * 2.0 - 1.0) as f32)
            .collect()
    }

    /// Exactly the plain triple loop, whatever the sizes and the storage order of the operands.
    #[test]
    fn product_has_the_bits_of_the_plain_loop() {
        let mut stream = Stream::new(1, "kernels", 0);
        let (mut left, mut right) = (Left::default(), Right::default());
        for (rows, depth, columns) in [
            (1, 1, 1),
            (2, 3, 8),
            (3, 7, 9),
            (4, 5, 16),
            (7, 11, 20),
            (9, 4, 5),
        ] {
            let a = noise(&mut stream, rows * depth);
            let b = noise(&mut stream, depth * columns);
            let stride = columns + 3;
            let before = noise(&mut stream, rows * stride);
            let mut plain = before.clone();
            for i in 0..rows {
                for j in 0..columns {
                    for k in 0..depth {
                        plain[i * stride + j] += a[i * depth + k] * b[k * columns + j];
                    }
                }
            }
            let turn = |m: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                (0..rows * columns)
                    .map(|i| m[(i % rows) * columns + i / rows])
                    .collect()
            };
            let (a_turned, b_turned) = (turn(&a, rows, depth), turn(&b, depth, columns));
            for (va, vb) in [
                (View::rows(&a, depth), View::rows(&b, columns)),
                (
                    View::transposed(&a_turned, rows),
                    View::transposed(&b_turned, depth),
                ),
            ] {
                left.pack(va, rows, depth);
                right.pack(vb, depth, columns);
                let mut out = before.clone();
                add_product(&mut out, stride, &left, &right);
                assert_eq!(out, plain, "{rows} x {depth} x {columns}");
            }
        }
    }

    #[test]
    fn squares_are_summed_with_the_rest() {
        let values: Vec<f32> = (1..=19_u8).map(f32::from).collect();
        assert_eq!(sum_of_squares(&values), 2470.0);
    }
}
