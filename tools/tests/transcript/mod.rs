//! Command lines and what programs complain, in a text file that reads like a terminal:
//!
//! ```text
//! # A heading or a remark.
//!
//! $ train --epochs 0
//! error: invalid value '0' for '--epochs <N>': expected a whole number, 1 or more
//!   see `train --help`
//! exit code 2
//! ```
//!
//! A test runs each command and compares. Where the messages have changed on purpose, `REWRITE=1` writes the file anew;
//! headings, remarks and commands stay as they are.
#![allow(missing_docs, unreachable_pub)]

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A command as the file has it.
pub struct Line {
    /// What comes before the program: "MNIST_DIR=x".
    pub environment: Vec<(String, String)>,
    pub program: String,
    pub arguments: Vec<String>,
}

/// What a command answered.
pub struct Answer {
    pub code: Option<i32>,
    pub stderr: String,
}

/// Runs every command of the file with `run`, and compares. Gives how many there are.
///
/// # Panics
/// Where an answer is not the one in the file, with all differences.
pub fn check(path: &Path, mut run: impl FnMut(&Line) -> Answer) -> usize {
    let expected = fs::read_to_string(path).expect("the file with the commands");
    let (mut found, mut commands) = (String::new(), 0);
    for block in expected.trim_end().split("\n\n") {
        if !found.is_empty() {
            found.push('\n');
        }
        let Some(command) = block.strip_prefix("$ ").and_then(|block| block.lines().next()) else {
            writeln!(found, "{block}").expect("into memory");
            continue;
        };
        commands += 1;
        let Answer { code, stderr } = run(&parse(command));
        let code = code.map_or("killed by a signal".to_owned(), |code| format!("exit code {code}"));
        writeln!(found, "$ {command}\n{stderr}{code}").expect("into memory");
    }
    if std::env::var_os("REWRITE").is_some() {
        fs::write(path, found).expect("the file with the commands");
    } else if found != expected {
        panic!("{} differs; what is right now?\n{}", path.display(), differences(&expected, &found));
    }
    commands
}

/// The blocks that differ, as they were expected and as they were found.
fn differences(expected: &str, found: &str) -> String {
    let pairs = expected.trim_end().split("\n\n").zip(found.trim_end().split("\n\n"));
    let differ = pairs.filter(|(expected, found)| expected != found);
    let text = differ.map(|(expected, found)| format!("\nexpected:\n{expected}\nfound:\n{found}\n"));
    format!("{}\nto take over what was found: REWRITE=1", text.collect::<String>())
}

/// Words are separated by spaces; '…' holds them together.
fn parse(command: &str) -> Line {
    let mut words = vec![String::new()];
    for (part, quoted) in command.split('\'').zip([false, true].into_iter().cycle()) {
        if quoted {
            // Also an empty word is one.
            words.last_mut().expect("at least one").push_str(part);
            continue;
        }
        let mut parts = part.split(' ');
        words.last_mut().expect("at least one").push_str(parts.next().unwrap_or_default());
        words.extend(parts.map(str::to_owned));
    }
    let is_setting = |word: &&String| word.split_once('=').is_some_and(|(name, _)| !name.contains('-'));
    let settings = words.iter().take_while(is_setting).count();
    let arguments = words.split_off(settings + 1);
    let program = words.pop().expect("a program");
    let environment = words.iter().filter_map(|word| word.split_once('='));
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Line { environment, program, arguments }
}
