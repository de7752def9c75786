//! What a specification may name that lives in code: cost models and search methods, with their
//! parameters. The rooms that implement them hand these tables to `sema`, which knows only names.

use super::technology::CoefficientSpec;

/// A cost model that a design may name.
#[derive(Debug, Clone, Copy)]
pub struct ModelSpec {
    /// As written after `model`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// A technology of the library that has all of them: the default.
    pub technology: &'static str,
    /// Whether its figures depend on the number formats of the tensors.
    pub reads_precision: bool,
    /// Coefficients it reads from the technology.
    pub coefficients: &'static [CoefficientSpec],
}

/// The values a search parameter may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamKind {
    /// A whole number between the two, both included.
    Whole(u64, u64),
    /// A number between the two, both included.
    Real(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// The value of a search parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// A number; whole for [`ParamKind::Whole`].
    Number(f64),
    /// A word.
    Word(String),
}

/// The default of a search parameter, as a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamDefault {
    /// A number.
    Number(f64),
    /// A word.
    Word(&'static str),
}

/// A parameter of a search method.
#[derive(Debug, Clone, Copy)]
pub struct ParamSpec {
    /// As written in the stage's block.
    pub name: &'static str,
    /// What it may be.
    pub kind: ParamKind,
    /// What it is when left out.
    pub default: ParamDefault,
    /// One line for lists.
    pub summary: &'static str,
}

impl ParamSpec {
    /// A parameter whose default is a number.
    pub const fn number(
        name: &'static str,
        kind: ParamKind,
        default: f64,
        summary: &'static str,
    ) -> ParamSpec {
        ParamSpec {
            name,
            kind,
            default: ParamDefault::Number(default),
            summary,
        }
    }

    /// A parameter that is one of some words, by default the first.
    pub const fn word(
        name: &'static str,
        words: &'static [&'static str],
        summary: &'static str,
    ) -> ParamSpec {
        ParamSpec {
            name,
            kind: ParamKind::Word(words),
            default: ParamDefault::Word(words[0]),
            summary,
        }
    }

    /// The parameter by which the variants of a method are told apart; `this` is the one whose
    /// table it stands in.
    pub const fn variant(this: &'static str, variants: &'static [&'static str]) -> ParamSpec {
        ParamSpec {
            name: "variant",
            kind: ParamKind::Word(variants),
            default: ParamDefault::Word(this),
            summary: "which of the variants; each has parameters of its own",
        }
    }
}

/// A search method that a design may name.
#[derive(Debug, Clone, Copy)]
pub struct MethodSpec {
    /// As written after `search`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// Whether it may use the refined ranges.
    pub refines: bool,
    /// Whether it can decide one engine for all layers; every method decides pipelined designs.
    pub sequential: bool,
    /// Its parameters.
    pub params: &'static [ParamSpec],
}

impl MethodSpec {
    /// Its variant, if its name is shared by several.
    pub fn variant(&self) -> Option<&'static str> {
        let param = self.params.iter().find(|p| p.name == "variant")?;
        match param.default {
            ParamDefault::Word(word) => Some(word),
            ParamDefault::Number(_) => None,
        }
    }
}
