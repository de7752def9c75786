//! Decisions in a real `git` repository: `cfxc diff --git`, the example's three commits, and what its
//! `git` folder sets up.

#[path = "../support/tools.rs"]
mod tools;

use crate::{Folder, Ran};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("examples/decisions")
        .join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(example(name)).expect("readable")
}

/// A command that knows `cfxc`, and no settings of this machine.
fn command(program: &str, folder: &Folder) -> Command {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_cfxc"));
    let mut path = vec![binary.parent().expect("a folder").to_path_buf()];
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut command = Command::new(program);
    command
        .current_dir(folder.path.path())
        .env("PATH", std::env::join_paths(path).expect("a path"))
        .env("HOME", folder.path.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.org")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE");
    command
}

fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("runs");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

#[track_caller]
fn git(folder: &Folder, args: &[&str]) -> Ran {
    let mut command = command("git", folder);
    command.args(args);
    ran(command)
}

/// Takes the files of one revision of the example.
fn take(folder: &Folder, revision: u32) {
    for file in ["spotter.cfx", "spotter.lock"] {
        folder.write(file, text(&format!("{revision}/{file}")).as_bytes());
    }
}

/// The example as a repository with a commit for each revision.
fn repository() -> Folder {
    let folder = Folder::with(&[]);
    git(&folder, &["init", "-q", "-b", "main"]).ends(0);
    for revision in 1..=3 {
        take(&folder, revision);
        git(&folder, &["add", "spotter.cfx", "spotter.lock"]).ends(0);
        let message = format!("decision {revision}");
        git(&folder, &["commit", "-q", "-m", &message]).ends(0);
    }
    folder
}

/// All but the first line, which names what is compared.
fn body(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

#[test]
fn the_diffs_of_the_example_are_those_stored() {
    let here = example("");
    for (before, after) in [(1, 2), (2, 3)] {
        let [a, b] = [before, after].map(|n| format!("{n}/spotter.lock"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfxc"));
        command.current_dir(&here);
        command.args(["diff", &a, &b, "--format", "markdown"]);
        let printed = tools::output(&mut command);
        let stored = text(&format!("{before}-{after}.md"));
        assert_eq!(printed, stored);
    }
}

#[test]
fn three_commits_and_what_a_reviewer_sees() {
    if !tools::installed("git", "--version") {
        return;
    }
    let folder = repository();
    let markdown = |revisions: &str| {
        let args = [
            "diff",
            "spotter.cfx",
            "--git",
            revisions,
            "--format",
            "markdown",
        ];
        folder.run(&args).ends(0).out
    };
    let last = markdown("HEAD~1");
    assert!(
        last.starts_with("### Decisions: HEAD~1:spotter.lock -> spotter.lock\n"),
        "{last}"
    );
    assert_eq!(body(&last), body(&text("2-3.md")));
    assert_eq!(body(&markdown("HEAD~2..HEAD~1")), body(&text("1-2.md")));
    assert_eq!(body(&markdown("HEAD~1..")), body(&text("2-3.md")));
    // What the branch has done since it left: `main` has gone on meanwhile.
    git(&folder, &["checkout", "-q", "-b", "branch", "HEAD~2"]).ends(0);
    take(&folder, 2);
    git(&folder, &["commit", "-q", "-a", "-m", "cut"]).ends(0);
    assert_eq!(body(&markdown("main...branch")), body(&text("1-2.md")));
    assert!(body(&markdown("main..branch")) != body(&text("1-2.md")));
    // Each commit holds what `--locked` wants.
    for revision in ["main", "main~1", "main~2"] {
        git(&folder, &["checkout", "-q", revision]).ends(0);
        folder
            .run(&["build", "spotter.cfx", "--locked", "--quiet"])
            .ends(0);
        folder.run(&["test", "--locked"]).ends(0);
        let same = folder.run(&["diff", "spotter.lock", "--git", "HEAD", "--exit-code"]);
        assert!(same.ends(0).out.starts_with("nothing differs"));
    }
    // From elsewhere, and in a folder of the repository.
    fs::create_dir(folder.path("specs")).expect("a folder");
    git(&folder, &["mv", "spotter.cfx", "spotter.lock", "specs/"]).ends(0);
    git(&folder, &["commit", "-q", "-m", "move"]).ends(0);
    folder
        .run(&["diff", "specs/spotter.cfx", "--git", "HEAD", "--exit-code"])
        .ends(0);
}

#[test]
fn revisions_that_are_not_there() {
    if !tools::installed("git", "--version") {
        return;
    }
    let folder = repository();
    folder.write("new.cfx", text("1/spotter.cfx").as_bytes());
    folder.write("new.lock", text("1/spotter.lock").as_bytes());
    let mut out = String::new();
    for (file, revision) in [
        ("spotter.cfx", "HEAD~9"),
        ("spotter.cfx", "HEAD..nowhere"),
        ("spotter.cfx", "--output=x"),
        ("spotter.cfx", ""),
        ("new.cfx", "HEAD"),
    ] {
        let revision = format!("--git={revision}");
        let ran = folder.run(&["diff", file, &revision]).ends(1);
        assert_eq!(ran.out, "");
        out += &ran.err;
    }
    out += &folder
        .run(&["diff", "nowhere/a.cfx", "--git=HEAD"])
        .ends(4)
        .err;
    let outside = Folder::with(&[("a.lock", "")]);
    out += &outside.run(&["diff", "a.lock", "--git=HEAD"]).ends(1).err;
    insta::assert_snapshot!(out);
    // Without git there is no revision at all.
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfxc"));
    command
        .current_dir(folder.path.path())
        .args(["diff", "spotter.cfx", "--git", "HEAD"])
        .env("PATH", "/nowhere");
    let without = ran(command).ends(1);
    assert!(
        without
            .err
            .contains("it is not installed, or not on the path"),
        "{}",
        without.err
    );
}

/// What `git diff` and `git log -p` show once the repository is set up, and what the hook lets through.
#[test]
fn set_up_as_the_example_says() {
    if !tools::installed("git", "--version") {
        return;
    }
    let folder = repository();
    let gitattributes = text("git/gitattributes");
    folder.write(".gitattributes", gitattributes.as_bytes());
    let mut setup = command("sh", &folder);
    setup.arg(example("git/setup.sh"));
    ran(setup).ends(0);
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/decisions.md"));
    let guide = guide.expect("the guide");
    let configured = text("git/setup.sh");
    for line in configured.lines().filter(|l| l.starts_with("git config")) {
        assert!(
            guide.contains(line),
            "docs/decisions.md does not have: {line}"
        );
    }

    // The driver of `git diff`: the comparison itself.
    let shown = git(&folder, &["diff", "HEAD~1", "HEAD", "--", "spotter.lock"])
        .ends(0)
        .out;
    let whole = folder
        .run(&["diff", "spotter.cfx", "--git", "HEAD~1"])
        .ends(0)
        .out;
    assert_eq!(body(&shown), body(&whole));
    // The text of `git log -p`.
    let log = git(&folder, &["log", "-1", "-p", "--", "spotter.lock"])
        .ends(0)
        .out;
    assert!(
        log.contains("\n-  layer conv1: nvdla, pes 1, buffer 1; "),
        "{log}"
    );
    assert!(
        log.contains("\n+  layer conv1: shidiannao, pes 8, buffer 1; "),
        "{log}"
    );
    assert!(!log.contains("conv1 = {"), "{log}");

    // The hook sees what is staged: a specification without its lock is refused.
    git(&folder, &["checkout", "-q", "HEAD~1"]).ends(0);
    take(&folder, 3);
    git(&folder, &["add", "spotter.cfx"]).ends(0);
    let refused = git(&folder, &["commit", "-q", "-m", "forgot the lock"]);
    assert_ne!(refused.code, 0);
    assert!(
        refused.err.contains("test spotter::lock ... FAILED"),
        "{}\n{}",
        refused.out,
        refused.err
    );
    git(&folder, &["add", "spotter.lock"]).ends(0);
    git(&folder, &["commit", "-q", "-m", "with it"]).ends(0);
}

/// The shell commands of a workflow by the names of their steps.
fn steps(workflow: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut within = false;
    for line in workflow.lines() {
        let trimmed = line.trim_start();
        if let Some(name) = trimmed.strip_prefix("- name: ") {
            steps.push((name.to_string(), String::new()));
            within = false;
        } else if let (Some(run), Some(step)) = (trimmed.strip_prefix("run: "), steps.last_mut()) {
            within = run == "|";
            if !within {
                step.1 = run.to_string();
            }
        } else if let (true, Some(step)) = (within, steps.last_mut()) {
            step.1 += &format!("{trimmed}\n");
        }
    }
    steps
}

#[test]
fn the_workflow_does_what_it_says() {
    if !tools::installed("git", "--version") {
        return;
    }
    let folder = repository();
    folder.write("Cargo.lock", b"version = 4\n");
    git(&folder, &["add", "Cargo.lock"]).ends(0);
    git(&folder, &["commit", "-q", "-m", "another lock"]).ends(0);
    folder.write("Cargo.lock", b"version = 5\n");
    git(
        &folder,
        &["commit", "-q", "-a", "-m", "another lock, changed"],
    )
    .ends(0);
    let steps = steps(&text("git/workflow.yml"));
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    // What is installed is this very build.
    for (name, run) in steps.iter().filter(|(name, _)| name != "install") {
        let mut shell = command("sh", &folder);
        shell
            .args(["-e", "-c", run])
            .env("BASE", "HEAD~3")
            .env("GITHUB_STEP_SUMMARY", folder.path("summary.md"));
        let done = ran(shell).ends(0);
        assert_eq!(done.err, "", "{name}");
    }
    assert_eq!(body(&folder.read("summary.md")), body(&text("2-3.md")));
}
