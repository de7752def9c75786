//! What the tests and examples of the reference model share. Each uses a part of it.
#![allow(dead_code)]

pub mod check;
pub mod confuciux;
pub mod imported;
pub mod maestro_figures;
pub mod maestro_text;
