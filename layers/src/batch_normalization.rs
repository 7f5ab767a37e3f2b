//! Batch normalisation.

use tensor::Real;
use tensor::ndarray::{Array1, ArrayViewD, ArrayViewMutD};

use crate::error::{NetworkError, ShapeError};
use crate::layer::Layer;
use crate::param::Param;
use crate::shape::{batch, expect, slice, slice_mut};

const KIND: &str = "BatchNormalization";

/// What is added to the variance before its root is taken; the book writes `10e-7`.
const EPSILON: f64 = 1e-6;

/// Gives every channel the mean 0 and the standard deviation 1 over the batch, then stretches and shifts it by what it
/// learns.
///
/// # Forward
///
/// For each channel, over its M elements in the batch:
///
/// ```text
/// training    mean = Σ x / M
///             var  = Σ (x − mean)² / M
///             std  = sqrt(var + 1e-6)
///             xn   = (x − mean) / std
///             y    = gamma · xn + beta
///             running_mean ← 0.9 · running_mean + 0.1 · mean
///             running_var  ← 0.9 · running_var  + 0.1 · var
/// inference   y    = gamma · (x − running_mean) / sqrt(running_var + 1e-6) + beta
/// ```
///
/// # Shapes
///
/// | | shape |
/// |---|---|
/// | `x`, `y`, `dout`, `dx` | (N, C), with M = N; or (N, C, H, W), with M = N·H·W; or any (N, C, …) |
/// | `gamma`, `beta`, `running_mean`, `running_var` | (C) |
///
/// # Backward
///
/// Forward was `y = gamma · xn + beta`, so
///
/// ```text
/// dbeta  = Σ dout
/// dgamma = Σ dout · xn
/// dxn    = dout · gamma
/// ```
///
/// Forward was `xn = (x − mean) / std`. Each x changes its own xn by 1 / std, and every xn of the channel through mean and
/// std. From `mean = Σ x / M` follows `dmean/dx = 1 / M`; from `std² = Σ (x − mean)² / M + 1e-6` follows
/// `2 · std · dstd/dx = 2 · (x − mean) / M`, so `dstd/dx = xn / M`. As xn changes with mean by −1 / std and with std by
/// −xn / std, the three ways together are
///
/// ```text
/// dx = dxn / std  −  (1 / M) · Σ dxn / std  −  (xn / M) · Σ dxn · xn / std
///    = gamma / std · (dout − dbeta / M − xn · dgamma / M)
/// ```
///
/// # Cache
///
/// `mean` and `std` of each channel. `xn` is computed again from `x`, which comes back with [`backward`](Layer::backward);
/// the book keeps `xc`, `xn` and `std`.
///
/// # Book
///
/// Section 6.3, class `BatchNormalization` of `common/layers.py`, with its 1e-6 (written `10e-7`), its momentum of 0.9, its
/// running values that begin at 0 and its variance that divides by M. On (N, C) it computes what the book does. On images
/// the book takes one mean for every pixel of every channel; here, as in the source, there is one for every channel, so
/// that images of any size can be normalised. Source: Sergey Ioffe and Christian Szegedy (2015), *Batch normalization:
/// accelerating deep network training by reducing internal covariate shift*.
///
/// # Example
///
/// ```
/// use layers::BatchNormalization;
/// use layers::ndarray::array;
///
/// // One channel; 1 and 3 have the mean 2 and the variance 1.
/// let mut layer = BatchNormalization::new(array![5.0], array![10.0])?;
/// let x = array![[1.0], [3.0]].into_dyn();
/// let y = layers::forward(&mut layer, &x);
/// let near = |a: f64, b: f64| (a - b).abs() < 1e-5; // for the 1e-6 beside the variance
/// assert!(near(y[[0, 0]], 5.0) && near(y[[1, 0]], 15.0)); // ∓1 · 5 + 10
/// assert!(near(layer.running_mean().values()[0], 0.2) && near(layer.running_var().values()[0], 0.1));
///
/// let dx = layers::backward(&mut layer, &x, &y, &array![[1.0], [0.0]].into_dyn());
/// assert_eq!(layer.beta().grad(), array![1.0].into_dyn());
/// assert!(near(layer.gamma().grad()[[0]], -1.0));
/// // Whatever two numbers are, they become −1 and 1: nothing that moves them changes y.
/// assert!(near(dx[[0, 0]], 0.0) && near(dx[[1, 0]], 0.0));
/// # Ok::<(), layers::NetworkError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BatchNormalization<F: Real = f32> {
    /// All four are (C).
    gamma: Param<F>,
    beta: Param<F>,
    running_mean: Param<F>,
    running_var: Param<F>,
    momentum: f64,
    /// Mean and standard deviation of each channel in the last `forward`.
    mean: Vec<F>,
    std: Vec<F>,
    /// Two sums a channel; in `f64`, for a channel may have very many elements.
    sums: Vec<[f64; 2]>,
}

impl<F: Real> BatchNormalization<F> {
    /// What is added to the variance before its root is taken, for those who compute the same elsewhere.
    pub const EPSILON: f64 = EPSILON;

    /// A layer of these stretches `gamma` (C) and shifts `beta` (C); running mean and variance begin at 0, as the book's.
    ///
    /// # Errors
    /// Where `beta` is not as long as `gamma`, or both are empty.
    pub fn new(gamma: Array1<F>, beta: Array1<F>) -> Result<Self, NetworkError> {
        let channels = gamma.len();
        NetworkError::refuse_zeros(KIND, &[("number of channels", channels)])?;
        if beta.len() != channels {
            let (expected, got) = (vec![channels], vec![beta.len()]);
            return Err(NetworkError::Parameter { layer: KIND, what: "beta", expected, with: "gamma", got });
        }
        let contiguous = |a: Array1<F>| a.as_standard_layout().into_owned().into_dyn();
        let zeros = || Array1::from_elem(channels, F::ZERO).into_dyn();
        Ok(BatchNormalization {
            gamma: Param::learned("gamma", contiguous(gamma)),
            beta: Param::learned("beta", contiguous(beta)),
            running_mean: Param::statistic("running_mean", zeros()),
            running_var: Param::statistic("running_var", zeros()),
            momentum: 0.9,
            mean: Vec::new(),
            std: Vec::new(),
            sums: Vec::new(),
        })
    }

    /// A layer for this many channels, with the book's beginning: `gamma` 1, `beta` 0.
    ///
    /// # Errors
    /// Where there are no channels.
    pub fn with_channels(channels: usize) -> Result<Self, NetworkError> {
        BatchNormalization::new(Array1::from_elem(channels, F::ONE), Array1::from_elem(channels, F::ZERO))
    }

    /// The same layer with this momentum of the running mean and variance (0.9 unless told): how much of the old value
    /// stays in each training step.
    ///
    /// # Errors
    /// Where it is not in [0, 1].
    pub fn momentum(self, momentum: f64) -> Result<Self, NetworkError> {
        if !(0.0..=1.0).contains(&momentum) {
            let expected = "at least 0 and at most 1";
            return Err(NetworkError::Setting { layer: KIND, what: "momentum", expected, got: momentum });
        }
        Ok(BatchNormalization { momentum, ..self })
    }

    /// The stretches (C) with their gradient.
    pub fn gamma(&self) -> &Param<F> {
        &self.gamma
    }

    /// The shifts (C) with their gradient.
    pub fn beta(&self) -> &Param<F> {
        &self.beta
    }

    /// The mean of each channel (C) over the batches of training, used in inference.
    pub fn running_mean(&self) -> &Param<F> {
        &self.running_mean
    }

    /// The variance of each channel (C) over the batches of training, used in inference.
    pub fn running_var(&self) -> &Param<F> {
        &self.running_var
    }

    fn channels(&self) -> usize {
        self.gamma.len()
    }

    /// Compares a batch `x` (N, C, …) with the layer, and gives the elements of one channel of one sample.
    #[track_caller]
    fn checked(&self, x: &[usize]) -> usize {
        batch(KIND, x);
        let channels = self.channels();
        assert!(x.len() > 1 && x[1] == channels, "{KIND}: x has shape {x:?}, expected [N, {channels}, …]");
        x[2..].iter().product()
    }

    /// Mean and standard deviation of each channel of `x`, into `self.mean` and `self.std`; the running ones follow.
    fn measure(&mut self, x: &[F], plane: usize) {
        let channels = self.channels();
        let count = (x.len() / channels) as f64;
        self.sums.clear();
        self.sums.resize(channels, [0.0; 2]);
        for (i, x) in x.chunks_exact(plane).enumerate() {
            self.sums[i % channels][0] += x.iter().map(|x| x.to_f64()).sum::<f64>();
        }
        for (i, x) in x.chunks_exact(plane).enumerate() {
            let [sum, squares] = &mut self.sums[i % channels];
            let mean = *sum / count;
            *squares += x.iter().map(|x| (x.to_f64() - mean) * (x.to_f64() - mean)).sum::<f64>();
        }
        let moments = self.sums.iter().map(|[sum, squares]| (sum / count, squares / count));
        let (keep, take) = (F::from_f64(self.momentum), F::from_f64(1.0 - self.momentum));
        let running = self.running_mean.values_mut().iter_mut().zip(self.running_var.values_mut());
        self.mean.clear();
        self.std.clear();
        for ((mean, var), (running_mean, running_var)) in moments.zip(running) {
            self.mean.push(F::from_f64(mean));
            self.std.push(F::from_f64((var + EPSILON).sqrt()));
            *running_mean = keep * *running_mean + take * F::from_f64(mean);
            *running_var = keep * *running_var + take * F::from_f64(var);
        }
    }

    /// `y ← gamma · (x − mean) / std + beta`, with the mean and standard deviation that `moments` gives for a channel.
    fn normalise(&self, x: &[F], y: &mut [F], plane: usize, moments: impl Fn(usize) -> (F, F)) {
        let (gamma, beta) = (self.gamma.values(), self.beta.values());
        for (i, (x, y)) in x.chunks_exact(plane).zip(y.chunks_exact_mut(plane)).enumerate() {
            let c = i % gamma.len();
            let (mean, std) = moments(c);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = gamma[c] * ((x - mean) / std) + beta[c];
            }
        }
    }
}

impl<F: Real> Layer<F> for BatchNormalization<F> {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        match input.first() {
            None => Err(ShapeError::Axes { expected: "(C, …)", got: Vec::new() }),
            Some(&got) if got != self.channels() => {
                Err(ShapeError::Size { axis: "channels", expected: self.channels(), got })
            }
            Some(_) => Ok(input.to_vec()),
        }
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let plane = self.checked(x.shape());
        expect(KIND, "y", y.shape(), x.shape());
        let (mean, var) = (self.running_mean.values(), self.running_var.values());
        let epsilon = F::from_f64(EPSILON);
        let moments = |c: usize| (mean[c], (var[c] + epsilon).sqrt());
        self.normalise(slice(KIND, "x", x), slice_mut(KIND, "y", y), plane, moments);
    }

    fn forward(&mut self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let plane = self.checked(x.shape());
        expect(KIND, "y", y.shape(), x.shape());
        let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
        self.measure(x, plane);
        self.normalise(x, y, plane, |c| (self.mean[c], self.std[c]));
    }

    fn backward(
        &mut self,
        x: ArrayViewD<'_, F>,
        _y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    ) {
        let plane = self.checked(x.shape());
        let channels = self.channels();
        assert!(self.mean.len() == channels, "{KIND}: backward without a forward");
        expect(KIND, "dout", dout.shape(), x.shape());
        let dx = dx.inspect(|dx| expect(KIND, "dx", dx.shape(), x.shape()));
        let (x, dout) = (slice(KIND, "x", x), slice(KIND, "dout", dout));
        let count = (x.len() / channels) as f64;
        let normalised = |x: F, c: usize| (x - self.mean[c]) / self.std[c];

        // dbeta = Σ dout, dgamma = Σ dout · xn
        self.sums.clear();
        self.sums.resize(channels, [0.0; 2]);
        for (i, (x, dout)) in x.chunks_exact(plane).zip(dout.chunks_exact(plane)).enumerate() {
            let c = i % channels;
            let [dbeta, dgamma] = &mut self.sums[c];
            *dbeta += dout.iter().map(|d| d.to_f64()).sum::<f64>();
            *dgamma += x.iter().zip(dout).map(|(&x, &d)| (d * normalised(x, c)).to_f64()).sum::<f64>();
        }
        let grads = self.beta.grad_mut().iter_mut().zip(self.gamma.grad_mut());
        for ((dbeta, dgamma), sums) in grads.zip(&self.sums) {
            (*dbeta, *dgamma) = (F::from_f64(sums[0]), F::from_f64(sums[1]));
        }

        // dx = gamma / std · (dout − dbeta / M − xn · dgamma / M)
        let Some(dx) = dx else { return };
        let dx = slice_mut(KIND, "dx", dx);
        let planes = x.chunks_exact(plane).zip(dout.chunks_exact(plane)).zip(dx.chunks_exact_mut(plane));
        for (i, ((x, dout), dx)) in planes.enumerate() {
            let c = i % channels;
            let [dbeta, dgamma] = self.sums[c].map(|sum| F::from_f64(sum / count));
            let stretch = self.gamma.values()[c] / self.std[c];
            for ((dx, &x), &dout) in dx.iter_mut().zip(x).zip(dout) {
                *dx = stretch * (dout - dbeta - normalised(x, c) * dgamma);
            }
        }
    }

    fn visit_params(&self, visit: &mut dyn FnMut(&Param<F>)) {
        [&self.gamma, &self.beta, &self.running_mean, &self.running_var].into_iter().for_each(visit);
    }

    fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&mut Param<F>)) {
        [&mut self.gamma, &mut self.beta, &mut self.running_mean, &mut self.running_var].into_iter().for_each(visit);
    }
}
