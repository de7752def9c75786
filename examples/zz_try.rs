#[path = "../tests/support/spec.rs"]
mod spec;
fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap();
        let t = std::time::Instant::now();
        let c = spec::check(&text);
        let e = t.elapsed();
        print!("{}", c.shown());
        println!(
            "{} problems of {} designs, {:?}",
            c.analysis.problems.len(),
            c.analysis.designs.len(),
            e
        );
    }
}
