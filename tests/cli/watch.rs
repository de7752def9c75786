//! `cfxc watch`: rounds, driven by saves. Nothing here depends on how fast anything is.

use super::{Folder, TINY};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Longer than any round takes on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(120);

/// A command that runs, and the lines it prints on stdout and stderr.
struct Watching {
    child: Child,
    /// Each with its stream: they come in any order of the two.
    lines: Receiver<(usize, String)>,
    /// Of each stream, what no test has asked for yet.
    pending: [VecDeque<String>; 2],
    seen: Vec<String>,
}

impl Folder {
    fn watch(&self, args: &[&str]) -> Watching {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cfxc"))
            .current_dir(self.path.path())
            .arg("watch")
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let (sender, lines) = channel();
        forward(0, child.stdout.take().expect("piped"), sender.clone());
        forward(1, child.stderr.take().expect("piped"), sender);
        Watching {
            child,
            lines,
            pending: Default::default(),
            seen: Vec::new(),
        }
    }

    /// Writes a file as editors do: whole, or not at all.
    fn save(&self, name: &str, text: &str) {
        self.write(".saved", text.as_bytes());
        std::fs::rename(self.path(".saved"), self.path(name)).expect("renamed");
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path.path()).expect("a folder");
        let name = |e: std::fs::DirEntry| e.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|e| name(e.expect("an entry"))).collect();
        names.sort();
        names
    }
}

fn forward(number: usize, stream: impl Read + Send + 'static, sender: Sender<(usize, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send((number, line)).is_err() {
                return;
            }
        }
    });
}

impl Watching {
    /// Waits for a line with this text, on the one stream or the other.
    #[track_caller]
    fn says(&mut self, text: &str) {
        loop {
            for pending in &mut self.pending {
                if let Some(at) = pending.iter().position(|line| line.contains(text)) {
                    pending.drain(..=at);
                    return;
                }
            }
            match self.lines.recv_timeout(LIMIT) {
                Ok((stream, line)) => {
                    self.seen.push(line.clone());
                    self.pending[stream].push_back(line);
                }
                Err(e) => panic!("no `{text}`: {e}\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Waits for the end; all lines.
    #[track_caller]
    fn ends(mut self, code: i32) -> String {
        while let Ok((_, line)) = self.lines.recv_timeout(LIMIT) {
            self.seen.push(line);
        }
        let ended = self.child.wait().expect("ends").code();
        let text = self.seen.join("\n");
        assert_eq!(ended, Some(code), "{text}");
        text
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // After the end there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn quick() -> String {
    let search = "reinforce { episodes = 20 } then genetic { generations = 5 }";
    let quick = TINY.replace(search, "exact");
    // Limits and expectations that something can miss.
    let limited = quick.replace("latency <= 1 ms", "latency <= 400 us");
    limited.replace("latency <= 4e5", "latency <= 1e5")
}

#[test]
fn a_save_is_decided_and_compared_and_nothing_is_written() {
    let folder = Folder::with(&[("t.cfx", &quick())]);
    let mut watching = folder.watch(&["t.cfx", "--rounds", "2"]);
    watching.says("round 1");
    watching.says("npu: ");
    folder.save("t.cfx", &quick().replace("area <= 50%", "area <= 30%"));
    watching.says("round 2: t.cfx has changed");
    watching.says("npu: ");
    watching.says("limit of area");
    let text = watching.ends(0);
    assert!(!text.contains("waiting"), "{text}");
    assert_eq!(folder.names(), ["t.cfx"]);
    // A proved optimum is told once, not as the metric, its bound and what the solver knows.
    let told = |what: &str| text.lines().any(|l| l.trim_start().starts_with(what));
    assert!(told("latency "), "{text}");
    assert!(
        !told("bound ") && !told("best known to the solver"),
        "{text}"
    );
}

#[test]
fn the_first_round_alone_shows_the_decision() {
    let folder = Folder::with(&[("t.cfx", &quick())]);
    let ran = folder.run(&["watch", "t.cfx", "--rounds", "1"]).ends(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    let [heading, decision] = lines[..] else {
        panic!("{}", ran.out);
    };
    assert_eq!(heading, "round 1");
    assert!(
        decision.starts_with("npu: Each of the 4 layers gets"),
        "{decision}"
    );
    assert!(decision.contains(" an inference takes "), "{decision}");
    assert_eq!(ran.err, "");
}

#[test]
fn a_broken_file_is_told_and_a_mended_one_compared_with_the_last_decision() {
    let folder = Folder::with(&[("t.cfx", &quick())]);
    let mut watching = folder.watch(&["t.cfx", "--rounds", "3"]);
    watching.says("npu: ");
    folder.save(
        "t.cfx",
        &quick().replace("menu small\n  budget", "menu smal\n  budget"),
    );
    watching.says("round 2: t.cfx has changed");
    watching.says("cfx::E0101");
    watching.says("did you mean");
    folder.save("t.cfx", &quick());
    watching.says("round 3: t.cfx has changed");
    watching.says("as before");
    watching.ends(0);
}

#[test]
fn the_last_round_decides_how_it_ends() {
    let infeasible = quick().replace("latency <= 400 us", "latency <= 1 ns");
    let missed = quick().replace("latency <= 1e5", "latency <= 1");
    for (text, says) in [
        (infeasible, "E070"),
        (missed, "E0801"),
        ("".into(), "holds no design"),
    ] {
        let folder = Folder::with(&[("t.cfx", &text)]);
        let ran = folder.run(&["watch", "t.cfx", "--rounds", "1"]).ends(1);
        assert!(ran.err.contains(says), "{}", ran.err);
        assert!(!ran.err.contains("are written"), "{}", ran.err);
    }
    let folder = Folder::with(&[("t.cfx", &quick())]);
    let args = ["watch", "t.cfx", "--rounds", "1", "--design", "npv"];
    assert!(folder.run(&args).ends(2).err.contains("npu"));
}

#[test]
fn files_that_are_used_are_watched_even_before_they_are_there() {
    let (menu, rest) = {
        let text = quick();
        let start = text.find("menu small {").expect("a menu");
        let end = text.find("budget loose {").expect("a budget");
        let rest = format!("use \"menus.cfx\"\n{}{}", &text[..start], &text[end..]);
        (text[start..end].to_string(), rest)
    };
    let folder = Folder::with(&[("t.cfx", &rest)]);
    let mut watching = folder.watch(&["t.cfx", "--rounds", "4"]);
    watching.says("there is no file menus.cfx");
    folder.save("menus.cfx", &menu);
    watching.says("round 2: menus.cfx is there now");
    watching.says("npu: ");
    let smaller = menu
        .replace("[1, 2, 4, 8]", "[1, 2, 4]")
        .replace("1..=8", "1..=4");
    folder.save("menus.cfx", &smaller);
    watching.says("round 3: menus.cfx has changed");
    watching.says("pw1: pes 8 -> 4");
    std::fs::remove_file(folder.path("menus.cfx")).expect("removed");
    watching.says("round 4: menus.cfx is gone");
    watching.ends(4);
}

#[test]
fn a_specification_that_goes_and_comes_back_is_still_watched() {
    let folder = Folder::with(&[("t.cfx", &quick())]);
    let mut watching = folder.watch(&["t.cfx", "--rounds", "3"]);
    watching.says("npu: ");
    std::fs::remove_file(folder.path("t.cfx")).expect("removed");
    watching.says("round 2: t.cfx is gone");
    watching.says("cannot read t.cfx");
    folder.save("t.cfx", &quick().replace("design npu", "design tpu"));
    watching.says("round 3: t.cfx is there now");
    watching.says("tpu: ");
    watching.says("npu is gone");
    watching.ends(0);
}

#[test]
fn a_save_during_a_search_stops_it() {
    // The warning is shown when the files have been read and the search is about to begin.
    let slow = TINY.replace("episodes = 20", "episodes = 10000000");
    let slow = format!("use std.networks.resnet50\n{slow}");
    let folder = Folder::with(&[("t.cfx", &slow)]);
    let mut watching = folder.watch(&["t.cfx", "--rounds", "1"]);
    watching.says("resnet50");
    folder.save("t.cfx", &quick());
    watching.says("round 1, again: t.cfx has changed");
    watching.says("npu: ");
    watching.ends(0);
}

#[test]
fn denied_warnings_are_those_of_the_round() {
    let doubtful = format!("use std.networks.resnet50\n{}", quick());
    let folder = Folder::with(&[("t.cfx", &doubtful)]);
    let mut watching = folder.watch(&["t.cfx", "--rounds", "2", "--deny", "warnings"]);
    watching.says("warnings are denied");
    folder.save("t.cfx", &quick());
    watching.says("npu: ");
    watching.ends(0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it() {
    let folder = Folder::with(&[("t.cfx", &quick())]);
    let mut watching = folder.watch(&["t.cfx"]);
    watching.says("npu: ");
    let sent = Command::new("kill")
        .args(["-INT", &watching.child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    watching.ends(130);
    assert_eq!(folder.names(), ["t.cfx"]);
}

#[test]
fn what_is_no_file_cannot_be_watched() {
    let folder = Folder::with(&[]);
    for spec in ["no.cfx", "."] {
        let ran = folder.run(&["watch", spec]).ends(4);
        assert!(ran.err.contains("cannot watch"), "{}", ran.err);
    }
    folder.run(&["watch", "no.cfx", "--rounds", "0"]).ends(2);
}
