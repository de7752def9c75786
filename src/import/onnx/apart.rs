//! Small constants that lie in a file beside the model ("External Data" in the documentation of
//! ONNX's IR). Shapes may follow from them; weights are never read.

use super::model::MOST_RANK;
use crate::import::{Beside, ReadSeek};
use std::collections::HashMap;
use std::io::SeekFrom;

/// So many files are open at a time.
const MOST_FILES: usize = 16;

/// So many constants are read: each costs the system a call or two.
const MOST_READ: usize = 100_000;

/// Where the bytes of a tensor lie.
#[derive(Debug, Default)]
pub struct External {
    location: String,
    offset: Option<u64>,
    length: Option<u64>,
    damaged: bool,
}

impl External {
    /// Takes one of the entries that say it.
    pub fn add(&mut self, key: &str, value: String) {
        let number = |value: &str| value.trim().parse().ok();
        match key {
            "location" => self.location = value,
            "offset" => {
                self.offset = number(&value);
                self.damaged |= self.offset.is_none();
            }
            "length" => {
                self.length = number(&value);
                self.damaged |= self.length.is_none();
            }
            _ => {}
        }
    }
}

/// The files that constants were looked for in.
#[derive(Default)]
pub struct Apart {
    beside: Beside,
    files: HashMap<String, Option<Box<dyn ReadSeek>>>,
    read: usize,
}

impl Apart {
    /// Files are opened by `beside`.
    pub fn new(beside: Beside) -> Apart {
        Apart {
            beside,
            ..Apart::default()
        }
    }

    /// The bytes of a tensor that may be a shape or places in one: a scalar or a short row. `None`
    /// for all others, and where the file is not there or too short.
    pub fn read(&mut self, place: &External, kind: u64, dims: &[u64]) -> Option<Vec<u8>> {
        let open = self.beside.0.as_ref()?;
        // Of `TensorProto.DataType`: what a shape, a condition or a scale is made of.
        let size: usize = match kind {
            2 | 3 | 9 => 1,
            4 | 5 => 2,
            1 | 6 | 12 => 4,
            7 | 11 => 8,
            _ => return None,
        };
        // Real numbers are scales, one for each dimension; a bias is none.
        let most = if matches!(kind, 1 | 11) { 8 } else { MOST_RANK };
        let count = match dims {
            [] => 1,
            [n] => usize::try_from(*n).ok().filter(|&n| n <= most)?,
            _ => return None,
        };
        let bytes = count * size;
        let short = place.length.is_some_and(|l| l != bytes as u64);
        if short || place.damaged || self.read >= MOST_READ {
            return None;
        }
        self.read += 1;
        if !self.files.contains_key(&place.location) {
            if self.files.len() >= MOST_FILES {
                self.files.clear();
            }
            self.files
                .insert(place.location.clone(), open(&place.location));
        }
        let file = self.files.get_mut(&place.location)?.as_mut()?;
        file.seek(SeekFrom::Start(place.offset.unwrap_or(0))).ok()?;
        let mut buffer = vec![0; bytes];
        file.read_exact(&mut buffer).ok()?;
        Some(buffer)
    }
}
