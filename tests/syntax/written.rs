//! What is written rightly becomes the AST that says so.

use crate::{WHOLE, right};
use cfxc::syntax::ast::*;

fn item<T>(file: &File, pick: impl Fn(&Item) -> Option<&T>) -> &T {
    file.items
        .iter()
        .find_map(pick)
        .expect("the file has such an item")
}

fn names(names: &[Name]) -> Vec<&str> {
    names.iter().map(|n| n.node.as_str()).collect()
}

fn design(text: &str) -> Vec<DesignStmt> {
    let file = right(&format!("design d {{ {text} }}"));
    item(&file, |i| {
        if let Item::Design(d) = i {
            Some(d)
        } else {
            None
        }
    })
    .stmts
    .clone()
}

fn level(text: &str) -> Vec<LevelStmt> {
    let file = right(&format!("dataflow d {{ for conv {{ {text} }} }}"));
    item(&file, |i| {
        if let Item::Dataflow(d) = i {
            Some(d)
        } else {
            None
        }
    })
    .rules[0]
        .body
        .clone()
}

fn knobs(text: &str) -> Vec<KnobDecl> {
    let file = right(&format!("menu m {{ {text} }}"));
    item(
        &file,
        |i| if let Item::Menu(m) = i { Some(m) } else { None },
    )
    .knobs
    .clone()
}

fn limits(text: &str) -> Vec<Condition> {
    let file = right(&format!("budget b {{ {text} }}"));
    item(&file, |i| {
        if let Item::Budget(b) = i {
            Some(b)
        } else {
            None
        }
    })
    .limits
    .clone()
}

/// Value and unit of a number in a budget.
fn number(text: &str) -> (f64, Option<u64>, Option<String>) {
    let limit = limits(&format!("area <= {text}\n")).remove(0).limit;
    (limit.value, limit.integer, limit.unit.map(|u| u.node))
}

#[test]
fn the_whole_language() {
    let file = right(WHOLE);
    assert_eq!(file.items.len(), 20);
    for item in &file.items {
        if let Item::Use(u) = item {
            let library = u
                .path
                .as_ref()
                .is_some_and(|p| p.text().starts_with("std."));
            assert_ne!(library, u.from.is_some());
        }
    }
    let second = &file.items[1];
    assert!(matches!(second, Item::Use(u) if u.alias.as_ref().is_some_and(|a| a.node == "nv")));
}

#[test]
fn networks() {
    let file = right(WHOLE);
    let networks: Vec<&NetworkDecl> = file
        .items
        .iter()
        .filter_map(|i| {
            if let Item::Network(n) = i {
                Some(n)
            } else {
                None
            }
        })
        .collect();
    let [tiny, table, old, detector, checked] = networks[..] else {
        panic!("five networks")
    };

    let NetworkBody::Statements(stmts) = &tiny.body else {
        panic!("a block")
    };
    assert!(matches!(&stmts[0], NetworkStmt::Input { name, shape, .. }
        if name.node == "image" && shape.node.iter().map(|n| n.integer).eq([Some(3), Some(224), Some(224)])));
    let NetworkStmt::Call {
        name,
        op,
        args,
        fields,
        span,
    } = &stmts[1]
    else {
        panic!("a call")
    };
    assert_eq!(
        (name.node.as_str(), op.node.as_str(), names(args)),
        ("conv1", "conv", vec!["image"])
    );
    assert!(matches!(&fields[1].value, Value::Pair(p) if p.node[0].integer == Some(3)));
    assert!(WHOLE[span.start as usize..span.end as usize].ends_with("pad = 1 }"));
    assert!(matches!(&stmts[2], NetworkStmt::Call { fields, .. }
        if matches!(&fields[1].value, Value::Path(p) if p.text() == "same")));
    let NetworkStmt::Call {
        args, fields, span, ..
    } = &stmts[4]
    else {
        panic!("a call")
    };
    assert_eq!((names(args), fields.len()), (vec!["conv1", "pw1"], 0));
    // The place of a statement ends with its last token, not with the white space behind it.
    assert!(WHOLE[span.start as usize..span.end as usize].ends_with("pw1)"));

    let NetworkBody::Statements(stmts) = &table.body else {
        panic!("a block")
    };
    let NetworkStmt::Layer {
        name, op, fields, ..
    } = &stmts[2]
    else {
        panic!("a layer")
    };
    assert_eq!(
        (name.node.as_str(), op.node.as_str()),
        ("/classifier/l3 \"last\"", "dense")
    );
    let fields: Vec<&str> = fields.iter().map(|f| f.name.node.as_str()).collect();
    assert_eq!(fields, ["K", "C", "Y'", "X'", "note", "density"]);
    let NetworkStmt::Edges { chain, .. } = &stmts[3] else {
        panic!("edges")
    };
    assert_eq!(names(chain), ["l1", "l2", "/classifier/l3 \"last\""]);
    assert!(matches!(&stmts[4], NetworkStmt::Edges { chain, .. } if names(chain) == ["l2", "l3"]));

    assert!(tiny.unchecked.is_none() && old.unchecked.is_some() && checked.unchecked.is_some());
    assert!(
        matches!(&detector.body, NetworkBody::From(f) if f.path.node == "models/detector.onnx")
    );
    assert!(matches!(&checked.body, NetworkBody::From(f) if f.path.node == "models/detector.csv"));
}

/// The sum that a constant is, with a pair of brackets around each chain.
fn sum(text: &str) -> String {
    fn shown(expr: &Expr) -> String {
        match expr {
            Expr::Literal(n) => match &n.unit {
                Some(unit) => format!("{} {}", n.value, unit.node),
                None => n.value.to_string(),
            },
            Expr::Name(name) => name.node.clone(),
            Expr::Chain { first, rest, .. } => {
                let rest = rest
                    .iter()
                    .map(|(sign, e)| format!(" {:?} {}", sign.node, shown(e)));
                format!("({}{})", shown(first), rest.collect::<String>())
            }
        }
    }
    let file = right(&format!("let c = {text}"));
    let constant = item(&file, |i| if let Item::Let(l) = i { Some(l) } else { None });
    match &constant.value.expr {
        Some(expr) => shown(expr),
        None => constant.value.value.to_string(),
    }
}

#[test]
fn computations() {
    assert_eq!(sum("-4"), "-4");
    assert_eq!(sum("a"), "a");
    assert_eq!(sum("(a)"), "a");
    assert_eq!(sum("2*base+1 mm2"), "(2 Multiply base Add 1 mm2)");
    assert_eq!(sum("a -3"), "(a Subtract 3)");
    assert_eq!(
        sum("2 nJ*cycles / 4 cycles"),
        "(2 nJ*cycles Divide 4 cycles)"
    );
    assert_eq!(
        sum("10% * (a / // half\n (b - -1))"),
        "(10 % Multiply (a Divide (b Subtract -1)))"
    );
    let file = right("let a = b\n+ 1 let c = 2 menu m { }");
    assert_eq!(file.items.len(), 3);
    // What goes on as a statement is no part of the one before.
    assert_eq!(
        limits("area <= total power <= hot / 2 latency <= 3").len(),
        3
    );
    assert_eq!(
        knobs("pes in 1..=max tile in [a, b * 2] per layer refine tile in a..=2 * b step s").len(),
        3
    );
    assert_eq!(
        level("spatial K by t temporal C by 2 * t step t cluster t { spatial C by 1 }").len(),
        3
    );
    assert_eq!(
        design("seed n + 1 menu m(4) dataflow in [d(t = 2), e] dataflow d(2, b = 3)").len(),
        4
    );
}

#[test]
fn parameters_and_arguments() {
    let file = right("dataflow d(t, inner = 4,) { } menu m(max) { pes in 1..=max }");
    let flow = item(&file, |i| {
        if let Item::Dataflow(d) = i {
            Some(d)
        } else {
            None
        }
    });
    let params: Vec<(&str, bool)> = flow
        .params
        .iter()
        .map(|p| (p.name.node.as_str(), p.default.is_some()))
        .collect();
    assert_eq!(params, [("t", false), ("inner", true)]);
    let stmts = design("dataflow std.d(4, inner = 2 * a)");
    let [
        DesignStmt::Setting {
            value: Value::Path(path),
            ..
        },
    ] = &stmts[..]
    else {
        panic!("a setting: {stmts:?}")
    };
    assert_eq!(path.text(), "std.d");
    let args = &path.args.as_ref().expect("arguments").node;
    assert!(args.len() == 2 && args[0].name.is_none() && args[1].name.is_some());
}

#[test]
fn networks_in_any_words() {
    let text = "network n { layer layer conv { K = 1 } a -> layer\n input -> b layer = add(input, \"a b\",) e = zeros() input \"x\" [1] }";
    let file = right(text);
    let Item::Network(n) = &file.items[0] else {
        panic!("a network")
    };
    let NetworkBody::Statements(stmts) = &n.body else {
        panic!("a block")
    };
    assert_eq!(stmts.len(), 6);
    assert!(
        matches!(&stmts[1], NetworkStmt::Edges { chain, .. } if names(chain) == ["a", "layer"])
    );
    assert!(
        matches!(&stmts[2], NetworkStmt::Edges { chain, .. } if names(chain) == ["input", "b"])
    );
    assert!(matches!(&stmts[4], NetworkStmt::Call { args, .. } if args.is_empty()));
}

#[test]
fn dataflows() {
    let file = right(WHOLE);
    let nvdla = item(&file, |i| {
        if let Item::Dataflow(d) = i {
            Some(d)
        } else {
            None
        }
    });
    assert_eq!(nvdla.rules.len(), 2);
    assert_eq!(names(&nvdla.rules[0].ops), ["conv", "dense"]);
    let body = &nvdla.rules[0].body;
    assert!(matches!(&body[0], LevelStmt::Directive(d)
        if d.spatial && d.dim.node == "K" && matches!(&d.size, SizeExpr::Name(n) if n.node == "buffer") && d.step.is_none()));
    assert!(matches!(&body[4], LevelStmt::Directive(d)
        if !d.spatial && d.dim.node == "Y'" && matches!(&d.step, Some(SizeExpr::Number(n)) if n.integer == Some(1))));
    let LevelStmt::Cluster {
        size: SizeExpr::Name(size),
        body,
        ..
    } = &body[6]
    else {
        panic!("a cluster")
    };
    assert_eq!((size.node.as_str(), body.len()), ("pes", 4));
    assert!(
        matches!(&body[3], LevelStmt::Cluster { size: SizeExpr::Number(n), body, .. }
        if n.integer == Some(4) && body.len() == 2)
    );
}

#[test]
fn statements_share_lines() {
    assert_eq!(
        level("temporal Y by R step 1 temporal X by S step 1").len(),
        2
    );
    assert_eq!(
        level("spatial K by 4 temporal C by pes cluster 4 { spatial C by 1 }").len(),
        3
    );
    assert_eq!(knobs("pes in [1,2]").len(), 1);
    assert_eq!(
        knobs("pes in [1, 2] buffer in 1..=12 tile in 1..4 step 1 refine pes in 1..=8").len(),
        4
    );
    assert_eq!(knobs("refine in [1, 2] per in 1..=2 per layer").len(), 2);
    assert_eq!(
        design("expect gap <= 1% expect latency <= 3 cycles").len(),
        2
    );
    assert_eq!(design("expect gap <= 1 expect latency <= 3 seed 7 minimize latency search greedy pin a { pes = 1 }").len(), 6);
    assert_eq!(design("seed 7, model analytic; network n;").len(), 3);
    assert_eq!(
        limits("area <= 3 power <= 300 mW latency <= 20 ms").len(),
        3
    );
    assert_eq!(
        right("use a.b use c use d as e menu m { } budget b {}")
            .items
            .len(),
        5
    );
}

#[test]
fn a_unit_stands_on_the_line_of_its_number() {
    let limits = limits("area <= 3\n power <= 4 /* milli */ mW // watts\n latency <= 5\n");
    let units: Vec<Option<&str>> = limits
        .iter()
        .map(|l| l.limit.unit.as_ref().map(|u| u.node.as_str()))
        .collect();
    assert_eq!(units, [None, Some("mW"), None]);
    assert_eq!(design("seed 7\n mW 3\n").len(), 2);
}

#[test]
fn numbers() {
    assert_eq!(number("2.5 mm2"), (2.5, None, Some("mm2".into())));
    assert_eq!(number("2.5mm2"), (2.5, None, Some("mm2".into())));
    assert_eq!(number("10%"), (10.0, Some(10), Some("%".into())));
    assert_eq!(
        number("5 inferences/s"),
        (5.0, Some(5), Some("inferences/s".into()))
    );
    assert_eq!(number("0.104 um2/B"), (0.104, None, Some("um2/B".into())));
    assert_eq!(
        number("3 nJ*cycles"),
        (3.0, Some(3), Some("nJ*cycles".into()))
    );
    assert_eq!(number("1_000"), (1000.0, Some(1000), None));
    assert_eq!(number("3.4e7 cycles"), (3.4e7, None, Some("cycles".into())));
    assert_eq!(number("-23.711"), (-23.711, None, None));
    assert_eq!(number("1e3"), (1e3, None, None));
    assert_eq!(
        number("18446744073709551615"),
        (18_446_744_073_709_551_615.0, Some(u64::MAX), None)
    );
    assert_eq!(number("18446744073709551616").1, None);
    assert_eq!(number("5 mm2// comment").2, Some("mm2".into()));
    assert_eq!(number("0e9").0, 0.0);
}

#[test]
fn menus_budgets_technologies() {
    let file = right(WHOLE);
    let menu = item(
        &file,
        |i| if let Item::Menu(m) = i { Some(m) } else { None },
    );
    assert_eq!(menu.knobs.len(), 6);
    assert!(menu.knobs[2].refine.is_some() && menu.knobs[0].refine.is_none());
    let Value::Range(range) = &menu.knobs[3].values else {
        panic!("a range")
    };
    assert!(range.inclusive && range.step.is_some() && menu.knobs[3].per_layer.is_some());
    let Value::List(list) = &menu.knobs[4].values else {
        panic!("a list")
    };
    assert!(matches!(&list.node[2], Value::Range(r) if r.step.is_some()));
    assert_eq!(menu.knobs[5].name.node, "dataflow");
    let exclusive = knobs("pes in 1..4");
    assert!(matches!(&exclusive[0].values, Value::Range(r) if !r.inclusive));

    let budget = item(&file, |i| {
        if let Item::Budget(b) = i {
            Some(b)
        } else {
            None
        }
    });
    let signs: Vec<Comparison> = budget.limits.iter().map(|l| l.comparison.node).collect();
    use Comparison::*;
    assert_eq!(
        signs,
        [AtMost, AtMost, AtMost, AtLeast, Below, Above, Equal]
    );

    let technology = item(&file, |i| {
        if let Item::Technology(t) = i {
            Some(t)
        } else {
            None
        }
    });
    assert!(
        technology
            .extends
            .as_ref()
            .is_some_and(|p| p.text() == "std.technologies.maestro")
    );
    assert!(
        matches!(&technology.stmts[0], TechnologyStmt::Source(s) if s.node.starts_with("MAESTRO"))
    );
    assert!(
        matches!(&technology.stmts[1], TechnologyStmt::Scalar { name, value, .. }
        if name.node == "clock" && value.unit.as_ref().is_some_and(|u| u.node == "GHz"))
    );
    assert!(
        matches!(&technology.stmts[3], TechnologyStmt::Group { name, fields }
        if name.node == "sram" && fields.len() == 2)
    );
}

#[test]
fn designs() {
    let file = right(WHOLE);
    let designs: Vec<&DesignDecl> = file
        .items
        .iter()
        .filter_map(|i| {
            if let Item::Design(d) = i {
                Some(d)
            } else {
                None
            }
        })
        .collect();
    let stmts = &designs[0].stmts;
    assert_eq!(stmts.len(), 14);
    assert!(
        matches!(&stmts[0], DesignStmt::Setting { key, value: Value::Path(p) }
        if key.node == "network" && p.text() == "mobilenet_v2")
    );
    assert!(
        matches!(&stmts[7], DesignStmt::Objective { maximize, metric } if !maximize.node && metric.node == "latency")
    );
    let DesignStmt::Search { stages, span } = &stmts[8] else {
        panic!("a search")
    };
    let methods: Vec<(&str, usize)> = stages
        .iter()
        .map(|s| (s.method.node.as_str(), s.fields.len()))
        .collect();
    assert_eq!(methods, [("reinforce", 1), ("genetic", 1), ("greedy", 0)]);
    assert!(WHOLE[span.start as usize..span.end as usize].ends_with("greedy"));
    assert!(matches!(&stmts[11], DesignStmt::Pin { layer, fields, .. }
        if layer.node == "/features/conv.0/Conv" && fields.as_ref().is_some_and(|f| f.len() == 2)));
    assert!(
        matches!(&stmts[12], DesignStmt::Expect(e) if e.measure.names[0].node == "latency"
            && matches!(&e.expected, Expected::Number(n) if n.value == 3.6e7))
    );

    let [
        DesignStmt::DataflowIn { choices, .. },
        DesignStmt::Objective { maximize, .. },
        DesignStmt::Setting { .. },
    ] = &designs[1].stmts[..]
    else {
        panic!("three statements")
    };
    assert!(choices.len() == 3 && maximize.node);
}

#[test]
fn a_value_may_stand_on_the_next_line() {
    assert_eq!(design("model\n  analytic\n network\n \"n\"").len(), 2);
}

#[test]
fn line_ends_and_byte_order_marks() {
    let windows = WHOLE.replace('\n', "\r\n");
    assert_eq!(right(&windows).items.len(), right(WHOLE).items.len());
    assert_eq!(right(&format!("\u{feff}{WHOLE}")).items.len(), 20);
    let comments = "// größe ≤ 3 “quoted” { [ (\n/* } ] ) \" */ menu m { pes in [\"ä { ≤\"] }";
    assert_eq!(right(comments).items.len(), 1);
}
