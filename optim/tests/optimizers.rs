//! What holds for every optimizer.

use optim::{
    Adam, AdamCoefficients, AdamConfig, MomentumConfig, OptimError, Optimizer, OptimizerConfig, OptimizerKind,
    RmsPropConfig, SgdConfig, adam_step, weight_decay,
};
use tensor::Update;

fn all() -> impl Iterator<Item = Box<dyn Optimizer>> {
    OptimizerKind::ALL.into_iter().map(|kind| kind.config().build().unwrap())
}

/// The message of the panic.
fn panic_message(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("a panic");
    *panic.downcast::<String>().expect("a message")
}

#[test]
fn each_finds_the_bottom_of_a_bowl() {
    for mut optimizer in all() {
        let mut w = [1.0_f32, -0.5];
        optimizer.set_lr(0.05);
        for _ in 0..500 {
            // f(w) = w₀² + 10·w₁²
            let grad = [2.0 * w[0], 20.0 * w[1]];
            optimizer.begin_step();
            optimizer.update(0, &mut w, &grad);
        }
        assert!(w.iter().all(|w| w.abs() < 0.03), "{}: {w:?}", optimizer.config().kind());
    }
}

#[test]
fn adam_by_hand() {
    // In the first step m = 0.1·g, v = 0.001·g² and lr₁ = lr·√0.001 / 0.1, so that the step is nearly lr, whatever g is.
    let c = AdamCoefficients::new(&AdamConfig::default(), 1);
    let (mut w, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
    adam_step(&mut w, &[4.0], &mut m, &mut v, &c);
    let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-15, "{got}, expected {expected}");
    close(m[0], 0.4);
    close(v[0], 0.016);
    let root = 0.016_f64.sqrt();
    close(w[0], 1.0 - 0.001 * 0.001_f64.sqrt() / 0.1 * 0.4 / (root + 1e-7));
}

#[test]
fn state_never_becomes_denormal() {
    for mut optimizer in all() {
        let mut w = [0.5_f32; 3];
        optimizer.begin_step();
        optimizer.update(0, &mut w, &[1.0, -1e-12, 1e-20]);
        for step in 0..100_000 {
            optimizer.begin_step();
            optimizer.update(0, &mut w, &[0.0; 3]);
            for (name, values) in optimizer.state().arrays(0) {
                let kind = optimizer.config().kind();
                assert!(!values.iter().any(|v| v.is_subnormal()), "{kind}: {name} = {values:?} after step {step}");
            }
        }
    }
}

#[test]
fn tiny_state_becomes_zero_and_nan_stays() {
    let mut adam = Adam::<f32>::new(AdamConfig::default()).unwrap();
    let mut w = [0.5_f32, 0.5];
    adam.state_mut().restore(0, &[("m", &[-1.0e-30, 1.2e-30]), ("v", &[1.0, 1.0])]).unwrap();
    adam.begin_step();
    adam.update(0, &mut w, &[0.0, 0.0]);
    let m = adam.state().arrays(0).next().unwrap().1;
    assert_eq!(m[0], 0.0);
    assert!(m[1] > 1.0e-30);
    adam.update(0, &mut w, &[f32::NAN, 0.0]);
    assert!(w[0].is_nan() && !w[1].is_nan());
}

#[test]
fn changed_lengths_are_told_with_both() {
    for mut optimizer in all() {
        let kind = optimizer.config().kind();
        optimizer.begin_step();
        optimizer.update(1, &mut [0.0; 3], &[0.0; 3]);
        let message = panic_message(|| optimizer.update(1, &mut [0.0; 3], &[0.0; 2]));
        assert_eq!(message, format!("{kind}: slot 1 has 3 values, but 2 gradients"));
        if kind != OptimizerKind::Sgd {
            let message = panic_message(|| optimizer.update(1, &mut [0.0; 4], &[0.0; 4]));
            assert_eq!(message, format!("{kind}: slot 1 had 3 values before, now it has 4"));
        }
        optimizer.update(0, &mut [0.0; 4], &[0.0; 4]);
    }
}

/// A parameter may be changed part by part, in any order: the bits are those of all of it in one go.
#[test]
fn parts_of_a_step_are_the_step() {
    for (mut whole, mut apart) in all().zip(all()) {
        let [mut w, mut v] = [[1.0, -2.0, 3.0, -4.0, 5.0_f32]; 2];
        for step in 1..4 {
            let grad = [0.5, -0.25, 1e-3, 2.0, -1.0].map(|g: f32| g / step as f32);
            whole.begin_step();
            whole.update(0, &mut w, &grad);
            apart.begin_step();
            let Update { rule, remembered: [first, second], .. } = apart.update_of(0, 5);
            for range in [3..5, 0..3] {
                let [first, second] = [&mut *first, &mut *second].map(|a| a.get_mut(range.clone()).unwrap_or_default());
                rule.step(&mut v[range.clone()], &grad[range], [first, second]);
            }
        }
        assert_eq!(v.map(f32::to_bits), w.map(f32::to_bits), "{}", whole.config().kind());
        assert_ne!(w, [1.0, -2.0, 3.0, -4.0, 5.0]);
    }
}

#[test]
fn a_step_has_to_begin() {
    for mut optimizer in all() {
        let message = panic_message(|| optimizer.update(0, &mut [0.0], &[0.0]));
        assert_eq!(message, format!("{}: update before the first begin_step", optimizer.config().kind()));
    }
}

#[test]
fn restored_state_goes_on_to_the_same_bits() {
    for mut first in all() {
        let grad = |step: u32| [(step as f32 * 0.7).sin(), (step as f32 * 1.3).cos()];
        let mut w = [0.3_f32, -0.2];
        for step in 0..5 {
            first.begin_step();
            first.update(0, &mut w, &grad(step));
        }
        let mut second: Box<dyn Optimizer> = first.config().build().unwrap();
        let mut other = w;
        let arrays: Vec<(&str, &[f32])> = first.state().arrays(0).collect();
        second.state_mut().restore(0, &arrays).unwrap();
        second.state_mut().set_steps(first.state().steps());
        assert_eq!(first.state(), second.state());
        for step in 5..9 {
            for (optimizer, w) in [(&mut first, &mut w), (&mut second, &mut other)] {
                optimizer.begin_step();
                optimizer.update(0, w, &grad(step));
            }
            assert_eq!(w.map(f32::to_bits), other.map(f32::to_bits), "{}", first.config().kind());
        }
    }
}

#[test]
fn foreign_state_is_refused() {
    let mut adam: Box<dyn Optimizer> = OptimizerKind::Adam.config().build().unwrap();
    let refused = |adam: &mut Box<dyn Optimizer>, slot, arrays: &[(&str, &[f32])]| {
        adam.state_mut().restore(slot, arrays).unwrap_err().to_string()
    };
    assert_eq!(refused(&mut adam, 0, &[("h", &[1.0])]), "slot 0 holds the arrays [\"m\", \"v\"], got [\"h\"]");
    assert_eq!(
        refused(&mut adam, 0, &[("m", &[1.0]), ("v", &[1.0, 2.0])]),
        "slot 0: \"v\" has 2 elements, the first array has 1"
    );
    let far = refused(&mut adam, usize::MAX, &[("m", &[1.0]), ("v", &[1.0])]);
    assert_eq!(far, format!("slot {} cannot be restored before slot 0", usize::MAX));
}

#[test]
fn nonsense_settings_are_refused() {
    for kind in OptimizerKind::ALL {
        for lr in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            let error = kind.config().with_lr(lr).build::<f32>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{kind}: the learning rate must be a finite number above 0, got {lr}")
            );
        }
    }
    let bad = [
        OptimizerConfig::Momentum(MomentumConfig { momentum: 1.0, ..Default::default() }),
        OptimizerConfig::RmsProp(RmsPropConfig { decay_rate: -0.1, ..Default::default() }),
        OptimizerConfig::RmsProp(RmsPropConfig { epsilon: 0.0, ..Default::default() }),
        OptimizerConfig::Adam(AdamConfig { beta1: f64::NAN, ..Default::default() }),
        OptimizerConfig::Adam(AdamConfig { beta2: 1.0, ..Default::default() }),
        OptimizerConfig::Adam(AdamConfig { epsilon: -1e-7, ..Default::default() }),
    ];
    for config in bad {
        assert!(matches!(config.validate(), Err(OptimError::Setting { .. })), "{config:?}");
    }
    let message = bad[4].validate().unwrap_err().to_string();
    assert_eq!(message, "adam: the beta2 must be at least 0 and below 1, got 1");
}

#[test]
fn names_are_read_back() {
    for kind in OptimizerKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(kind.name().to_uppercase().parse(), Ok(kind));
        assert_eq!(kind.config().kind(), kind);
    }
    assert_eq!(OptimizerConfig::Sgd(SgdConfig::default()).lr(), 0.01);
    assert_eq!(OptimizerConfig::default().lr(), 0.001);
}

#[test]
fn weight_decay_is_the_slope_of_its_loss() {
    let (w, lambda) = ([2.0_f64, -3.0], 0.1);
    assert_eq!(weight_decay::loss(&w, lambda), 0.5 * 0.1 * 13.0);
    // What SGD takes off the weights is the gradient with the decay, times the learning rate.
    let (mut grad, mut after) = ([1.0, 1.0], w);
    let mut sgd: Box<dyn Optimizer<f64>> = OptimizerKind::Sgd.config().with_lr(0.5).build().unwrap();
    sgd.begin_step();
    Update { decay: lambda, ..sgd.update_of(0, 2) }.apply(&mut after, &mut grad);
    assert_eq!(after, [w[0] - 0.5 * grad[0], w[1] - 0.5 * grad[1]]);
    assert_eq!(grad, [1.0 + 0.2, 1.0 + 0.1 * -3.0]);
    for (i, g) in grad.iter().enumerate() {
        let h = 1e-6;
        let loss = |step: f64| {
            let mut moved = w;
            moved[i] += step;
            weight_decay::loss(&moved, lambda)
        };
        assert!(((loss(h) - loss(-h)) / (2.0 * h) - (g - 1.0)).abs() < 1e-9);
    }
    assert!(weight_decay::validate(0.0).is_ok());
    assert_eq!(
        weight_decay::validate(-1.0).unwrap_err().to_string(),
        "weight decay: the lambda must be a finite number, 0 or more, got -1"
    );
}
