//! `cfxc pareto`: the front in all its forms, and what it refuses.

use super::{Folder, TINY, keys};

fn folder() -> Folder {
    Folder::with(&[("t.cfx", TINY)])
}

#[test]
fn a_step_is_what_a_build_with_that_budget_proves() {
    let folder = folder();
    let front = [
        "pareto", "t.cfx", "--over", "area", "--from", "0%", "--to", "40%",
    ];
    let front = folder.run(&[&front[..], &["--points", "3", "--format", "json"]].concat());
    let front = front.ends(0).json();
    assert_eq!(
        keys(&front),
        [
            "schema",
            "cfxc",
            "design",
            "objective",
            "over",
            "states",
            "stopped_by",
            "steps"
        ]
    );
    assert!(front["stopped_by"].is_null());
    let steps = front["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[1]["share"], 0.2);
    for (step, share) in [(1, "20%"), (2, "40%")] {
        let spec = TINY
            .replace("area <= 50%", &format!("area <= {share}"))
            .replace(
                "reinforce { episodes = 20 } then genetic { generations = 5 }",
                "exact",
            );
        folder.write("b.cfx", spec.as_bytes());
        let built = folder
            .run(&["build", "b.cfx", "--format", "json"])
            .ends(0)
            .json();
        let design = &built["designs"][0];
        assert_eq!(design["certificate"]["proven"], true);
        assert_eq!(
            steps[step]["value"], design["objective"]["value"],
            "{share}"
        );
        assert_eq!(
            steps[step]["limit"], design["budgets"][0]["limit"],
            "{share}"
        );
        assert_eq!(steps[step]["state"], "optimum");
    }
}

#[test]
fn all_forms_tell_the_same() {
    let folder = folder();
    let args = [
        "pareto", "t.cfx", "--over", "area", "--from", "100um2", "--to", "0.3mm2", "--points", "6",
    ];
    let form = |format: &str| {
        folder
            .run(&[&args[..], &["--format", format]].concat())
            .ends(0)
    };
    let table = form("table").out;
    assert!(table.contains("nothing fits: proved"), "{table}");
    assert!(
        table.contains("the other budgets hold at every step: latency"),
        "{table}"
    );
    let json = form("json").json();
    let steps = json["steps"].as_array().expect("steps");
    assert_eq!(steps[0]["state"], "infeasible");
    assert!(steps[0]["value"].is_null() && steps[0]["share"].is_null());
    let csv = form("csv").out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "share,limit,used,value,bound,gap,state,dominated");
    assert_eq!(lines[1], ",100.0,,,,,infeasible,false");
    for (line, step) in lines[1..].iter().zip(steps) {
        let cells: Vec<&str> = line.split(',').collect();
        let value = &step["value"];
        assert_eq!(
            cells[3],
            if value.is_null() {
                String::new()
            } else {
                value.to_string()
            }
        );
        assert_eq!(cells[6], step["state"].as_str().expect("a word"));
        assert_eq!(cells[7] == "true", !step["dominated_by"].is_null());
    }
    let svg = form("svg").out;
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("nothing fits"));
    // A file holds what stdout would.
    let to_file = [&args[..], &["--format", "svg", "-o", "front.svg"]].concat();
    let ran = folder.run(&to_file).ends(0);
    assert_eq!(ran.out, "");
    assert_eq!(folder.read("front.svg"), svg);
    // Threads change nothing.
    let one = [&args[..], &["--format", "json", "--jobs", "1"]].concat();
    assert_eq!(folder.run(&one).ends(0).json(), json);
}

#[test]
fn what_cannot_be_asked_for() {
    let folder = folder();
    let mut shown = String::new();
    for wrong in [
        &["--over", "aera"][..],
        &["--over", "edp"],
        &["--over", "latency"],
        &["--over", "area", "--from", "60%", "--to", "50%"],
        &["--over", "area", "--from", "50%", "--to", "50%"],
        &["--over", "area", "--from", "5"],
        &["--over", "area", "--to", "3 mW"],
        &["--over", "area", "--to", "3mm3"],
        &["--over", "area", "--from", "much"],
        &["--over", "area", "--from", "-5%"],
    ] {
        let ran = folder
            .run(&[&["pareto", "t.cfx"][..], wrong].concat())
            .ends(2);
        assert_eq!(ran.out, "");
        shown += &format!("$ cfxc pareto t.cfx {}\n{}\n", wrong.join(" "), ran.err);
    }
    insta::assert_snapshot!(shown);
    folder
        .run(&["pareto", "t.cfx", "--over", "area", "--points", "1"])
        .ends(2);
    let beyond = [
        "pareto", "t.cfx", "--over", "area", "--to", "150%", "--points", "2",
    ];
    let ran = folder.run(&beyond).ends(0);
    assert!(ran.err.contains("W0503"), "{}", ran.err);
    folder
        .run(&[&beyond[..], &["--deny", "warnings"]].concat())
        .ends(1);
    let args = [
        "pareto",
        "t.cfx",
        "--over",
        "area",
        "-o",
        "no/such/folder.csv",
    ];
    folder.run(&args).ends(4);
}
