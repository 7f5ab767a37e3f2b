//! im2col and convolution against the book's NumPy code.

mod golden;

use golden::assert_close;
use tensor::{Geometry, Window, convolution, im2col};

const TOLERANCE: f64 = 1e-10;

#[test]
fn six_geometries_agree_with_the_book() {
    let mut file = golden::open("convolution.npz");
    for i in 0..6 {
        let [n, c, h, w, f_h, f_w, stride, pad] = file.integers(&format!("{i}_geom"))[..] else {
            panic!("geometry {i} has eight numbers")
        };
        let geometry = Geometry::new([c, h, w], Window::new(f_h, f_w).stride(stride).pad(pad)).unwrap();
        let mut array = |name: &str| file.array(&format!("{i}_{name}"));
        let (x, weights, b, dy) = (array("x"), array("W"), array("b"), array("dy"));
        let [x, weights, b, dy] = [&x, &weights, &b, &dy].map(|a| a.as_slice().expect("row-major"));
        assert_eq!(x.len(), n * geometry.input_len());

        let mut col = vec![f64::NAN; n * geometry.positions() * geometry.patch_len()];
        im2col::im2col(&geometry, x, &mut col);
        assert_close("col", &col, &array("col"), 0.0);

        let mut y = vec![f64::NAN; dy.len()];
        convolution::forward(&geometry, x, weights, b, &mut y);
        assert_close("y", &y, &array("y"), TOLERANCE);

        let (mut dw, mut db) = (vec![f64::NAN; weights.len()], vec![f64::NAN; b.len()]);
        convolution::backward_weights(&geometry, x, dy, &mut dw, &mut db);
        assert_close("dW", &dw, &array("dW"), TOLERANCE);
        assert_close("db", &db, &array("db"), TOLERANCE);

        let mut dx = vec![f64::NAN; x.len()];
        convolution::backward_input(&geometry, weights, dy, &mut dx);
        assert_close("dx", &dx, &array("dx"), TOLERANCE);
    }
}
