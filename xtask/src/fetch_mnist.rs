//! `cargo xtask fetch-mnist`: downloads MNIST or Fashion-MNIST, and believes nobody.
//!
//! Every file is compared with its published SHA-256 before it gets its name, so no wrong or partial file ever stands
//! under it. What an interrupted download left is kept beside the target as `<name>.part` and continued by the next call.

mod download;
mod folder;
mod progress;
mod source;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use datasets::mnist::{self, MnistFile};
use datasets::{Error, MnistKind};

use download::{Client, Failure};
use progress::Progress;
use source::Source;

/// How often the sources are asked that failed in a way that may pass.
const ROUNDS: usize = 2;

/// How long to wait before they are asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Download MNIST or Fashion-MNIST and verify it
///
/// The files of a mirror that does not answer, or answers with something else, are taken from the next one. A download
/// that was interrupted goes on where it stopped. A call after a complete one only verifies.
///
/// Proxies are taken from ALL_PROXY, HTTPS_PROXY, HTTP_PROXY and NO_PROXY. A server that is silent for
/// FETCH_TIMEOUT seconds (default 30) is given up.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask fetch-mnist
  cargo xtask fetch-mnist --dataset fashion-mnist
  cargo xtask fetch-mnist --from ~/Downloads --dir /data/mnist
  cargo xtask fetch-mnist --verify

Exit codes: 0 all four files are there and verified, 2 they are not.")]
pub(crate) struct Args {
    /// Where the files go [default: the folder data/mnist or data/fashion-mnist of the repository]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Take the files from this folder or web address instead of the public mirrors; may be given several times
    #[arg(long, value_name = "DIR|URL")]
    from: Vec<Source>,

    /// Which data set
    #[arg(long, value_name = "NAME", default_value = "mnist", value_parser = kind_parser())]
    dataset: MnistKind,

    /// Only verify the files that are there, and name each that is missing or damaged
    #[arg(long, conflicts_with = "from")]
    verify: bool,
}

fn kind_parser() -> impl TypedValueParser<Value = MnistKind> {
    PossibleValuesParser::new(MnistKind::ALL.map(MnistKind::name)).try_map(|name| name.parse::<MnistKind>())
}

/// Runs the task.
pub(crate) fn run(args: Args) -> Result<()> {
    let kind = args.dataset;
    let files = published_files(kind)?;
    let dir = args.dir.unwrap_or_else(|| default_dir(kind));
    if args.verify {
        return verify_all(kind, &files, &dir);
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot create the folder {}", dir.display()))?;
    let _lock = folder::lock(&dir)?;

    let mut sources = match args.from.is_empty() {
        true => kind.mirrors().iter().map(|base| Source::Web(base.to_string())).collect(),
        false => args.from,
    };
    let client = Client::new()?;
    for file in &files {
        match state(file, &dir) {
            State::Whole => {}
            State::Missing => fetch(file, &dir, &mut sources, &client)?,
            State::Damaged(problem) => {
                eprintln!("{problem}; fetching it again");
                fetch(file, &dir, &mut sources, &client)?;
            }
        }
    }
    let splits = mnist::load(kind, &dir)?;
    say(&format!(
        "{kind} is complete in {}: {} training and {} test images, verified",
        dir.display(),
        splits.train.len(),
        splits.test.len()
    ));
    Ok(())
}

/// How a file of the data set stands.
enum State {
    Whole,
    Missing,
    Damaged(Error),
}

/// A compressed file is compared with its published SHA-256. An unpacked one has none: its header, its length and its
/// labels are checked.
fn state(file: &MnistFile, dir: &Path) -> State {
    let Some(path) = file.path_in(dir) else { return State::Missing };
    let checked = match MnistFile::is_compressed(&path) {
        true => file.verify(&path),
        false => file.read(&path).map(drop),
    };
    checked.map_or_else(State::Damaged, |()| State::Whole)
}

fn verify_all(kind: MnistKind, files: &[MnistFile], dir: &Path) -> Result<()> {
    let mut bad = 0;
    for file in files {
        match state(file, dir) {
            State::Whole => say(&format!("ok       {}", file.name)),
            State::Missing => {
                bad += 1;
                say(&format!("missing  {}", file.name));
            }
            State::Damaged(problem) => {
                bad += 1;
                say(&format!("damaged  {problem}"));
            }
        }
    }
    if bad > 0 {
        bail!(
            "{bad} of {} files of {kind} in {} are missing or damaged; get them with `{} --dir {}`",
            files.len(),
            dir.display(),
            kind.fetch_command(),
            dir.display()
        );
    }
    mnist::load(kind, dir)?;
    Ok(())
}

/// Gets one file from the first source that gives the right one.
///
/// Sources that failed in a way that may pass (no connection, time-out, server error) are asked once more after the
/// others. The source that gave the file is asked first for the next one.
fn fetch(file: &MnistFile, dir: &Path, sources: &mut [Source], client: &Client) -> Result<()> {
    let mut answers: Vec<String> = vec![String::new(); sources.len()];
    let mut worth_asking = vec![true; sources.len()];
    for round in 0..ROUNDS {
        if round > 0 && worth_asking.contains(&true) {
            eprintln!("{}: trying again", file.name);
            thread::sleep(PAUSE);
        }
        for number in 0..sources.len() {
            if !worth_asking[number] {
                continue;
            }
            let progress = Progress::new(file, &sources[number]);
            match sources[number].get(file, dir, client, &progress) {
                Ok(()) => {
                    progress.done();
                    sources[..=number].rotate_right(1);
                    return Ok(());
                }
                Err(Failure::Local(problem)) => return Err(problem),
                Err(Failure::Remote { answer, may_pass }) => {
                    progress.failed(&answer);
                    worth_asking[number] = may_pass;
                    answers[number] = format!("  {}: {answer}", sources[number].location(file));
                }
            }
        }
    }
    bail!(
        "{} could not be fetched:\n{}\nwhat has arrived is kept, and the next call goes on from there; \
         files that you got in another way are taken with --from FOLDER",
        file.name,
        answers.join("\n")
    );
}

/// `data/<dataset>` in the repository: cargo tells where that is; without cargo, in the current folder.
fn default_dir(kind: MnistKind) -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = manifest.as_deref().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
    root.join("data").join(kind.name())
}

/// The four files. The tests, which have no MNIST, name a list of other files and their checksums.
fn published_files(kind: MnistKind) -> Result<Vec<MnistFile>> {
    let files = kind.files().to_vec();
    let Some(list) = env::var_os("FETCH_MNIST_TEST_FILES") else { return Ok(files) };
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    eprintln!("note: FETCH_MNIST_TEST_FILES is set: the files of a test are expected, not those of {kind}");
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    files
        .into_iter()
        .map(|file| match lines.next().as_deref() {
            Some(&[bytes, sha256]) => {
                let bytes = bytes.parse().context("the first word of a line is a length")?;
                Ok(MnistFile { bytes, sha256: sha256.to_string().leak(), ..file })
            }
            _ => bail!("{} has to hold a length and a checksum a line", list.display()),
        })
        .collect()
}

/// Prints a line on the standard output. Nobody reading it is no error.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
