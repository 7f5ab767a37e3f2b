//! Hands on how much the compiler optimises: `debug_assertions` is another question.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let level = std::env::var("OPT_LEVEL").expect("cargo says at which level it compiles");
    println!("cargo::rustc-env=TENSOR_OPT_LEVEL={level}");
}
