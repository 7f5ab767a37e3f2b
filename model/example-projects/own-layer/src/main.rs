//! A layer of one's own, its gradient check, and a network that learns with it: horizontal strokes are told from vertical ones.

use std::error::Error;
use std::process::ExitCode;

use layers::ndarray::{Array2, Array4, ArrayD, ArrayViewD, ArrayViewMutD, Zip, arr1};
use layers::{
    Affine, Convolution, GradientCheck, Init, Labels, Layer, NetworkError, Param, Pooling, Purpose, Random, Real,
    Sequential, ShapeError, SoftmaxWithLoss, Tape, Window, gradient_check,
};
use optim::{Adam, AdamConfig, Optimizer};

const SIDE: usize = 8;

/// ReLU that lets negative numbers through as well, times a slope that is learned: `y = x where x > 0, else a·x`.
#[derive(Debug)]
struct PRelu<F: Real> {
    a: Param<F>,
}

impl<F: Real> PRelu<F> {
    fn new(slope: f64) -> Self {
        PRelu { a: Param::learned("a", arr1(&[F::from_f64(slope)]).into_dyn()) }
    }
}

impl<F: Real> Layer<F> for PRelu<F> {
    fn kind(&self) -> &'static str {
        "PRelu"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let a = self.a.values()[0];
        Zip::from(y).and(x).for_each(|y, &x| *y = if x > F::ZERO { x } else { a * x });
    }

    /// In the forward pass this was `y = a·x` where `x ≤ 0`; so `dy/da = x` and `dy/dx = a` there, and 0 and 1 elsewhere.
    fn backward(
        &mut self,
        x: ArrayViewD<'_, F>,
        _y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    ) {
        let (a, mut da) = (self.a.values()[0], F::ZERO);
        Zip::from(&x).and(&dout).for_each(|&x, &dout| da += if x > F::ZERO { F::ZERO } else { dout * x });
        self.a.grad_mut()[0] = da;
        if let Some(dx) = dx {
            Zip::from(dx).and(x).and(dout).for_each(|dx, &x, &dout| *dx = if x > F::ZERO { dout } else { a * dout });
        }
    }

    fn visit_params(&self, visit: &mut dyn FnMut(&Param<F>)) {
        visit(&self.a);
    }

    fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&mut Param<F>)) {
        visit(&mut self.a);
    }

    /// There is a kink at 0. (As long as `a` is positive, `y` is on the same side as `x`.)
    fn visit_kinks(&self, y: ArrayViewD<'_, F>, visit: &mut dyn FnMut(u32)) {
        y.iter().for_each(|&y| visit(u32::from(y > F::ZERO)));
    }
}

/// The network, in any number type: `f32` to train, `f64` for the gradient check.
fn network<F: Real>() -> Result<Sequential<F>, NetworkError> {
    let mut random = Random::new(0, Purpose::Weights);
    let layers: Vec<Box<dyn Layer<F>>> = vec![
        Box::new(Convolution::random(1, 4, Window::square(3), Init::HeNormal, &mut random)?),
        Box::new(PRelu::new(0.25)),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(Affine::random(4 * 3 * 3, 2, Init::HeNormal, &mut random)?),
    ];
    Sequential::new(&[1, SIDE, SIDE], layers)
}

/// One stroke through an image, in a place that goes round with `i`: horizontal for even `i`, vertical for odd. (The paper is
/// not quite white: where it were, a convolution would give 0, the kink of the layer, and a gradient check says so.)
fn strokes<F: Real>(count: usize) -> (ArrayD<F>, Vec<usize>) {
    let classes: Vec<usize> = (0..count).map(|i| i % 2).collect();
    let images = Array4::from_shape_fn((count, 1, SIDE, SIDE), |(i, _, y, x)| {
        let across = if classes[i] == 0 { y } else { x };
        if across == i / 2 % SIDE { F::ONE } else { F::from_f64(0.1) }
    });
    (images.into_dyn(), classes)
}

fn main() -> ExitCode {
    match check().and_then(|()| train()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Is the backward pass right? Compares it with differences of the loss, in double precision.
fn check() -> Result<(), Box<dyn Error>> {
    let (x, t) = strokes(6);
    let report = gradient_check(&mut network()?, x.view(), Labels::Classes(&t), &GradientCheck::default());
    println!("{report}");
    if report.passed() { Ok(()) } else { Err("the backward pass is wrong".into()) }
}

fn train() -> Result<(), Box<dyn Error>> {
    let mut network = network::<f32>()?;
    let mut optimizer = Adam::new(AdamConfig { lr: 0.02, ..AdamConfig::default() })?;
    let (x, t) = strokes(32);
    let labels = Labels::Classes(&t);
    let (mut loss, mut tape, mut dscores) = (SoftmaxWithLoss::new(), Tape::new(), Array2::zeros((t.len(), 2)));
    for step in 0..=60 {
        let scores = network.forward(x.view(), &mut tape).into_dimensionality()?;
        let mean = loss.forward(scores, labels);
        if step % 20 == 0 {
            println!("step {step:2}: loss {mean:.4}");
        }
        loss.backward(labels, dscores.view_mut());
        network.backward(x.view(), &mut tape, dscores.view().into_dyn());

        optimizer.begin_step();
        let mut slot = 0;
        network.visit_params_mut(&mut |_, param| {
            let (value, grad) = param.value_and_grad_mut();
            optimizer.update(slot, value, grad);
            slot += 1;
        });
    }

    let scores = network.predict(x.view());
    let right = scores.outer_iter().zip(&t).filter(|(row, t)| usize::from(row[[1]] > row[[0]]) == **t).count();
    println!("{right} of {} strokes are told apart", t.len());
    network.visit_params(&mut |name, param| {
        if name == "a1" {
            println!("the slope was 0.25 and became {:.4}", param.values()[0]);
        }
    });
    Ok(())
}
