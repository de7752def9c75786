//! Completions and pages for man.

use crate::{cfxc, tools};
use std::io::Write;
use std::process::{Command, Stdio};

/// Names of all commands, from the help.
fn commands() -> Vec<String> {
    let help = cfxc(&["--help"], |c| c);
    let list = help.split("Commands:\n").nth(1).expect("commands");
    let lines = list.lines().take_while(|l| !l.is_empty());
    let names = lines.filter_map(|l| l.strip_prefix("  ")?.split(' ').next());
    let names: Vec<String> = names
        .filter(|n| !n.is_empty())
        .map(str::to_string)
        .collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

/// The long flags of a command, from its help.
fn flags(command: &str) -> Vec<String> {
    let help = cfxc(&[command, "--help"], |c| c);
    let lines = help.lines().map(str::trim_start);
    let starts = lines.filter(|l| l.starts_with("--") || l.starts_with("-"));
    let words = starts.filter_map(|l| l.split([' ', ',']).find(|w| w.starts_with("--")));
    words.map(str::to_string).collect()
}

/// Runs a tool on a text.
fn fed(command: &mut Command, text: &str) -> String {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let text = text.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let ran = child.wait_with_output().expect("ends");
    writer.join().expect("ends").expect("read");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && err.is_empty(), "{command:?}: {err}");
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[test]
fn every_command_and_flag_has_a_place_in_its_page() {
    let root = cfxc(&["man"], |c| c);
    for command in commands() {
        if command == "help" {
            continue;
        }
        assert!(root.contains(&format!("cfxc\\-{command}")), "{command}");
        let page = cfxc(&["man", &command], |c| c);
        assert!(page.contains(".SH EXAMPLES\n"), "{command}");
        let flags = flags(&command);
        assert!(flags.len() > 2, "{command}: {flags:?}");
        for flag in flags {
            let shown = flag.replace('-', "\\-");
            assert!(page.contains(&shown), "{command} {flag}");
        }
    }
}

#[test]
fn a_directory_of_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("share/man1");
    cfxc(&["man", "--out"], |c| c.arg(&out));
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&out).expect("made") {
        pages.push(
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8"),
        );
    }
    pages.sort();
    let mut wanted: Vec<String> = commands()
        .iter()
        .filter(|c| *c != "help")
        .map(|c| format!("cfxc-{c}.1"))
        .collect();
    wanted.push("cfxc.1".to_string());
    wanted.sort();
    assert_eq!(pages, wanted);
    let page = std::fs::read_to_string(out.join("cfxc-build.1")).expect("a page");
    assert_eq!(page, cfxc(&["man", "build"], |c| c));

    if !tools::installed("groff", "--version") {
        return;
    }
    for page in &pages {
        let mut groff = Command::new("groff");
        let args = ["-man", "-ww", "-Tutf8", "-P-cbou"];
        let shown = tools::output(groff.args(args).arg(out.join(page)));
        assert!(shown.contains("EXAMPLES"), "{page}: {shown}");
    }
}

#[test]
fn a_page_that_is_not_there() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfxc"));
    let ran = command.args(["man", "biuld"]).output().expect("runs");
    assert_eq!(ran.status.code(), Some(2));
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(err.contains("did you mean `build`?"), "{err}");
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = cfxc(&["completions", shell], |c| c);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        assert!(script.contains("time-limit"), "{shell}");
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.contains("maestro"), "{shell} knows no values");
        }
        // That the shell itself reads it.
        let reads = match shell {
            "bash" | "zsh" => "-n",
            "fish" => "--no-execute",
            _ => continue,
        };
        let required = shell == "bash";
        let there = || Command::new(shell).arg("--version").output().is_ok();
        if (required && tools::installed(shell, "--version")) || (!required && there()) {
            fed(Command::new(shell).arg(reads), &script);
        }
    }
}

/// As a user has it: `cfxc build --for<tab>`.
#[test]
fn bash_completes() {
    if !tools::installed("bash", "--version") {
        return;
    }
    let script = cfxc(&["completions", "bash"], |c| c);
    let asked = "
COMP_WORDS=(cfxc build --emit s); COMP_CWORD=3
_cfxc cfxc s --emit; echo \"${COMPREPLY[@]}\"
COMP_WORDS=(cfxc bu); COMP_CWORD=1
_cfxc cfxc bu cfxc; echo \"${COMPREPLY[@]}\"
";
    let said = fed(&mut Command::new("bash"), &format!("{script}{asked}"));
    assert_eq!(said, "sv\nbuild\n");
}
