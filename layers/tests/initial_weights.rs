//! Initial weights: their spread, and the order in which they are drawn.

use layers::{Affine, Convolution, Fans, Init, Purpose, Random, Window};

fn random() -> Random {
    Random::new(5, Purpose::Weights)
}

#[test]
fn weights_spread_as_the_initialiser_says() {
    let fans = Fans { fan_in: 400, fan_out: 100 };
    let root = f64::sqrt;
    let cases = [
        (Init::Normal { std: 0.01 }, 0.01, false),
        (Init::Uniform { limit: 0.3 }, 0.3 / root(3.0), true),
        (Init::XavierNormal, root(1.0 / 400.0), false),
        (Init::XavierUniform, root(1.0 / 400.0), true),
        (Init::GlorotNormal, root(2.0 / 500.0), false),
        (Init::GlorotUniform, root(2.0 / 500.0), true),
        (Init::HeNormal, root(2.0 / 400.0), false),
        (Init::HeUniform, root(2.0 / 400.0), true),
    ];
    for (init, std, uniform) in cases {
        assert!((init.std(fans) - std).abs() < 1e-15, "{init:?}");
        let affine = Affine::<f64>::random(fans.fan_in, fans.fan_out, init, &mut random()).unwrap();
        let w = affine.w().values();
        let n = w.len() as f64;
        let mean = w.iter().sum::<f64>() / n;
        let measured = root(w.iter().map(|w| w * w).sum::<f64>() / n);
        // Four times the deviation of a mean and of a root mean square of so many numbers.
        assert!(mean.abs() < 4.0 * std / root(n), "{init:?}: {mean}");
        assert!((measured / std - 1.0).abs() < 4.0 / root(2.0 * n), "{init:?}: {measured}, expected {std}");
        let largest = w.iter().fold(0.0_f64, |a, w| a.max(w.abs()));
        assert_eq!(largest <= std * root(3.0), uniform, "{init:?}: {largest}");
        assert!(affine.b().values().iter().all(|&b| b == 0.0));
    }
}

#[test]
fn weights_are_drawn_in_row_major_order_of_the_books_shape() {
    let mut draw = random();
    let expected: Vec<f64> = (0..12 + 6).map(|_| 0.5 * draw.normal()).collect();
    let (init, mut draw) = (Init::Normal { std: 0.5 }, random());
    let conv = Convolution::<f64>::random(1, 3, Window::square(2), init, &mut draw).unwrap();
    let affine = Affine::<f64>::random(2, 3, init, &mut draw).unwrap();
    // Iteration goes by the logical shape, whatever the memory order.
    let drawn: Vec<f64> = conv.w().value().iter().chain(&affine.w().value()).copied().collect();
    assert_eq!(drawn, expected);
    assert_eq!(affine.w().values()[1], affine.w().value()[[1, 0]], "the memory order is column-major");
}

#[test]
fn single_precision_weights_are_the_double_ones_rounded() {
    let single = Affine::<f32>::random(20, 10, Init::HeNormal, &mut random()).unwrap();
    let double = Affine::<f64>::random(20, 10, Init::HeNormal, &mut random()).unwrap();
    assert!(single.w().values().iter().zip(double.w().values()).all(|(&s, &d)| s == d as f32));
}

/// `fan_in` of a convolution is what one output sees, `fan_out` what one pixel reaches.
#[test]
fn the_fans_of_a_convolution() {
    let first =
        |init| Convolution::<f64>::random(2, 8, Window::new(3, 5), init, &mut random()).unwrap().w().values()[0];
    let unit = first(Init::Normal { std: 1.0 });
    assert_eq!(first(Init::HeNormal), unit * (2.0 / 30.0_f64).sqrt());
    assert_eq!(first(Init::GlorotNormal), unit * (2.0 / (30.0 + 120.0_f64)).sqrt());
}

#[test]
fn weights_that_single_precision_cannot_hold_are_refused() {
    for init in [Init::Normal { std: 1e300 }, Init::Uniform { limit: 1e300 }] {
        let error = Affine::<f32>::random(20, 10, init, &mut random()).unwrap_err().to_string();
        assert!(error.starts_with("Affine: standard deviation of the initial weights must be small"), "{error}");
        assert!(error.len() < 150, "written with an exponent: {error}");
        Affine::<f64>::random(20, 10, init, &mut random()).unwrap();
    }
}
