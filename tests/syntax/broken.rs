//! Miswritten specifications and what is said about them: each snapshot has both.

use crate::{read, shown};
use cfxc::diag::render;

macro_rules! broken {
    ($($name:ident: $text:expr;)+) => {$(
        #[test]
        fn $name() {
            let text: &str = $text;
            let (_, diagnostics, sources) = read(text);
            assert!(!diagnostics.is_empty());
            let said = shown(&diagnostics, &sources);
            let summary = render::summary(&diagnostics);
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), format!("{text}\n{}\n{said}\n{summary}\n", "-".repeat(60)));
            });
        }
    )+};
}

broken! {
    directive_parts: "\
dataflow nvdla {
  for conv {
    spatial K 4
    temporal R by
    temporal S by S stp 1
    spacial X by S
    spatial K by 4 KiB
    temporal C = 1
    temporal by 4
    temporal Y by R step 1    // fine
  }
}";
    dataflow_blocks: "\
dataflow d {
  for conv {
    cluster { spatial K by 4 }
    cluster 4 5 { spatial Q buy 4 }
    cluster pes spatial C by 1
    for dense { spatial K by 1 }
  }
  for { spatial K by 4 temporal C by }
  for conv
  fr depthwise { spatial C by 3 }
  spatial K by 4
}";
    network_calls: "\
network tiny {
  inptu image [3, 224, 224]
  input image [3, 224 224]
  conv1 = conv image
  conv2: conv(conv1)
  conv3 =
  conv4 = conv(conv2, ) stride 2
  conv5 conv(conv4)
  pool
}";
    network_layers: "\
network table {
  layer l1 conv K = 32
  layer l2 { K = 3 }
  layer 'l3' conv { K = 3 }
  layer l4: conv { K = 3 }
  a - b
  a ->
  layer l5 conv { K = 3 }
}";
    fields: "\
network n {
  layer a conv { K: 3, C == 4, Y <= 5, X 6, R = , = 7, S = 3 3 }
  layer b conv { K = 3 ! C = 4
    Y
    X = 5
  }
}";
    numbers: "\
budget b {
  area <= 1e400 mm2
  power <= .5 mW
  latency <= 5. ms
  energy <= +3 nJ
  edp <= nothing
  gap <= 1e-400
}";
    signs: "\
budget b { area = 10%, power =< 3 mW, latency => 20 ms, energy: 3 nJ, edp < = 3 }
menu m { pes = [1, 2], buffer: 1..=12 }
design d { network = n  minimize = latency  seed: 7 }";
    menus: "\
menu m {
  refin pes in 1..=128
  buffer in 1..12 per layr
  tile in big
  step in
  pes in [1, 2 4]
  in [1, 2]
}";
    designs: "\
design d {
  model
  technology cmos28
  serach reinforce { episodes = 2000 }
  search reinforce { episodes: 2000 } than genetic
  search
  minimize
  expct latency <= 3
  expect gap < 1 percent point
  pin conv1 pes = 16
  dataflow in nvdla
  seed 7                 // fine
}";
    technologies: "\
technology t extnds base {
  source MAESTRO
  clock = 1 GHz
  mac { area: 283 um2 }
  noc (hops = 1)
}
technology u extends { }";
    heads: "\
network { a -> b }
design \"quoted name\" { seed 7 }
dataflow two names { for conv { spatial K 4 } }
menu = m { pes in [1] }
network n from models.csv
network m
use
use a.b.c as
use a.b c";
    unknown_blocks: "\
datafow nvdla { for conv { spatial K 4 } }
Network tiny { a -> b }
kernel k { x = 3 }
layer l1 conv { K = 3 }
seed 7
{ }
42";
    wrong_place: "\
network n {
  menu m { pes in [1, 2] }
  a -> b
}
design d {
  budget b { area <= 3 mm2 }
  seed 7
}";
    missing_brace_of_a_rule: "\
dataflow d {
  for conv {
    spatial K by 4
  for dense {
    spatial K 4
  }
}
budget b { area = 3 mm2 }";
    missing_brace_of_a_block: "\
menu m {
  pes in [1, 2]

// the budget
budget b {
  area = 3 mm2
}";
    missing_brace_at_the_end: "\
design d {
  seed 7
  pin a { pes = 16 }
";
    missing_brackets: "\
network n {
  input image [3, 224, 224   // C, Y, X
  conv1 = conv(image { filters = 32 }
  layer l1 conv { K = 3
  layer l2 conv { K = [1, 2) }
  a -> b
}
}
menu m { pes = [1] }";
    strings: "\
network n {
  layer \"abc conv { K = 3 }
  layer \"x\\q\" conv { K = 3 }
  layer “y” conv { K = 3 }
  \"\" -> b
}
network m from \"models.csv
menu m { pes = [1] }";
    comments: "\
# a shell comment
budget b { area = 3 mm2 } -- a comment
/* one /* in another */ */
menu m { pes = [1] }
/* never closed
design d {";
    characters: "\
budget b { area ≤ 10 mm², power\u{a0}<= 3 mW, größe <= 3, latency <= 3 µs }
network n { a → b, c = conv(€) { kernel = 3×3 } }";
    nothing: "// nothing but a comment\n";
}
