//! The lock as text: TOML with one line for each layer, so that two people who change different
//! layers change different lines.

use super::Lock;
use super::entry::{Entry, Figure, LayerChoice};
use crate::emit::number;

/// The form of the text; changes when a reader of the old one could misread the new one.
pub const FORMAT: u32 = 1;

/// The text of a lock. Designs are sorted by name, inputs too; layers stand in the order of the
/// network. Floats are written in the shortest form that reads back the same.
pub fn text(lock: &Lock) -> String {
    let mut out = format!(
        "# Decisions of cfxc. `cfxc build` writes this file; keep it in version control.\nlock = {FORMAT}\n"
    );
    for (name, entry) in &lock.designs {
        design(&format!("design.{}", key(name)), entry, &mut out);
    }
    out
}

fn design(name: &str, entry: &Entry, out: &mut String) {
    *out += &format!("\n[{name}]\ncfxc = {}\n", quoted(&entry.cfxc));
    // Whole numbers of TOML end at 2^63.
    *out += &match i64::try_from(entry.seed) {
        Ok(seed) => format!("seed = {seed}\n"),
        Err(_) => format!("seed = \"{}\"\n", entry.seed),
    };
    *out += &format!("\n[{name}.inputs] # SHA-256\n");
    for (input, hash) in &entry.inputs {
        *out += &format!("{} = {}\n", key(input), quoted(hash));
    }
    *out += &format!("\n[{name}.metrics]\n");
    figures(&entry.metrics, out);
    if !entry.limits.is_empty() {
        *out += &format!("\n[{name}.limits]\n");
        figures(&entry.limits, out);
    }
    let proved = &entry.certificate;
    *out += &format!(
        "\n[{name}.certificate]\nobjective = {}\nbound = {}\ngap = {}\nproven = {}\n",
        quoted(&proved.objective),
        value(proved.bound),
        value(proved.gap),
        proved.proven
    );
    if let Some(solver) = proved.solver {
        *out += &format!("solver = {}\n", value(solver));
    }
    *out += &format!("states = {}\n", proved.states);
    *out += &format!("\n[{name}.layers]\n");
    for layer in &entry.layers {
        *out += &format!("{} = {}\n", key(&layer.name), row(layer));
    }
}

fn figures(list: &[Figure], out: &mut String) {
    for (name, number) in list {
        *out += &format!("{name} = {}\n", value(*number));
    }
}

fn row(layer: &LayerChoice) -> String {
    let mut cells = vec![format!("dataflow = {}", quoted(&layer.dataflow))];
    cells.extend(layer.knobs.iter().map(|(k, v)| format!("{} = {v}", key(k))));
    let figures = layer.figures.iter();
    cells.extend(figures.map(|(k, v)| format!("{} = {}", key(k), value(*v))));
    format!("{{ {} }}", cells.join(", "))
}

/// A count as a whole number, anything else as a float; both read back the same.
fn value(value: f64) -> String {
    number::json(value, true).to_string()
}

fn quoted(text: &str) -> String {
    // The escapes of JSON are those of TOML, but for one character.
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

/// A name as it stands left of `=` or in a header.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_string()
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::span::FileId;
    use crate::lock::entry::Proved;
    use crate::lock::read;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let figure = |name: &str, value: f64| (name.to_string(), value);
        let layer = |name: &str| LayerChoice {
            name: name.to_string(),
            dataflow: "nvdla".to_string(),
            knobs: vec![("pes".to_string(), 3), ("knob:energy_nj".to_string(), 7)],
            figures: vec![figure("latency_cycles", 1.5e17), figure("energy_nj", 0.1)],
        };
        let entry = Entry {
            cfxc: "0.1.0".to_string(),
            seed: u64::MAX,
            inputs: [("a b/\"c\".cfx".to_string(), "00ff".to_string())].into(),
            metrics: vec![figure("edp_nj_cycles", 1e300), figure("energy_nj", 1e-300)],
            limits: Vec::new(),
            certificate: Proved {
                objective: "energy_nj".to_string(),
                bound: 1.0 / 3.0,
                gap: 0.0,
                proven: true,
                solver: None,
                states: 0,
            },
            // Not in the order of the alphabet, and none that TOML would take bare.
            layers: ["z", "a.b", "\u{7f}\n\"\\", "é", "", "a"].map(layer).into(),
        };
        let mut lock = Lock::default();
        lock.designs.insert("d".to_string(), entry.clone());
        lock.designs
            .insert("c".to_string(), Entry { seed: 1, ..entry });
        let written = text(&lock);
        assert_eq!(read(FileId(0), &written), Ok(lock));
        assert!(written.contains("seed = \"18446744073709551615\""));
    }
}
