//! Networks from texts of other tools that are damaged anyhow: read, or told where and why.

use cfxc::import::{self, FORMATS};
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::imported::checked;

mod support;

const SPEC: &str = "network n from \"file\"
dataflow d from \"file\"
menu m { pes in [4] }
design x { network n dataflow d menu m model maestro minimize latency }
";

/// A sound text of every kind.
const SOUND: [&str; 6] = [
    "Constant T 4
Network net {
  Layer a {
    Type: CONV
    Stride { X: 2, Y: 2 }
    Dimensions { K: 8, C: 3, R: 3, S: 3, Y: 17, X: 17 }
    Dataflow {
      SpatialMap(1,1) K; TemporalMap(T,T) C; Cluster(4, P); SpatialMap(1,1) X; // inside
      TemporalMap(Sz(R),Sz(R)) R;
    }
  }
  Layer b { Type: GEMM Dimensions { K: 10, M: 6, N: 4 } Dataflow { SpatialMap(1,1) M; } }
}
",
    "num_pes: 8\nl1_size_cstr: 64\nnoc_bw_cstr: 16\noffchip_bw_cstr: 4\n",
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 227, 227, 11, 11, 3, 96, 4,
FC, 1, 1, 1, 1, 9216, 4096, 1,
",
    "Layer, M, N, K,\nqkv, 128, 768, 768,\nout, 128, 768, 64,\n",
    "name,op,K,C,Y,X,R,S,stride,pad,groups
a,conv,16,4,32,32,3,3,2,1,2
b,depthwise,,16,16,16,3,3,1,1,
\"c, d\",dense,10,16,,,,,,,
",
    "K,C,Y,X,R,S,T\n32,3,224,224,3,3,1\n1,32,112,112,3,3,2\n",
];

/// What a damaged text may have in it.
const BITS: [&str; 26] = [
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    ";",
    "\n",
    "\"",
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "nan",
    "é",
    "\0",
    "K",
    "Q",
    "Sz(",
    "Layer",
    "Type",
    "Dimensions",
    "Cluster(0,P)",
    "//",
    "\u{feff}",
    "groups",
];

#[derive(Debug, Clone)]
enum Damage {
    Put(usize),
    Cut(usize),
    Again(usize),
}

/// A place as a share of the text, and what happens there.
fn damage() -> impl Strategy<Value = (f64, Damage)> {
    let what = prop_oneof![
        (0..BITS.len()).prop_map(Damage::Put),
        (1..40_usize).prop_map(Damage::Cut),
        (1..80_usize).prop_map(Damage::Again),
    ];
    (0.0..1.0, what)
}

fn damaged(sound: &str, all: &[(f64, Damage)]) -> String {
    let mut text: Vec<char> = sound.chars().collect();
    for (share, damage) in all {
        let at = (share * text.len() as f64) as usize;
        let end = |length: &usize| (at + length).min(text.len());
        match damage {
            Damage::Put(bit) => drop(text.splice(at..at, BITS[*bit].chars())),
            Damage::Cut(length) => drop(text.drain(at..end(length))),
            Damage::Again(length) => {
                let part = text[at..end(length)].to_vec();
                drop(text.splice(at..at, part));
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn there_is_a_sound_text_of_every_kind() {
    let kind = |text: &&str| import::recognise(text.as_bytes()).map(|f| f.name);
    let found: BTreeSet<_> = SOUND.iter().filter_map(kind).collect();
    let texts = FORMATS.iter().map(|f| f.name).filter(|n| *n != "onnx");
    assert_eq!(found, texts.collect());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn read_or_told(
        sound in 0..SOUND.len(),
        all in prop::collection::vec(damage(), 1..6),
    ) {
        let text = damaged(SOUND[sound], &all);
        let (_, shown, wrong) = checked(SPEC, &text);
        // Every error says what, where and what to do. The rendering ends its place with a corner.
        prop_assert!(!wrong || shown.contains("cfx::E"), "{text}\n{shown}");
        for error in shown.split("\ncfx::").filter(|e| e.starts_with('E')) {
            prop_assert!(error.contains("`--") && error.contains("help: "), "{text}\n{error}");
        }
    }
}
