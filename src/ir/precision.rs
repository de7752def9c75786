//! Number formats and which of them the tensors of a design have.

/// How a number is stored and computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Integer of 4 bits.
    Int4,
    /// Integer of 8 bits.
    Int8,
    /// Integer of 16 bits.
    Int16,
    /// Integer of 32 bits.
    Int32,
    /// IEEE 754 binary16.
    Fp16,
    /// binary32 cut to 16 bits.
    Bf16,
    /// IEEE 754 binary32.
    Fp32,
}

impl Format {
    /// All, in the order of declaration.
    pub const ALL: [Format; 7] = [
        Format::Int4,
        Format::Int8,
        Format::Int16,
        Format::Int32,
        Format::Fp16,
        Format::Bf16,
        Format::Fp32,
    ];

    /// As written.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Int4 => "int4",
            Format::Int8 => "int8",
            Format::Int16 => "int16",
            Format::Int32 => "int32",
            Format::Fp16 => "fp16",
            Format::Bf16 => "bf16",
            Format::Fp32 => "fp32",
        }
    }

    /// The format of this name.
    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == name)
    }

    /// Bits of one number.
    pub const fn bits(self) -> u64 {
        match self {
            Format::Int4 => 4,
            Format::Int8 => 8,
            Format::Int16 | Format::Fp16 | Format::Bf16 => 16,
            Format::Int32 | Format::Fp32 => 32,
        }
    }

    /// Whether it has an exponent.
    pub const fn floats(self) -> bool {
        matches!(self, Format::Fp16 | Format::Bf16 | Format::Fp32)
    }

    /// The format of sums of products of such numbers: 32 bits, integer or float.
    pub const fn sum(self) -> Format {
        if self.floats() {
            Format::Fp32
        } else {
            Format::Int32
        }
    }

    /// The format in which a number of each can be multiplied: the wider of the two; of an integer
    /// and a float the float, or `fp32` if the integer is wider.
    pub fn with(self, other: Format) -> Format {
        let (wide, narrow) = if self.bits() >= other.bits() {
            (self, other)
        } else {
            (other, self)
        };
        match (wide.floats(), narrow.floats()) {
            (false, true) if wide.bits() > narrow.bits() => Format::Fp32,
            (false, true) => narrow,
            // Two floats of 16 bits, neither of which holds the other.
            (true, true) if wide != narrow && wide.bits() == narrow.bits() => Format::Fp32,
            _ => wide,
        }
    }
}

/// The formats of a design's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Inputs of every layer.
    pub input: Format,
    /// Weights.
    pub weights: Format,
    /// Outputs once they are complete, as they leave the chip.
    pub output: Format,
    /// Partial sums.
    pub sum: Format,
}

impl Precision {
    /// All in this format, sums in [`Format::sum`].
    pub const fn all(format: Format) -> Precision {
        Precision {
            input: format,
            weights: format,
            output: format,
            sum: format.sum(),
        }
    }

    /// The format of the multiplier.
    pub fn product(self) -> Format {
        self.input.with(self.weights)
    }
}

impl Default for Precision {
    /// What most inference accelerators compute with: `int8`, sums `int32`.
    fn default() -> Precision {
        Precision::all(Format::Int8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_have_room_for_both_factors() {
        use Format::*;
        for (a, b, both) in [
            (Int4, Int8, Int8),
            (Int8, Int8, Int8),
            (Int16, Fp16, Fp16),
            (Int32, Fp16, Fp32),
            (Bf16, Fp16, Fp32),
            (Bf16, Int8, Bf16),
            (Fp32, Int32, Fp32),
        ] {
            assert_eq!((a.with(b), b.with(a)), (both, both), "{a:?} {b:?}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.name()), Some(format));
        }
        assert_eq!(Format::parse("int64"), None);
    }
}
