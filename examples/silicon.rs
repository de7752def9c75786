//! A chip and systolic arrays in `.cfx` beside published figures; prints `docs/silicon.md`.
//!
//! `cargo run --release --example silicon > docs/silicon.md`

#[path = "../tests/support/silicon.rs"]
mod silicon;
#[path = "../tests/support/problem.rs"]
mod support;

fn main() {
    print!("{}", silicon::document());
}
