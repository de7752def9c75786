//! Hardware files: a name and a number per line, such as `num_pes: 256`.

use super::parser::{error, short};
use super::tokens::{Token, tokens};
use crate::base::span::{FileId, Span};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};

/// Every name, the older one of the same thing, and whether a figure depends on it.
const FIELDS: [(&str, &str, bool); 6] = [
    ("num_pes", "NumPEs", true),
    ("l1_size_cstr", "L1Size", false),
    ("l2_size_cstr", "L2Size", false),
    ("noc_bw_cstr", "NoC_BW", true),
    ("NoC_NumHops", "noc_hops", true),
    ("offchip_bw_cstr", "OffChip_BW", true),
];
const PES: usize = 0;
const L1: usize = 1;
const L2: usize = 2;
const NOC: usize = 3;
const HOPS: usize = 4;
const OFFCHIP: usize = 5;

/// The widest link, which the original takes where a file names no width.
const UNLIMITED: u64 = i32::MAX as u64;
const MOST_MISTAKES: usize = 100;

/// What a hardware file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Hardware {
    /// PEs.
    pub pes: u64,
    /// Bytes of a PE's buffer, if limited. No figure depends on it: the original warns of layers
    /// that need more.
    pub l1_bytes: Option<u64>,
    /// Bytes of the shared buffer, likewise.
    pub l2_bytes: Option<u64>,
    /// Elements per cycle at every level.
    pub noc_bandwidth: u64,
    /// Cycles until the first element of a transfer arrives: one per hop.
    pub noc_hops: u64,
    /// Elements per cycle to and from off-chip memory.
    pub offchip_bandwidth: u64,
    /// What has no effect.
    pub warnings: Vec<Diagnostic>,
}

/// The place of a field of this name.
fn field(name: &str) -> Option<usize> {
    FIELDS
        .iter()
        .position(|(new, old, _)| *new == name || *old == name)
}

/// What its fields are called.
pub fn names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().flat_map(|(name, old, _)| [*name, *old])
}

/// Whether a text looks like a hardware file.
pub fn is_hardware(text: &str) -> bool {
    let first = tokens(FileId(0), super::beginning(text));
    first.first().is_some_and(|t| field(t.text).is_some())
}

/// The hardware of a file.
///
/// # Errors
/// Everything that is wrong in the file.
pub fn read(file: FileId, text: &str) -> Result<Hardware, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let mut found: [Option<(u64, Span)>; 6] = [None; 6];
    let words = tokens(file, text);
    let mut rest = words.iter().copied();
    while let Some(name) = rest.next() {
        if out.len() >= MOST_MISTAKES {
            break;
        }
        let Some(at) = field(name.text) else {
            out.push(unknown(name));
            // A number behind it is its own.
            if rest.clone().next().is_some_and(|t| field(t.text).is_none()) {
                rest.next();
            }
            continue;
        };
        let Some(number) = rest.clone().next().filter(|t| field(t.text).is_none()) else {
            out.push(
                error(format!("`{}` has no value", name.text))
                    .label(name.span, "a number should follow")
                    .help(format!("write e.g. `{}: 64`", name.text)),
            );
            continue;
        };
        rest.next();
        let value = number.text.parse::<u64>().ok();
        // Without a hop, a transfer begins to arrive at once.
        let least = u64::from(at != HOPS);
        match value.filter(|v| (least..=UNLIMITED).contains(v)) {
            None => out.push(out_of_range(name, number)),
            Some(value) => match found[at] {
                Some((_, first)) => out.push(
                    error(format!("`{}` is given twice", FIELDS[at].0))
                        .label(name.span, "given again here")
                        .label(first, "first given here")
                        .help("keep one of the two"),
                ),
                None => found[at] = Some((value, name.span)),
            },
        }
    }
    let Some((pes, _)) = found[PES] else {
        if out.is_empty() {
            let start = Span {
                file,
                start: 0,
                end: 0,
            };
            out.push(
                error("the file gives no `num_pes`")
                    .label(
                        words.first().map_or(start, |t| t.span),
                        "nowhere in this file",
                    )
                    .help("add the number of PEs, e.g. `num_pes: 256`"),
            );
        }
        return Err(out);
    };
    if !out.is_empty() {
        return Err(out);
    }
    let warnings = found.iter().zip(FIELDS).filter_map(|(value, field)| {
        let (_, span) = (*value)?;
        (!field.2).then(|| limit(field.0, span))
    });
    let value = |at: usize| found[at].map(|(value, _)| value);
    Ok(Hardware {
        pes,
        l1_bytes: value(L1),
        l2_bytes: value(L2),
        noc_bandwidth: value(NOC).unwrap_or(UNLIMITED),
        noc_hops: value(HOPS).unwrap_or(1),
        offchip_bandwidth: value(OFFCHIP).unwrap_or(UNLIMITED),
        warnings: warnings.collect(),
    })
}

fn unknown(name: Token) -> Diagnostic {
    let shown = short(name.text);
    let known = FIELDS.map(|(name, ..)| name);
    let help = match nearest(shown, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a hardware file has {}", known.join(", ")),
    };
    error(format!("hardware has no `{shown}`"))
        .label(name.span, "unknown name")
        .help(help)
}

fn out_of_range(name: Token, number: Token) -> Diagnostic {
    error(format!(
        "`{}` must be a whole number from 1 to {UNLIMITED}",
        name.text
    ))
    .label(number.span, format!("`{}` is none", short(number.text)))
    .help(format!("write e.g. `{}: 64`", name.text))
}

fn limit(name: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(codes::NO_EFFECT, format!("`{name}` changes no figure"))
        .label(span, "the original only warns of layers that need more")
        .help("what a layer needs is in the report; a budget can limit area and power")
}

impl Hardware {
    /// A menu and a technology of this name that make model `maestro` price what the original does
    /// on this hardware.
    pub fn text(&self, name: &str) -> String {
        let mut limits = String::new();
        for (what, bytes) in [("PE", self.l1_bytes), ("shared", self.l2_bytes)] {
            if let Some(bytes) = bytes {
                limits.push_str(&format!(
                    "// The {what} buffer has {bytes} bytes: no figure of the model depends on it.\n"
                ));
            }
        }
        format!(
            "{limits}menu {name} {{\n  pes in [{}]\n}}\n\n\
             technology {name} extends std.technologies.maestro {{\n  \
             source \"a MAESTRO hardware file\"\n  \
             noc {{ bandwidth = {}, hops = 1, hop_latency = {} cycles }}\n  \
             offchip {{ bandwidth = {} }}\n}}\n",
            self.pes, self.noc_bandwidth, self.noc_hops, self.offchip_bandwidth
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_order_with_or_without_colons() {
        let text = "// mine\nnoc_bw_cstr 64\nnum_pes: 256\nl1_size_cstr: 100; offchip_bw_cstr: 50";
        assert!(is_hardware(text));
        let hw = read(FileId(0), text).expect("sound");
        assert_eq!((hw.pes, hw.noc_bandwidth, hw.noc_hops), (256, 64, 1));
        assert_eq!((hw.l1_bytes, hw.l2_bytes), (Some(100), None));
        assert_eq!(hw.offchip_bandwidth, 50);
        assert_eq!(hw.warnings.len(), 1);
        let old = read(
            FileId(0),
            "NumPEs: 8 L1Size: 1 L2Size: 2 NoC_BW: 3 NoC_NumHops: 4",
        );
        assert_eq!(old.expect("sound").noc_hops, 4);
    }

    #[test]
    fn every_mistake_is_told() {
        let text =
            "num_pe: 3\nnoc_bw_cstr: many\nl1_size_cstr: 0\nnum_pes: 1 num_pes: 2 l2_size_cstr";
        assert_eq!(read(FileId(0), text).expect_err("mistakes").len(), 5);
        assert_eq!(read(FileId(0), "").expect_err("empty").len(), 1);
        assert_eq!(
            read(FileId(0), "noc_bw_cstr: 1").expect_err("no PEs").len(),
            1
        );
    }
}
