//! The machine that was measured on, and the day.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use serde_json::{Value, json};

/// What has to stand beside a figure so that it means something.
pub(super) struct Machine {
    processor: String,
    pub(super) cores: usize,
    system: String,
    rustc: String,
    date: String,
}

impl Machine {
    pub(super) fn look() -> Self {
        Self {
            processor: processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            cores: available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            rustc: answer("rustc", &["--version"]),
            date: answer("date", &["-u", "+%Y-%m-%d"]),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "system": self.system,
            "rustc": self.rustc,
            "date": self.date,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, system, rustc, date } = self;
        write!(f, "{processor}, {cores} cores, {system}; {rustc}; {date}")
    }
}

/// The name of the processor, as Linux lists it.
fn processor(cpuinfo: &str) -> String {
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.trim_start().strip_prefix(':'));
    name.map_or("unknown processor", str::trim).to_string()
}

/// What a program answers in its first line.
fn answer(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().map_or(format!("{program} unknown"), str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: AMD EPYC\nmodel\t: 17\n"), "AMD EPYC");
        assert_eq!(processor("no such line"), "unknown processor");
    }

    #[test]
    fn a_program_that_is_not_there_is_no_error() {
        assert_eq!(answer("no-such-program", &[]), "no-such-program unknown");
    }
}
