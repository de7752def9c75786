//! Networks from layer tables.

use super::{Folder, TINY};

fn spec() -> String {
    let menu = TINY.find("menu small").expect("a menu");
    let rest = TINY[menu..].replace("pin conv1", "pin l1");
    format!("network tiny from \"data/layers.csv\"\n{rest}")
}

fn folder(table: &str) -> Folder {
    let folder = Folder::with(&[]);
    std::fs::create_dir_all(folder.path("specs/data")).expect("made");
    folder.write("specs/t.cfx", spec().as_bytes());
    folder.write("specs/data/layers.csv", table.as_bytes());
    folder
}

#[test]
fn a_table_is_found_beside_its_specification() {
    let table =
        "\u{feff}k,c,y,x,r,s,t\r\n16,3,34,34,3,3,1\r\n\r\n1,16,18,18,3,3,2,,\r\n8,16,16,16,1,1,1";
    let folder = folder(table);
    let graph = folder
        .run(&["graph", "specs/t.cfx", "--format", "json"])
        .ends(0)
        .json();
    assert_eq!(graph["network"], "tiny");
    assert_eq!(graph["nodes"][0]["name"], "l1");
    assert_eq!(graph["nodes"][1]["op"], "depthwise");
    assert_eq!(graph["edges"][1], serde_json::json!(["l2", "l3"]));
    folder.run(&["build", "specs/t.cfx", "--quiet"]).ends(0);
}

#[test]
fn mistakes_are_shown_in_the_table() {
    let mut all = String::new();
    for table in [
        "",
        "32,3,34,34,3,3,1\n",
        "K,C,Y,X,R,S,T\n",
        "K,C,Y,X,R,Depth,K\n1,2,3,4,5,6,7\n",
        "K,C,Y,X,R,Stride,K\n1,2,3,4,5,6,7\n",
        "K,C,Y,X,R,S,T\n4,x,16,,3,3,7\n1,2\n-1,2,3,4,5,6,1\n",
        "K,C,Y,X,R,S,T\n4,0,16,16,3,3,1\n4,4,1000000000000,16,3,3,1\n4,4,2,2,3,3,1\n",
    ] {
        all.push_str(&folder(table).run(&["check", "specs/t.cfx"]).ends(1).err);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_table_that_is_not_there() {
    let folder = Folder::with(&[("t.cfx", &spec())]);
    let ran = folder.run(&["check", "t.cfx"]).ends(4);
    insta::assert_snapshot!(ran.err);
}

/// What is written can be read again, or one is told that it cannot.
#[test]
fn a_text_larger_than_a_specification_may_be() {
    let mut table = String::from("name,op,K,C\n");
    for i in 0..12_000 {
        table.push_str(&format!("{}{i},dense,8,8\n", "long".repeat(150)));
    }
    let folder = folder(&table);
    let file = "specs/data/layers.csv";
    let import = folder.run(&["import", file, "-o", "kept.cfx"]).ends(0);
    assert!(import.err.contains("its text has 21 MiB"), "{}", import.err);
    assert!(
        import
            .err
            .contains("`network layers from \"specs/data/layers.csv\"`")
    );
    folder.run(&["check", "kept.cfx"]).ends(1);
    // A warning that is denied keeps what was there.
    folder.write("kept.cfx", b"// mine");
    let denied = ["import", file, "-o", "kept.cfx", "--deny", "warnings"];
    folder.run(&denied).ends(1);
    assert_eq!(folder.read("kept.cfx"), "// mine");
}
