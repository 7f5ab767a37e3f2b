//! What the programs leave on a terminal: one that the program `script` of util-linux makes. Without it there is nothing to
//! test; then it says so.
#![cfg(target_os = "linux")]

mod common;

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use common::{Folder, SMALL};

/// What stands before and after each frame of the bar.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// A training that somebody has to stop.
const ENDLESS: &str =
    "--dataset digits --train-limit 2000 --test-limit 50 --epochs 100000 --filters 4 --hidden 16 --lr 0.001";

/// A screen that never scrolls: as many rows as are written.
#[derive(Debug, Default)]
struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// The row that the line began in which is written.
    first_row: usize,
    /// The first rows of lines for which one was too short.
    overflown: Vec<String>,
    colored: bool,
    frames: usize,
    hidden_cursor: bool,
}

impl Screen {
    fn new(columns: usize, output: &str) -> Screen {
        let mut screen = Screen { columns, rows: vec![Vec::new()], ..Screen::default() };
        screen.write(output);
        screen
    }

    fn write(&mut self, output: &str) {
        let mut characters = output.chars();
        while let Some(character) = characters.next() {
            match character {
                '\r' => (self.column, self.first_row) = (0, self.row),
                '\n' => {
                    self.go_to(self.row + 1);
                    self.first_row = self.row;
                }
                '\x1b' => {
                    assert_eq!(characters.next(), Some('['), "{output:?}");
                    let mut numbers = String::new();
                    let end = characters.find(|c| {
                        numbers.push(*c);
                        c.is_ascii_alphabetic()
                    });
                    numbers.pop();
                    self.obey(&numbers, end.expect("a sequence has an end"));
                }
                other => self.put(other),
            }
        }
    }

    fn go_to(&mut self, row: usize) {
        self.row = row;
        self.rows.resize(self.rows.len().max(row + 1), Vec::new());
    }

    fn put(&mut self, character: char) {
        if self.column == self.columns {
            self.overflown.push(self.rows[self.first_row].iter().collect());
            self.column = 0;
            self.go_to(self.row + 1);
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + 1), ' ');
        row[self.column] = character;
        self.column += 1;
    }

    fn obey(&mut self, numbers: &str, command: char) {
        match (numbers, command) {
            ("", 'K') => self.rows[self.row].truncate(self.column),
            ("", 'J') => {
                self.rows[self.row].truncate(self.column);
                self.rows.truncate(self.row + 1);
            }
            (lines, 'A') => self.row -= lines.parse::<usize>().expect("a number of lines"),
            ("?2026", 'h') => self.frames += 1,
            ("?2026", 'l') => {}
            ("?25", _) => self.hidden_cursor = command == 'l',
            (_, 'm') => self.colored = true,
            _ => panic!("what is {numbers:?} {command:?}?"),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
    }

    /// Nothing is longer than the terminal is wide, the cursor is seen, and nothing of the bar and its curve is left.
    #[track_caller]
    fn is_tidy(&self) {
        assert!(self.overflown.is_empty(), "{:#?}", self.overflown);
        assert!(!self.hidden_cursor);
        let left: Vec<_> =
            self.lines().into_iter().filter(|line| line.contains(['━', '┤']) || line.contains(" left")).collect();
        assert!(left.is_empty(), "{:#?}", self.lines());
    }
}

/// A shell's line on a terminal of 24 lines, in a folder; what is typed once `awaited` is there, too. Gives what came out,
/// and the exit code. Nothing where there is no `script`.
fn on_terminal(
    folder: &Folder,
    columns: usize,
    line: &str,
    environment: &[(&str, &str)],
    typed: Option<(&str, &str)>,
) -> Option<(String, Option<i32>)> {
    let train = env!("CARGO_BIN_EXE_train");
    let line = format!("stty cols {columns} rows 24; {}", line.replace("train ", &format!("'{train}' ")));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder.path());
    for variable in ["NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "MNIST_DIR", "LC_ALL"] {
        command.env_remove(variable);
    }
    command
        .env("TERM", "xterm-256color")
        .env("LANG", "C.UTF-8")
        .env("SHELL", "/bin/sh")
        .envs(environment.iter().copied());
    let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        eprintln!("skipped, for there is no program `script`");
        return None;
    };
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut output, mut typed) = (Vec::new(), typed);
    let mut bytes = [0; 4096];
    loop {
        let count = stdout.read(&mut bytes).unwrap();
        if count == 0 {
            break;
        }
        output.extend(&bytes[..count]);
        if let Some((awaited, keys)) = typed
            && String::from_utf8_lossy(&output).contains(awaited)
        {
            stdin.write_all(keys.as_bytes()).unwrap();
            typed = None;
        }
    }
    let code = child.wait().unwrap().code();
    Some((String::from_utf8(output).unwrap(), code))
}

#[test]
fn a_training_fits_into_80_and_40_columns_and_its_summary_on_a_screen() {
    for columns in [80, 40] {
        let folder = Folder::new();
        let line = format!("train {SMALL} --batch-size 10");
        let Some((output, code)) = on_terminal(&folder, columns, &line, &[], None) else { return };
        let screen = Screen::new(columns, &output);
        screen.is_tidy();
        assert_eq!(code, Some(0), "{output}");
        assert!(screen.frames > 0 && screen.colored, "the bar was there, in colours: {output:?}");
        let lines = screen.lines();
        let end = lines.iter().position(|line| line.starts_with("test accuracy ")).unwrap();
        let summary = &lines[end..];
        for words in ["loss      ", "classes   ", "written   into out:"] {
            assert!(summary.iter().any(|line| line.starts_with(words)), "{words}: {summary:#?}");
        }
        assert!(summary.len() <= 24, "{} lines: {summary:#?}", summary.len());
        assert!(summary.iter().any(|line| line.contains("report.html")), "{summary:#?}");
    }
}

#[test]
fn ctrl_c_leaves_nothing_but_a_word() {
    for columns in [80, 40] {
        let folder = Folder::new();
        // The bar, in whatever epoch it is drawn first.
        let typed = Some(("/100000", "\x03"));
        let line = format!("train {ENDLESS}");
        let Some((output, code)) = on_terminal(&folder, columns, &line, &[], typed) else { return };
        assert_eq!(code, Some(130), "{output}");
        let mut screen = Screen::new(columns, &output);
        // The command that goes on is not broken between words, lest it could not be copied.
        let lines = screen.lines();
        let stopped = lines.iter().position(|line| line.starts_with("stopped by Ctrl-C ")).unwrap();
        assert!(lines[stopped..].concat().contains("--resume`"), "{lines:#?}");
        screen.overflown.retain(|line| !line.starts_with("  `"));
        screen.is_tidy();
    }
}

#[test]
fn a_terminal_that_can_do_nothing_gets_plain_lines() {
    let folder = Folder::new();
    let dumb = [("TERM", "dumb")];
    let Some((output, code)) = on_terminal(&folder, 80, &format!("train {SMALL}"), &dumb, None) else { return };
    assert_eq!(code, Some(0));
    assert!(!output.contains('\x1b') && !output.replace("\r\n", "\n").contains('\r'), "{output:?}");
    assert!(output.is_ascii(), "{output:?}");
    Screen::new(80, &output).is_tidy();
}

#[test]
fn a_pipe_to_another_program_on_the_terminal_gets_plain_lines() {
    let folder = Folder::new();
    let line = format!("train {SMALL} --batch-size 10 | cat");
    let Some((output, _)) = on_terminal(&folder, 80, &line, &[], None) else { return };
    let screen = Screen::new(80, &output);
    screen.is_tidy();
    assert!(screen.frames == 0 && output.contains("test accuracy "), "{output:?}");
    let line = format!("train {SMALL} --batch-size 10 > log");
    let Some((output, _)) = on_terminal(&folder, 80, &format!("{line} --out other"), &[], None) else { return };
    assert!(Screen::new(80, &output).frames > 0, "a file does not disturb: {output:?}");
}

#[test]
fn without_colours_the_bar_moves_and_has_none() {
    let folder = Folder::new();
    let plain = [("NO_COLOR", "1")];
    let Some((output, code)) = on_terminal(&folder, 80, &format!("train {SMALL}"), &plain, None) else { return };
    assert_eq!(code, Some(0));
    let screen = Screen::new(80, &output);
    screen.is_tidy();
    assert!(screen.frames > 0 && !screen.colored, "{output:?}");
}

#[test]
fn a_window_that_becomes_narrower_is_noticed() {
    let folder = Folder::new();
    // The shell says by a colour that nobody sees when the window is narrow.
    let narrow = "sleep 0.5; stty cols 40; printf '\\033[8m'; sleep 0.5; kill -TERM $!; wait $!";
    let line = format!("train {ENDLESS} & {narrow}");
    let Some((output, code)) = on_terminal(&folder, 80, &line, &[], None) else { return };
    assert_eq!(code, Some(143), "{output}");
    let (wide, narrow) = output.split_once("\x1b[8m").unwrap();
    let mut screen = Screen::new(80, wide);
    // A frame may have been on its way.
    let (on_its_way, narrow) = narrow.split_once(BEGIN).unwrap();
    let (first, narrow) = narrow.split_once(BEGIN).unwrap();
    screen.write(&format!("{on_its_way}{BEGIN}{first}"));
    assert!(screen.overflown.is_empty(), "{:#?}", screen.overflown);
    screen.columns = 40;
    let (moving, _) = narrow.rsplit_once(END).unwrap();
    screen.write(&format!("{BEGIN}{moving}{END}"));
    assert!(screen.overflown.is_empty(), "{:#?}", screen.overflown);
}
