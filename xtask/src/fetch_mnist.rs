//! `cargo xtask fetch-mnist`: downloads MNIST or Fashion-MNIST, and believes nobody.
//!
//! Every file is compared with its published SHA-256 before it gets its name, so no wrong or partial file ever stands
//! under it. What an interrupted download left is kept beside the target as `<name>.part` and continued by the next call.

mod answers;
mod catalogue;
mod download;
mod folder;
mod progress;
mod settings;
mod source;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, bail, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use datasets::MnistKind;
use datasets::mnist::{self, MnistFile};

use crate::console::{say, tell};
use answers::Answers;
use catalogue::Catalogue;
use download::{Client, Failure};
use folder::Folder;
use progress::Progress;
use source::Source;

/// How often the sources are asked that failed in a way that may pass.
const ROUNDS: usize = 2;

/// They are asked again after a wait: one second in the usual case, that a server may be silent for 30.
const PATIENCE_PER_PAUSE: u32 = 30;

/// What to know after a failure.
const KEPT: &str = "what has arrived is kept, and the next call goes on from there";

/// What to do where no web address gave a file.
const IN_ANOTHER_WAY: &str =
    "behind a proxy set HTTPS_PROXY; files that you got in another way are taken with --from FOLDER";

/// What to do where no folder had it.
const ANOTHER_FOLDER: &str =
    "name the folder of the compressed files with --from, or leave out --from and --offline to download them";

/// Download MNIST or Fashion-MNIST and verify it
///
/// The files of a mirror that does not answer, or answers with something else, are taken from the next one. A download
/// that was interrupted goes on where it stopped. A call after a complete one only verifies.
///
/// Proxies are taken from ALL_PROXY, HTTPS_PROXY, HTTP_PROXY and NO_PROXY, the certificates of the authorities from
/// SSL_CERT_FILE where it is set. A server that is silent for FETCH_TIMEOUT seconds (default 30) is given up.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask fetch-mnist
  cargo xtask fetch-mnist --dataset fashion-mnist
  cargo xtask fetch-mnist --from ~/Downloads --dir /data/mnist
  cargo xtask fetch-mnist --verify

Exit codes: 0 all four files are there and verified, 1 --verify found a file missing or damaged,
2 they could not be fetched, or wrong usage.")]
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

    /// Ask nobody on the network: verify what is there, and take the rest from the folders of --from
    #[arg(long)]
    offline: bool,

    /// Only verify the files that are there, and name each that is missing or damaged
    #[arg(long, conflicts_with_all = ["from", "offline"])]
    verify: bool,
}

fn kind_parser() -> impl TypedValueParser<Value = MnistKind> {
    PossibleValuesParser::new(MnistKind::ALL.map(MnistKind::name)).try_map(|name| name.parse::<MnistKind>())
}

/// Runs the task.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let kind = args.dataset;
    let catalogue = Catalogue::load()?;
    let dir = args.dir.clone().unwrap_or_else(|| default_dir(kind));
    if args.verify {
        return verify(kind, &catalogue, &dir);
    }
    ensure!(dir.is_dir() || !dir.exists(), "{}; name another with --dir", no_folder(&dir));
    let mut files = catalogue.files(kind);
    files.retain(|file| !matches!(state(file, &catalogue, &dir), State::Whole { .. }));
    if !files.is_empty() {
        fetch_all(kind, &files, &catalogue, &dir, sources(&args, &files)?)?;
    }
    let splits = mnist::load(kind, &dir)?;
    say(format_args!(
        "{kind} is complete in {}: {} training and {} test images, verified",
        dir.display(),
        splits.train.len(),
        splits.test.len()
    ));
    Ok(ExitCode::SUCCESS)
}

/// How a file of the data set stands.
enum State {
    Whole { path: PathBuf },
    Missing,
    Damaged { problem: String },
}

/// A compressed file is compared with its published SHA-256. An unpacked one has none: its header, its length and its
/// labels are checked.
fn state(file: &MnistFile, catalogue: &Catalogue, dir: &Path) -> State {
    let Some(path) = file.path_in(dir) else { return State::Missing };
    let checked = match MnistFile::is_compressed(&path) {
        true => catalogue.check(file, &path),
        false => file.read(&path).map(drop).map_err(|problem| problem.to_string()),
    };
    match checked {
        Ok(()) => State::Whole { path },
        Err(problem) => State::Damaged { problem },
    }
}

/// Says of each file how it stands.
fn verify(kind: MnistKind, catalogue: &Catalogue, dir: &Path) -> Result<ExitCode> {
    ensure!(dir.is_dir(), "{}; name the folder of the files with --dir", no_folder(dir));
    let files = catalogue.files(kind);
    let mut bad = 0;
    for file in &files {
        match state(file, catalogue, dir) {
            State::Whole { path } if MnistFile::is_compressed(&path) => say(format_args!("ok       {}", file.name)),
            State::Whole { path } => say(format_args!("ok       {} (unpacked: by its form alone)", path.display())),
            State::Missing => {
                bad += 1;
                say(format_args!("missing  {}", file.name));
            }
            State::Damaged { problem } => {
                bad += 1;
                say(format_args!("damaged  {problem}"));
            }
        }
    }
    let problem = match bad {
        0 => mnist::load(kind, dir).err().map(|problem| problem.to_string()),
        _ => Some(format!(
            "{bad} of {} files of {kind} in {} are missing or damaged; get them with `{} --dir {}`",
            files.len(),
            dir.display(),
            kind.fetch_command(),
            dir.display()
        )),
    };
    let Some(problem) = problem else { return Ok(ExitCode::SUCCESS) };
    tell(format_args!("error: {problem}"));
    Ok(ExitCode::FAILURE)
}

/// Whom to ask for the files that are missing, in this order.
fn sources(args: &Args, missing: &[MnistFile]) -> Result<Vec<Source>> {
    let mirrors = args.dataset.mirrors().iter().map(|base| Source::Web(base.to_string()));
    let sources = if args.from.is_empty() { mirrors.clone().collect() } else { args.from.clone() };
    if !args.offline {
        return Ok(sources);
    }
    let folders: Vec<_> = sources.into_iter().filter(|source| matches!(source, Source::Folder(_))).collect();
    if folders.is_empty() {
        let names: Vec<_> = missing.iter().map(|file| format!("  {}", file.name)).collect();
        let places: Vec<_> = mirrors.map(|mirror| format!("  {}", mirror.location(&missing[0]))).collect();
        bail!(
            "these files of {} are missing or damaged, and --offline asks nobody for them:\n{}\n\
             get them in another way, and name their folder with --from; the first is published as\n{}",
            args.dataset,
            names.join("\n"),
            places.join("\n")
        );
    }
    Ok(folders)
}

/// Gets the files into the folder; tells at the end what was answered, unless all went well at once.
fn fetch_all(
    kind: MnistKind,
    files: &[MnistFile],
    catalogue: &Catalogue,
    dir: &Path,
    mut sources: Vec<Source>,
) -> Result<()> {
    let client = Client::new(catalogue, settings::patience()?)?;
    let folder = Folder::open(dir)?;
    let mut answers = Answers::default();
    for file in files {
        match state(file, catalogue, folder.path()) {
            // Another download was faster.
            State::Whole { .. } => continue,
            State::Missing => {}
            State::Damaged { problem } => tell(format_args!("{problem}; fetching it again")),
        }
        match fetch(file, &folder, &mut sources, &client, &mut answers) {
            Ok(true) => {}
            Ok(false) if sources.iter().any(Source::is_web) => {
                bail!("{} of {kind} could not be fetched\n{answers}{KEPT}; {IN_ANOTHER_WAY}", file.name)
            }
            Ok(false) => bail!("{} of {kind} could not be fetched\n{answers}{ANOTHER_FOLDER}", file.name),
            Err(problem) => bail!("{problem:#}\n{answers}{KEPT}"),
        }
    }
    if !answers.all_good() {
        tell(answers.to_string().trim_end());
    }
    Ok(())
}

/// Gets one file from the first source that gives the right one; false if none does. (An error is of this machine's disk.)
///
/// Sources that failed in a way that may pass (no connection, time-out, server error) are asked once more after the
/// others. The source that gave the file is asked first for the next one.
fn fetch(
    file: &MnistFile,
    folder: &Folder,
    sources: &mut [Source],
    client: &Client<'_>,
    answers: &mut Answers,
) -> Result<bool> {
    let mut worth_asking = vec![true; sources.len()];
    for round in 0..ROUNDS {
        if round > 0 && worth_asking.contains(&true) {
            tell(format_args!("{}: trying again", file.name));
            thread::sleep(client.patience() / PATIENCE_PER_PAUSE);
        }
        for number in 0..sources.len() {
            if !worth_asking[number] {
                continue;
            }
            let source = &sources[number];
            let progress = Progress::new(file, source);
            match source.get(file, folder, client, &progress) {
                Ok(()) => {
                    progress.done();
                    answers.note(source.location(file), answers::VERIFIED);
                    sources[..=number].rotate_right(1);
                    return Ok(true);
                }
                Err(Failure::Local(problem)) => return Err(problem),
                Err(Failure::Remote { answer, may_pass }) => {
                    progress.failed(&answer);
                    answers.note(source.location(file), &answer);
                    worth_asking[number] = may_pass;
                }
            }
        }
    }
    Ok(false)
}

/// Why a path is that of no folder.
fn no_folder(path: &Path) -> String {
    match path.exists() {
        true => format!("{} is a file, but a folder is needed", path.display()),
        false => format!("there is no folder {}", path.display()),
    }
}

/// `data/<dataset>` in the repository: cargo tells where that is; without cargo, in the current folder.
fn default_dir(kind: MnistKind) -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = manifest.as_deref().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
    root.join("data").join(kind.name())
}
