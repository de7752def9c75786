//! Every diagnostic code, in one table.

/// A stable code, printed as `cfx::E0123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: Code = Code($code);)+

        /// Every code and what it means, in order.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($doc),+))),+];
    };
}

codes! {
    /// The file is not UTF-8 text.
    NOT_UTF8 = "E0001";
    /// A bracket, brace or parenthesis is not closed or not opened.
    UNBALANCED = "E0002";
    /// A statement or block is not written as the language wants it.
    SYNTAX = "E0003";
    /// A quoted name is not closed on its line.
    OPEN_STRING = "E0004";
    /// The text holds no block, or blocks nest too deeply, or it is too large.
    FILE_LIMITS = "E0005";
}
