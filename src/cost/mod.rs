//! Prices one layer at one design point. Pure: no files, no clock, no randomness.

pub mod maestro;
