//! `fetch-mnist`, the real program, against folders and against servers on this machine.
//!
//! The tests whose names begin with `faults_` are the long forms for `cargo xtask faults`.

mod cuts;
mod kills;
mod machine;
mod mirrors;
mod ordinary;
mod server;
mod world;
