//! Finding what to learn from.

use std::path::PathBuf;

use anyhow::bail;
use datasets::{MnistKind, Splits, digits, figures, mnist};

use crate::advice::Advice;
use crate::args::{DataArgs, DatasetChoice};
use crate::text::grouped;

/// A data set with where it came from.
#[derive(Debug)]
pub struct Data {
    /// Its name for readers: "MNIST".
    pub title: String,
    /// Its name on the command line: "mnist".
    pub name: &'static str,
    /// The folder of its files; none for the built-in digits.
    pub folder: Option<PathBuf>,
    /// Training and test images.
    pub splits: Splits,
    /// What the user should know: that something else was used than they may have thought.
    pub note: Option<String>,
}

/// As many built-in digits are drawn as MNIST has images.
const DIGITS: [usize; 2] = [60_000, 10_000];
/// As many figures as are drawn in a second; `--train-limit` and `--test-limit` may ask for more.
const FIGURES: [usize; 2] = [500, 100];
/// 1.5 GB.
const MOST_FIGURES: usize = 10_000;
/// The built-in digits are one data set: `--seed` does not change it.
const DIGITS_SEED: u64 = 0;

impl DataArgs {
    /// Finds and loads the data.
    ///
    /// # Errors
    /// Where data that were asked for are missing, or data that were found are damaged.
    pub fn load(&self) -> anyhow::Result<Data> {
        match self.dataset {
            DatasetChoice::Auto => self.found_or_digits(),
            DatasetChoice::Mnist => self.files(MnistKind::Mnist),
            DatasetChoice::FashionMnist => self.files(MnistKind::FashionMnist),
            DatasetChoice::Digits | DatasetChoice::Figures if self.data_dir.is_some() => {
                bail!("built-in images come from no folder; leave out --data-dir, or choose another --dataset")
            }
            DatasetChoice::Digits => Ok(self.digits(None)),
            DatasetChoice::Figures => Ok(self.figures()),
        }
    }

    /// The same, but where nobody has chosen, images of the shape that a network wants.
    pub fn suiting(&self, wanted: Option<[usize; 3]>) -> DataArgs {
        let free = self.dataset == DatasetChoice::Auto && self.data_dir.is_none();
        match wanted {
            Some([3, figures::SIDE, figures::SIDE]) if free => {
                DataArgs { dataset: DatasetChoice::Figures, ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    fn found_or_digits(&self) -> anyhow::Result<Data> {
        match datasets::find(MnistKind::Mnist, self.data_dir.as_deref()) {
            Err(datasets::Error::NotFound { kind, .. }) => Ok(self.digits(Some(format!(
                "no {kind} found, using the built-in digits; get it with `{}`",
                kind.fetch_command()
            )))),
            _ => self.files(MnistKind::Mnist),
        }
    }

    fn files(&self, kind: MnistKind) -> anyhow::Result<Data> {
        let folder = datasets::find(kind, self.data_dir.as_deref())?;
        let Splits { train, test } = mnist::load(kind, &folder).advice(|| {
            let fetch = format!("{} --dir {}", kind.fetch_command(), folder.display());
            format!("delete what is damaged and get it again with `{fetch}`")
        })?;
        let limit = |limit: Option<usize>| limit.unwrap_or(usize::MAX);
        let splits = Splits { train: train.limit(limit(self.train_limit)), test: test.limit(limit(self.test_limit)) };
        Ok(Data { title: kind.to_string(), name: kind.name(), folder: Some(folder), splits, note: None })
    }

    fn digits(&self, note: Option<String>) -> Data {
        let [train, test] = DIGITS;
        let (train, test) = (train.min(self.train_limit.unwrap_or(train)), test.min(self.test_limit.unwrap_or(test)));
        let splits = digits::splits(train, test, DIGITS_SEED);
        Data { title: "the built-in digits".to_owned(), name: "digits", folder: None, splits, note }
    }
}

impl DataArgs {
    fn figures(&self) -> Data {
        let [train, test] = FIGURES;
        let (train, test) = (self.train_limit.unwrap_or(train), self.test_limit.unwrap_or(test));
        let splits = figures::splits(train.min(MOST_FIGURES), test.min(MOST_FIGURES), DIGITS_SEED);
        Data { title: "the built-in figures".to_owned(), name: "figures", folder: None, splits, note: None }
    }
}

impl Data {
    /// The name of a class: "7", "sandal".
    pub fn class_name(&self, class: usize) -> String {
        let names = self.name.parse().map(MnistKind::class_names);
        names.ok().and_then(|names| names.get(class)).map_or(class.to_string(), |name| (*name).to_owned())
    }

    /// What it is, in one line.
    pub fn describe(&self) -> String {
        let [channels, height, width] = self.splits.train.image_shape();
        let (train, test) = (grouped(self.splits.train.len()), grouped(self.splits.test.len()));
        format!("{}: {train} training and {test} test images of {channels}×{height}×{width}", self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn args(dataset: DatasetChoice, data_dir: Option<&Path>) -> DataArgs {
        DataArgs { dataset, data_dir: data_dir.map(Path::to_owned), train_limit: Some(30), test_limit: Some(20) }
    }

    #[test]
    fn the_built_in_digits_are_always_there_and_limits_hold() {
        let data = args(DatasetChoice::Digits, None).load().unwrap();
        assert_eq!((data.splits.train.len(), data.splits.test.len()), (30, 20));
        assert_eq!(data.describe(), "the built-in digits: 30 training and 20 test images of 1×28×28");
        assert!(data.note.is_none());
    }

    #[test]
    fn a_folder_that_was_named_is_never_replaced_by_the_digits() {
        let empty = tempfile::tempdir().unwrap();
        for dataset in [DatasetChoice::Auto, DatasetChoice::Mnist, DatasetChoice::Digits] {
            let error = args(dataset, Some(empty.path())).load().unwrap_err().to_string();
            assert!(error.contains("fetch-mnist") || error.contains("--data-dir"), "{error}");
        }
    }
}
