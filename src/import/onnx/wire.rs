//! The wire format of protocol buffers, read in parts from a file that may be larger than memory.
//!
//! A message is a row of fields; a field is a number, a wire type and its content (Protocol Buffers
//! documentation, "Encoding"). Every length is checked against the message around it before
//! anything is read, so that a wrong one costs neither memory nor time.

use crate::import::ReadSeek;
use std::io::{BufRead, BufReader, Read, SeekFrom};

/// Names and texts of more bytes are no names.
const LONGEST_TEXT: u64 = 1 << 16;

/// So many bytes of structure are read at most; weights are skipped and do not count.
const MOST_READ: u64 = 1 << 28;

/// So many of them are read however few the nodes are.
const READ: u64 = 1 << 26;

/// So many more are for each node.
const READ_PER_NODE: u64 = 1 << 10;

/// Why a file cannot be understood, as a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage(pub String);

/// What was read, or why it could not be.
pub type Parsed<T> = Result<T, Damage>;

/// A range of bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl Part {
    /// Number of bytes.
    pub fn size(self) -> u64 {
        self.end - self.start
    }
}

/// The content of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Wire type 0.
    Number(u64),
    /// Wire type 1.
    Eight([u8; 8]),
    /// Wire type 2: a text, bytes, a message or packed numbers.
    Bytes(Part),
    /// Wire type 5.
    Four([u8; 4]),
}

/// The fields of a message that are still to come.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    at: u64,
    end: u64,
}

impl Fields {
    /// All fields of the message in these bytes.
    pub fn of(part: Part) -> Fields {
        Fields {
            at: part.start,
            end: part.end,
        }
    }
}

/// A file with the position in it.
pub struct Source<'a> {
    inner: BufReader<&'a mut dyn ReadSeek>,
    at: u64,
    len: u64,
    read: u64,
    most: u64,
}

fn failed(e: &std::io::Error) -> Damage {
    Damage(format!("reading failed: {e}"))
}

impl<'a> Source<'a> {
    /// A file from its beginning.
    pub fn new(file: &'a mut dyn ReadSeek) -> Parsed<Source<'a>> {
        let len = file.seek(SeekFrom::End(0)).map_err(|e| failed(&e))?;
        file.seek(SeekFrom::Start(0)).map_err(|e| failed(&e))?;
        Ok(Source {
            inner: BufReader::with_capacity(1 << 16, file),
            at: 0,
            len,
            read: 0,
            most: READ,
        })
    }

    /// Allows for the structure of so many nodes.
    pub fn expect(&mut self, nodes: u64) {
        self.most = READ.saturating_add(nodes.saturating_mul(READ_PER_NODE));
        self.most = self.most.min(MOST_READ);
    }

    /// The whole file.
    pub fn whole(&self) -> Part {
        Part {
            start: 0,
            end: self.len,
        }
    }

    fn go(&mut self, to: u64) -> Parsed<()> {
        if to != self.at {
            let far = || Damage("the file is too large".into());
            let (to, at) = (
                i64::try_from(to).map_err(|_| far())?,
                i64::try_from(self.at).map_err(|_| far())?,
            );
            self.inner.seek_relative(to - at).map_err(|e| failed(&e))?;
            self.at = to.unsigned_abs();
        }
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8], end: u64) -> Parsed<()> {
        let count = buffer.len() as u64;
        if end.saturating_sub(self.at) < count {
            return Err(Damage(format!("a field ends behind byte {end}")));
        }
        self.read += count;
        if self.read > self.most {
            return Err(Damage(format!(
                "it has more than {} bytes besides its weights",
                self.most
            )));
        }
        self.inner.read_exact(buffer).map_err(|e| {
            if e.kind() == std::io::ErrorKind::UnexpectedEof {
                Damage(format!("it ends at byte {}", self.at))
            } else {
                failed(&e)
            }
        })?;
        self.at += count;
        Ok(())
    }

    /// One byte; most of them are at hand.
    fn byte(&mut self, end: u64) -> Parsed<u8> {
        if self.at < end
            && self.read < self.most
            && let Some(&byte) = self.inner.buffer().first()
        {
            self.inner.consume(1);
            self.read += 1;
            self.at += 1;
            return Ok(byte);
        }
        let mut byte = [0];
        self.fill(&mut byte, end)?;
        Ok(byte[0])
    }

    fn varint(&mut self, end: u64) -> Parsed<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(end)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damage(format!("no number ends at byte {}", self.at)))
    }

    /// The next field of a message: its number and content.
    pub fn next(&mut self, fields: &mut Fields) -> Parsed<Option<(u64, Content)>> {
        if fields.at >= fields.end {
            return Ok(None);
        }
        let (start, end) = (fields.at, fields.end);
        self.go(start)?;
        let tag = self.varint(end)?;
        let content = match tag & 7 {
            0 => Content::Number(self.varint(end)?),
            1 => {
                let mut bytes = [0; 8];
                self.fill(&mut bytes, end)?;
                Content::Eight(bytes)
            }
            2 => {
                let length = self.varint(end)?;
                let start = self.at;
                if length > end - start {
                    return Err(Damage(format!(
                        "the field at byte {start} claims {length} bytes where {} are left",
                        end - start
                    )));
                }
                Content::Bytes(Part {
                    start,
                    end: start + length,
                })
            }
            5 => {
                let mut bytes = [0; 4];
                self.fill(&mut bytes, end)?;
                Content::Four(bytes)
            }
            other => {
                return Err(Damage(format!(
                    "there is no wire type {other} (byte {start})"
                )));
            }
        };
        fields.at = match content {
            Content::Bytes(part) => part.end,
            _ => self.at,
        };
        if tag >> 3 == 0 {
            return Err(Damage(format!("a field has number 0 (byte {start})")));
        }
        Ok(Some((tag >> 3, content)))
    }

    /// The bytes of a part; `None` if there are more than `most`.
    pub fn bytes(&mut self, part: Part, most: u64) -> Parsed<Option<Vec<u8>>> {
        if part.size() > most {
            return Ok(None);
        }
        self.go(part.start)?;
        let mut bytes = vec![0; part.size() as usize];
        self.fill(&mut bytes, part.end)?;
        Ok(Some(bytes))
    }

    /// A text; what is no UTF-8 in it is replaced.
    pub fn text(&mut self, part: Part) -> Parsed<String> {
        let Some(bytes) = self.bytes(part, LONGEST_TEXT)? else {
            return Err(Damage(format!(
                "the text at byte {} has {} bytes, more than {LONGEST_TEXT}",
                part.start,
                part.size()
            )));
        };
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
        })
    }

    /// What `see` makes of a text; most texts are seen where they were read.
    pub fn see<R>(&mut self, part: Part, see: impl FnOnce(&str) -> R) -> Parsed<R> {
        self.go(part.start)?;
        let size = part.size();
        let at_hand = self.inner.buffer().get(..size.min(LONGEST_TEXT) as usize);
        match at_hand {
            Some(bytes) if size <= LONGEST_TEXT && self.read + size <= self.most => {
                let seen = match std::str::from_utf8(bytes) {
                    Ok(text) => see(text),
                    Err(_) => see(&String::from_utf8_lossy(bytes)),
                };
                self.inner.consume(size as usize);
                self.read += size;
                self.at += size;
                Ok(seen)
            }
            _ => Ok(see(&self.text(part)?)),
        }
    }

    /// Packed numbers, appended to `out`; false if there would be more than `most` of them.
    pub fn packed(&mut self, part: Part, most: usize, out: &mut Vec<u64>) -> Parsed<bool> {
        // A number takes ten bytes at most.
        if part.size() > most as u64 * 10 {
            return Ok(false);
        }
        self.go(part.start)?;
        while self.at < part.end {
            if out.len() >= most {
                return Ok(false);
            }
            let value = self.varint(part.end)?;
            out.push(value);
        }
        Ok(true)
    }
}
