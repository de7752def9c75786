//! Layer tables of other tools: what they give, and what is said of mistakes.

use std::time::{Duration, Instant};

use cfxc::base::span::FileId;
use cfxc::import::{self, Options, Reader, recognise};
use cfxc::ir::problem::Problem;
use cfxc::syntax::ast::NetworkStmt;
use support::imported::checked;

mod support;

const SPEC: &str = "
use std.dataflows.nvdla
use std.menus.confuciux
network n from \"table.csv\"
design d { network n dataflow nvdla menu confuciux model maestro minimize latency }
";

/// The design of a sound table.
fn problem(table: &str) -> Problem {
    let (mut problems, shown, wrong) = checked(SPEC, table);
    assert!(!wrong, "{shown}");
    problems.remove(0)
}

/// Name, kind, output rows and columns, and MACs of every layer.
fn layers(table: &str) -> Vec<(String, &'static str, [u64; 2], u64)> {
    let problem = problem(table);
    let layers = problem.layers.iter().map(|layer| {
        let shape = &problem.shapes[layer.shape];
        let output = shape.output().expect("it fits");
        let macs = shape.macs().expect("countable");
        (layer.name.clone(), shape.op.name(), output, macs)
    });
    layers.collect()
}

fn shown(table: &str) -> String {
    let (_, shown, wrong) = checked(SPEC, table);
    assert!(wrong, "no mistake: {shown}");
    shown
}

/// AlexNet without groups as SCALE-Sim has it: the image with its padding, and dense layers as
/// convolutions of one pixel.
/// SCALE-Sim reads its tables by position and splits some layers by channels.
#[test]
fn tables_as_the_simulator_reads_them() {
    let text = "Layer, IFMAP Width, IFMAP Width, Filter Width, Filter Width, Channel, Num Filter, Strides,\n\
        c1, 114, 56, 3, 5, 32, 8, 1,#stem\nDP1, 114, 114, 3, 3, 32, 1, 1,\n";
    let format = recognise(text.as_bytes()).expect("a kind");
    assert_eq!(format.name, "scalesim");
    let Reader::Text(read) = format.read else {
        panic!("a text");
    };
    let read = read(FileId(0), text, &Options::default()).expect("a table");
    assert_eq!(read.warnings, []);
    let layers: Vec<String> = read
        .statements
        .iter()
        .filter_map(|s| match s {
            NetworkStmt::Layer { op, fields, .. } => {
                let bounds = fields.iter().map(|f| f.name.node.as_str());
                Some(format!("{} {}", op.node, bounds.collect::<String>()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(layers, ["conv YXRSCK", "depthwise YXRSC"]);
    // Products that have lost some of their weights, without a column for it.
    let sparse = "L,M,N,K,\nA,10,20,30,2:4,\n";
    let format = recognise(sparse.as_bytes()).expect("a kind");
    let Reader::Text(read) = format.read else {
        panic!("a text");
    };
    let read = read(FileId(0), sparse, &Options::default()).expect("a table");
    assert_eq!((read.statements.len(), read.warnings.len()), (1, 1));
    // More columns than a table has.
    let wide = format!("name,op,K,C{}\nl,dense,1,20\n", ",Z".repeat(2000));
    let format = recognise(wide.as_bytes()).expect("a kind");
    let Reader::Text(read) = format.read else {
        panic!("a text");
    };
    let found = read(FileId(0), &wide, &Options::default()).expect_err("too wide");
    assert_eq!(found.len(), 1);
}

#[test]
fn scale_sim_convolutions() {
    let table = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, \
                 Num Filter, Strides,\r\n\
                 Conv1, 227, 227, 11, 11, 3, 96, 4,\r\n\
                 Conv2,\t31, 31, 5, 5, 96, 256, 1,\r\n\
                 FC6, 1, 1, 1, 1, 9216, 4096, 1,\r\n";
    assert_eq!(
        layers(table),
        [
            ("Conv1".to_string(), "conv", [55, 55], 55 * 55 * 96 * 363),
            ("Conv2".to_string(), "conv", [27, 27], 27 * 27 * 256 * 2400),
            ("FC6".to_string(), "conv", [1, 1], 9216 * 4096),
        ]
    );
}

#[test]
fn scale_sim_strides_and_sparsity() {
    let table = "Layer,Filter Width,Filter Height,IFMAP Height,IFMAP Width,Num Filter,Channels,\
                 Stride Height,Stride Width,Sparsity\n\
                 a,3,5,9,8,4,2,2,1,1:1\na,3,5,9,8,4,2,2,1,2:4\n";
    let found = layers(table);
    assert_eq!(found[0], ("a".to_string(), "conv", [3, 6], 18 * 4 * 2 * 15));
    assert_eq!(found[1].0, "a#2");
    let (_, said, _) = checked(SPEC, table);
    assert!(
        said.contains("sparse weights are counted as dense ones"),
        "{said}"
    );
    assert!(said.contains("table.csv:3:"), "{said}");
}

#[test]
fn scale_sim_products() {
    let table = "Layer, M, N, K,\nqkv, 128, 2304, 768,\nout, 128, 768, 768,\n";
    assert_eq!(
        layers(table),
        [
            ("qkv".to_string(), "gemm", [1, 1], 128 * 2304 * 768),
            ("out".to_string(), "gemm", [1, 1], 128 * 768 * 768),
        ]
    );
}

#[test]
fn named_columns() {
    let table = "\u{feff}Name,OP,K,C,Y,X,R,S,M,N,stride,pad_y,pad_x,groups,dilation\n\
                 stem,conv2d,32,3,224,224,3,3,,,2,1,1,,\n\
                 ,conv,32,32,112,112,3,3,,,,1,1,32,\n\
                 wide,Conv,64,32,112,112,3,3,,,,1,1,4,\n\
                 sparse,conv,8,8,16,16,3,3,,,,2,2,,2\n\
                 up,conv_transpose,8,8,7,7,2,2,,,2,,,,\n\
                 fc,linear,10,100,,,,,,,,,,,\n\
                 mm,matmul,64,,,,,,16,48,,,,,\n";
    assert_eq!(
        layers(table),
        [
            ("stem".to_string(), "conv", [112, 112], 10_838_016),
            (
                "l2".to_string(),
                "depthwise",
                [112, 112],
                112 * 112 * 32 * 9
            ),
            (
                "wide".to_string(),
                "grouped_conv",
                [112, 112],
                112 * 112 * 64 * 8 * 9
            ),
            ("sparse".to_string(), "conv", [16, 16], 16 * 16 * 64 * 9),
            (
                "up".to_string(),
                "transposed_conv",
                [14, 14],
                7 * 7 * 64 * 4
            ),
            ("fc".to_string(), "dense", [1, 1], 1000),
            ("mm".to_string(), "gemm", [1, 1], 16 * 48 * 64),
        ]
    );
}

/// Without a column for it, the kind follows from the bounds.
#[test]
fn kinds_from_bounds() {
    let table = "name,K,C,Y,X,R,S,M,N,G\na,4,4,8,8,3,3,,,\nb,4,4,,,,,,,\nc,4,,,,,,5,6,\n\
                 d,4,4,8,8,3,3,,,2\n";
    let kinds: Vec<&str> = layers(table).iter().map(|l| l.1).collect();
    assert_eq!(kinds, ["conv", "dense", "gemm", "grouped_conv"]);
}

#[test]
fn kinds_of_tables_are_known_by_their_headers() {
    let kind = |text: &str| recognise(text.as_bytes()).map_or("", |f| f.name);
    assert_eq!(kind("\n,,\nLayer name, IFMAP Height,\n"), "scalesim");
    assert_eq!(kind("layer,m,n,k\n"), "scalesim");
    assert_eq!(kind("name,M,N,K\n"), "csv");
    assert_eq!(kind("K,C,Y,X,R,S,stride\n"), "csv");
    assert_eq!(kind("K,C,Y,X,R,S,T\n"), "table");
    assert_eq!(kind("T,s,r,x,y,c,k\n"), "table");
    assert_eq!(kind("K,Q,K\n"), "table");
    assert_eq!(kind(""), "table");
}

#[test]
fn mistakes_of_topologies() {
    let header = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, \
                  Num Filter, Strides, Sparsity\n";
    let rows = "a, 8, 8, 3, x, 3, 4, 1, 1:1\nb, 8, 8, 3, 3, 3, 4\n, 8, 8, 3, 3, 0, 4, 1,5:4\n\
                c,2,2,3,3,3,3,1\nd,1,1,1,1,1,1,1,1:1,5\n";
    insta::assert_snapshot!(shown(&format!("{header}{rows}")));
    insta::assert_snapshot!(shown("Layer, IFMAP Height, Speed, Channels, Channels\n"));
    insta::assert_snapshot!(shown("Layer, IFMAP Height\n"));
    insta::assert_snapshot!(shown("Layer, M, N, K\n"));
}

/// What only the checks of the network can see is said at the cell, too.
#[test]
fn mistakes_of_named_tables() {
    let table = "name,op,K,C,Y,X,R,S,stride,stride_y,pad,groups\n\
                 a,convolution,4,4,8,8,3,3,,,,\n\
                 b,conv,4,4,8,8,3,3,1,2,,\n\
                 c,conv,4,6,8,8,3,3,,,,4\n\
                 d,dense,4,6,,,,,,,,2\n\
                 e,conv,4,-6,8,8,3,,,,,,,3\n";
    insta::assert_snapshot!(shown(table));
    let table = "name,op,K,C,Y,X,R,S,stride,pad\n\
                 a,dense,4,4,8,,,,,\n\
                 b,conv,4,4,8,8,9,9,,\n\
                 c,conv,4,4,0,8,3,3,0,\n\
                 d,conv,4,4,8,8,3,,99999999999999999999,\n";
    insta::assert_snapshot!(shown(table));
    insta::assert_snapshot!(shown("name,op,strid,name\n"));
    insta::assert_snapshot!(shown("name,op,K,C\n"));
}

/// What a file of no kind that is known was probably meant to be.
#[test]
fn a_file_of_no_kind_is_told_what_is_meant() {
    for (text, word, said) in [
        ("Netwrok X { }\n", "Netwrok", "`Network`"),
        ("Constnat A 3\n", "Constnat", "`Constant`"),
        ("num_pe: 16\n", "num_pe", "`num_pes`"),
        (
            "name;op;K;C\nq;dense;1;2\n",
            "name;op;K;C",
            "commas are wanted",
        ),
        ("K\tC\tY\tX\tR\tS\tT\n", "K", "commas are wanted"),
    ] {
        assert!(recognise(text.as_bytes()).is_none(), "{text}");
        let (first, help) = import::foreign::meant(text).expect("a guess");
        assert!(first == word && help.contains(said), "{first}: {help}");
    }
    assert_eq!(import::foreign::meant("nothing of this"), None);
}

/// A value that cannot be read hides no bound that is missing.
#[test]
fn a_value_that_cannot_be_read_hides_nothing() {
    for (row, said) in [
        ("q,conv,8,,9,,3,3,1,x", ["`pad` must be", "`C`, `X`"]),
        ("q,conv,8,3,9,,3,3,1,-1", ["`pad` must be", "the field `X`"]),
        ("q,conv,8,3,x,,3,3,1,1", ["`Y` must be", "the field `X`"]),
    ] {
        let shown = shown(&format!("name,op,K,C,Y,X,R,S,stride,pad\n{row}\n"));
        assert!(said.iter().all(|s| shown.contains(s)), "{shown}");
        assert_eq!(shown.matches("cfx::E").count(), 2, "{shown}");
    }
}

/// Text cut or changed anywhere is read or reported; nothing panics.
#[test]
fn damaged_tables_are_reported() {
    let tables = [
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, \
         Num Filter, Strides,\nConv1, 8, 8, 3, 3, 3, 96, 2,\n",
        "Layer, M, N, K,\nqkv, 128, 2304, 768,\n",
        "name,op,K,C,Y,X,R,S,stride,pad_y,groups\nstem,conv,32,4,24,24,3,3,2,1,4\n",
    ];
    for table in tables {
        for at in 0..table.len() {
            let _ = checked(SPEC, &table[..at]);
            for put in [
                "\"",
                ",",
                "\n",
                "9999999999999999999999",
                "-1",
                "é",
                "1e400",
                "NaN",
            ] {
                let _ = checked(SPEC, &format!("{}{put}{}", &table[..at], &table[at + 1..]));
            }
        }
    }
}

#[test]
fn long_tables_are_read_in_time() {
    let conv = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, \
                Num Filter, Strides,\n";
    let tables = [
        conv.to_string() + &"a,8,8,3,3,3,3,1,\n".repeat(100_000),
        conv.to_string() + &"a,x,,\n".repeat(100_000),
        "Layer,M,N,K\n".to_string() + &"a,1,2,3\n".repeat(100_000),
        "name,op,K,C\n".to_string() + &"a,dense,3,3\n".repeat(100_000),
        "name,op,".to_string() + &"K,".repeat(100_000),
    ];
    for table in tables {
        let start = Instant::now();
        let format = recognise(&table.as_bytes()[..table.len().min(import::HEAD)]);
        if let Some(Reader::Text(read)) = format.map(|f| &f.read) {
            let _ = read(Default::default(), &table, &Options::default());
        }
        let time = start.elapsed();
        assert!(time < Duration::from_secs(30), "{time:?}: {}", &table[..40]);
    }
}

/// A longer table is refused before it is read, wherever its kind is from.
#[test]
fn more_layers_than_a_table_may_have() {
    for (header, row) in [
        ("K,C,Y,X,R,S,T", "1,1,1,1,1,1,1"),
        ("name,op,K,C", "l,dense,1,1"),
        ("Layer, M, N, K,", "l, 1, 1, 1,"),
    ] {
        let table = format!("{header}\n{}", format!("{row}\n").repeat(100_001));
        let shown = shown(&table);
        assert!(shown.contains("more than 100000 layers"), "{header}");
    }
}

/// Line, column and message of all that is said of a table, in its order.
fn told(table: &str) -> Vec<String> {
    let (_, shown, _) = checked(SPEC, table);
    let blocks = shown.split("\ncfx::").filter(|b| b.contains("table.csv:"));
    let line = |block: &str| {
        let place = block.split("table.csv:").nth(1)?.split(']').next()?;
        let message = block.lines().find_map(|l| {
            let l = l.trim_start();
            l.strip_prefix("x ").or_else(|| l.strip_prefix("! "))
        });
        Some(format!("{place} {}", message?))
    };
    blocks.filter_map(line).collect()
}

/// A mistake of the header or of the number of values hides nothing, and nothing follows from it.
#[test]
fn values_beside_a_mistake_are_looked_into() {
    assert_eq!(
        told("K,C,Y,X,R,S\n4,0,8,8,3,3\n4,8,8,8,9,3\n"),
        [
            "1:1 the table lacks the column T",
            "2:3 `C` must be at least 1",
            "3:1 the window is larger than the padded input",
        ]
    );
    assert_eq!(
        told("K,C,Y,X,R,S,T\n4,0,8\n4,8,2,3,x,3,1,9\n1,000,8,8,8,3,3,1\n4,8,2,2,3,x,1\n"),
        [
            "2:1 this layer has 3 values instead of 7",
            "2:3 `C` must be at least 1",
            "3:1 this layer has 8 values instead of 7",
            "3:9 `R` must be a whole number",
            "4:1 this layer has 8 values instead of 7",
            "5:11 `S` must be a whole number",
            "5:13 the window is larger than the padded input",
        ]
    );
    assert_eq!(
        told("name,op,K,C,Y,X,R,S,padd\na,conv,0,4,8,8,9,9,4\nb,pol,4,0,8,8,3,3,\n"),
        [
            "1:21 a table has no column `padd`",
            "2:8 `K` must be at least 1",
            "3:3 there is no kind of layer `pol`",
            "3:9 `C` must be at least 1",
        ]
    );
    assert_eq!(
        told("name,op,K,C,Y,X,R,S,pad\na,conv,8,,9,,3,3,x\nb,conv,8,3,x,,3,3,1\n"),
        [
            "2:3 a `conv` layer needs the fields `C`, `X`",
            "2:18 `pad` must be a whole number",
            "3:3 a `conv` layer needs the field `X`",
            "3:12 `Y` must be a whole number",
        ]
    );
}

/// The first line is skipped by SCALE-Sim, whatever it is, and so are headings by its older versions.
#[test]
fn scale_sim_headings_and_batches() {
    let header = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, \
                  Num Filter, Strides,";
    let row = "a, 8, 8, 3, 3, 3, 4, 1,";
    assert_eq!(layers(&format!("{header}\nGroup,\n{row}\n")).len(), 1);
    assert_eq!(
        told(&format!("Net,\n{row}\n")),
        ["1:1 this line is no layer and is skipped"]
    );
    let batch = layers(&format!(
        "{header} Batch Size,\n{row} 2,\n{row} 1,\n{row}\n"
    ));
    let macs: Vec<u64> = batch.iter().map(|l| l.3).collect();
    assert_eq!(macs, [2 * 3888, 3888, 3888]);
    assert_eq!(
        told(&format!("{row}\nb, 8, 8, 9, 3, 3, 0, 1,\n")),
        [
            "1:1 the table has no header",
            "2:1 the window is larger than the padded input",
            "2:19 `K` must be at least 1",
        ]
    );
    assert_eq!(
        told(&format!("{header}\n{row}\n{header}\nb, 8, 8, 3, 0, 3,\n")),
        [
            "3:1 the header stands here again",
            "4:1 this layer has 6 values instead of 8",
            "4:13 `S` must be at least 1",
        ]
    );
}
