//! What the gradient check found.

use std::fmt;

use tensor::ndarray::{Dimension, IxDyn};

use crate::gradient_check::{Difference, GradientCheck};

/// What [`gradient_check`](crate::gradient_check()) found.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientReport {
    /// One report for every learned parameter, in the order of the network.
    pub parameters: Vec<ParameterReport>,
}

impl GradientReport {
    /// Whether every parameter passed.
    pub fn passed(&self) -> bool {
        self.parameters.iter().all(|parameter| parameter.failures.is_empty())
    }
}

/// What [`gradient_check`](crate::gradient_check()) found for one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterReport {
    /// The name of the parameter: `"W1"`, `"b1"`, …
    pub name: String,
    /// How many elements it has.
    pub elements: usize,
    /// How many of them lie at a kink of ReLU or max-pooling (nearer than a hundredth of the step), where a difference over
    /// both sides is no derivative. They are set apart: nothing else in this report counts them.
    pub kinks: usize,
    /// The mean of |backward pass − differences|, as the book prints it.
    pub mean_difference: f64,
    /// The element with the largest relative error; `None` where all gradients are below the floor.
    pub largest_error: Option<ElementError>,
    /// Why it did not pass; empty where it did.
    pub failures: Vec<GradientFailure>,
}

/// One element whose gradient was compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementError {
    /// Where it is.
    pub index: Vec<usize>,
    /// Its gradient by the backward pass.
    pub backward: f64,
    /// Its gradient by differences.
    pub numerical: f64,
    /// |backward − numerical| / the larger magnitude of both; infinite where one is no number.
    pub relative_error: f64,
}

/// Why the gradient of a parameter did not pass.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum GradientFailure {
    /// The mean absolute difference is too large.
    MeanDifference {
        /// What it is.
        got: f64,
        /// What would have passed.
        tolerance: f64,
    },
    /// The relative error of an element is too large.
    RelativeError {
        /// What it is.
        got: f64,
        /// What would have passed.
        tolerance: f64,
    },
    /// Too many elements lie at a kink for the rest to say much.
    Kinks {
        /// How many.
        got: usize,
        /// Of how many.
        elements: usize,
    },
}

impl fmt::Display for GradientFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GradientFailure::MeanDifference { got, tolerance } => {
                write!(f, "the mean absolute difference is {got:.3e}, more than {tolerance:e}")
            }
            GradientFailure::RelativeError { got, tolerance } => {
                write!(f, "the largest relative error is {got:.3e}, more than {tolerance:e}")
            }
            GradientFailure::Kinks { got, elements } => {
                write!(f, "{got} of {elements} elements lie at a kink, too many to judge by the rest")
            }
        }
    }
}

/// One line for every parameter.
impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, parameter) in self.parameters.iter().enumerate() {
            write!(f, "{}{parameter}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// What was compared, and whether it is right, or why not and where.
impl fmt::Display for ParameterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ParameterReport { name, elements, kinks, mean_difference, largest_error, failures } = self;
        let compared = elements - kinks;
        write!(f, "{name}: {compared} of {elements} gradients compared, {mean_difference:.1e} apart on average: ")?;
        if failures.is_empty() {
            return f.write_str("right");
        }
        f.write_str("WRONG")?;
        for failure in failures {
            write!(f, "; {failure}")?;
        }
        match largest_error {
            Some(ElementError { index, backward, numerical, .. }) => {
                write!(f, "; at {index:?} the backward pass has {backward:.6e}, the differences {numerical:.6e}")
            }
            None => Ok(()),
        }
    }
}

/// Gathers the report of one parameter.
pub(crate) struct Comparison<'a> {
    config: &'a GradientCheck,
    kinks: usize,
    compared: usize,
    sum: f64,
    largest: Option<ElementError>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(config: &'a GradientCheck) -> Self {
        Comparison { config, kinks: 0, compared: 0, sum: 0.0, largest: None }
    }

    pub(crate) fn add(&mut self, index: &IxDyn, backward: f64, numerical: Option<Difference>) {
        let Some(Difference { gradient: numerical, part }) = numerical else {
            self.kinks += 1;
            return;
        };
        let difference = (backward - numerical).abs();
        self.compared += 1;
        self.sum += difference;
        let floor = self.config.floor / part;
        if backward.abs() <= floor && numerical.abs() <= floor {
            return;
        }
        let relative = difference / backward.abs().max(numerical.abs());
        let relative_error = if relative.is_nan() { f64::INFINITY } else { relative };
        if self.largest.as_ref().is_none_or(|largest| relative_error > largest.relative_error) {
            self.largest = Some(ElementError { index: index.slice().to_vec(), backward, numerical, relative_error });
        }
    }

    pub(crate) fn report(self, name: String, elements: usize) -> ParameterReport {
        let mean_difference = if self.compared == 0 { 0.0 } else { self.sum / self.compared as f64 };
        let mut failures = Vec::new();
        let tolerance = self.config.mean_tolerance;
        if mean_difference.is_nan() || mean_difference > tolerance {
            failures.push(GradientFailure::MeanDifference { got: mean_difference, tolerance });
        }
        let (error, tolerance) = (self.largest.as_ref().map(|e| e.relative_error), self.config.relative_tolerance);
        if let Some(got) = error.filter(|&error| error > tolerance) {
            failures.push(GradientFailure::RelativeError { got, tolerance });
        }
        if self.kinks > 1 && self.kinks as f64 > self.config.kink_fraction * elements as f64 {
            failures.push(GradientFailure::Kinks { got: self.kinks, elements });
        }
        let (kinks, largest_error) = (self.kinks, self.largest);
        ParameterReport { name, elements, kinks, mean_difference, largest_error, failures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Difference = Difference { gradient: 0.5, part: 1.0 };

    /// The report of a parameter of which so many elements lie at a kink, and the others are right.
    fn report(kinks: usize, elements: usize) -> ParameterReport {
        let config = GradientCheck::default();
        let mut comparison = Comparison::new(&config);
        for i in 0..elements {
            comparison.add(&IxDyn(&[i]), 0.5, (i >= kinks).then_some(EXACT));
        }
        comparison.report("W1".to_owned(), elements)
    }

    #[test]
    fn more_than_one_in_twenty_at_a_kink_is_too_many() {
        for (kinks, elements, passes) in [(1, 1, true), (2, 2, false), (2, 40, true), (3, 40, false), (3, 60, true)] {
            let report = report(kinks, elements);
            assert_eq!((report.kinks, report.elements), (kinks, elements));
            assert_eq!(report.failures.is_empty(), passes, "{report:?}");
        }
    }

    #[test]
    fn a_report_says_what_is_wrong_and_where() {
        let config = GradientCheck::default();
        let parameter = |name: &str, backward| {
            let mut comparison = Comparison::new(&config);
            comparison.add(&IxDyn(&[2, 1]), backward, Some(EXACT));
            comparison.add(&IxDyn(&[2, 2]), backward, None);
            comparison.report(name.to_owned(), 2)
        };
        let report = GradientReport { parameters: vec![parameter("W1", 0.5), parameter("b1", 0.75)] };
        assert_eq!(
            report.to_string(),
            "W1: 1 of 2 gradients compared, 0.0e0 apart on average: right\n\
             b1: 1 of 2 gradients compared, 2.5e-1 apart on average: WRONG; the mean absolute difference is 2.500e-1, \
             more than 1e-9; the largest relative error is 3.333e-1, more than 1e-2; at [2, 1] the backward pass has \
             7.500000e-1, the differences 5.000000e-1"
        );
    }

    /// Below the floor, only the mean is compared: a difference of the loss knows no more.
    #[test]
    fn tiny_gradients_have_no_relative_error() {
        let config = GradientCheck::default();
        let mut comparison = Comparison::new(&config);
        comparison.add(&IxDyn(&[0]), 1e-9, Some(Difference { gradient: -1e-9, part: 1.0 }));
        let report = comparison.report("W1".to_owned(), 1);
        assert_eq!((report.mean_difference, report.largest_error), (2e-9, None));
        assert_eq!(report.failures, [GradientFailure::MeanDifference { got: 2e-9, tolerance: 1e-9 }]);
    }

    /// A tenth of the step, ten times the rounding: the floor is as much higher.
    #[test]
    fn the_floor_grows_as_the_step_shrinks() {
        let config = GradientCheck::default();
        for (part, counts) in [(1.0, true), (0.1, false)] {
            let mut comparison = Comparison::new(&config);
            comparison.add(&IxDyn(&[0]), 5e-8, Some(Difference { gradient: 4.9e-8, part }));
            assert_eq!(comparison.report("W1".to_owned(), 1).largest_error.is_some(), counts, "{part}");
        }
    }

    /// The book's measure alone would miss it: many right elements hide a wrong one.
    #[test]
    fn one_small_wrong_element_among_many_is_found() {
        let config = GradientCheck::default();
        let mut comparison = Comparison::new(&config);
        for i in 0..10_000 {
            let gradient = if i == 17 { 0.9e-6 } else { 1e-6 };
            comparison.add(&IxDyn(&[i]), 1e-6, Some(Difference { gradient, part: 1.0 }));
        }
        let report = comparison.report("W1".to_owned(), 10_000);
        assert!(report.mean_difference < 1e-10);
        assert!(matches!(report.failures[..], [GradientFailure::RelativeError { .. }]));
        assert_eq!(report.largest_error.expect("above the floor").index, [17]);
    }
}
