//! What all programs have in common: how they start, how they end, how they say what is wrong.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::advice::describe;
use crate::stop::Signal;
use crate::terminal::{Screen, ascii, make_room};
use crate::text::hanging;

/// How a program ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done: exit code 0.
    Done,
    /// The check that it was asked to make failed, or the training went astray: exit code 1.
    CheckFailed,
    /// Stopped before the end, as a signal asked: exit code 130, 143 or 129.
    Stopped(Signal),
}

/// Wrong usage, bad input, something that cannot be read or written.
const TROUBLE: u8 = 2;

/// The exit codes, for the end of a help text.
pub const EXIT_CODES: &str = "Exit codes: 0 done; 1 the check failed; 2 wrong usage, bad input, or trouble
with a file.";

/// Reads the command line (of a flag that comes twice, the last counts), runs `main`, and turns what comes out into an
/// exit code. What is wrong is said on standard error, in one line or two.
pub fn run<A: Parser>(main: impl FnOnce(A) -> anyhow::Result<Outcome>) -> ExitCode {
    let mut command = A::command().mut_args(negative_numbers_are_values).args_override_self(true);
    let program = command.get_name().to_owned();
    let args = match command.try_get_matches_from_mut(std::env::args_os()).and_then(|found| A::from_arg_matches(&found))
    {
        Ok(args) => args,
        Err(error) => return usage(&error, &program),
    };
    // A wrong TENSOR_ISA would stop the first kernel with a panic.
    let outcome = tensor::isa().map_err(anyhow::Error::from).and_then(|_| main(args));
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::FAILURE,
        Ok(Outcome::Stopped(signal)) => ExitCode::from(signal.exit_code()),
        Err(error) => {
            complain(&format!("error: {}", describe(&error)));
            ExitCode::from(TROUBLE)
        }
    }
}

/// So that a negative number where none belongs is told as such, not as an unknown flag.
fn negative_numbers_are_values(arg: clap::Arg) -> clap::Arg {
    let takes_values = arg.get_action().takes_values();
    if takes_values { arg.allow_negative_numbers(true) } else { arg }
}

/// Help goes where data goes; complaints do not.
fn usage(error: &clap::Error, program: &str) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads only the beginning of a help text closes the pipe early, and is right to do so.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(TROUBLE),
        };
    }
    complain(&shortened(&error.render().to_string(), program));
    ExitCode::from(TROUBLE)
}

/// What is wrong in one line, what may be done in another: clap would print up to nine.
fn shortened(message: &str, program: &str) -> String {
    let usage = |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty() && !usage(line));
    let first = lines.next().unwrap_or("error: the command line cannot be read");
    let mut hints: Vec<_> = lines.map(|line| line.strip_prefix("tip: ").unwrap_or(line).to_owned()).collect();
    hints.push(format!("see `{program} --help`"));
    format!("{first}\n  {}", hints.join("; "))
}

/// The command line of this program, with the flag `add` and without the flag `remove`, as a shell takes it.
pub fn command_line(add: &str, remove: &str) -> String {
    let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let mut words: Vec<_> = args.filter(|arg| arg != add && arg != remove).map(|arg| quoted(&arg)).collect();
    words.push(add.to_owned());
    words.join(" ")
}

/// The command that does the same again, whatever is lying about on the machine: the words of this command line without
/// those that only matter for the day, and with the data set by name.
pub fn command_to_repeat(program: &str, dataset: &str) -> String {
    const OF_THE_DAY: [&str; 4] = ["--resume", "--restart", "--quiet", "--json"];
    let args: Vec<_> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let named = args.iter().any(|arg| arg == "--dataset" || arg.starts_with("--dataset="));
    let mut words: Vec<_> =
        args.iter().filter(|arg| !OF_THE_DAY.contains(&arg.as_str())).map(|arg| quoted(arg)).collect();
    if !named {
        words.extend(["--dataset".to_owned(), dataset.to_owned()]);
    }
    format!("{program} -- {}", words.join(" "))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%\\".contains(c);
    let needless = !word.is_empty() && word.chars().all(plain);
    if needless { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Writes text to standard error, in a terminal broken between words; where that is closed, nobody wants to know.
pub fn complain(text: &str) {
    let mut stderr = std::io::stderr();
    let text = if stderr.is_terminal() { for_terminal(text, &Screen::of_stderr()) } else { text.to_owned() };
    let _ = writeln!(stderr, "{}{text}", make_room(true));
}

fn for_terminal(text: &str, screen: &Screen) -> String {
    let text = if screen.unicode { text.into() } else { ascii(text) };
    hanging(&text, screen.columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        assert_eq!(quoted("--out=runs/1"), "--out=runs/1");
        assert_eq!(quoted("my runs"), "'my runs'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_complaint_has_two_lines() {
        let long = "error: unexpected argument '--epoch' found\n\n  tip: a similar argument exists: '--epochs'\n\nUsage: train\n\nFor more information, try '--help'.\n";
        assert_eq!(
            shortened(long, "train"),
            "error: unexpected argument '--epoch' found\n  a similar argument exists: '--epochs'; see `train --help`"
        );
        let values = "error: invalid value 'x' for '--dataset <NAME>'\n  [possible values: auto, mnist]\n";
        assert_eq!(shortened(values, "train").lines().count(), 2);
    }
}
