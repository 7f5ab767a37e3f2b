//! Opens pages in a real browser and looks at them: `cargo xtask look`.
#![forbid(unsafe_code)]

mod browser;
mod devtools;
mod page_url;
mod view;
mod websocket;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, ensure};
use clap::Parser;
use tools::Advice;
use tools::console::Stdout;
use tools::files::OutputFolder;
use tools::program::{EXIT_CODES, Outcome, run};
use tools::report::REPORT_FILE;

use browser::Browser;
use view::{View, look_at};

const EXAMPLES: &str = "Examples (`look` stands for `cargo xtask look`):
  look                       the report in out, or one of a quick training
  look runs/1/report.html    another page
  look --shots pictures      leave the screenshots there

Checks that each page loads without a word in the console, that no request leaves
it, that every picture has a text alternative, and that nothing has to be scrolled
sideways; at 1280 and at 360 pixels, light and dark, and on paper.";

/// Opens pages in a real browser, checks them, and takes screenshots
#[derive(Debug, Parser)]
#[command(name = "look", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct LookArgs {
    /// The pages [default: out/report.html, or where there is none, one of a quick training]
    #[arg(value_name = "PAGE")]
    pages: Vec<PathBuf>,
    /// The folder for screenshots
    #[arg(long, value_name = "DIR", default_value = "out/look")]
    shots: PathBuf,
    /// The browser: Chromium or a relative of it [default: the one that is installed]
    #[arg(long, value_name = "PROGRAM")]
    browser: Option<PathBuf>,
    /// Where there is no browser, say so and be content
    #[arg(long)]
    if_possible: bool,
}

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
    let shots = OutputFolder::prepare(&args.shots, &[]).advice(|| "name another folder with --shots".to_owned())?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let pages = if args.pages.is_empty() { vec![some_report(folder.path())?] } else { args.pages };
    let mut browser = Browser::start(&program, folder.path())?;
    stdout.line(&format!("browser   {}", browser.version()?))?;
    let mut troubles = 0;
    for page in &pages {
        ensure!(
            page.is_file(),
            "there is no page {}\n  make one with `{}`",
            page.display(),
            tools::args::TRAIN_COMMAND
        );
        stdout.line(&format!("page      {}", page.display()))?;
        for view in View::ALL {
            let seen = look_at(&mut browser, page, view)?;
            let name = format!("{}-{}", page.file_stem().unwrap_or_default().to_string_lossy(), view.file);
            let file = shots.write(&name, &seen.shot)?;
            let verdict = if seen.troubles.is_empty() { "ok" } else { "WRONG" };
            let requests = if seen.requests == 1 { "request" } else { "requests" };
            let words = format!("{verdict:<5} {} pictures, {} {requests}", seen.pictures, seen.requests);
            stdout.line(&format!("  {:<16} {words}: {}", view.name, file.display()))?;
            for trouble in &seen.troubles {
                stdout.line(&format!("    {trouble}"))?;
            }
            troubles += seen.troubles.len();
        }
    }
    stdout.line(match troubles {
        0 => "passed",
        _ => "FAILED",
    })?;
    Ok(if troubles == 0 { Outcome::Done } else { Outcome::CheckFailed })
}

/// The report in `out`, or one that is made quickly by the program `train` beside this one.
fn some_report(folder: &Path) -> anyhow::Result<PathBuf> {
    let there = Path::new("out").join(REPORT_FILE);
    if there.is_file() {
        return Ok(there);
    }
    let train = std::env::current_exe().context("where is this program?")?.with_file_name("train");
    let out = folder.join("out");
    let mut command = Command::new(&train);
    command.args("--quiet --dataset digits --train-limit 3000 --test-limit 1000 --epochs 3 --out".split(' ')).arg(&out);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", train.display()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(out.join(REPORT_FILE))
}
