//! How fast the parts are, on one thread: `cargo bench`. Prints a table; medians over repeats.
//!
//! Nothing here is judged: times depend on the machine.

#[path = "support/prices.rs"]
mod prices;
#[path = "../tests/support/problem.rs"]
mod problem;
#[path = "../tests/support/published.rs"]
mod published;

use cfxc::certify;
use cfxc::search::{self, Observer};
use cfxc::space::{Space, feasible};
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const REPEATS: usize = 5;
const EPISODES: usize = 400;
const GENERATIONS: usize = 100;
const POPULATION: usize = 20;

/// The default problem: MobileNet-V2 under a tenth of the area, with this search.
fn mobilenet(search: &str) -> String {
    format!(
        "use std.networks.mobilenet_v2
        budget tenth {{ area <= 10% }}
        design speed {{
          network mobilenet_v2
          dataflow std.dataflows.nvdla
          menu std.menus.confuciux
          budget tenth
          model maestro
          minimize latency
          search {search}
        }}"
    )
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

/// Seconds of one call, the median of all repeats.
fn seconds(mut work: impl FnMut()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    median((0..REPEATS).map(once).collect())
}

/// Takes the time from the beginning of the last stage to the last news of it.
struct Watch {
    start: Instant,
    last: Instant,
}

impl Observer for Watch {
    fn stage(&mut self, _: &str, _: usize) {
        self.start = Instant::now();
    }

    fn progress(&mut self, _: usize, _: Option<f64>) {
        self.last = Instant::now();
    }
}

/// Seconds that the last stage of a search takes, the median of all repeats.
fn stage(search: &str) -> f64 {
    let problem = problem::problem(&mobilenet(search));
    let refined = problem.stages.iter().any(|s| s.refines);
    let space = Space::new(&problem, refined).expect("a space");
    let refuge = feasible::find(&space).expect("a design within budget");
    let once = |_| {
        let now = Instant::now();
        let mut watch = Watch {
            start: now,
            last: now,
        };
        let never = AtomicBool::new(false);
        black_box(search::run(&space, Some(&refuge), &never, &mut watch));
        (watch.last - watch.start).as_secs_f64()
    };
    median((0..REPEATS).map(once).collect())
}

/// Least, median and longest time in ms that the proofs of the published problems take.
fn proofs(refined: bool) -> [f64; 3] {
    let one = |case: published::Published| {
        assert!(case.optimum > 0.0, "{}", case.line);
        let problem = problem::problem(&case.text);
        let space = Space::new(&problem, refined).expect("a space");
        let prove = || drop(black_box(certify::prove(&space, None, certify::STATES)));
        seconds(prove) * 1e3
    };
    let mut all: Vec<f64> = published::published().into_iter().map(one).collect();
    all.sort_by(f64::total_cmp);
    [all[0], all[all.len() / 2], all[all.len() - 1]]
}

fn main() {
    // Only `cargo bench` says so: a test run of all targets has no time for this.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .expect("the first pool");
    println!("Prices, each from nothing:\n");
    prices::of_all_points();
    println!("\nThe cost of a price does not grow with the layer:\n");
    prices::of_growing_layers();
    println!("\n| what | how fast |\n|---|---:|");
    let search = format!("reinforce {{ episodes = {EPISODES} }}");
    let episodes = EPISODES as f64 / stage(&search);
    println!("| episodes of `reinforce`, 53 layers | {episodes:.0} per second |");
    let search = format!("genetic {{ generations = {GENERATIONS}, population = {POPULATION} }}");
    let children = (GENERATIONS * POPULATION) as f64 / stage(&search);
    println!("| children of `genetic`, 53 layers | {children:.0} per second |");
    for (menu, refined) in [("coarse", false), ("refined", true)] {
        let [least, median, longest] = proofs(refined);
        println!(
            "| proofs of the 32 published problems, {menu} menu | {least:.1} ms, median {median:.1} ms, at most {longest:.1} ms |"
        );
    }
}
