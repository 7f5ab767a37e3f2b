//! Is the backward pass right?

use tensor::ndarray::{Array2, ArrayD, ArrayViewD, Dimension, Ix2, IxDyn};

use crate::gradient_report::{Comparison, GradientReport};
use crate::labels::Labels;
use crate::numerical_gradient::indices_of;
use crate::param::Param;
use crate::sequential::Sequential;
use crate::softmax_with_loss::SoftmaxWithLoss;
use crate::tape::Tape;

/// The parts of the step that are tried: where the first one crosses a kink, a smaller one may not.
const STEPS: [f64; 3] = [1.0, 0.1, 0.01];

/// How [`gradient_check`] looks, and what it lets pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientCheck {
    /// How far each element is moved to either side; a tenth or a hundredth of it where a kink lies in between.
    pub step: f64,
    /// The largest mean absolute difference that passes.
    pub mean_tolerance: f64,
    /// The largest relative error of an element that passes.
    pub relative_tolerance: f64,
    /// Elements whose gradients are both no larger than this are left out of the relative error: of so small a number,
    /// differences know too few digits. (Of one that was moved by a tenth of the step, ten times this: the digits are one
    /// fewer.)
    pub floor: f64,
    /// The largest part of a parameter's elements that may lie at a kink; one element always may.
    pub kink_fraction: f64,
    /// The seed of dropout's masks, which are the same for every evaluation.
    pub seed: u64,
}

impl Default for GradientCheck {
    fn default() -> Self {
        GradientCheck {
            step: 1e-5,
            mean_tolerance: 1e-9,
            relative_tolerance: 1e-2,
            floor: 1e-8,
            kink_fraction: 0.05,
            seed: 0,
        }
    }
}

/// Is the backward pass right? Compares its gradients with differences of the loss, for every learned parameter of a network
/// under [`SoftmaxWithLoss`].
///
/// The gradient of a parameter passes where the mean absolute difference and the largest relative error are small, and
/// few elements lie at a kink; [`GradientCheck`] says what is small and few, and its `Default` suits networks whose loss
/// is of the order of 1. (The book, section 5.7.3, and `gradient_check.py` of chapter 7, which prints the mean absolute
/// differences.)
///
/// ```
/// use layers::ndarray::array;
/// use layers::{Affine, GradientCheck, Labels, Layer, Relu, Sequential, gradient_check};
///
/// let affine1 = Affine::new(array![[0.3, -0.2], [0.1, 0.4]], array![0.1, 0.3])?;
/// let affine2 = Affine::new(array![[0.5, 0.7], [-0.6, 0.2]], array![0.0, 0.0])?;
/// let layers: Vec<Box<dyn Layer<f64>>> = vec![Box::new(affine1), Box::new(Relu), Box::new(affine2)];
/// let mut network = Sequential::new(&[2], layers)?;
/// let x = array![[1.0, 2.0], [3.0, 1.0]].into_dyn();
/// let report = gradient_check(&mut network, x.view(), Labels::Classes(&[0, 1]), &GradientCheck::default());
/// assert!(report.passed());
/// assert_eq!(report.parameters[0].name, "W1");
/// assert!(report.parameters[0].mean_difference < 1e-9);
/// # Ok::<(), layers::NetworkError>(())
/// ```
///
/// When this returns, values and statistics are as before, and the gradients are those of the backward pass. The random
/// numbers of training were restarted (see [`GradientCheck::seed`]).
///
/// # Panics
/// Where `x` is not row-major or not of the network's shape, where the network's output has not one axis (the classes),
/// or where `t` does not belong to `x`.
pub fn gradient_check(
    network: &mut Sequential<f64>,
    x: ArrayViewD<'_, f64>,
    t: Labels<'_, f64>,
    config: &GradientCheck,
) -> GradientReport {
    let statistics = statistics(network);
    let mut loss = Loss { x, t, seed: config.seed, tape: Tape::new(), last: SoftmaxWithLoss::new() };
    let gradients = loss.backward(network);
    let kinks = loss.kinks(network);
    let parameters = gradients
        .iter()
        .map(|(position, name, gradient)| {
            let mut comparison = Comparison::new(config);
            for index in indices_of(gradient.shape()) {
                let numerical = difference(network, &mut loss, *position, &index, config.step, &kinks);
                comparison.add(&index, gradient[&index], numerical);
            }
            comparison.report(name.clone(), gradient.len())
        })
        .collect();
    restore(network, &statistics);
    GradientReport { parameters }
}

/// The loss of one batch, as a function of the network.
struct Loss<'x, 't> {
    x: ArrayViewD<'x, f64>,
    t: Labels<'t, f64>,
    seed: u64,
    tape: Tape<f64>,
    last: SoftmaxWithLoss<f64>,
}

impl Loss<'_, '_> {
    fn forward(&mut self, network: &mut Sequential<f64>) -> f64 {
        network.reseed(self.seed);
        let scores = network.forward(self.x.view(), &mut self.tape);
        let shape = format!("{:?}", scores.shape());
        let scores = scores.into_dimensionality::<Ix2>();
        self.last.forward(scores.unwrap_or_else(|_| panic!("gradient_check: the scores have shape {shape}")), self.t)
    }

    /// The gradients of the learned parameters, each with its position among all and its name.
    fn backward(&mut self, network: &mut Sequential<f64>) -> Vec<(usize, String, ArrayD<f64>)> {
        self.forward(network);
        let mut dscores = Array2::zeros(self.last.probabilities().raw_dim());
        self.last.backward(self.t, dscores.view_mut());
        network.backward(self.x.view(), &mut self.tape, dscores.view().into_dyn());
        let (mut gradients, mut position) = (Vec::new(), 0);
        network.visit_params(&mut |name, param| {
            if param.learned {
                gradients.push((position, name.to_owned(), param.grad()));
            }
            position += 1;
        });
        gradients
    }

    /// On which sides of its kinks the network was in the last forward pass.
    fn kinks(&self, network: &Sequential<f64>) -> Vec<u32> {
        let mut kinks = Vec::new();
        network.visit_kinks(&self.tape, &mut |side| kinks.push(side));
        kinks
    }

    /// Whether the last forward pass was on the same sides.
    fn same_sides(&self, network: &Sequential<f64>, kinks: &[u32]) -> bool {
        let (mut sides, mut same) = (kinks.iter(), true);
        network.visit_kinks(&self.tape, &mut |side| same &= sides.next() == Some(&side));
        same
    }
}

/// A difference of the loss by a step that crossed no kink.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference {
    pub(crate) gradient: f64,
    /// What part of the configured step was taken; the error by rounding is as many times larger.
    pub(crate) part: f64,
}

/// The central difference of the loss for one element. Where a kink lies between the two ends, a smaller step is tried;
/// `None` where that does not help: the element lies at a kink.
fn difference(
    network: &mut Sequential<f64>,
    loss: &mut Loss<'_, '_>,
    position: usize,
    index: &IxDyn,
    step: f64,
    kinks: &[u32],
) -> Option<Difference> {
    let mut at = |network: &mut Sequential<f64>, value: f64| {
        replace(network, position, index, value);
        (loss.forward(network), loss.same_sides(network, kinks))
    };
    let before = replace(network, position, index, f64::NAN);
    let found = STEPS.into_iter().find_map(|part| {
        let step = step * part;
        let ((above, same_above), (below, same_below)) = (at(network, before + step), at(network, before - step));
        (same_above && same_below).then(|| Difference { gradient: (above - below) / (2.0 * step), part })
    });
    replace(network, position, index, before);
    found
}

/// Sets one element of the parameter at `position`, and gives what it was.
fn replace(network: &mut Sequential<f64>, position: usize, index: &IxDyn, value: f64) -> f64 {
    let (mut at, mut before) = (0, f64::NAN);
    network.visit_params_mut(&mut |_, param| {
        if at == position {
            before = std::mem::replace(param.element_mut(index.slice()), value);
        }
        at += 1;
    });
    before
}

/// The values of everything that is not learned: training changes it on its way.
fn statistics(network: &Sequential<f64>) -> Vec<ArrayD<f64>> {
    let mut statistics = Vec::new();
    network.visit_params(&mut |_, param: &Param<f64>| {
        if !param.learned {
            statistics.push(param.value());
        }
    });
    statistics
}

fn restore(network: &mut Sequential<f64>, statistics: &[ArrayD<f64>]) {
    let mut statistics = statistics.iter();
    network.visit_params_mut(&mut |_, param| {
        if !param.learned {
            param.assign(&statistics.next().expect("as many statistics as before").view());
        }
    });
}
