//! The report as a page: its pictures, its size, and what a browser makes of it.

#[path = "../support/problem.rs"]
mod support;

mod browser;

use cfxc::certify::pareto;
use cfxc::emit::{Decision, breakdown, chart, html};
use cfxc::search::{self, NoObserver};
use cfxc::space::{Space, feasible};
use std::sync::atomic::AtomicBool;

/// Names that would break a page that trusts them.
pub const WILD: [&str; 3] = [
    r#"<script>alert(1)</script>"'&"#,
    "שכבה ראשונה\u{202e}txet",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
     bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
];

/// A small design with a skip, two budgets, and an expectation that fails.
pub fn small(names: [&str; 3]) -> String {
    let [a, b, c] = names.map(|n| format!("\"{}\"", n.replace('"', "\\\"")));
    format!(
        "network tiny {{
  input image [3, 32, 32]
  {a} = conv(image) {{ filters = 16, kernel = 3x3, stride = 2, pad = 1 }}
  {b} = depthwise({a}) {{ kernel = 3x3, pad = 1 }}
  {c} = conv({b}) {{ filters = 16, kernel = 1x1 }}
  skip = add({a}, {c})
  fc = dense(skip) {{ units = 10 }}
}}
menu small {{ pes in [1, 2, 4, 8]  buffer in [1, 2, 4]  refine pes in 1..=8 }}
budget loose {{ area <= 50%  latency <= 1 ms }}
design npu {{
  network tiny
  dataflow std.dataflows.nvdla
  menu small
  budget loose
  minimize energy
  search reinforce {{ episodes = 20 }} then genetic {{ generations = 5 }}
  expect energy <= 1 pJ
}}
"
    )
}

/// So many layers with skips, without a search worth the name.
pub fn deep(blocks: usize) -> String {
    let mut text = String::from("network deep {\n  input image [16, 28, 28]\n");
    let mut last = "image".to_string();
    for block in 0..blocks {
        text += &format!(
            "  p{block} = conv({last}) {{ filters = 16, kernel = 1x1 }}
  a{block} = conv(p{block}) {{ filters = 16, kernel = 3x3, pad = 1 }}
  s{block} = add(p{block}, a{block})\n"
        );
        last = format!("s{block}");
    }
    text + "}
menu coarse { pes in [1, 8]  buffer in [1, 4] }
budget half { area <= 50% }
design deep { network deep  dataflow std.dataflows.nvdla  menu coarse  budget half  minimize latency }"
}

/// Decides the first design of a text as `cfxc build` does.
pub fn decided<T>(text: &str, look: impl FnOnce(&Decision) -> T) -> T {
    let (analysis, _) = support::analyze(text);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let problem = &analysis.problems[0];
    let refined = problem.stages.iter().any(|s| s.refines);
    let space = Space::new(problem, refined).expect("a space");
    let refuge = feasible::find(&space).ok();
    let never = AtomicBool::new(false);
    let outcome = search::run(&space, refuge.as_deref(), &never, &mut NoObserver);
    let mut decision = Decision::new(&space, &outcome).expect("a decision");
    let best = outcome.best.as_ref().expect("a design");
    decision.front = pareto::around(&space, &best.assignment, &never);
    look(&decision)
}

/// The cheapest choice for every layer, without any search.
pub fn cheapest<T>(text: &str, look: impl FnOnce(&Decision) -> T) -> T {
    let problem = support::problem(text);
    let space = Space::new(&problem, false).expect("a space");
    let assignment = feasible::find(&space).expect("within budget");
    let totals = space.totals(&assignment).expect("priced");
    look(&Decision::of(&space, &assignment, totals).expect("a decision"))
}

fn page(decision: &Decision) -> String {
    html::report(decision, "cfxc build spec.cfx")
}

/// One element to a line.
fn lines(markup: cfxc::emit::markup::Markup) -> String {
    markup.finish().replace("><", ">\n<")
}

#[test]
fn pictures() {
    decided(&small(["a", "b", "c"]), |decision| {
        let parts = breakdown::of(decision);
        let front = decision.front.as_ref().expect("a front");
        insta::assert_snapshot!("budgets", lines(chart::bars::budgets(&decision.budgets)));
        insta::assert_snapshot!("layers", lines(chart::layers::draw(decision)));
        let places = chart::roofline::places(decision, &parts);
        let peaks = parts.peaks.expect("peaks");
        insta::assert_snapshot!(
            "roofline",
            lines(chart::roofline::draw(decision, &places, peaks))
        );
        let energy = parts.energy_nj.as_deref().expect("components");
        let area = parts.area_um2.as_deref().expect("components");
        let sums = [
            ("area", cfxc::base::units::Quantity::Area, area),
            ("energy", cfxc::base::units::Quantity::Energy, energy),
        ];
        insta::assert_snapshot!("components", lines(chart::bars::components(&sums)));
        let convergence = chart::convergence::draw(decision).expect("improvements");
        insta::assert_snapshot!("convergence", lines(convergence));
        let drawn = chart::front::draw(decision.problem, front, Some((1e5, 5500.0)), false);
        insta::assert_snapshot!("front", lines(drawn));
    });
}

/// Components are what totals consist of, and nothing is faster than its roof.
#[test]
fn components_add_up_and_roofs_hold() {
    for example in ["mobilenet_v2", "sequential"] {
        let text = std::fs::read_to_string(format!("examples/{example}.cfx")).expect("an example");
        decided(&text, |decision| {
            let parts = breakdown::of(decision);
            let sum = |parts: &[(&str, f64)]| parts.iter().map(|p| p.1).sum::<f64>();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
            let energy = sum(parts.energy_nj.as_deref().expect("known"));
            assert!(near(energy, decision.totals.energy_nj), "{example}");
            let area = sum(parts.area_um2.as_deref().expect("known"));
            assert!(near(area, decision.totals.area_um2), "{example}");
            for (row, layer) in decision.rows.iter().zip(&parts.layers) {
                assert_eq!(sum(&layer.energy_nj), row.price.energy_nj, "{}", row.name);
            }
            let places = chart::roofline::places(decision, &parts);
            assert_eq!(places.len(), decision.rows.len(), "{example}");
            for p in places {
                assert!(p.reached <= p.roof * (1.0 + 1e-9), "{example}: {p:?}");
            }
        });
    }
    // What a model does not know is said, and drawn nowhere.
    let text = std::fs::read_to_string("examples/paper_problem.cfx").expect("an example");
    decided(&text, |decision| {
        let parts = breakdown::of(decision);
        assert!(parts.energy_nj.is_none() && parts.peaks.is_none());
        let area = parts.area_um2.as_ref().expect("known");
        let sum: f64 = area.iter().map(|p| p.1).sum();
        assert!((sum - decision.totals.area_um2).abs() <= 1e-9 * sum);
        let page = page(decision);
        assert!(page.contains("Unknown: model maestro does not say how many bytes"));
        assert!(page.contains("Unknown: model maestro does not tell the components of energy"));
        assert!(!page.contains("id=\"roofline-title\""));
    });
}

#[test]
fn the_page_says_everything_in_order() {
    decided(&small(WILD), |decision| {
        let page = page(decision);
        let order = [
            "<h2>Warnings</h2>",
            "An expectation does not hold: expected was energy",
            "<h2>Decision</h2>",
            "Each of the 4 layers gets its own engine",
            "<h2>Budgets</h2>",
            "<h2>Layers</h2>",
            "<h2>Roofline</h2>",
            "<h2>Area and energy by component</h2>",
            "<h2>How it was found</h2>",
            "<h2>What other budgets would buy</h2>",
            "10 % more area (",
            "10 % less area (",
            "Every step is a proven optimum",
            "<h2>Inputs</h2>",
            "int8.multiply_area",
            "Horowitz",
            "cfxc build spec.cfx",
            env!("CARGO_PKG_VERSION"),
        ];
        let mut from = 0;
        for part in order {
            let at = page[from..].find(part);
            from += at.unwrap_or_else(|| panic!("`{part}` is not after {from}"));
        }
        assert!(!page.contains("<script"), "a name became markup");
        assert!(!page.contains('\u{202e}'), "a name turns the text around");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;"));
        assert_eq!(decided(&small(WILD), self::page), page, "the same bytes");
    });
}

/// Ten thousand layers make a page that a browser opens.
#[test]
fn deep_networks_make_bounded_pages() {
    let page = cheapest(&deep(5_000), page);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("neighbours on a line"));
    assert!(page.contains("9,000 more are in the JSON"));
}

/// What a report does not wait for, it says.
#[test]
fn fronts_that_would_take_long_are_left_out() {
    let text = small(["a", "b", "c"]);
    let branching = text
        .replace("minimize energy", "minimize critical_path")
        .replace("expect energy <= 1 pJ", "")
        .replace("latency <= 1 ms", "")
        .replace("conv(\"b\")", "conv(\"a\")")
        .replace("add(\"a\"", "add(\"b\"");
    for (text, said) in [
        (
            branching.as_str(),
            "<code>cfxc pareto SPEC --over area</code> solves it",
        ),
        (
            &text.replace("  budget loose\n", ""),
            "No budget limits the design",
        ),
    ] {
        let page = decided(text, page);
        assert!(page.contains(said), "{said}");
        assert!(!page.contains("id=\"front-title\""));
    }
}
