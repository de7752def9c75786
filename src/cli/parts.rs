//! Files beside a model of which parts are read: weights may lie there that are larger than memory.

use crate::import::{Beside, ReadSeek};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};
use std::rc::Rc;

/// The parts that were read of each file, as a hash of them in their order.
#[derive(Clone, Default)]
pub struct Parts(Rc<RefCell<BTreeMap<String, Sha256>>>);

impl Parts {
    /// The files in the folder of a model and in folders of that one: a model that names others is not
    /// followed anywhere else.
    pub fn beside(&self, model: &str) -> Beside {
        let folder = Path::new(model).parent().unwrap_or(Path::new(""));
        let folder = folder.to_path_buf();
        let parts = self.clone();
        Beside(Some(Rc::new(move |name: &str| {
            let inside = |c: Component| matches!(c, Component::Normal(_) | Component::CurDir);
            if !Path::new(name).components().all(inside) {
                return None;
            }
            let path = folder.join(name);
            let shown = path.to_string_lossy().into_owned();
            // A file that comes later changes what is read.
            parts.0.borrow_mut().entry(shown.clone()).or_default();
            // Nothing that could block, such as a pipe.
            path.is_file().then_some(())?;
            let file = File::open(path).ok()?;
            Some(Box::new(Noted {
                file,
                path: shown,
                parts: parts.clone(),
            }) as Box<dyn ReadSeek>)
        })))
    }

    /// Paths, and hashes in hexadecimal digits.
    pub fn hashes(&self) -> BTreeMap<String, String> {
        let hex = |hash: &Sha256| super::locking::hex(&hash.clone().finalize());
        let parts = self.0.borrow();
        parts.iter().map(|(p, h)| (p.clone(), hex(h))).collect()
    }
}

/// A file that notes what is read of it.
struct Noted {
    file: File,
    path: String,
    parts: Parts,
}

impl Read for Noted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        let mut parts = self.parts.0.borrow_mut();
        let hash = parts.entry(self.path.clone()).or_default();
        hash.update(&buffer[..count]);
        Ok(count)
    }
}

impl Seek for Noted {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
