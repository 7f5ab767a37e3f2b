//! `fetch-mnist`, the real program, against folders and against servers on this machine.
//!
//! Those with `#[ignore]` are the long forms, for `cargo xtask faults`.

mod cuts;
mod kills;
mod machine;
mod mirrors;
mod ordinary;
mod server;
mod storms;
mod world;
