//! What files look like, to see when one changes: its contents count, not when it was written.

use super::locking::hash_file;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

/// Larger files are read again only if their time or length is another, in bytes. Smaller ones are
/// always read: two saves may fall into one tick of the clock.
const SMALL: u64 = 1 << 20;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Not there.
    Missing,
    /// There, and cannot be read as a file.
    Unreadable,
    /// The hash of its contents.
    Contents(String),
}

#[derive(Debug, Clone)]
struct Stamp {
    /// When it was written, and its length.
    written: Option<(SystemTime, u64)>,
    state: State,
}

impl Stamp {
    fn of(path: &str, before: Option<&Stamp>) -> Stamp {
        let Ok(metadata) = std::fs::metadata(Path::new(path)) else {
            return Stamp {
                written: None,
                state: State::Missing,
            };
        };
        let len = metadata.len();
        let written = metadata.modified().ok().map(|time| (time, len));
        let known = before.filter(|b| len > SMALL && written.is_some() && b.written == written);
        let state = match known {
            Some(known) => known.state.clone(),
            // What is no regular file may not end.
            None if !metadata.is_file() => State::Unreadable,
            None => hash_file(path).map_or(State::Unreadable, State::Contents),
        };
        Stamp { written, state }
    }
}

/// What some files looked like at one time.
#[derive(Debug, Clone, Default)]
pub struct Stamps(BTreeMap<String, Stamp>);

impl PartialEq for Stamps {
    /// Whether they are of the same files with the same contents.
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len()
            && pairs
                .into_iter()
                .all(|(a, b)| a.0 == b.0 && a.1.state == b.1.state)
    }
}

impl Stamps {
    /// How these files look now; `before` spares reading large ones that nobody wrote.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p String>, before: &Stamps) -> Stamps {
        let stamp = |path: &String| (path.clone(), Stamp::of(path, before.0.get(path)));
        Stamps(paths.into_iter().map(stamp).collect())
    }

    /// How the same files look now.
    pub fn again(&self) -> Stamps {
        Stamps::of(self.0.keys(), self)
    }

    /// How many files there are, those included that are not there.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What became of each file that looks otherwise in `now`, in words.
    pub fn changes(&self, now: &Stamps) -> Vec<String> {
        let both = self.0.iter().filter_map(|(path, stamp)| {
            let now = &now.0.get(path)?.state;
            (stamp.state != *now).then_some((path, &stamp.state, now))
        });
        both.map(|(path, before, now)| match (before, now) {
            (_, State::Missing) => format!("{path} is gone"),
            (State::Missing, _) => format!("{path} is there now"),
            _ => format!("{path} has changed"),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_count_and_not_the_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (kept, changed, gone, new) = (path("kept"), path("changed"), path("gone"), path("new"));
        for path in [&kept, &changed, &gone] {
            std::fs::write(path, "one").expect("written");
        }
        let before = Stamps::of([&kept, &changed, &gone, &new], &Stamps::default());
        assert_eq!(before.len(), 4);
        assert!(before.changes(&before.again()).is_empty());
        std::fs::write(&kept, "one").expect("written");
        assert!(
            before == before.again(),
            "written again with the same contents"
        );
        std::fs::write(&changed, "two").expect("written");
        std::fs::remove_file(&gone).expect("removed");
        std::fs::write(&new, "one").expect("written");
        let now = before.again();
        assert!(before != now);
        assert_eq!(
            before.changes(&now),
            [
                format!("{changed} has changed"),
                format!("{gone} is gone"),
                format!("{new} is there now")
            ]
        );
    }

    #[test]
    fn large_files_are_read_when_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large").to_string_lossy().into_owned();
        let size = SMALL as usize + 1;
        std::fs::write(&path, vec![b'a'; size]).expect("written");
        let before = Stamps::of([&path], &Stamps::default());
        assert!(before == before.again());
        std::fs::write(&path, vec![b'b'; size + 1]).expect("written");
        assert!(before != before.again());
    }
}
