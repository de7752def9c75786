//! Fifty slips of the keyboard, evenly taken from the two thousand of `tests/slips.rs`: with
//! `messages` what the compiler says of each, with `truth` what was done. A reader who sees only the
//! messages says what was done; `docs/slips.md` has both side by side.

#[path = "../tests/support/slips.rs"]
mod slips;
#[path = "../tests/support/spec.rs"]
mod spec;

const SAMPLE: usize = 50;

fn main() {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let told = slips::slips(2000).into_iter().filter_map(|slip| {
        let shown = spec::check(&slip.text).shown();
        (!shown.is_empty()).then_some((slip, shown))
    });
    let told: Vec<_> = told.collect();
    let step = told.len() / SAMPLE;
    for (number, (slip, shown)) in told.iter().step_by(step).take(SAMPLE).enumerate() {
        let number = number + 1;
        match asked.as_str() {
            "messages" => println!("=== {number}\n{shown}"),
            "truth" => println!(
                "{number}. {}.cfx, line {}: {}",
                slip.name, slip.line, slip.what
            ),
            _ => {
                eprintln!("say `messages` or `truth`");
                std::process::exit(2);
            }
        }
    }
}
