//! Compares prices with reference data and remembers where they differ.

use std::collections::BTreeMap;
use std::io::Read;

use cfxc::cost::maestro::{Hardware, Layer, Mapping, Report, evaluate_raw};

use super::confuciux;
use super::maestro_figures::{figure, hardware};
use super::maestro_text::{TextError, TextLayer, parse_one};

/// What a comparison came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Rows compared.
    pub rows: usize,
    /// Rows of which every figure agreed.
    pub equal: usize,
    /// Rows refused here and by the reference, which does not say why.
    pub refused: usize,
    /// Those by the reason given here: an agreement for the wrong reason would show.
    pub reasons: BTreeMap<String, usize>,
    /// Figures compared.
    pub figures: usize,
    /// Differences, one line each.
    pub mismatches: Vec<String>,
}

impl Tally {
    /// Compares one row: the price with what the reference printed, by name of the figure, or
    /// with its refusal.
    pub fn row<'a>(
        &mut self,
        place: &str,
        price: &Result<Report, TextError>,
        expected: Option<impl IntoIterator<Item = (&'a str, &'a str)>>,
    ) {
        self.rows += 1;
        let before = self.mismatches.len();
        match (price, expected) {
            (Err(error), None) => {
                self.refused += 1;
                let reason = match error {
                    TextError::Syntax(message) => format!("text: {message}"),
                    TextError::Refused(refusal) => refusal.to_string(),
                };
                *self.reasons.entry(reason).or_insert(0) += 1;
            }
            (Ok(_), None) => self
                .mismatches
                .push(format!("{place}: expected a refusal, got a price")),
            (Err(error), Some(_)) => {
                self.mismatches
                    .push(format!("{place}: expected a price, got {error:?}"));
            }
            (Ok(report), Some(expected)) => {
                for (name, printed) in expected {
                    self.figures += 1;
                    match figure(report, name) {
                        Some(got) if got.agrees(printed) => {}
                        got => self.mismatches.push(format!(
                            "{place}: column {name}: expected {printed}, got {got:?}"
                        )),
                    }
                }
            }
        }
        self.equal += usize::from(self.mismatches.len() == before);
    }
}

/// A price from a parsed text.
pub fn price(
    content: Result<(Layer, Mapping), TextError>,
    hw: &Hardware,
) -> Result<Report, TextError> {
    let (layer, mapping) = content?;
    Ok(evaluate_raw(&layer, &mapping, hw)?)
}

/// The text in a gzip file.
pub fn gunzip(bytes: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text)?;
    Ok(text)
}

/// A table of comma-separated values as its header and rows.
pub fn table(text: &str) -> (Vec<&str>, impl Iterator<Item = Vec<&str>>) {
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    (lines.next().unwrap_or_default(), lines)
}

/// The numbers in consecutive cells; anything else counts as 0.
pub fn numbers<const N: usize>(cells: &[&str]) -> [i64; N] {
    std::array::from_fn(|i| cells.get(i).and_then(|c| c.parse().ok()).unwrap_or(0))
}

/// Compares rows of ConfuciuX prices: `dataflow,K,C,Y,X,R,S,T,pes,buffer` and figures by name.
pub fn prices(text: &str, tally: &mut Tally) {
    let (header, rows) = table(text);
    for cells in rows {
        let [pes, buffer] = numbers(&cells[8..]);
        let price = confuciux::problem(cells[0], &numbers(&cells[1..]), pes, buffer)
            .and_then(|(layer, mapping, hw)| Ok(evaluate_raw(&layer, &mapping, &hw)?));
        let place = cells[..10].join(",");
        let figures = header.iter().copied().zip(cells.iter().copied()).skip(10);
        tally.row(&place, &price, Some(figures));
    }
}

/// Compares vectors, one JSON object per line: mapping text, hardware, and every figure or that
/// the reference refuses. Hands each text to `seen`.
pub fn vectors(
    text: &str,
    tally: &mut Tally,
    mut seen: impl FnMut(&Result<(Layer, Mapping), TextError>, bool),
) -> serde_json::Result<()> {
    for (i, line) in text.lines().enumerate() {
        let vector: serde_json::Value = serde_json::from_str(line)?;
        let hw = |name: &str| vector["hardware"][name].as_i64().unwrap_or(0);
        let hw = hardware(
            hw("pes"),
            hw("noc_bw"),
            hw("noc_latency"),
            hw("simd"),
            hw("offchip_bw"),
        );
        let content = parse_one(vector["mapping"].as_str().unwrap_or_default());
        let refused = vector["status"] == "refused";
        seen(&content, refused);
        let price = price(content, &hw);
        let expected = vector["expected"].as_object();
        let figures = expected.filter(|_| !refused).map(|o| {
            o.iter()
                .map(|(name, printed)| (name.as_str(), printed.as_str().unwrap_or("not text")))
        });
        tally.row(&format!("vector {i}"), &price, figures);
    }
    Ok(())
}

/// Compares rows of expected results of mapping files, whose layers `files` has by name of the
/// file: `file,layer_index,layer,pes,noc_bandwidth,noc_latency,simd_lanes,offchip_bandwidth,status`
/// and figures by name.
pub fn mappings(text: &str, files: &BTreeMap<String, Vec<TextLayer>>, tally: &mut Tally) {
    let (header, rows) = table(text);
    for cells in rows {
        let place = cells[..4].join(",");
        let [index] = numbers(&cells[1..]);
        let layer = files
            .get(cells[0])
            .and_then(|f| f.get(usize::try_from(index).ok()?));
        let [pes, bandwidth, latency, lanes, offchip] = numbers(&cells[3..]);
        let price = match layer {
            Some(layer) if layer.name == cells[2] => price(
                layer.content.clone(),
                &hardware(pes, bandwidth, latency, lanes, offchip),
            ),
            _ => Err(TextError::Syntax("no such layer in this place".to_string())),
        };
        let figures = header.iter().copied().zip(cells.iter().copied()).skip(9);
        tally.row(&place, &price, (cells[8] != "refused").then_some(figures));
    }
}
