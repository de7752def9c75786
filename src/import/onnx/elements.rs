//! The elements of small tensors, as `TensorProto` keeps them.

use super::model::Data;

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.chunks_exact(N).map(|c| {
        let mut chunk = [0; N];
        chunk.copy_from_slice(c);
        chunk
    })
}

/// Floats of four bytes.
pub fn singles(bytes: &[u8]) -> impl Iterator<Item = f64> + '_ {
    chunks(bytes).map(|c| f64::from(f32::from_le_bytes(c)))
}

/// Floats of eight bytes.
pub fn doubles(bytes: &[u8]) -> impl Iterator<Item = f64> + '_ {
    chunks(bytes).map(f64::from_le_bytes)
}

/// The elements of a tensor of this `TensorProto.DataType`; `None` for types no shape is made of.
pub fn values(kind: u64, raw: Option<&[u8]>, numbers: Vec<u64>, floats: Vec<f64>) -> Option<Data> {
    Some(match (kind, raw) {
        (1, Some(raw)) => Data::Floats(singles(raw).collect()),
        (11, Some(raw)) => Data::Floats(doubles(raw).collect()),
        (1 | 11, None) => Data::Floats(floats),
        (2 | 9, Some(raw)) => Data::Ints(raw.iter().map(|&b| i64::from(b)).collect()),
        (3, Some(raw)) => Data::Ints(raw.iter().map(|&b| i64::from(b as i8)).collect()),
        (4, Some(raw)) => Data::Ints(
            chunks(raw)
                .map(|c| i64::from(u16::from_le_bytes(c)))
                .collect(),
        ),
        (5, Some(raw)) => Data::Ints(
            chunks(raw)
                .map(|c| i64::from(i16::from_le_bytes(c)))
                .collect(),
        ),
        (6, Some(raw)) => Data::Ints(
            chunks(raw)
                .map(|c| i64::from(i32::from_le_bytes(c)))
                .collect(),
        ),
        (7, Some(raw)) => Data::Ints(chunks(raw).map(i64::from_le_bytes).collect()),
        (12, Some(raw)) => Data::Ints(
            chunks(raw)
                .map(|c| i64::from(u32::from_le_bytes(c)))
                .collect(),
        ),
        (2..=7 | 9 | 12, None) => Data::Ints(numbers.into_iter().map(|n| n as i64).collect()),
        _ => return None,
    })
}
