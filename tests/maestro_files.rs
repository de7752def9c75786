//! MAESTRO's files in and out: what is read has the figures of the original, and what is wrong in a
//! file is said where it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use cfxc::base::span::{FileId, SourceMap};
use cfxc::cost;
use cfxc::diag::{Diagnostic, Severity, codes, render};
use cfxc::emit::maestro::mapping;
use cfxc::import::maestro::{self, Mappings, hardware};
use cfxc::import::recognise;
use support::check::{Tally, gunzip, mappings, price};
use support::imported::{
    ANY, blocks, checked, design, layers, read, read_again, read_as_text, text,
};
use support::maestro_figures::hardware as array;
use support::maestro_text::{TextError, parse};

mod support;

/// Every habit of published files: missing separators, constants, sizes by dimension, output
/// dimensions, a dimension mapped twice, a dataflow left out, names that repeat.
const FILE: &str = "
// Rows stay.
Constant Held 2;
Constant Batch 4
Network small.net {
  Layer CONV1 { // the first
    Type: CONV
    Stride { X: 2, Y: 2 }
    Dimensions { K: 16, C 3 R: 5, S 5, Y:33, X:33 }
    Dataflow {
      TemporalMap(Held,Held) K;
      TemporalMap(4,4) C;
      TemporalMap(Sz(R),Sz(R)) R;
      SpatialMap(Sz(R),1) Y
      TemporalMap(Sz(S), 1) X;
      Cluster(3,P);
      SpatialMap(1,1) X; SpatialMap(1,1) S; TemporalMap(Sz(S),Sz(S)) S;
    }
  }
  Layer CONV2 {
    Type: CONV
    Dimensions { N: Batch, K: 32, C: 16, R: 3, S: 3, Y: 14, X: 14 }
    Dataflow {
      TemporalMap(1,1) N; SpatialMap(1,1) Y'; TemporalMap(1,1) X'; TemporalMap(2,2) C;
      TemporalMap(16,16) K; TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;
      Cluster(Sz(R), L);
      SpatialMap(1,1) Y; SpatialMap(1,1) R; TemporalMap(Sz(S),Sz(S)) S;
    }
  }
  Layer CONV2 {
    Type: DSCONV
    Dimensions { K: 1, C: 32, R: 3, S: 3, Y: 14, X: 14 }
    Dataflow {
      SpatialMap(1,1) C; TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
      TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;
    }
  }
  Layer DW2 { Type: DSCONV Dimensions { C: 16, R: 3, S: 3, Y: 12, X: 12 } }
  Layer GROUPED {
    Type: NGCONV
    Dimensions { G: 4, K: 8, C: 8, R: 3, S: 3, Y: 12, X: 12 }
    Dataflow {
      TemporalMap(1,1) G; SpatialMap(1,1) K; TemporalMap(4,4) C; TemporalMap(3,3) R;
      TemporalMap(3,3) S; TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
      Cluster(4,P);
      SpatialMap(1,1) C;
    }
  }
  Layer UP {
    Type: TRCONV
    Stride { X: 2, Y: 2 }
    Dimensions { K: 8, C: 8, R: 2, S: 2, Y: 12, X: 12 }
    Dataflow {
      SpatialMap(1,1) K; TemporalMap(8,8) C; TemporalMap(2,2) R; TemporalMap(2,2) S;
      TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
    }
  }
  Layer REFUSED {
    Type: CONV
    Dimensions { K: 16, C: 3, R: 5, S: 5, Y: 33, X: 33 }
    Dataflow { SpatialMap(1,1) K; TemporalMap(Sz(R),7) R; }
  }
  Layer MATRIX {
    Type: GEMM
    Dimensions { K: 100, M: 60, N: 40 }
    Dataflow {
      TemporalMap(1,1) N; SpatialMap(1,1) M; TemporalMap(100,100) K;
      Cluster(4, P);
      SpatialMap(1,1) K;
    }
  }
}
";

/// The file's names as the compiler has them.
const NAMES: [&str; 8] = [
    "CONV1", "CONV2", "CONV2#2", "DW2", "GROUPED", "UP", "REFUSED", "MATRIX",
];

/// The file in the form that the test's own reader wants: nothing left out.
fn plain() -> String {
    let dataflow = "Dataflow { SpatialMap(1,1) C; TemporalMap(3,1) Y; TemporalMap(3,1) X;
        TemporalMap(3,3) R; TemporalMap(3,3) S; } }";
    FILE.replace("Batch 4", "Batch 4;")
        .replace("Sz(R),1) Y\n", "Sz(R),1) Y;\n")
        .replace("Y: 12, X: 12 } }", &format!("Y: 12, X: 12 }} {dataflow}"))
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| n.to_string()).collect()
}

#[test]
fn figures_are_those_of_the_file() {
    let theirs = parse(&plain()).expect("a sound file");
    let names: Vec<String> = theirs.iter().map(|l| l.name.clone()).collect();
    for ours in [
        read(FILE, &names),
        read_as_text(FILE, &names),
        read_again(FILE, &names),
    ] {
        let ours = ours.expect("a sound file");
        assert_eq!(ours.len(), theirs.len());
        let mut refused = BTreeSet::new();
        for (ours, theirs) in ours.iter().zip(&theirs) {
            for hw in [array(256, 64, 1, 1, 70_000), array(1024, 1000, 0, 2, 8)] {
                let ours_price = price(ours.content.clone(), &hw);
                let price = price(theirs.content.clone(), &hw);
                assert_eq!(
                    ours_price.as_ref().ok(),
                    price.as_ref().ok(),
                    "{}",
                    ours.name
                );
                if let (Err(ours), Err(theirs)) = (ours_price, price) {
                    assert_eq!(ours, theirs);
                    if let TextError::Refused(theirs) = theirs {
                        refused.insert(theirs.to_string());
                    }
                }
            }
        }
        let wanted = [
            "level 0: a temporal map of R must hold all of it and step over all of it",
            "no sub-cluster of the outermost level computes anything",
        ];
        assert_eq!(refused, BTreeSet::from(wanted.map(str::to_string)));
    }
}

/// The model behind the common door gives the same prices, on the hardware of a hardware file.
#[test]
fn the_model_prices_what_was_read() {
    let hw = cfxc::emit::maestro::Array {
        pes: 256,
        noc_bandwidth: 32,
        noc_latency: 3,
        offchip_bandwidth: 16,
        lanes: 2,
        ..ANY
    };
    let problem = design(FILE, &hw).expect("a sound file");
    let names: Vec<&str> = problem.layers.iter().map(|l| l.name.as_str()).collect();
    assert_eq!(names, NAMES);
    let model = cost::build("maestro", &problem.technology, None).expect("a model");
    let theirs = parse(&plain()).expect("a sound file");
    for (layer, theirs) in problem.layers.iter().zip(theirs) {
        let rule = problem.rule(layer.shape, 0).expect("a rule");
        let ours = model.price(&problem.shapes[layer.shape], rule, &[256]);
        let report = price(theirs.content, &array(256, 32, 3, 2, 16));
        match (ours, report) {
            (Ok(ours), Ok(report)) => {
                assert_eq!(ours.latency_cycles as i64, report.runtime_cycles);
                assert_eq!(ours.energy_nj, report.energy_nj);
                assert_eq!(ours.area_um2, report.area_um2);
                assert_eq!(ours.macs as i64, report.macs);
            }
            (ours, report) => assert!(ours.is_err() && report.is_err(), "{}", layer.name),
        }
    }
}

/// One rule for each kind as it is mostly mapped, and one for layers that differ.
#[test]
fn mappings_are_shared() {
    let read = maestro::read(FileId(0), FILE).expect("a sound file");
    let rules: Vec<(Vec<&str>, Vec<&str>)> = read
        .rules
        .iter()
        .map(|r| {
            let ops = r.ops.iter().map(|n| n.node.as_str()).collect();
            let layers = r.layers.iter().map(|n| n.node.as_str()).collect();
            (ops, layers)
        })
        .collect();
    let none = Vec::new;
    assert_eq!(
        rules,
        [
            (vec!["conv"], none()),
            (vec!["depthwise"], none()),
            (vec!["grouped_conv"], none()),
            (vec!["transposed_conv"], none()),
            (vec!["gemm"], none()),
            (none(), vec!["CONV2"]),
            (none(), vec!["DW2"]),
            (none(), vec!["REFUSED"]),
        ]
    );
    assert_eq!(read.name.as_deref(), Some("small.net"));
    let said: Vec<_> = read.warnings.iter().map(|w| w.code).collect();
    assert_eq!(said, [codes::RENAMED]);
}

/// Random mappings of one to four levels and all kinds of layers.
#[test]
fn vectors_in_and_out_again() {
    let text = gunzip(include_bytes!("reference/vectors.jsonl.gz")).expect("a gzip file");
    let mut tallies = [Tally::default(), Tally::default(), Tally::default()];
    for line in text.lines() {
        let vector: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let hw = |name: &str| vector["hardware"][name].as_i64().unwrap_or(0);
        let hw = array(
            hw("pes"),
            hw("noc_bw"),
            hw("noc_latency"),
            hw("simd"),
            hw("offchip_bw"),
        );
        let text = vector["mapping"].as_str().expect("a text");
        let refused = vector["status"] == "refused";
        let expected = vector["expected"].as_object().filter(|_| !refused);
        let names = owned(&["any"]);
        let reads = [
            read(text, &names),
            read_as_text(text, &names),
            read_again(text, &names),
        ];
        for (tally, read) in tallies.iter_mut().zip(reads) {
            let mut layers = read.unwrap_or_else(|e| panic!("{text}\n{e}"));
            let price = price(layers.remove(0).content, &hw);
            let figures = expected.map(|o| {
                // The input extents of a layer that is declared by its output are declared here.
                o.iter()
                    .filter(|(name, _)| !name.starts_with("num_total"))
                    .map(|(name, printed)| (name.as_str(), printed.as_str().unwrap_or("")))
            });
            tally.row(text, &price, figures);
        }
    }
    for tally in tallies {
        let first = &tally.mismatches[..tally.mismatches.len().min(10)];
        assert!(first.is_empty(), "{}", first.join("\n"));
        assert_eq!((tally.rows, tally.equal, tally.refused), (200, 200, 21));
    }
}

/// Ten files that MAESTRO publishes, in the form `cfxc import` gives them, against what it reports
/// for each layer; and once more from what is written of them.
#[test]
fn published_files_have_their_figures_and_refusals() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/mappings");
    let expected = std::fs::read(format!("{folder}/expected.csv.gz")).expect("a file");
    let expected = gunzip(&expected).expect("a gzip file");
    let (mut read, mut again) = (BTreeMap::new(), BTreeMap::new());
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "cfx") {
            let text = std::fs::read_to_string(&path).expect("a text");
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let [first, second] = blocks(&text).unwrap_or_else(|e| panic!("{stem}: {e}"));
            read.insert(format!("{stem}.m"), first);
            again.insert(format!("{stem}.m"), second);
        }
    }
    for files in [read, again] {
        let mut tally = Tally::default();
        mappings(&expected, &files, &mut tally);
        let first = &tally.mismatches[..tally.mismatches.len().min(10)];
        assert!(first.is_empty(), "{}", first.join("\n"));
        assert_eq!((tally.rows, tally.equal, tally.refused), (510, 510, 160));
    }
}

/// As `cfxc import` shows it.
#[test]
fn a_file_as_text_of_the_language() {
    insta::assert_snapshot!(text(FILE).expect("a sound file"));
}

#[test]
fn what_is_written_is_written_again() {
    let written = |text: &str| {
        let problem = design(text, &ANY).expect("a sound file");
        let layers: Result<Vec<_>, _> = layers(&problem).into_iter().collect();
        mapping("n", &layers.expect("all can be written"))
    };
    let once = written(FILE);
    assert!(once.contains("Layer CONV2_2 {"), "{once}");
    assert!(once.contains("Cluster(3, P);"), "{once}");
    assert_eq!(written(&once), once);
}

fn shown(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("net.m", text);
    let found = match maestro::read(file, text) {
        Ok(read) => read.warnings,
        Err(found) => found,
    };
    let style = render::Style {
        color: false,
        unicode: false,
        width: 100,
    };
    render::human(&found, &sources, style)
}

#[test]
fn every_problem_is_shown_where_it_stands() {
    let text = "Constant Tile 4
Network n {
  Layer a {
    Type: CONV
    Dimensions { K: Tiel, C: 3, R: 3, S: 3, Y: 8, X: 8 }
    Dataflow { SpatialMap(1,1) K; TemporalMap(1) C; Clutter(4, P); SpatialMap(Sz(G), 1) C; }
  }
  Layer b { Type: POOL Dimensions { K 1 } }
  Layer c { Dimensions { K: 1 } Stride { X: 1 } Strange { } }
  Layer d { Type: CONV Type: GEMM Dimensions { K: 1, K: 2, Y: 3, Y': 1 } Stride { Q: 2 } }
";
    insta::assert_snapshot!(shown(text));
}

/// What cannot be read hides neither the rest of its layer nor what is wrong elsewhere, be it for the
/// reader or for the language; and nothing follows from it.
#[test]
fn every_mistake_is_told_in_one_run() {
    let file = "Network small {
  Layer unread {
    Type: CONV
    Dimensions { K: 16, C: x, R: 5, S: 5, Y: 4, X: 4, Q: 3 }
    Dataflow { SpatialMap(1,1) K; TemporalMap(Sz(C),1) C; TemporalMap(0,1) R; }
  }
  Layer window {
    Type: CONV
    Dimensions { K: 16, C: 3, R: 50, S: 5, Y: 33, X: 33 }
    Dataflow { SpatialMap(1 1) K; TemporalMap(Sz(R) z) R; Cluster(0,P); }
  }
  Layer kind {
    Type: CONVX
    Dimensions { K: 16, C: 3, R: 5, S: 5, Y: 33, X: 33 }
  }
  Layer flow {
    Type: GEMM
    Dimensions { K: 0, M: 3, N: 4 }
    Dataflow { SpatialMap(1,1) K; TemporalMap(1,1) Q; TemporalMap(1,1) C; Cluster(4,P); }
  }
}
";
    let spec = "network n from \"file.m\"
dataflow d from \"file.m\"
menu m { pes in [4] }
design x { network n dataflow d menu m model maestro minimize latency }
";
    let (_, shown, wrong) = checked(spec, file);
    assert!(wrong);
    insta::assert_snapshot!(shown);
}

#[test]
fn what_the_original_forgets_is_a_warning() {
    let text = "Network n { Layer a { Type: DSCONV Stride { X: 2, Y: 2, C: 3 }
        Dimensions { K: 8, C: 8, R: 3, S: 3, Y: 9, Y: 10, X: 9 }
        Dataflow { SpatialMap(1,1) C; TemporalMap(Sz(R),Sz(R)) R; } } }";
    let read = maestro::read(FileId(0), text).expect("a sound file");
    let said: Vec<_> = read.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "`K` has no effect here",
            "`Y` has no effect here",
            "`C` has no effect here"
        ]
    );
}

#[test]
fn a_dataflow_names_layers_of_its_network() {
    let spec = "network n from \"file.m\"
        dataflow d {
          for conv, depthwise, grouped_conv, transposed_conv { spatial C by 1 }
          for layer MATRIX { spatial K by 1 }
          for layer \"CONV2#2\", CONV1, { temporal R by R spatial C by 2 }
          for layer CONV3, CONV1 { spatial C by 1 }
          for layer MATRX { spatial Y by 1 }
        }
        menu m { pes in [4] }
        design x { network n dataflow d menu m model maestro minimize latency }";
    let (_, shown, wrong) = checked(spec, FILE);
    assert!(wrong);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_table_has_no_dataflow() {
    let spec = "dataflow d from \"table.csv\"";
    let (_, shown, wrong) = checked(spec, "K,C,Y,X,R,S,T\n1,1,1,1,1,1,1\n");
    assert!(wrong);
    assert!(
        shown.contains("there is no dataflow in this file"),
        "{shown}"
    );
}

/// As the original's models are: layers that are not mapped.
#[test]
fn a_model_without_dataflows_is_a_network() {
    let text =
        "Network n { Layer a { Type: CONV Dimensions { K: 8, C: 3, R: 3, S: 3, Y: 9, X: 9 } } }";
    let read = maestro::read(FileId(0), text).expect("a network");
    assert_eq!((read.statements.len(), read.rules.len()), (1, 0));
    assert_eq!(read.warnings, []);
}

#[test]
fn files_are_known_by_content() {
    let kind = |text: &str| recognise(text.as_bytes()).map_or("", |f| f.name);
    assert_eq!(kind(FILE), "maestro");
    assert_eq!(kind("// only a comment so far"), "maestro");
    assert_eq!(kind("Network{Layer a{}}"), "maestro");
    assert_eq!(kind("K,C,Y,X,R,S,T\n"), "table");
}

/// A text cut anywhere, or with any byte changed, is read or reported; nothing panics.
#[test]
fn damaged_files_are_reported() {
    let sound = FILE.trim();
    let told = |text: &str| match maestro::read(FileId(0), text) {
        Ok(read) if read.warnings.iter().all(|d| d.severity != Severity::Error) => true,
        Ok(Mappings {
            warnings: found, ..
        })
        | Err(found) => {
            let placed = |d: &Diagnostic| {
                let span = d.labels[0].span;
                span.start <= span.end && span.end as usize <= text.len() && d.help.is_some()
            };
            assert!(found.iter().all(placed), "{text}\n{found:#?}");
            found.iter().any(|d| d.severity == Severity::Error)
        }
    };
    for end in 0..sound.len() {
        assert!(told(&sound[..end]), "cut at {end}");
        assert!(told(&format!("{}{}", &sound[..end], &sound[end + 1..])));
        for put in [
            "{",
            "}",
            "9999999999999999999999",
            "-1",
            "é",
            "Sz(",
            "Layer",
            "\"",
        ] {
            assert!(told(&format!(
                "{}{put}{}",
                &sound[..end],
                &sound[end + 1..]
            )));
        }
    }
}

/// Time is linear in the length, whatever is repeated: a quadratic reader would take minutes. The
/// bound leaves room for a loaded machine.
#[test]
fn long_files_are_read_in_time() {
    let layer = "Layer l { Type: CONV Dimensions { K: 4, C: 4, R: 1, S: 1, Y: 4, X: 4 } ";
    let flow = "Dataflow { SpatialMap(1,1) K; } }\n";
    let many = [
        format!(
            "Network n {{ {layer}{flow}{} }}",
            format!("{layer}}}\n").repeat(50_000)
        ),
        format!(
            "Network n {{ {} }}",
            format!("{layer}{flow}").repeat(50_000)
        ),
        format!(
            "Network n {{ {layer} Dataflow {{ {} }} }} {} }}",
            "SpatialMap(1,1) K; ".repeat(100_000),
            "Layer l { Type: CONV Dimensions { K 1 } }".repeat(50_000)
        ),
        "{".repeat(1_000_000),
        "Network n { Layer l { Dataflow { ".to_string() + &"Cluster(2,P); ".repeat(100_000),
        "Network n { Layer l { Dimensions { ".to_string() + &"K: 1, ".repeat(200_000),
        "Network n { Layer l { Stride { ".to_string() + &"K: ".repeat(200_000),
        "Constant a".repeat(100_000),
        "Layer ".repeat(200_000),
        (0..100_000)
            .map(|i| format!("Constant c{i} {i} "))
            .collect(),
    ];
    for text in many {
        let start = Instant::now();
        let _ = maestro::read(FileId(0), &text);
        let _ = hardware::read(FileId(0), &text);
        let time = start.elapsed();
        assert!(time < Duration::from_secs(30), "{time:?}: {}", &text[..40]);
    }
}

/// A name, a type or a brace that is missing does not hide what else is wrong.
#[test]
fn a_mistake_around_a_layer_does_not_hide_its_body() {
    let spec = "network n from \"file.m\"
menu m { pes in [4] }
design x { network n dataflow d menu m model maestro minimize latency }
dataflow d { for conv { spatial K by 1 } }
";
    let zero = "Dimensions { K: 0, C: 3, R: 3, S: 3, Y: 8, X: 8 }";
    let sound = "Type: CONV Dimensions { K: 4, C: 3, R: 3, S: 3, Y: 8, X: 8 }";
    for (body, mistake) in [
        (
            format!("Layer {{ Type: CONV {zero} }}"),
            "this layer has no name",
        ),
        (format!("Layer a {{ {zero} }}"), "layer `a` has no type"),
        (
            format!("Layer a Type: CONV {zero} }}"),
            "expected `{`, found `Type`",
        ),
        (
            format!("Layer a b {{ Type: CONV {zero} }}"),
            "expected `{`, found `b`",
        ),
        (
            format!("Layer a {{ {sound} Layer b {{ Type: CONV {zero} }}"),
            "expected `}`, found `Layer`",
        ),
        (
            format!("Layer a {{ {sound} }} }} Layer b {{ Type: CONV {zero} }}"),
            "expected `Constant` or `Network`, found `Layer`",
        ),
    ] {
        let (_, shown, _) = checked(spec, &format!("Network n {{ {body} }}"));
        assert!(shown.contains(mistake), "{shown}");
        assert!(shown.contains("`K` must be at least 1"), "{shown}");
        assert_eq!(shown.matches("cfx::E").count(), 2, "{shown}");
    }
}

/// A number that cannot be read hides nothing but itself, and what a missing dimension would have is
/// looked at.
#[test]
fn a_number_that_cannot_be_read_hides_no_missing_one() {
    let spec = "network n from \"file.m\"
menu m { pes in [4] }
design x { network n dataflow d menu m model maestro minimize latency }
dataflow d { for conv, gemm { spatial K by 1 } }
";
    let file = "Network n {
  Layer a { Type: CONV Stride { X: 0 } Dimensions { K: 4, C: x, R: 3, S: 3, Y: 8 } }
  Layer b { Type: GEMM Dimensions { K: q, M: 3 } }
}
";
    let (_, shown, _) = checked(spec, file);
    for mistake in [
        "a `conv` layer needs the field `X`",
        "`stride` must be at least 1",
        "`x` is neither a number nor a constant",
        "a `gemm` layer needs the field `N`",
        "`q` is neither a number nor a constant",
    ] {
        assert!(shown.contains(mistake), "{mistake}: {shown}");
    }
    assert_eq!(shown.matches("cfx::").count(), 5, "{shown}");
}
