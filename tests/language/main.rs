//! What a specification means, whatever its text.

#[path = "../support/spec.rs"]
mod spec;

mod complete;
mod docs;
mod meaning;
mod robust;
