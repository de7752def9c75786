//! The `cfxc` binary: everything is in the library.
fn main() {}
