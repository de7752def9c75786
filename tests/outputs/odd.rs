//! Specifications that files have a hard time with.

use crate::encode::{Graph, ints};
use std::path::{Path, PathBuf};

/// Names that are words of Verilog, no words at all, or the same once they are; a knob and dataflows
/// named like something else; numbers beyond 32 bits.
const NAMES: &str = r#"
network odd {
  layer module conv { K = 4, C = 3, Y = 9, X = 9, R = 3, S = 3, stride = 2x1, pad = [1, 0, 2, 1] }
  layer "endmodule" depthwise { C = 4, Y = 5, X = 10, R = 3, S = 3, pad = 1, dilation = 2x1 }
  layer "/features/conv.0" grouped_conv { G = 2, K = 4, C = 2, Y = 5, X = 10, R = 1, S = 1 }
  layer "/features/conv-0" transposed_conv { K = 4, C = 8, Y = 5, X = 10, R = 3, S = 3, stride = 2, output_pad = 1 }
  layer features_conv_0 conv { K = 4, C = 4, Y = 12, X = 22, R = 3, S = 3 }
  layer "9 a\"b\\" gemm { M = 3, N = 5, K = 7 }
  layer "层 größe 😀" dense { K = 4, C = 4 }
  layer "*/ `define x $clog2 // \\" dense { K = 4, C = 4 }
  layer "=1+1,2" dense { K = 3, C = 4 }
  layer "-" dense { K = 2, C = 3 }
  layer "verilator lint_on WIDTH" dense { K = 2, C = 2 }
  layer LAYERS dense { K = 1000000, C = 60000 }
}

dataflow wire {
  for conv, depthwise, grouped_conv, transposed_conv {
    temporal K by op
    spatial  Y' by 1
    temporal C by 1
  }
  for dense, gemm { spatial K by op }
}

dataflow logic {
  for conv, depthwise, grouped_conv, transposed_conv {
    spatial  C by 1
    temporal Y by R step 1
    temporal X by S step 1
    cluster op { spatial R by 1 }
  }
  for dense, gemm { temporal K by 2 }
}

menu m { pes in [2, 4] op in [1, 2] }
budget all { area <= 100% }

design begin_end {
  network odd
  dataflow in [wire, logic]
  menu m
  budget all
  minimize latency
  search reinforce { episodes = 10 } then genetic { generations = 3 }
  seed 18446744073709551615
  expect gap <= 100%
}

design unsure {
  network odd
  dataflow wire
  menu m
  minimize edp
  deploy sequential
  search reinforce { episodes = 10 }
}
"#;

/// A model of another tool; the design of its network uses model `maestro`.
const MODEL: &str = r#"
network model from "model.onnx"

menu m { pes in [4, 8] buffer in [1, 2] }
budget most { power <= 90% }

design imported {
  network model
  dataflow in [std.dataflows.nvdla, std.dataflows.shidiannao]
  menu m
  budget most
  model maestro
  maximize throughput
}
"#;

/// Writes the specifications; where they are.
pub fn written(folder: &Path) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).expect("made");
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    put("model.onnx", &model());
    vec![
        put("names.cfx", NAMES.as_bytes()),
        put("imported.cfx", MODEL.as_bytes()),
    ]
}

/// Two convolutions whose names have slashes and dots, and what costs nothing.
pub fn model() -> Vec<u8> {
    let pads = || ints("pads", &[1, 1, 1, 1]);
    Graph::default()
        .input("image", "1 3 16 16")
        .weights("w1", &[8, 3, 3, 3])
        .weights("w2", &[8, 8, 3, 3])
        .node("Conv", &["image", "w1"], &["/stem/conv.0"], &[pads()])
        .node("Relu", &["/stem/conv.0"], &["/stem/relu"], &[])
        .node("Conv", &["/stem/relu", "w2"], &["/body/conv.0"], &[pads()])
        .output("/body/conv.0")
        .model()
}
