//! Compares the reference model with a directory of reference data, row by row.
//!
//! ```text
//! cargo run --release --example check_reference -- DIR
//! ```
//!
//! reads `DIR/maestro/prices.csv.gz` (prices of ConfuciuX's templates),
//! `DIR/maestro/vectors.jsonl.gz` (mapping texts with hardware and every figure) and, if there are
//! any, the mapping files `DIR/mappings/*.m` with what the reference reports for each of their
//! layers in `DIR/mappings/expected.csv`. The mapping files are read by the test's own reader, by the
//! compiler, and once more from what the compiler writes of them. Integers must be equal, other numbers agree to 1e-12,
//! and what the reference refuses must be refused. Fails on any difference.
//!
//! It also measures prices per second, over all rows of the first file.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use cfxc::cost::maestro::evaluate_raw;
use support::check::{Tally, gunzip, mappings, numbers, prices, table, vectors};
use support::{confuciux, imported, maestro_text};

#[path = "../tests/support/mod.rs"]
mod support;

/// Most differences shown.
const SHOWN: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(dir) = std::env::args_os().nth(1) else {
        eprintln!("usage: check_reference DIR");
        return Ok(ExitCode::from(2));
    };
    let dir = Path::new(&dir);
    let mut tallies = Vec::new();

    let text = gunzip(&std::fs::read(dir.join("maestro/prices.csv.gz"))?)?;
    let mut tally = Tally::default();
    prices(&text, &mut tally);
    tallies.push(("prices", tally));
    let speed = measure(&text)?;

    let text = gunzip(&std::fs::read(dir.join("maestro/vectors.jsonl.gz"))?)?;
    let mut tally = Tally::default();
    vectors(&text, &mut tally, |_, _| {})?;
    tallies.push(("vectors", tally));

    let expected = dir.join("mappings/expected.csv");
    if expected.exists() {
        let mut files = BTreeMap::new();
        let mut read = BTreeMap::new();
        let mut kept = BTreeMap::new();
        let mut again = BTreeMap::new();
        for entry in std::fs::read_dir(dir.join("mappings"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "m") {
                let text = std::fs::read_to_string(&path)?;
                let layers =
                    maestro_text::parse(&text).map_err(|e| format!("{}: {e:?}", path.display()))?;
                let names: Vec<String> = layers.iter().map(|l| l.name.clone()).collect();
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let wrong = |e: String| format!("{}:\n{e}", path.display());
                read.insert(name.clone(), imported::read(&text, &names).map_err(wrong)?);
                let text_kept = imported::read_as_text(&text, &names).map_err(wrong)?;
                kept.insert(name.clone(), text_kept);
                again.insert(
                    name.clone(),
                    imported::read_again(&text, &names).map_err(wrong)?,
                );
                files.insert(name, layers);
            }
        }
        let expected = std::fs::read_to_string(expected)?;
        for (name, files) in [
            ("mappings", &files),
            ("mappings imported", &read),
            ("mappings imported, kept as .cfx, read", &kept),
            ("mappings imported, exported, imported", &again),
        ] {
            let mut tally = Tally::default();
            mappings(&expected, files, &mut tally);
            tallies.push((name, tally));
        }
    }

    let mut shown = 0;
    for (name, tally) in &tallies {
        println!(
            "{name}: {} rows compared, {} equal ({} refused by both), {} figures",
            tally.rows, tally.equal, tally.refused, tally.figures
        );
        for (reason, count) in &tally.reasons {
            println!("  refused {count}: {reason}");
        }
        for line in tally.mismatches.iter().take(SHOWN - shown) {
            println!("  {line}");
            shown += 1;
        }
    }
    println!("{speed:.0} prices per second on one core");
    let equal = tallies.iter().all(|(_, t)| t.rows > 0 && t.equal == t.rows);
    Ok(if equal {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prices per second over all rows, without reading them.
fn measure(text: &str) -> Result<f64, Box<dyn Error>> {
    let (_, rows) = table(text);
    let problems = rows
        .map(|cells| {
            let [pes, buffer] = numbers(&cells[8..]);
            confuciux::problem(cells[0], &numbers(&cells[1..]), pes, buffer)
                .map_err(|e| format!("{}: {e:?}", cells.join(",")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let mut cycles = 0i64;
    for (layer, mapping, hw) in &problems {
        cycles = cycles.wrapping_add(evaluate_raw(layer, mapping, hw)?.runtime_cycles);
    }
    let seconds = start.elapsed().as_secs_f64();
    std::hint::black_box(cycles);
    Ok(problems.len() as f64 / seconds)
}
