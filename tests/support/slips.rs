//! Slips of the keyboard in the example specifications: one each, at a random place, always the same.

use cfxc::base::units;

/// The texts that slips are made in.
const EXAMPLES: [(&str, &str); 7] = [
    (
        "critical_path",
        include_str!("../../examples/critical_path.cfx"),
    ),
    (
        "eyeriss_alexnet",
        include_str!("../../examples/eyeriss_alexnet.cfx"),
    ),
    (
        "mobilenet_v2",
        include_str!("../../examples/mobilenet_v2.cfx"),
    ),
    (
        "own_network",
        include_str!("../../examples/own_network.cfx"),
    ),
    (
        "resnet50_mixed",
        include_str!("../../examples/resnet50_mixed.cfx"),
    ),
    ("sequential", include_str!("../../examples/sequential.cfx")),
    ("systolic", include_str!("../../examples/systolic.cfx")),
];

/// What is done to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Deleted,
    Swapped,
    Duplicated,
    Unit,
    Misspelt,
}

const KINDS: [Kind; 5] = [
    Kind::Deleted,
    Kind::Swapped,
    Kind::Duplicated,
    Kind::Unit,
    Kind::Misspelt,
];

/// One slip.
#[allow(dead_code, reason = "each user reads what it needs")]
pub struct Slip {
    pub kind: Kind,
    /// The example.
    pub name: &'static str,
    /// Where, from 1.
    pub line: usize,
    /// What was done, in words.
    pub what: String,
    /// The whole text afterwards.
    pub text: String,
}

/// A generator of its own, so that the slips never change. (SplitMix64.)
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// A network of a file, and what stands for it here.
const FROM_A_FILE: [&str; 2] = [
    "from \"tables/small.csv\"",
    "shapes unchecked { layer l1 conv { K = 16, C = 3, Y = 32, X = 32, R = 3, S = 3 } }",
];

/// The examples, by name, as texts that need no file beside them.
pub fn examples() -> Vec<(&'static str, String)> {
    let [file, layers] = FROM_A_FILE;
    let examples = EXAMPLES.iter();
    examples
        .map(|(name, text)| (*name, text.replace(file, layers)))
        .collect()
}

/// Start and end of every token outside of comments: words (with units such as `nJ*cycles`),
/// numbers, quoted texts, signs.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    const SIGNS: [&str; 5] = ["..=", "<=", ">=", "==", "->"];
    let mut list = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '\'';
        let length = if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |i| i + 2)
        } else if word(first) {
            let mut end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            // A fraction belongs to its number.
            let fraction = rest[end..].strip_prefix('.');
            if first.is_ascii_digit()
                && fraction.is_some_and(|f| f.starts_with(|c: char| c.is_ascii_digit()))
            {
                end += 1 + rest[end + 1..]
                    .find(|c| !word(c))
                    .unwrap_or(rest.len() - end - 1);
            }
            end
        } else {
            let sign = SIGNS.iter().find(|s| rest.starts_with(**s));
            sign.map_or(first.len_utf8(), |s| s.len())
        };
        list.push((at, at + length));
        at += length;
    }
    list
}

/// A letter lost, doubled, changed, or two swapped; another word in any case.
fn misspelt(word: &str, r: &mut Random) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = r.below(letters.len() - 1);
    match r.below(4) {
        0 => {
            letters.remove(at + 1);
        }
        1 => letters.insert(at, letters[at]),
        2 if letters[at] != letters[at + 1] => letters.swap(at, at + 1),
        _ => letters[at + 1] = if letters[at + 1] == 'x' { 'y' } else { 'x' },
    }
    letters.into_iter().collect()
}

/// The first `count` slips, the kinds in turn.
pub fn slips(count: usize) -> Vec<Slip> {
    let mut r = Random(50);
    let examples = examples();
    (0..count)
        .map(|i| slip(KINDS[i % KINDS.len()], &examples, &mut r))
        .collect()
}

fn slip(kind: Kind, examples: &[(&'static str, String)], r: &mut Random) -> Slip {
    loop {
        let (name, text) = &examples[r.below(examples.len())];
        let tokens = tokens(text);
        let i = r.below(tokens.len() - 1);
        let (start, end) = tokens[i];
        let token = &text[start..end];
        let (next_start, next_end) = tokens[i + 1];
        let next = &text[next_start..next_end];
        let mut changed = text.clone();
        let what = match kind {
            Kind::Deleted => {
                changed.replace_range(start..end, "");
                format!("`{token}` deleted")
            }
            Kind::Swapped if token != next => {
                changed.replace_range(next_start..next_end, token);
                changed.replace_range(start..end, next);
                format!("`{token}` and `{next}` swapped")
            }
            Kind::Duplicated => {
                changed.insert_str(end, &format!(" {token}"));
                format!("`{token}` written twice")
            }
            Kind::Unit if units::find(token).is_some() && i > 0 => {
                // `s` and `B` are names elsewhere: a unit stands behind a number.
                let (a, b) = tokens[i - 1];
                let other = units::UNITS[r.below(units::UNITS.len())].name;
                let behind_number = text[a..b].starts_with(|c: char| c.is_ascii_digit());
                if !behind_number || other == token {
                    continue;
                }
                changed.replace_range(start..end, other);
                format!("unit `{token}` written as `{other}`")
            }
            Kind::Misspelt
                if token.len() > 2 && token.starts_with(|c: char| c.is_ascii_alphabetic()) =>
            {
                let wrong = misspelt(token, r);
                changed.replace_range(start..end, &wrong);
                format!("`{token}` misspelt as `{wrong}`")
            }
            _ => continue,
        };
        return Slip {
            kind,
            name,
            line: text[..start].matches('\n').count() + 1,
            what,
            text: changed,
        };
    }
}
