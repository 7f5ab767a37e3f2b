//! What the programs `train`, `gradcheck`, `filterviz` and `applyfilter` are made of.
#![forbid(unsafe_code)]

pub mod files;
pub mod picture;
