//! What one run measured, and the median of several.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

/// What a larger figure means.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Better {
    Smaller,
    Larger,
    /// It shows that the work was done, and is no matter of comparison.
    Neither,
}

/// A figure that every run measures: its key in the line of JSON, its heading in the table.
pub(super) struct Figure {
    pub(super) key: &'static str,
    pub(super) heading: &'static str,
    pub(super) better: Better,
}

/// All figures, in the order of the table.
pub(super) const FIGURES: [Figure; 6] = [
    Figure { key: "epoch_seconds", heading: "an epoch, s", better: Better::Smaller },
    Figure { key: "first_step_seconds", heading: "start to first step, s", better: Better::Smaller },
    Figure { key: "infer_images_per_second", heading: "inference, images/s", better: Better::Larger },
    Figure { key: "latency_us", heading: "one image, µs", better: Better::Smaller },
    Figure { key: "peak_rss_mb", heading: "peak memory, MB", better: Better::Smaller },
    Figure { key: "test_accuracy", heading: "accuracy", better: Better::Neither },
];

/// The keys that say what was run; they are the same in all runs.
const CONDITIONS: [&str; 5] = ["name", "version", "threads", "dataset", "epochs"];

/// Less than this after an epoch is no training on MNIST, so its time means nothing.
const LEAST_ACCURACY: f64 = 0.9;

/// The figures of one run, or the medians of several.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub(super) name: String,
    pub(super) version: String,
    /// In the order of [`FIGURES`].
    pub(super) figures: [f64; FIGURES.len()],
    /// All that was printed: it may be more than is compared.
    all: Map<String, Value>,
}

impl Measurement {
    /// Reads the object in JSON that a run of `name` printed.
    pub(super) fn parse(text: &str, name: &str) -> Result<Self> {
        let all: Map<String, Value> = serde_json::from_str(text).context("it is no object in JSON")?;
        let word = |key: &str| all.get(key).and_then(Value::as_str).with_context(|| format!("it has no text `{key}`"));
        ensure!(word("name")? == name, "its `name` is {:?}, expected {name:?}", word("name")?);
        ensure!(word("dataset")? == "mnist", "its `dataset` is {:?}, expected \"mnist\"", word("dataset")?);
        let mut figures = [0.0; FIGURES.len()];
        for (figure, Figure { key, .. }) in figures.iter_mut().zip(&FIGURES) {
            *figure = all.get(*key).and_then(Value::as_f64).with_context(|| format!("it has no number `{key}`"))?;
            ensure!(*figure > 0.0, "its `{key}` is {figure}, expected more than 0");
        }
        let [.., accuracy] = figures;
        ensure!(accuracy >= LEAST_ACCURACY, "its `test_accuracy` is {accuracy}, expected at least {LEAST_ACCURACY}");
        Ok(Self { name: name.into(), version: word("version")?.into(), figures, all })
    }

    /// The medians of runs of the same entrant; none of no run.
    pub(super) fn median(runs: &[&Self]) -> Option<Self> {
        let mut median = (*runs.first()?).clone();
        // What else a run told is not of all of them.
        median.all.retain(|key, _| CONDITIONS.contains(&key.as_str()));
        for (number, figure) in FIGURES.iter().enumerate() {
            median.figures[number] = self::median(runs.iter().map(|run| run.figures[number]).collect());
            median.all.insert(figure.key.into(), median.figures[number].into());
        }
        Some(median)
    }

    pub(super) fn epoch_seconds(&self) -> f64 {
        self.figures[0]
    }

    /// How many times better `ours` is than this in a figure: above 1 where we are better.
    pub(super) fn ratio(&self, ours: &Self, number: usize) -> Option<f64> {
        let (theirs, ours) = (self.figures[number], ours.figures[number]);
        match FIGURES[number].better {
            Better::Smaller => Some(theirs / ours),
            Better::Larger => Some(ours / theirs),
            Better::Neither => None,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        self.all.clone().into()
    }
}

/// The middle value, or the mean of the middle two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A line as a peer prints it, with some of its keys changed.
    pub(in crate::peers) fn line(changes: &[(&str, Value)]) -> String {
        let mut all = serde_json::json!({
            "name": "jax", "version": "0.10.2", "threads": 2, "dataset": "mnist", "epochs": 2, "epoch_seconds": 12.0,
            "first_step_seconds": 3.0, "infer_images_per_second": 50000.0, "latency_us": 137.5, "peak_rss_mb": 800.0,
            "test_accuracy": 0.98,
        });
        for (key, value) in changes {
            all[*key] = value.clone();
        }
        all.to_string()
    }

    fn run(epoch_seconds: f64) -> Measurement {
        Measurement::parse(&line(&[("epoch_seconds", epoch_seconds.into())]), "jax").expect("a good line")
    }

    #[test]
    fn a_good_line_is_read() {
        let jax = Measurement::parse(&line(&[]), "jax").expect("a good line");
        assert_eq!((jax.name.as_str(), jax.version.as_str()), ("jax", "0.10.2"));
        assert_eq!(jax.figures, [12.0, 3.0, 50000.0, 137.5, 800.0, 0.98]);
        assert_eq!(jax.to_json()["threads"], 2);
    }

    #[test]
    fn a_line_that_cannot_be_compared_is_refused() {
        let wrong = |changes: &[(&str, Value)], says: &str| {
            let problem = Measurement::parse(&line(changes), "jax").expect_err("a bad line");
            assert!(format!("{problem:#}").contains(says), "{problem:#}");
        };
        wrong(&[("name", "keras".into())], "`name`");
        wrong(&[("dataset", "digits".into())], "`dataset`");
        wrong(&[("latency_us", "fast".into())], "no number `latency_us`");
        wrong(&[("epoch_seconds", 0.into())], "more than 0");
        wrong(&[("test_accuracy", 0.1.into())], "at least 0.9");
        wrong(&[("version", Value::Null)], "no text `version`");
        assert!(Measurement::parse("hello", "jax").is_err());
        assert!(Measurement::parse("", "jax").is_err());
    }

    #[test]
    fn the_median_is_taken_of_each_figure() {
        let runs = [run(9.0), run(12.0), run(10.0)];
        let median = Measurement::median(&runs.iter().collect::<Vec<_>>()).expect("three runs");
        assert_eq!(median.epoch_seconds(), 10.0);
        assert_eq!(median.figures[3], 137.5);
        assert_eq!(median.to_json()["epoch_seconds"], 10.0);
        assert_eq!(median.to_json().as_object().map(Map::len), Some(CONDITIONS.len() + FIGURES.len()));
        let median = Measurement::median(&runs.iter().take(2).collect::<Vec<_>>()).expect("two runs");
        assert_eq!(median.epoch_seconds(), 10.5);
        assert!(Measurement::median(&[]).is_none());
    }

    #[test]
    fn a_ratio_above_one_means_that_ours_is_better() {
        let (theirs, mut ours) = (run(12.0), run(3.0));
        ours.figures[2] = 200_000.0;
        assert_eq!(theirs.ratio(&ours, 0), Some(4.0));
        assert_eq!(theirs.ratio(&ours, 2), Some(4.0));
        assert_eq!(theirs.ratio(&ours, 5), None);
    }
}
