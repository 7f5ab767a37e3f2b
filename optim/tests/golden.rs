//! Every optimizer takes the same twelve steps as the book's NumPy code.

#[allow(unreachable_pub)]
#[path = "../../tensor/tests/golden/mod.rs"]
mod golden;

use optim::{Optimizer, OptimizerKind, Steps};
use tensor::ndarray::Axis;

/// The parameters after each of twelve steps with the book's settings, split over two slots.
fn trajectory<F: Steps>(kind: OptimizerKind, start: &[f64], grads: &[Vec<f64>]) -> Vec<f64> {
    let mut optimizer: Box<dyn Optimizer<F>> = kind.config().build().unwrap();
    let mut value: Vec<F> = start.iter().map(|&w| F::from_f64(w)).collect();
    let mut after = Vec::new();
    for grad in grads {
        let grad: Vec<F> = grad.iter().map(|&g| F::from_f64(g)).collect();
        let (left, right) = value.split_at_mut(3);
        optimizer.begin_step();
        optimizer.update(0, left, &grad[..3]);
        optimizer.update(1, right, &grad[3..]);
        after.extend(value.iter().map(|w| w.to_f64()));
    }
    after
}

#[test]
fn the_books_trajectories() {
    let mut file = golden::open("optimizers.npz");
    let start: Vec<f64> = file.array("start").iter().copied().collect();
    let grads = file.array("grads");
    let grads: Vec<Vec<f64>> = grads.axis_iter(Axis(0)).map(|row| row.iter().copied().collect()).collect();
    for kind in OptimizerKind::ALL {
        let expected = file.array(kind.name());
        golden::assert_close(&format!("{kind} in f64"), &trajectory::<f64>(kind, &start, &grads), &expected, 1e-10);
        // 12 steps of a few roundings each, in a type of 24 bits.
        let tolerance = 12.0 * 8.0 * f64::from(f32::EPSILON);
        golden::assert_close(&format!("{kind} in f32"), &trajectory::<f32>(kind, &start, &grads), &expected, tolerance);
    }
}
