//! Specifications of several files, and files of several designs.

use crate::{Folder, TINY};

/// `TINY` in parts: network and menu in files of a folder, constants beside them.
fn parts() -> Folder {
    let at = |word: &str| TINY.find(word).expect("a block");
    let (menu, budget, design) = (at("menu small"), at("budget loose"), at("design npu"));
    let folder = Folder::with(&[]);
    std::fs::create_dir_all(folder.path("parts/menus")).expect("a folder");
    folder.write("parts/networks.cfx", &TINY.as_bytes()[..menu]);
    let sized = TINY[menu..budget].replace("small", "small(most)");
    let sized = sized
        .replace("8]", "most]")
        .replace("1..=8", "1..=2 * half");
    let menus = format!("use \"../constants.cfx\"\n{sized}");
    folder.write("parts/menus/small.cfx", menus.as_bytes());
    folder.write("parts/constants.cfx", b"let half = 4\nlet slack = 50%\n");
    let budget = TINY[budget..design].replace("50%", "slack");
    let main = format!(
        "use parts.networks.tiny\nuse small from \"parts/menus/small.cfx\"\nuse \"parts/constants.cfx\"\n{budget}{}",
        TINY[design..].replace("menu small", "menu small(2 * half)")
    );
    folder.write("main.cfx", main.as_bytes());
    folder
}

#[test]
fn a_specification_in_parts_decides_as_one_file_does() {
    let folder = parts();
    folder.write("one.cfx", TINY.as_bytes());
    folder.run(&["check", "main.cfx"]).ends(0);
    let whole = folder
        .run(&["build", "one.cfx", "--format", "json", "--out", "a"])
        .ends(0);
    let split = folder
        .run(&["build", "main.cfx", "--format", "json", "--out", "b"])
        .ends(0);
    assert_eq!(whole.out, split.out.replace("small(most = 8)", "small"));
    // From anywhere: paths start from the file that says them.
    let path = folder.path("main.cfx");
    let elsewhere = Folder::with(&[]);
    elsewhere.run(&["check", &path.to_string_lossy()]).ends(0);
    let files = ["main.cfx", "parts/networks.cfx", "parts/menus/small.cfx"];
    folder.run(&[&["fmt"][..], &files].concat()).ends(0);
    folder
        .run(&[&["fmt", "--check"][..], &files].concat())
        .ends(0);
}

#[test]
fn mistakes_of_all_files_are_told_in_one_run() {
    let folder = parts();
    let menus = folder.read("parts/menus/small.cfx");
    folder.write(
        "parts/menus/small.cfx",
        menus.replace("[1, 2, 4]", "[1, 2, 4").as_bytes(),
    );
    folder.write(
        "parts/constants.cfx",
        b"let half = 4 mm2 / 1 mW\nlet slack = 50%\n",
    );
    let main = folder.read("main.cfx");
    let main = main.replace("minimize latency", "minimise latency") + "use parts.networks.tinny\n";
    folder.write("main.cfx", main.as_bytes());
    let told = folder
        .run(&["check", "main.cfx", "--message-format", "short"])
        .ends(1);
    insta::assert_snapshot!(told.err);
}

#[test]
fn files_that_cannot_be_used() {
    let folder = parts();
    folder.write("parts/menus.cfx", b"menu small { pes in [1] }\n");
    folder.write("latin.cfx", b"// \xe4\nmenu latin { pes in [1] }\n");
    folder.write(
        "main.cfx",
        b"use parts.menus.small
use parts.network.tiny
use \"parts/constant.cfx\"
use \"parts\"
use latin
use nowhere
use smal from \"parts/menus.cfx\"
use \"main.cfx\"
menu own { pes in [1] }
",
    );
    let told = folder.run(&["check", "main.cfx"]).ends(4);
    insta::assert_snapshot!(told.err);
}

#[test]
fn circles_and_names_that_mean_two_things() {
    let folder = Folder::with(&[
        ("a.cfx", "use \"b.cfx\"\nmenu m { pes in [1] }\nlet n = 1\n"),
        (
            "b.cfx",
            "use \"c.cfx\"\nlet n = 2\nbudget b { area <= k }\n",
        ),
        ("c.cfx", "use \"a.cfx\"\nlet k = 3 mm2\n"),
        (
            "d.cfx",
            "use \"e.cfx\"\nuse k from \"e.cfx\" as depth\nmenu m { pes in [4] }\n",
        ),
        ("e.cfx", "let k = 3 mm2\n"),
    ]);
    let told = folder.run(&["check", "a.cfx"]).ends(1);
    insta::assert_snapshot!("circle", told.err);
    // Nothing of the second file is needed, and a file may be used twice.
    let told = folder.run(&["check", "d.cfx"]);
    insta::assert_snapshot!("unused", told.err);
}

/// `TINY` with further designs, one for each name and objective.
fn designs() -> String {
    let more = [
        ("second", "energy"),
        ("first", "area"),
        ("third", "latency"),
    ];
    let more = more.map(|(name, metric)| {
        format!("design {name} extends npu {{ minimize {metric} search genetic {{ generations = 3 }} }}\n")
    });
    format!("{TINY}{}", more.concat())
}

#[test]
fn several_designs_are_built_together_as_each_alone() {
    let text = designs();
    let folder = Folder::with(&[("t.cfx", &text)]);
    let names = ["npu", "second", "first", "third"];
    let mut printed = Vec::new();
    for jobs in ["1", "4"] {
        let args = [
            "build", "t.cfx", "--jobs", jobs, "--out", jobs, "--format", "json",
        ];
        let ran = folder.run(&args).ends(0);
        let facts = ran.json();
        let designs = facts["designs"].as_array().expect("designs").iter();
        let built: Vec<&str> = designs.filter_map(|d| d["design"].as_str()).collect();
        assert_eq!(built, names, "the order of the file");
        printed.push(ran.out);
    }
    assert_eq!(printed[0], printed[1]);
    for name in names {
        folder
            .run(&["build", "t.cfx", "--design", name, "--out", "alone"])
            .ends(0);
        for ending in ["json", "md"] {
            let of = |folder_name: &str| folder.read(&format!("{folder_name}/{name}.{ending}"));
            assert_eq!(of("1"), of("4"), "{name}");
            assert_eq!(of("1"), of("alone"), "{name}");
        }
    }
}

#[test]
fn errors_of_several_designs_come_in_their_order() {
    let budgets = "budget none { area <= 1 um2 } budget hardly { area <= 2 um2 }\n";
    let text = designs().replace("minimize energy", "budget none minimize energy");
    let text = text.replace("minimize area", "budget hardly minimize area") + budgets;
    let folder = Folder::with(&[("t.cfx", &text)]);
    let mut told = Vec::new();
    for jobs in ["1", "4"] {
        let ran = folder.run(&["build", "t.cfx", "--jobs", jobs]).ends(1);
        let at = |limit: &str| {
            ran.err
                .find(&format!("meets `area <= {limit}`"))
                .expect("told")
        };
        assert!(at("1 um2") < at("2 um2"), "{}", ran.err);
        assert!(!folder.path("build").exists(), "nothing is written");
        told.push(ran.err);
    }
    assert_eq!(told[0], told[1]);
}

#[test]
fn a_mistake_of_a_file_that_several_use_is_told_once() {
    let folder = Folder::with(&[]);
    folder.write("shared.cfx", b"let half = 4 mm2 / 0\n");
    folder.write("a.cfx", b"use \"shared.cfx\"\nuse \"b.cfx\"\n");
    folder.write("b.cfx", b"use \"shared.cfx\"\nuse \"a.cfx\"\n");
    let alone = folder.run(&["check", "b.cfx", "--message-format", "short"]);
    let both = folder.run(&["check", "a.cfx", "b.cfx", "--message-format", "short"]);
    let (alone, both) = (alone.ends(1).err, both.ends(1).err);
    for told in [&alone, &both] {
        assert_eq!(told.matches("E0206").count(), 1, "{told}");
        assert_eq!(told.matches("E0302").count(), 1, "{told}");
    }
    assert!(both.ends_with("2 files: 2 errors\n"), "{both}");
}
