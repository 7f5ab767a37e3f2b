//! The command line of `bench`.

use clap::{Parser, ValueEnum};

use super::effort::Effort;
use tools::args::{self, DataArgs, ThreadsArg};
use tools::program::EXIT_CODES;

const EXAMPLES: &str = "Examples:
  cargo xtask bench                    everything, some minutes
  cargo xtask bench --quick            everything, less than a minute
  cargo xtask bench --json bench.json  the same figures for another program
  cargo xtask bench --race --json -    only epoch, inference, first step and memory
  cargo xtask bench --peers            the same of the frameworks that are installed

The figures mean something where nothing else runs on the machine.";

/// Measures how fast this machine could compute at most, and how fast the network does: kernels, the parts of a step, an
/// epoch, inference, start, memory, and how the cost grows with batch, filters, image, hidden neurons and threads.
#[derive(Debug, Parser)]
#[command(name = "bench", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
pub struct BenchArgs {
    /// Measure everything for a shorter time
    #[arg(long)]
    pub quick: bool,
    /// Measure only what other programs can be compared by: epoch, inference, first step, memory
    #[arg(long)]
    pub race: bool,
    /// Write the figures as JSON into this file; `-` is standard output, and then no table is printed
    #[arg(long, value_name = "FILE")]
    pub json: Option<String>,
    /// Epochs that are timed, after one that does not count [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = args::at_least_one)]
    pub epochs: Option<usize>,
    /// Where the data come from.
    #[command(flatten)]
    pub data: DataArgs,
    /// How many threads work.
    #[command(flatten)]
    pub threads: ThreadsArg,
    /// What a process does that the benchmark starts
    #[arg(long, value_enum, hide = true)]
    pub child: Option<Child>,
    /// Try everything once, for a moment
    #[arg(long, hide = true)]
    pub tiny: bool,
}

/// What a process of its own is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Child {
    /// As a training begins, until its first step is done.
    FirstStep,
    /// A training, and how much memory it took.
    Memory,
}

impl BenchArgs {
    /// How much is measured.
    pub fn effort(&self) -> Effort {
        let effort = match (self.tiny, self.quick || self.race) {
            (true, _) => Effort::TINY,
            (false, true) => Effort::QUICK,
            (false, false) => Effort::FULL,
        };
        Effort { epochs: self.epochs.unwrap_or(effort.epochs), ..effort }
    }

    /// The flags that a child needs to do the same.
    pub fn for_child(&self, child: Child) -> Vec<std::ffi::OsString> {
        let name = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
            value().expect("no value is skipped").get_name().to_owned().into()
        };
        let mut flags: Vec<std::ffi::OsString> = vec!["--child".into(), name(&|| child.to_possible_value())];
        flags.extend(["--dataset".into(), name(&|| self.data.dataset.to_possible_value())]);
        if let Some(folder) = &self.data.data_dir {
            flags.extend(["--data-dir".into(), folder.into()]);
        }
        let DataArgs { train_limit, test_limit, .. } = self.data;
        let numbers =
            [("--train-limit", train_limit), ("--test-limit", test_limit), ("--threads", self.threads.threads)];
        for (flag, number) in numbers.into_iter().filter_map(|(flag, number)| Some((flag, number?))) {
            flags.extend([flag.into(), number.to_string().into()]);
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_does_as_its_parent() {
        let line = "bench --quick --dataset fashion-mnist --data-dir a/b --train-limit 5 --threads 3";
        let args = BenchArgs::try_parse_from(line.split(' ')).unwrap();
        let flags = args.for_child(Child::FirstStep);
        let child = BenchArgs::try_parse_from(["bench".into()].into_iter().chain(flags)).unwrap();
        assert_eq!(child.child, Some(Child::FirstStep));
        assert_eq!(child.data.dataset, args.data.dataset);
        assert_eq!(child.data.data_dir, args.data.data_dir);
        assert_eq!((child.data.train_limit, child.data.test_limit), (Some(5), None));
        assert_eq!(child.threads.threads, Some(3));
    }

    #[test]
    fn quick_is_quicker() {
        let effort = |line: &str| BenchArgs::try_parse_from(line.split(' ')).unwrap().effort();
        assert_eq!(effort("bench"), Effort::FULL);
        assert_eq!(effort("bench --race"), Effort::QUICK);
        assert_eq!(effort("bench --quick --epochs 9"), Effort { epochs: 9, ..Effort::QUICK });
    }
}
