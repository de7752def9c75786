//! Text with its delimiters and characters mended, and the way back to places in the original.

use std::borrow::Cow;

/// One repair: `remove` bytes at `at` give way to `insert`.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    /// Place in the original.
    pub at: usize,
    /// Bytes of the original that go.
    pub remove: usize,
    /// What comes instead.
    pub insert: String,
}

/// A stretch of mended text and where it comes from.
#[derive(Debug)]
struct Anchor {
    mended: usize,
    original: usize,
    /// Put in by a repair: all of it stands at one place of the original.
    put_in: bool,
}

/// The text the grammar reads. Without repairs it is the original.
#[derive(Debug)]
pub(super) struct Mended<'t> {
    text: Cow<'t, str>,
    anchors: Vec<Anchor>,
}

impl<'t> Mended<'t> {
    /// Applies the edits; edits at one place apply in the order given.
    pub fn new(original: &'t str, mut edits: Vec<Edit>) -> Self {
        if edits.is_empty() {
            return Mended {
                text: Cow::Borrowed(original),
                anchors: Vec::new(),
            };
        }
        edits.sort_by_key(|e| e.at);
        let mut text = String::with_capacity(original.len() + edits.len());
        let mut anchors = Vec::with_capacity(2 * edits.len() + 1);
        let mut done = 0;
        for edit in edits {
            if edit.at > done {
                anchors.push(Anchor {
                    mended: text.len(),
                    original: done,
                    put_in: false,
                });
                text.push_str(original.get(done..edit.at).unwrap_or(""));
            }
            anchors.push(Anchor {
                mended: text.len(),
                original: edit.at,
                put_in: true,
            });
            text.push_str(&edit.insert);
            done = done.max(edit.at + edit.remove);
        }
        anchors.push(Anchor {
            mended: text.len(),
            original: done,
            put_in: false,
        });
        text.push_str(original.get(done..).unwrap_or(""));
        Mended {
            text: Cow::Owned(text),
            anchors,
        }
    }

    /// The same without the original.
    pub fn into_owned(self) -> Mended<'static> {
        Mended {
            text: Cow::Owned(self.text.into_owned()),
            anchors: self.anchors,
        }
    }

    /// Whether it differs from the original.
    pub fn is_mended(&self) -> bool {
        !self.anchors.is_empty()
    }

    /// The mended text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place in the original of a place in the mended text.
    pub fn original(&self, at: usize) -> usize {
        let after = self.anchors.partition_point(|a| a.mended <= at);
        match after.checked_sub(1).and_then(|i| self.anchors.get(i)) {
            None => at,
            Some(anchor) if anchor.put_in => anchor.original,
            Some(anchor) => anchor.original + (at - anchor.mended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back() {
        let edits = vec![
            Edit {
                at: 2,
                remove: 3,
                insert: "<=".into(),
            },
            Edit {
                at: 6,
                remove: 0,
                insert: "]".into(),
            },
            Edit {
                at: 6,
                remove: 0,
                insert: "}".into(),
            },
        ];
        let mended = Mended::new("a ≤ b", edits);
        assert_eq!(mended.text(), "a <= ]}b");
        assert_eq!(
            (mended.original(0), mended.original(2), mended.original(3)),
            (0, 2, 2)
        );
        assert_eq!(
            (mended.original(4), mended.original(5), mended.original(6)),
            (5, 6, 6)
        );
        assert_eq!((mended.original(7), mended.original(8)), (6, 7));
    }
}
