//! Lines and columns of many places without reading the text for each.

use crate::base::span::{FileId, SourceMap};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where lines begin, for each file that was asked for.
pub(super) struct Lines<'s> {
    sources: &'s SourceMap,
    starts: BTreeMap<FileId, Arc<[usize]>>,
}

impl<'s> Lines<'s> {
    pub fn new(sources: &'s SourceMap) -> Self {
        Lines {
            sources,
            starts: BTreeMap::new(),
        }
    }

    /// First bytes of the file's lines.
    pub fn starts(&mut self, file: FileId) -> Arc<[usize]> {
        let text = &self.sources.get(file).text;
        let lines = || {
            std::iter::once(0)
                .chain(text.match_indices('\n').map(|(i, _)| i + 1))
                .collect()
        };
        Arc::clone(self.starts.entry(file).or_insert_with(lines))
    }

    /// One-based line and column (in characters) of a byte.
    pub fn line_column(&mut self, file: FileId, at: u32) -> (usize, usize) {
        let text = &self.sources.get(file).text;
        let at = boundary(text, at as usize);
        let starts = self.starts(file);
        let line = starts.partition_point(|&s| s <= at);
        let start = line
            .checked_sub(1)
            .and_then(|i| starts.get(i))
            .copied()
            .unwrap_or(0);
        (line, text.get(start..at).unwrap_or("").chars().count() + 1)
    }
}

/// The place itself, or the nearest one before that the text can be cut at.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
