//! Units of the language: one canonical unit per quantity, exact factors from the SI.

/// What a quantity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// A plain number without unit.
    Count,
    /// A share of a span or of a whole, written with `%`; canonical unit: 1 (10 % is 0.1).
    Percent,
    /// Silicon area; canonical unit: um2.
    Area,
    /// Power; canonical unit: mW.
    Power,
    /// Energy; canonical unit: nJ.
    Energy,
    /// Wall time; canonical unit: s.
    Time,
    /// Clock cycles; canonical unit: cycles.
    Cycles,
    /// Clock rate; canonical unit: Hz.
    Frequency,
    /// Memory capacity; canonical unit: bytes.
    Bytes,
    /// Inferences per second; canonical unit: inferences/s.
    Rate,
    /// Area per byte of memory; canonical unit: um2/B.
    AreaPerByte,
    /// Power per byte of memory; canonical unit: mW/B.
    PowerPerByte,
    /// Energy-delay product; canonical unit: nJ*cycles.
    EnergyDelay,
}

/// One unit: its spelling, what it measures, and the factor to the canonical unit.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    /// As written after a number.
    pub name: &'static str,
    /// What it measures.
    pub quantity: Quantity,
    /// Canonical value = written value x `factor`.
    pub factor: f64,
}

const fn unit(name: &'static str, quantity: Quantity, factor: f64) -> Unit {
    Unit {
        name,
        quantity,
        factor,
    }
}

/// Every unit of the language; the first of a quantity is its canonical unit.
pub const UNITS: &[Unit] = &[
    unit("%", Quantity::Percent, 0.01),
    unit("um2", Quantity::Area, 1.0),
    unit("mm2", Quantity::Area, 1e6),
    unit("cm2", Quantity::Area, 1e8),
    unit("m2", Quantity::Area, 1e12),
    unit("mW", Quantity::Power, 1.0),
    unit("nW", Quantity::Power, 1e-6),
    unit("uW", Quantity::Power, 1e-3),
    unit("W", Quantity::Power, 1e3),
    unit("kW", Quantity::Power, 1e6),
    unit("nJ", Quantity::Energy, 1.0),
    unit("fJ", Quantity::Energy, 1e-6),
    unit("pJ", Quantity::Energy, 1e-3),
    unit("uJ", Quantity::Energy, 1e3),
    unit("mJ", Quantity::Energy, 1e6),
    unit("J", Quantity::Energy, 1e9),
    unit("s", Quantity::Time, 1.0),
    unit("ms", Quantity::Time, 1e-3),
    unit("us", Quantity::Time, 1e-6),
    unit("ns", Quantity::Time, 1e-9),
    unit("cycles", Quantity::Cycles, 1.0),
    unit("cycle", Quantity::Cycles, 1.0),
    unit("kcycles", Quantity::Cycles, 1e3),
    unit("Mcycles", Quantity::Cycles, 1e6),
    unit("Gcycles", Quantity::Cycles, 1e9),
    unit("Hz", Quantity::Frequency, 1.0),
    unit("kHz", Quantity::Frequency, 1e3),
    unit("MHz", Quantity::Frequency, 1e6),
    unit("GHz", Quantity::Frequency, 1e9),
    unit("B", Quantity::Bytes, 1.0),
    unit("bytes", Quantity::Bytes, 1.0),
    unit("KiB", Quantity::Bytes, 1024.0),
    unit("MiB", Quantity::Bytes, 1_048_576.0),
    unit("GiB", Quantity::Bytes, 1_073_741_824.0),
    unit("KB", Quantity::Bytes, 1e3),
    unit("kB", Quantity::Bytes, 1e3),
    unit("MB", Quantity::Bytes, 1e6),
    unit("GB", Quantity::Bytes, 1e9),
    unit("inferences/s", Quantity::Rate, 1.0),
    unit("um2/B", Quantity::AreaPerByte, 1.0),
    unit("mW/B", Quantity::PowerPerByte, 1.0),
    unit("uW/B", Quantity::PowerPerByte, 1e-3),
    unit("nW/B", Quantity::PowerPerByte, 1e-6),
    unit("nJ*cycles", Quantity::EnergyDelay, 1.0),
    unit("pJ*cycles", Quantity::EnergyDelay, 1e-3),
    unit("uJ*cycles", Quantity::EnergyDelay, 1e3),
    unit("mJ*cycles", Quantity::EnergyDelay, 1e6),
];

impl Quantity {
    /// The canonical unit's spelling; empty for a plain count.
    pub fn canonical(self) -> &'static str {
        UNITS
            .iter()
            .find(|u| u.quantity == self)
            .map_or("", |u| u.name)
    }

    /// What a user calls it.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Count => "plain number",
            Quantity::Percent => "percentage",
            Quantity::Area => "area",
            Quantity::Power => "power",
            Quantity::Energy => "energy",
            Quantity::Time => "time",
            Quantity::Cycles => "number of cycles",
            Quantity::Frequency => "clock rate",
            Quantity::Bytes => "memory size",
            Quantity::Rate => "rate of inferences",
            Quantity::AreaPerByte => "area per byte",
            Quantity::PowerPerByte => "power per byte",
            Quantity::EnergyDelay => "energy-delay product",
        }
    }

    /// Spellings of the units of this quantity, for help texts.
    pub fn units(self) -> Vec<&'static str> {
        UNITS
            .iter()
            .filter(|u| u.quantity == self)
            .map(|u| u.name)
            .collect()
    }
}

/// Looks a unit up by its spelling, which is case-sensitive (`mW` is not `MW`).
pub fn find(name: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|u| u.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_unique_and_canonical_factors_are_one() {
        for (i, a) in UNITS.iter().enumerate() {
            assert!(
                UNITS[i + 1..].iter().all(|b| a.name != b.name),
                "{} twice",
                a.name
            );
            let canonical = find(a.quantity.canonical()).expect("canonical unit exists");
            assert!(canonical.factor == 1.0 || a.quantity == Quantity::Percent);
        }
    }

    #[test]
    fn si_prefixes() {
        assert_eq!(find("mm2").map(|u| u.factor), Some(1e6));
        assert_eq!(find("pJ").map(|u| u.factor), Some(1e-3));
        assert_eq!(find("KiB").map(|u| u.factor), Some(1024.0));
        assert!(find("MW").is_none());
    }
}
