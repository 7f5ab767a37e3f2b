//! `cargo xtask ci`: everything that must hold, as the continuous integration runs it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::example_projects;

/// The crates that others depend on.
const LIBRARIES: [&str; 5] = ["tensor", "layers", "optim", "datasets", "model"];

/// Packages in the tree of `layers`, our own among them.
const MOST_PACKAGES_OF_LAYERS: usize = 22;
/// Packages in the lock file of the workspace.
const MOST_PACKAGES: usize = 200;

/// Runs all steps, in order; stops at the first that fails.
///
/// # Errors
/// Names the step that failed, and the command.
pub(crate) fn run() -> Result<()> {
    let root = root();
    let start = Instant::now();
    step("format", || cargo(&root, &["fmt", "--all", "--check"]))?;
    step("clippy", || {
        cargo(&root, &["clippy", "--quiet", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])
    })?;
    step("documentation", || {
        let mut command = command(&root, &["doc", "--quiet", "--workspace", "--no-deps"]);
        succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("tests", || cargo(&root, &["test", "--quiet", "--workspace"]))?;
    for library in LIBRARIES {
        step(&format!("{library} alone"), || cargo(&root, &["check", "--quiet", "--package", library]))?;
    }
    for library in ["datasets", "model"] {
        step(&format!("{library} without features"), || {
            cargo(&root, &["clippy", "--quiet", "--package", library, "--no-default-features", "--", "-D", "warnings"])
        })?;
    }
    step("example projects", || example_projects::run(&root))?;
    // (PyTorch with these settings: 98.7 % of MNIST after five epochs.)
    step("the built-in digits are learned", || learn(&root, "digits", "3", "0.98"))?;
    if std::env::var_os("MNIST_DIR").is_some() {
        step("MNIST is learned", || learn(&root, "mnist", "5", "0.98"))?;
    } else {
        println!("\n── MNIST is learned: skipped, for MNIST_DIR names no folder");
    }
    step("dev and release give the same bits", || same_bits(&root))?;
    step("package counts", || package_counts(&root))?;
    step("clean build of train", || clean_build(&root))?;
    println!("\nall passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_path_buf()
}

fn step(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n── {name}");
    let start = Instant::now();
    run().with_context(|| format!("the step `{name}` failed"))?;
    println!("   {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(folder);
    command
}

pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Result<()> {
    succeed(&mut command(folder, arguments))
}

/// What cargo prints; its complaints are shown where it fails.
pub(crate) fn output(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let mut command = command(folder, arguments);
    command.envs(environment.iter().copied());
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} prints something else than text"))
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Trains with the book's settings; fails where the accuracy over all test images is less.
fn learn(root: &Path, dataset: &str, epochs: &str, accuracy: &str) -> Result<()> {
    let mut command = command(root, &["run", "--quiet", "--package", "tools", "--bin", "train", "--", "--quiet"]);
    command.args(["--dataset", dataset, "--epochs", epochs, "--require-accuracy", accuracy, "--restart"]);
    command.args(["--out", "target/ci"]);
    succeed(&mut command)
}

/// Trains a little in both profiles; fails where the parameters differ.
fn same_bits(root: &Path) -> Result<()> {
    let fingerprint = |profile: &str| -> Result<String> {
        let mut command =
            command(root, &["run", "--quiet", "--profile", profile, "--package", "tools", "--bin", "train"]);
        command.args(["--", "--json", "--dataset", "digits", "--train-limit", "2000", "--test-limit", "100"]);
        command.args(["--epochs", "1", "--restart", "--out", "target/ci"]);
        let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
        ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).context("train prints text")?;
        let (_, fingerprint) = text.rsplit_once("\"params_sha256\":\"").context("train tells the fingerprint")?;
        Ok(fingerprint.chars().take(64).collect())
    };
    let [dev, release] = [fingerprint("dev")?, fingerprint("release")?];
    ensure!(dev == release, "the parameters are {dev} in dev, {release} in release");
    println!("   {dev}");
    Ok(())
}

fn package_counts(root: &Path) -> Result<()> {
    example_projects::trees(root)?;
    let packages = example_projects::tree(root, &["--package", "layers"])?;
    count("packages in the tree of layers", packages.len(), MOST_PACKAGES_OF_LAYERS)?;

    let lock = root.join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).with_context(|| format!("{} cannot be read", lock.display()))?;
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    count("packages in Cargo.lock", packages, MOST_PACKAGES)
}

fn count(what: &str, got: usize, most: usize) -> Result<()> {
    println!("   {got} {what} (at most {most})");
    if got > most {
        bail!("{got} {what}, at most {most} are allowed");
    }
    Ok(())
}

/// Says how long a first `cargo run` takes; the packages are downloaded already. (A time, so no gate.)
fn clean_build(root: &Path) -> Result<()> {
    let folder = root.join("target/clean-build");
    let remove = || match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context(format!("{}", folder.display())),
        _ => Ok(()),
    };
    remove()?;
    let mut command = command(root, &["build", "--quiet", "--package", "tools", "--bin", "train"]);
    succeed(command.env("CARGO_TARGET_DIR", &folder))?;
    remove()
}
