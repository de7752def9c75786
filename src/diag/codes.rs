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
    /// A block comment is not closed, or closed where none is open.
    OPEN_COMMENT = "E0006";
    /// A character is no part of the language outside of comments and quoted names.
    STRAY_CHARACTER = "E0007";
    /// A block has no name.
    MISSING_NAME = "E0008";
    /// A block or statement begins with a word that begins none.
    UNKNOWN_KEYWORD = "E0009";
    /// A number is not written as the language wants it, or is too large.
    BAD_NUMBER = "E0010";
    /// A sign stands where another is meant, such as `:` for `=` or `=` for `<=`.
    WRONG_SIGN = "E0011";
    /// A statement or block stands where its kind does not belong.
    WRONG_PLACE = "E0012";
    /// A quoted name is empty or has an unknown escape in it.
    BAD_QUOTED = "E0013";
}
