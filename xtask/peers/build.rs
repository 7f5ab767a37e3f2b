//! Tells a peer the version of its framework, as the lock file of its package has it.

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let framework = std::env::var("CARGO_PKG_NAME").expect("cargo sets it").replace("peer-", "");
    let framework = if framework == "candle" { "candle-core" } else { &framework };
    let lock = std::fs::read_to_string("Cargo.lock").expect("a lock file");
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{framework}\"")).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = ")).expect("the version follows the name");
    println!("cargo::rustc-env=PEER_VERSION={}", version.trim_matches('"'));
}
