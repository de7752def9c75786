//! MAESTRO's files in and out of the program.

use super::Folder;

const MAPPING: &str = "
Network net {
  Layer first {
    Type: CONV
    Stride { X: 2, Y: 2 }
    Dimensions { K: 8, C: 3, R: 3, S: 3, Y: 17, X: 17 }
    Dataflow {
      SpatialMap(1,1) K; TemporalMap(3,3) C; TemporalMap(Sz(R),Sz(R)) R;
      TemporalMap(Sz(S),Sz(S)) S; TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
    }
  }
  Layer last { Type: CONV Dimensions { K: 4, C: 8, R: 3, S: 3, Y: 8, X: 8 } }
}
";

const TABLE: &str = "K,C,Y,X,R,S,T\n4,8,16,16,3,3,1\n";

const HARDWARE: &str = "num_pes: 8\nl1_size_cstr: 64\nnoc_bw_cstr: 16\noffchip_bw_cstr: 4\n";

fn spec(mapping: &str) -> String {
    format!(
        "network net from \"{mapping}\"
dataflow flow from \"{mapping}\"
design d {{
  network net  dataflow flow  menu array  model maestro  technology array  minimize energy
}}
"
    )
}

#[test]
fn import_shows_blocks_of_the_language() {
    let folder = Folder::with(&[("net.m", MAPPING), ("hw.m", HARDWARE)]);
    let network = folder.run(&["import", "net.m"]).ends(0);
    let hardware = folder.run(&["import", "hw.m", "--as", "array"]).ends(0);
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        network.out, hardware.out, hardware.err
    ));
    let json = folder.run(&["import", "net.m", "--format", "json"]).ends(0);
    assert_eq!(
        json.json()["layers"][0]["stride"],
        serde_json::json!([2, 2])
    );
    folder.run(&["import", "hw.m", "--format", "json"]).ends(1);
}

/// What is built is written as the original's own files, which give the same figures again.
#[test]
fn built_written_and_built_again() {
    let folder = Folder::with(&[("net.m", MAPPING), ("hw.m", HARDWARE)]);
    let array = folder.run(&["import", "hw.m", "--as", "array"]).ends(0).out;
    folder.write("d.cfx", format!("{}{array}", spec("net.m")).as_bytes());
    let first = folder.run(&["build", "d.cfx", "--emit", "maestro"]).ends(0);
    assert!(first.out.contains("d.m"), "{}", first.out);
    assert!(first.out.contains("d.hw.m"), "{}", first.out);
    let array = folder
        .run(&["import", "build/d.hw.m", "--as", "array"])
        .ends(0)
        .out;
    folder.write(
        "again.cfx",
        format!("{}{array}", spec("build/d.m")).as_bytes(),
    );
    let price = |spec: &str| {
        let ran = folder
            .run(&["cost", spec, "--menu", "--format", "csv"])
            .ends(0);
        ran.out
    };
    assert_eq!(price("d.cfx"), price("again.cfx"));
    assert_eq!(price("d.cfx").lines().count(), 3);
}

/// A file with a layer that has no price goes out again, too: with the same figures and refusals.
#[test]
fn written_without_a_price() {
    let refused = "Layer refused {
    Type: CONV
    Dimensions { K: 16, C: 3, R: 5, S: 5, Y: 33, X: 33 }
    Dataflow { SpatialMap(1,1) K; TemporalMap(Sz(R),7) R; }
  }
}";
    let file = format!("{}{refused}", MAPPING.trim_end().trim_end_matches('}'));
    let folder = Folder::with(&[("net.m", &file), ("hw.m", HARDWARE), ("t.csv", TABLE)]);
    let array = folder.run(&["import", "hw.m", "--as", "array"]).ends(0).out;
    let out = ["import", "net.m", "--format", "maestro", "-o", "again.m"];
    folder.run(&out).ends(0);
    let price = |mapping: &str| {
        folder.write("d.cfx", format!("{}{array}", spec(mapping)).as_bytes());
        let cost = ["cost", "d.cfx", "--menu", "--format", "csv"];
        folder.run(&cost).ends(0).out
    };
    let prices = price("net.m");
    assert!(
        prices.contains("a temporal map of R must hold all"),
        "{prices}"
    );
    assert_eq!(prices, price("again.m"));
    let table = folder.run(&["import", "t.csv", "--format", "maestro"]);
    assert!(
        table
            .ends(1)
            .err
            .contains("nothing of how its layers are mapped")
    );
}

/// A pipelined design may have another number of PEs for each layer, and one file has one.
#[test]
fn a_pair_of_files_for_each_number_of_pes() {
    let folder = Folder::with(&[("net.m", MAPPING)]);
    let menu = "menu array { pes in [4, 8] }\n";
    let spec = spec("net.m").replace("  technology array", "").replace(
        "minimize energy\n",
        "minimize energy\n  pin first { pes = 4 } pin last { pes = 8 }\n",
    );
    folder.write("d.cfx", format!("{spec}{menu}").as_bytes());
    folder
        .run(&["build", "d.cfx", "--emit", "maestro", "--quiet"])
        .ends(0);
    let read = |name: &str| {
        std::fs::read_to_string(folder.path(&format!("build/{name}"))).expect("written")
    };
    assert!(read("d.pes4.m").contains("Layer first"));
    assert!(!read("d.pes4.m").contains("Layer last"));
    assert!(read("d.pes8.m").contains("Layer last"));
    assert!(read("d.pes8.hw.m").contains("num_pes: 8"));
}

#[test]
fn only_designs_of_its_own_model_are_written() {
    let folder = Folder::with(&[("net.m", MAPPING)]);
    let spec = spec("net.m")
        .replace("  technology array", "")
        .replace("  model maestro", "");
    folder.write(
        "d.cfx",
        format!("{spec}menu array {{ pes in [8] }}").as_bytes(),
    );
    let ran = folder.run(&["build", "d.cfx", "--emit", "maestro"]).ends(2);
    assert!(
        ran.err.contains("priced by model `analytic`"),
        "{}",
        ran.err
    );
}

#[test]
fn hardware_is_no_network() {
    let folder = Folder::with(&[("hw.m", HARDWARE)]);
    folder.write("d.cfx", b"network net from \"hw.m\"\n");
    let ran = folder.run(&["check", "d.cfx"]).ends(1);
    assert!(
        ran.err.contains("this file describes hardware"),
        "{}",
        ran.err
    );
}
