//! The projects outside the workspace that use our crates as anybody would: what they print, and what is in their trees.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::ci::{cargo, output};

/// Where they are.
const FOLDER: &str = "model/example-projects";

/// (`classify` reads what `own-images` writes.)
const PROJECTS: [&str; 5] = ["own-images", "classify", "own-layer", "only-datasets", "only-tensor"];

/// The same bits come out without optimisation, and it is compiled in a fraction of the time.
const QUICKLY_COMPILED: [&str; 4] =
    ["--config", "profile.dev.package.\"*\".opt-level=0", "--config", "profile.dev.debug=false"];

/// Stands for anything in a line of an `expected-output.txt`.
const ANYTHING: &str = "…";

/// The table of the README that counts packages: the row, and how `cargo tree` is asked.
const README_ROWS: [(&str, &[&str]); 6] = [
    ("| `tensor` |", &["--package", "tensor"]),
    ("| `layers` |", &["--package", "layers"]),
    ("| `optim` |", &["--package", "optim"]),
    ("| `datasets` |", &["--package", "datasets"]),
    ("| `model` |", &["--package", "model"]),
    ("| `model`, `default-features = false` |", &["--package", "model", "--no-default-features"]),
];

/// Runs every project, and compares what it prints with its `expected-output.txt`.
///
/// # Errors
/// Names the project, and the first line that differs.
pub(crate) fn run(root: &Path) -> Result<()> {
    for project in PROJECTS {
        let folder = root.join(FOLDER).join(project);
        cargo(&folder, &["fmt", "--check"])?;
        let arguments = [&["run", "--quiet", "--locked"][..], &QUICKLY_COMPILED].concat();
        let printed = output(&folder, &arguments, &[("RUSTFLAGS", "-D warnings")])?;
        let expected = read(&folder.join("expected-output.txt"))?;
        compare(&expected, &printed).with_context(|| format!("{project} prints something else than expected"))?;
        println!("   {project}: {} lines as expected", expected.lines().count());
    }
    let weights = |project| {
        let path = root.join(FOLDER).join(project).join("shapes.postcard");
        fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    ensure!(
        weights("own-images")? == weights("classify")?,
        "own-images writes other weights than classify has: copy its shapes.postcard there"
    );
    Ok(())
}

/// Compares the numbers of packages in the READMEs with those that are there.
///
/// # Errors
/// Names the row and the right number.
pub(crate) fn trees(root: &Path) -> Result<()> {
    let readme = read(&root.join("README.md"))?;
    for (row, arguments) in README_ROWS {
        check_row(&readme, row, tree(root, arguments)?.len()).context("README.md")?;
    }
    let name = format!("{FOLDER}/README.md");
    let readme = read(&root.join(&name))?;
    for project in PROJECTS {
        let packages = tree(&root.join(FOLDER).join(project), &["--locked"])?;
        check_row(&readme, &format!("| [`{project}`]({project}) |"), packages.len()).with_context(|| name.clone())?;
    }
    let tree = output(&root.join(FOLDER).join("classify"), &["tree", "--locked", "--edges", "normal", ON], &[])?;
    let tree: String = tree.lines().map(|line| format!("{}\n", without_path(line))).collect();
    ensure!(readme.contains(&tree), "{name} has another tree of classify than this:\n{tree}");
    Ok(())
}

/// The trees differ a little between systems; these are of this one.
const ON: &str = "--target=x86_64-unknown-linux-gnu";

/// The packages in a tree.
pub(crate) fn tree(folder: &Path, arguments: &[&str]) -> Result<BTreeSet<String>> {
    let all = [&["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", ON][..], arguments].concat();
    let tree = output(folder, &all, &[])?;
    Ok(tree.lines().map(|line| line.trim_end_matches(" (*)").to_string()).collect())
}

/// `model v0.1.0`, without the folder where it lies.
fn without_path(line: &str) -> String {
    match line.split_once(" (/") {
        Some((package, rest)) if rest.ends_with("(*)") => format!("{package} (*)"),
        Some((package, _)) => package.to_string(),
        None => line.to_string(),
    }
}

/// The last cell of the row that begins like this has to be this number.
fn check_row(table: &str, row: &str, packages: usize) -> Result<()> {
    let line = table.lines().find(|line| line.starts_with(row));
    let line = line.with_context(|| format!("there is no row that begins with {row}"))?;
    let cell = line.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
    ensure!(cell == packages.to_string(), "the row {row} says {cell} packages, but there are {packages}");
    println!("   {packages} packages: {row}");
    Ok(())
}

fn compare(expected: &str, printed: &str) -> Result<()> {
    let (mut expected, mut printed) = (expected.lines(), printed.lines());
    for number in 1.. {
        match (expected.next(), printed.next()) {
            (None, None) => break,
            (wanted, got) => ensure!(
                wanted.zip(got).is_some_and(|(wanted, got)| matches(wanted, got)),
                "line {number}: expected {}, got {}",
                wanted.unwrap_or("no more"),
                got.unwrap_or("no more")
            ),
        }
    }
    Ok(())
}

/// Whether a line is the expected one, in which [`ANYTHING`] stands for anything.
fn matches(expected: &str, line: &str) -> bool {
    let Some((start, end)) = expected.split_once(ANYTHING) else { return expected == line };
    line.len() >= start.len() + end.len() && line.starts_with(start) && line.ends_with(end)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_differs_is_named() {
        assert!(compare("a\nb … c\n", "a\nb 1.5e-9 c\n").is_ok());
        let error = |expected, printed| compare(expected, printed).unwrap_err().to_string();
        assert_eq!(error("a\nb\n", "a\nc\n"), "line 2: expected b, got c");
        assert_eq!(error("a\nb\n", "a\n"), "line 2: expected b, got no more");
        assert_eq!(error("a\n", "a\nb\n"), "line 2: expected no more, got b");
        assert_eq!(error("ab…bc\n", "abc\n"), "line 1: expected ab…bc, got abc");
    }

    #[test]
    fn a_wrong_number_in_a_table_is_named() {
        let table = "| crate | packages |\n|---|---|\n| `tensor` | 14 |\n";
        assert!(check_row(table, "| `tensor` |", 14).is_ok());
        let error = |row, packages| check_row(table, row, packages).unwrap_err().to_string();
        assert_eq!(error("| `tensor` |", 15), "the row | `tensor` | says 14 packages, but there are 15");
        assert_eq!(error("| `layers` |", 15), "there is no row that begins with | `layers` |");
    }

    #[test]
    fn a_tree_is_shown_without_the_folder_of_this_machine() {
        assert_eq!(without_path("├── model v0.1.0 (/home/a b/model) (*)"), "├── model v0.1.0 (*)");
        assert_eq!(without_path("└── model v0.1.0 (/home/model)"), "└── model v0.1.0");
        assert_eq!(without_path("└── syn v3.0.10 (*)"), "└── syn v3.0.10 (*)");
    }
}
