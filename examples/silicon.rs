//! A chip and systolic arrays in `.cfx` beside published figures; prints `docs/silicon.md`.
//!
//! `cargo run --release --example silicon > docs/silicon.md`

#[path = "../tests/support/silicon.rs"]
#[allow(dead_code, reason = "it prints only what is in the document")]
mod silicon;
#[path = "../tests/support/problem.rs"]
#[allow(dead_code, reason = "it asks for all designs of a text")]
mod support;

fn main() {
    print!("{}", silicon::document());
}
