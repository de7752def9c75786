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
    /// A name that nothing has.
    UNKNOWN_NAME = "E0101";
    /// A name of something else than what is wanted here.
    WRONG_KIND = "E0102";
    /// A name that is given twice.
    DUPLICATE_NAME = "E0103";
    /// A field or setting that does not exist here.
    UNKNOWN_FIELD = "E0104";
    /// A field or setting that is given twice.
    DUPLICATE_FIELD = "E0105";
    /// A field or setting that is missing.
    MISSING_FIELD = "E0106";
    /// A value of another kind than the field wants.
    WRONG_VALUE = "E0107";
    /// A file that cannot be read.
    UNREADABLE = "E0108";
    /// A file or directory that cannot be written.
    UNWRITABLE = "E0109";
    /// Arguments that do not fit the parameters.
    ARGUMENTS = "E0110";
    /// A `use` that could mean two files.
    AMBIGUOUS_USE = "E0111";
    /// A constant or parameter whose name means something else in the language.
    RESERVED_NAME = "E0112";
    /// A number whose unit is missing.
    MISSING_UNIT = "E0201";
    /// A unit that does not exist.
    UNKNOWN_UNIT = "E0202";
    /// A unit of another quantity than the one wanted.
    WRONG_UNIT = "E0203";
    /// A number outside the range that makes sense here.
    OUT_OF_RANGE = "E0204";
    /// Two quantities that cannot be joined by a sign of arithmetic.
    MIXED_UNITS = "E0205";
    /// A computation without a result.
    BAD_ARITHMETIC = "E0206";
    /// A network without a layer that could be priced.
    EMPTY_NETWORK = "E0301";
    /// The graph runs in a circle.
    CYCLE = "E0302";
    /// Producer and consumer disagree about a shape.
    SHAPE_MISMATCH = "E0303";
    /// A window is larger than its padded input.
    WINDOW = "E0304";
    /// An operator has the wrong number of operands.
    OPERANDS = "E0305";
    /// A layer is too large to count.
    LAYER_TOO_LARGE = "E0306";
    /// An edge ends where no edge can.
    EDGE = "E0307";
    /// A table of layers has a mistake.
    TABLE = "E0308";
    /// A model file is damaged, too large, or of no kind that is known.
    IMPORT = "E0309";
    /// A dimension that a model leaves open has no size, or a size is given for none.
    UNBOUND_DIM = "E0310";
    /// A shape in a model cannot be known, or does not fit its operator.
    MODEL_SHAPE = "E0311";
    /// A MAESTRO file has a mistake.
    MAPPING_FILE = "E0312";
    /// The shape of an operand is needed and nothing states it.
    UNKNOWN_SHAPE = "E0313";
    /// The levels of a dataflow are not nested as levels must be.
    LEVELS = "E0401";
    /// A directive maps a dimension that the layer does not have.
    DIMENSION = "E0402";
    /// A dataflow says nothing about a kind of layer that the network has.
    NO_RULE = "E0403";
    /// A dataflow reads a knob that the menu does not have.
    UNKNOWN_KNOB = "E0404";
    /// A knob without a usable list of levels.
    BAD_LEVELS = "E0501";
    /// A limit that points the wrong way or at what cannot be limited.
    BAD_LIMIT = "E0502";
    /// A metric that is optimised in the wrong direction.
    DIRECTION = "E0601";
    /// A pin outside the menu.
    PIN_OUTSIDE = "E0602";
    /// The specification has no design to build.
    NO_DESIGN = "E0603";
    /// What needs an engine for every layer, in a design with one for all.
    PIPELINED_ONLY = "E0604";
    /// A setting that the cost model does not read.
    NOT_READ = "E0605";
    /// A budget that no choice of the menu meets.
    INFEASIBLE = "E0701";
    /// Budgets that can be met each alone but not together.
    JOINTLY_INFEASIBLE = "E0702";
    /// A layer that the cost model refuses at every point of the menu.
    NO_PRICE = "E0703";
    /// A design space too large to price.
    SPACE_TOO_LARGE = "E0704";
    /// A percentage of a span that has no corners.
    NO_CORNER = "E0705";
    /// A search that found nothing within budgets that nobody could prove out of reach.
    NOTHING_FOUND = "E0706";
    /// A list of choices to be priced that does not fit the design.
    ASSIGNMENT = "E0707";
    /// An expectation that does not hold.
    EXPECTATION = "E0801";
    /// A lock that cannot be read.
    BAD_LOCK = "E0901";
    /// A lock that does not hold what the specification gives.
    STALE_LOCK = "E0902";
    /// A decision that cannot be taken into the lock.
    NOT_ACCEPTED = "E0903";
    /// A result of a build that cannot be read.
    BAD_RESULT = "E0904";
    /// A revision that version control does not give.
    NO_REVISION = "E0905";
    /// A command that is not called as it can be.
    USAGE = "E0906";
    /// A `use` that nothing needs.
    UNUSED_USE = "W0101";
    /// A constant or parameter that nothing reads.
    UNREAD_CONSTANT = "W0102";
    /// A block that no design uses.
    UNUSED_BLOCK = "W0103";
    /// A node that no path joins with the rest of its network.
    LOOSE = "W0301";
    /// A depthwise layer with as many filters per channel as it has channels.
    MULTIPLIER = "W0302";
    /// An operator of a model that is not understood, or not counted as it is.
    NOT_UNDERSTOOD = "W0303";
    /// A name that a model gives to several layers.
    RENAMED = "W0304";
    /// Something in a file of another tool that changes nothing.
    NO_EFFECT = "W0305";
    /// A window that moves on by more than it covers.
    SKIPPED_INPUT = "W0306";
    /// An edge or operand that is given twice.
    EDGE_TWICE = "W0307";
    /// A layer whose padding is as large as its window.
    PADDING_ALONE = "W0308";
    /// A product of two numbers where rows x columns can stand.
    PRODUCT = "W0309";
    /// A level that maps one dimension by two directives.
    MAPPED_TWICE = "W0401";
    /// A rule of more levels than have a price.
    TOO_DEEP = "W0402";
    /// A cluster that takes more PEs than the menu has.
    TOO_FEW_PES = "W0403";
    /// A tile that is larger than its dimension in every layer.
    CUT_TILE = "W0404";
    /// A knob that no dataflow reads.
    UNUSED_KNOB = "W0501";
    /// A refined range without some of its coarse levels.
    REFINE_GAP = "W0502";
    /// A limit above the whole of the span it is a share of.
    BEYOND_SPAN = "W0503";
    /// Refined values that no stage of a search uses, or that are no new ones.
    REFINED_FOR_NOTHING = "W0504";
    /// Levels of `pes` that no layer is better off with.
    IDLE_PES = "W0505";
    /// A limit that no choice of the menu exceeds.
    NEVER_EXCEEDED = "W0506";
    /// A knob `per layer` where every knob is.
    IDLE_PER_LAYER = "W0507";
    /// A stage of a search that cannot change anything.
    IDLE_STAGE = "W0601";
    /// A design that decides the same as the one it extends.
    SAME_DESIGN = "W0602";
    /// A cost model whose MAC count is not the layer's own.
    MODEL_MACS = "W0701";
    /// A design that cannot be built: an engine of it is larger than a wafer.
    COMPARISON_ONLY = "W0702";
    /// A coefficient that the cost model does not read.
    UNREAD_COEFFICIENT = "W0703";
    /// An expectation that holds whatever is decided.
    CANNOT_FAIL = "W0801";
    /// Expectations that cannot hold together.
    CONTRADICTION = "W0802";
}
