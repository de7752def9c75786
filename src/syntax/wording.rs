//! What diagnostics call the rules of the grammar, and the right form of each statement.

use super::errors::Context;
use super::grammar::Rule;

/// Whether a rule is punctuation or a keyword that says nothing beyond the statement it stands in.
pub(super) fn is_sign(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        equals
            | arrow
            | comma
            | open_brace
            | close_brace
            | open_bracket
            | close_bracket
            | open_paren
            | close_paren
            | again
            | EOI
    ) || keyword(rule).is_some()
}

/// The keyword a rule stands for, if it stands for one.
pub(super) fn keyword(rule: Rule) -> Option<&'static str> {
    use Rule::*;
    Some(match rule {
        kw_as => "as",
        kw_budget => "budget",
        kw_by => "by",
        kw_cluster => "cluster",
        kw_dataflow => "dataflow",
        kw_design => "design",
        kw_dim => "dim",
        kw_expect => "expect",
        kw_extends => "extends",
        kw_for => "for",
        kw_from => "from",
        kw_in => "in",
        kw_input => "input",
        kw_layer => "layer",
        kw_let => "let",
        kw_menu => "menu",
        kw_network => "network",
        kw_none => "none",
        kw_per => "per",
        kw_pin => "pin",
        kw_precision => "precision",
        kw_refine => "refine",
        kw_search => "search",
        kw_shapes => "shapes",
        kw_source => "source",
        kw_step => "step",
        kw_stop => "stop",
        kw_technology => "technology",
        kw_then => "then",
        kw_unchecked => "unchecked",
        kw_use => "use",
        _ => return None,
    })
}

/// What a reader would call what this rule stands for; `None` for rules that are never missing.
fn name(rule: Rule) -> Option<&'static str> {
    use Rule::*;
    Some(match rule {
        kw_by => "`by` and a size",
        kw_step => "`step` and a size",
        kw_then => "`then` and a further method",
        kw_as => "`as` and a name",
        kw_extends => "`extends` and what it starts from",
        kw_from => "`from` and a file in quotes",
        kw_in => "`in` and the choices",
        equals => "`=`",
        arrow => "`->`",
        comma => "`,`",
        open_brace | fields => "`{`",
        close_brace => "`}`",
        open_bracket => "`[`",
        close_bracket => "`]`",
        open_paren | args | call_args | params => "`(`",
        close_paren => "`)`",
        shape => "a shape such as `[3, 224, 224]`",
        paths => "a list in brackets",
        comparison => "a comparison such as `<=`",
        metric | measure => "a metric such as `latency`",
        wanted | scaled | scale | other_measure | dotted | whole_metric => "a number or a metric",
        times => "`*`",
        condition | only_condition => "a limit such as `area <= 2.5 mm2`",
        range_sign => "`..=`",
        word | block_name | new_name | param => "a name",
        node | nodes => "a name",
        quoted => "a text in quotes",
        path | call => "a path such as `std.dataflows.nvdla`",
        numeral | number | expr | constant => "a number",
        unit => "a unit",
        value | value_path => "a value",
        field_name | field | only_field => "a field such as `stride = 2`",
        layer_kind | kinds | head_rule => "a kind of layer such as `conv`",
        direction => "`spatial` or `temporal`",
        dimension => "a dimension such as `K`",
        arith => "`+`, `-`, `*` or `/`",
        size | size_name => "a size (a number, a dimension or a knob)",
        knob_name | refine_mark => "a knob's name",
        knob_values | list | range => "a list such as `[1, 2, 4]` or a range such as `1..=12`",
        knob | only_knob => "a knob such as `pes in [1, 2, 4]`",
        per_layer => "`per layer`",
        unchecked => "`shapes unchecked`",
        stage | method => "a search method",
        sense => "`minimize` or `maximize`",
        setting_key => "a setting",
        only_network_stmt => "a statement of a network",
        dim_stmt | only_dim_stmt => "`dim` and a dimension of the model",
        only_rule_decl | rule_decl => "a `for` block",
        only_level_stmt => "`spatial`, `temporal` or `cluster`",
        only_technology_stmt => "a coefficient",
        only_design_stmt => "a statement of a design",
        only_item | head_network | head_dataflow | head_menu | head_plain | head_extending => {
            "a block or `use`"
        }
        EOI => "the end of the statement",
        other => return keyword(other).map(quoted_keyword),
    })
}

/// Keywords in their quotes, without allocation.
fn quoted_keyword(keyword: &'static str) -> &'static str {
    match keyword {
        "cluster" => "`cluster`",
        "for" => "`for`",
        "input" => "`input`",
        "layer" => "`layer`",
        "per" => "`per layer`",
        "shapes" => "`shapes unchecked`",
        "unchecked" => "`unchecked`",
        "search" => "`search`",
        "none" => "`none`",
        "pin" => "`pin`",
        "dim" => "`dim`",
        "expect" => "`expect`",
        _ => "a keyword",
    }
}

/// What was expected, as words: `a`, `a or b`, `a, b or c`.
pub(super) fn expectation(expected: &[Rule]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut add = |rule: Rule| {
        if let Some(name) = name(rule).filter(|n| !names.contains(n)) {
            names.push(name);
        }
    };
    // What may be left out is worth a word only if nothing else was expected, and that a
    // statement may end is said last.
    let weak = |r: Rule| {
        matches!(
            r,
            Rule::unit
                | Rule::refine_mark
                | Rule::range_sign
                | Rule::arith
                | Rule::call_args
                | Rule::params
        )
    };
    expected
        .iter()
        .copied()
        .filter(|&r| !weak(r) && r != Rule::EOI)
        .for_each(&mut add);
    expected
        .iter()
        .copied()
        .filter(|&r| r == Rule::EOI)
        .for_each(&mut add);
    if names.is_empty() {
        expected
            .iter()
            .copied()
            .filter(|&r| weak(r))
            .for_each(&mut |rule| names.extend(name(rule)));
    }
    names.truncate(5);
    match names.as_slice() {
        [] => "something else".into(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The right form of a statement that begins with `word`, or of any statement of the block.
pub(super) fn form(context: Context, word: &str, statement: &str) -> &'static str {
    match (context, word) {
        (Context::File, "use") => "use std.networks.mobilenet_v2 or use edge from \"menus.cfx\"",
        (Context::File, "let") => "let total = 4 mm2",
        (Context::File, "network") => "network tiny { … } or network tiny from \"tiny.csv\"",
        (Context::File, "dataflow") => "dataflow nvdla { for conv { … } }",
        (Context::File, "menu") => "menu edge { pes in [1, 2, 4] }",
        (Context::File, "budget") => "budget iot { area <= 2.5 mm2 }",
        (Context::File, "technology") => "technology cmos28 { clock 1 GHz }",
        (Context::File, _) => "design edge_npu { … }",
        (Context::Network, "input") => "input image [3, 224, 224]",
        (Context::Network, "layer") => {
            "layer l1 conv { K = 32, C = 3, Y = 224, X = 224, R = 3, S = 3 }"
        }
        (Context::Network, _) if statement.contains("->") => "l1 -> l2 -> l3",
        (Context::Network, _) => "conv1 = conv(image) { filters = 32, kernel = 3x3 }",
        (Context::Dims, _) => "dim batch = 1",
        (Context::Dataflow, _) => "for conv { spatial K by 4 }",
        (Context::Level, "cluster") => "cluster pes { spatial C by 1 }",
        (Context::Level, "temporal") => "temporal Y by R step 1",
        (Context::Level, _) => "spatial K by 4 step 1",
        (Context::Menu, "refine") => "refine pes in 1..=128",
        (Context::Menu, _) => "pes in [1, 2, 4] or buffer in 1..=12 step 1",
        (Context::Budget, _) => "area <= 2.5 mm2",
        (Context::Technology, "source") => "source \"where the figures come from\"",
        (Context::Technology, _) if statement.contains(['{', '(']) => {
            "mac { area = 283 um2, power = 1.2 mW }"
        }
        (Context::Technology, _) => "clock 1 GHz",
        (Context::Design, "minimize" | "maximize") => "minimize latency",
        (Context::Design, "search") => {
            "search reinforce { episodes = 2000 } then genetic { generations = 500 }"
        }
        (Context::Design, "pin") => "pin conv1 { pes = 16 }",
        (Context::Design, "expect") => "expect latency <= 3.6e7 cycles",
        (Context::Design, "dataflow") => "dataflow nvdla or dataflow in [nvdla, eyeriss]",
        (Context::Design, "network") => "network mobilenet_v2",
        (Context::Design, "seed") => "seed 7",
        (Context::Design, "stop") => "stop gap <= 1%",
        (Context::Design, "precision") => {
            "precision int8 or precision { input = int8, sum = int32 }"
        }
        (Context::Design, "menu") => "menu edge",
        (Context::Design, "budget") => "budget iot",
        (Context::Design, "technology") => "technology std.technologies.horowitz45",
        (Context::Design, "deploy") => "deploy pipelined",
        (Context::Design, _) => "model maestro",
        (Context::Fields, "kernel") => "kernel = 3x3",
        (Context::Fields, "filters") => "filters = 32",
        (Context::Fields, "units") => "units = 1000",
        (Context::Fields, "pad") => "pad = 1",
        (Context::Fields, "area") => "area = 283 um2",
        (Context::Fields, "power") => "power = 1.2 mW",
        (Context::Fields, "energy") => "energy = 0.23 pJ",
        (Context::Fields, "pes") => "pes = 16",
        (Context::Fields, "buffer") => "buffer = 4",
        (Context::Fields, "dataflow") => "dataflow = nvdla",
        (Context::Fields, "episodes") => "episodes = 2000",
        (Context::Fields, "generations") => "generations = 500",
        (Context::Fields, "input" | "weights" | "output") => "weights = int8",
        (Context::Fields, "sum") => "sum = int32",
        (Context::Fields, "width") => "width = 64 B",
        (Context::Fields, "op") => "op = Relu",
        (Context::Fields, "K" | "C") => "K = 32, C = 3",
        (Context::Fields, _) => "stride = 2",
    }
}
