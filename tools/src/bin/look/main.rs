//! Opens pages in a real browser and looks at them: `cargo xtask look`.
#![forbid(unsafe_code)]

mod browser;
mod devtools;
mod own;
mod page_url;
mod tensorboard;
mod view;
mod websocket;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use tools::Advice;
use tools::console::Stdout;
use tools::files::OutputFolder;
use tools::program::{EXIT_CODES, Outcome, run};
use tools::report::REPORT_FILE;

use browser::Browser;
use own::run_own;
use tensorboard::{Installed, PACKAGE};
use view::{View, look_at};

/// Where README has `explain` write its page, in the folder of the report.
const EXPLAIN_FILE: &str = "explain.html";

const EXAMPLES: &str = "Examples (`look` stands for `cargo xtask look`):
  look                       the pages in out, or those of a quick training
  look runs/1/report.html    another page
  look --tensorboard         the files of a quick training in the real TensorBoard
  look --shots pictures      leave the screenshots there

Checks that each page loads without a word in the console, that no request leaves
it, that every picture has a text alternative, and that nothing has to be scrolled
sideways; at 1280 and at 360 pixels, light and dark, and on paper.

--tensorboard trains with `train --tensorboard`, lets TensorBoard's own reader read the
files, compares all tags, steps and values with what was written, starts TensorBoard on
this machine, and opens it. The first time it installs TensorBoard from the Python
Package Index, below target; that takes Python 3.";

/// Opens pages in a real browser, checks them, and takes screenshots
#[derive(Debug, Parser)]
#[command(name = "look", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct LookArgs {
    /// The pages [default: report.html and explain.html in out; where one is missing, one of a quick training]
    #[arg(value_name = "PAGE")]
    pages: Vec<PathBuf>,
    /// Look at TensorBoard instead
    #[arg(long, conflicts_with = "pages")]
    tensorboard: bool,
    /// The folder for screenshots
    #[arg(long, value_name = "DIR", default_value = "out/look")]
    shots: PathBuf,
    /// The browser: Chromium or a relative of it [default: the one that is installed]
    #[arg(long, value_name = "PROGRAM")]
    browser: Option<PathBuf>,
    /// Where there is no browser, or TensorBoard cannot be installed, say so and be content
    #[arg(long)]
    if_possible: bool,
}

/// The flag that names the folder of screenshots, and what messages call it.
const SHOTS: (&str, &str) = ("--shots", "the folder of screenshots");

fn main() -> ExitCode {
    run(look)
}

fn look(args: LookArgs) -> anyhow::Result<Outcome> {
    let mut stdout = Stdout::new();
    let Some(program) = args.browser.clone().or_else(browser::find) else {
        let problem = "there is no Chromium on this machine";
        if args.if_possible {
            stdout.line(&format!("look: skipped, for {problem}"))?;
            return Ok(Outcome::Done);
        }
        return Err(anyhow::anyhow!("{problem}")).advice(|| {
            "install it (`apt-get install chromium` on Debian and its relatives), or name the browser with --browser"
                .to_owned()
        });
    };
    OutputFolder::check_for(SHOTS, &args.shots, &[])?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut browser =
        Browser::start(&program, folder.path()).advice(|| "name another browser with --browser".to_owned())?;
    let shots = OutputFolder::prepare_for(SHOTS, &args.shots, &[])?;
    stdout.line(&format!("browser     {}", browser.version()?))?;
    let mut troubles = 0;
    if !args.tensorboard {
        let pages = if args.pages.is_empty() { some_pages(folder.path())?.into() } else { args.pages.clone() };
        for page in &pages {
            troubles += look_at_page(page, &mut browser, &shots, &mut stdout)?;
        }
    }
    if args.pages.is_empty() {
        troubles += look_at_tensorboard(&args, &mut browser, folder.path(), &shots, &mut stdout)?;
    }
    stdout.line(match troubles {
        0 => "passed",
        _ => "FAILED",
    })?;
    Ok(if troubles == 0 { Outcome::Done } else { Outcome::CheckFailed })
}

/// Looks at a page in every way; gives the number of troubles.
fn look_at_page(
    page: &Path,
    browser: &mut Browser,
    shots: &OutputFolder,
    stdout: &mut Stdout,
) -> anyhow::Result<usize> {
    ensure!(page.is_file(), "there is no page {}\n  make one with `{}`", page.display(), tools::args::TRAIN_COMMAND);
    stdout.line(&format!("page        {}", page.display()))?;
    let mut troubles = 0;
    for view in View::ALL {
        let seen = look_at(browser, page, view)?;
        let name = format!("{}-{}", page.file_stem().unwrap_or_default().to_string_lossy(), view.file);
        let file = shots.write(&name, &seen.shot)?;
        let requests = if seen.requests == 1 { "request" } else { "requests" };
        let words = format!("{} pictures, {} {requests}: {}", seen.pictures, seen.requests, file.display());
        verdict(view.name, &words, &seen.troubles, stdout)?;
        troubles += seen.troubles.len();
    }
    Ok(troubles)
}

/// Looks at TensorBoard where there is one; gives the number of troubles.
fn look_at_tensorboard(
    args: &LookArgs,
    browser: &mut Browser,
    folder: &Path,
    shots: &OutputFolder,
    stdout: &mut Stdout,
) -> anyhow::Result<usize> {
    let Some(installed) = installed(args, stdout)? else { return Ok(0) };
    stdout.line(&format!("tensorboard {PACKAGE}"))?;
    let seen = tensorboard::look_at(&installed, browser, folder)?;
    let file = shots.write("tensorboard.png", &seen.shot)?;
    verdict("read and shown", &format!("{}: {}", seen.read, file.display()), &seen.troubles, stdout)?;
    Ok(seen.troubles.len())
}

/// TensorBoard where it is installed; where it was asked for, it is installed now.
fn installed(args: &LookArgs, stdout: &mut Stdout) -> anyhow::Result<Option<Installed>> {
    if let Some(installed) = Installed::find()? {
        return Ok(Some(installed));
    }
    if !args.tensorboard {
        stdout.line("tensorboard skipped, for it is not installed; `cargo xtask look --tensorboard` does that")?;
        return Ok(None);
    }
    stdout.line(&format!("tensorboard {PACKAGE} is installed below target; that takes a while"))?;
    match Installed::install() {
        Ok(installed) => Ok(Some(installed)),
        Err(error) if args.if_possible => {
            stdout.line(&format!("tensorboard skipped, for it cannot be installed: {error:#}"))?;
            Ok(None)
        }
        Err(error) => Err(error.context(format!("cannot install {PACKAGE}")))
            .advice(|| "it takes Python 3 with `venv`, and the network".to_owned()),
    }
}

fn verdict(what: &str, words: &str, troubles: &[String], stdout: &mut Stdout) -> anyhow::Result<()> {
    let verdict = if troubles.is_empty() { "ok" } else { "WRONG" };
    stdout.line(&format!("  {what:<16} {verdict:<5} {words}"))?;
    troubles.iter().try_for_each(|trouble| stdout.line(&format!("    {trouble}")))
}

/// The report and the page of `explain` in `out`; where one is missing, one of a quick training.
fn some_pages(folder: &Path) -> anyhow::Result<[PathBuf; 2]> {
    let pages = [REPORT_FILE, EXPLAIN_FILE].map(|name| Path::new("out").join(name));
    if pages.iter().all(|page| page.is_file()) {
        return Ok(pages);
    }
    run_own("train", "--quiet --dataset digits --train-limit 3000 --test-limit 1000 --epochs 3 --out quick", folder)?;
    run_own("explain", "--dataset digits --image 42 --out quick --html quick/explain.html", folder)?;
    let quick = |page: PathBuf| folder.join("quick").join(page.file_name().unwrap_or_default());
    Ok(pages.map(|page| if page.is_file() { page } else { quick(page) }))
}
