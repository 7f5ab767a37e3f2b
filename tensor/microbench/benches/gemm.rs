//! The matrix product in single precision: ours, and two of the public crates, each on one thread.
//!
//! A case is named `M×K×N crate` for the product of (M, K) and (K, N), all row-major. The other two crates are called through
//! pointers, so this file has `unsafe`, which otherwise only the kernels and the threads of `tensor` may have: no library
//! depends on this package.

use std::fmt;

use divan::{Bencher, black_box};
use microbench::{measure_flop, signed};
use tensor::ndarray::{ArrayView2, ArrayViewMut2};

/// M, K, N.
const SHAPES: [[usize; 3]; 15] = [
    // The shapes of the book's Affine1: one image, then the three products of a step.
    [1, 4320, 100],
    [100, 4320, 100],
    [4320, 100, 100],
    [100, 100, 4320],
    // Even to the tiles, and one more.
    [64, 64, 64],
    [65, 65, 65],
    [256, 256, 256],
    [257, 257, 257],
    [512, 512, 512],
    [1024, 1024, 1024],
    // The weight gradient of the book's convolution, by im2col.
    [30, 57_600, 25],
    // A convolution of a few images, sizes that divide by nothing, a matrix and a vector, a few vectors.
    [16, 1152, 64],
    [333, 777, 555],
    [1000, 1000, 1],
    [1000, 1000, 10],
];

/// Whose product.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Library {
    Tensor,
    MatrixMultiply,
    Gemm,
}

/// A shape, and who computes it.
struct Case([usize; 3], Library);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case([m, k, n], library) = self;
        let library = match library {
            Library::Tensor => "tensor",
            Library::MatrixMultiply => "matrixmultiply",
            Library::Gemm => "gemm",
        };
        // The letter x, not ×: names are typed as filters.
        write!(f, "{m}x{k}x{n} {library}")
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let libraries = [Library::Tensor, Library::MatrixMultiply, Library::Gemm];
    SHAPES.into_iter().flat_map(move |shape| libraries.map(|library| Case(shape, library)))
}

fn main() {
    microbench::main();
}

#[divan::bench(args = cases())]
fn product(bencher: Bencher<'_, '_>, case: &Case) {
    let Case(shape @ [m, k, n], library) = *case;
    let (a, b, mut c) = (signed(m * k), signed(k * n), vec![f32::NAN; m * n]);
    multiply(library, shape, &a, &b, &mut c);
    check(shape, &a, &b, &c);
    measure_flop(bencher, 2 * m * k * n, || {
        multiply(library, shape, black_box(&a), black_box(&b), black_box(&mut c));
    });
}

/// `c ← a · b`.
fn multiply(library: Library, [m, k, n]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32]) {
    if library == Library::Tensor {
        return by_tensor(a, b, c, [m, k, n]);
    }
    assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let [k_stride, n_stride] = [k as isize, n as isize];
    // SAFETY: the lengths, compared above, are those of row-major matrices of these shapes, and `c`, borrowed mutably,
    // overlaps with neither of the others.
    unsafe {
        if library == Library::MatrixMultiply {
            matrixmultiply::sgemm(m, k, n, 1.0, a, k_stride, 1, b, n_stride, 1, 0.0, c, n_stride, 1);
        } else {
            // (Columns come before rows here; alpha, 0, belongs to `c`, and beta, 1, to the product.)
            let one_thread = gemm::Parallelism::None;
            let (no, a_strides, b_strides) = (false, (1, k_stride), (1, n_stride));
            gemm::gemm(
                m,
                n,
                k,
                c,
                1,
                n_stride,
                no,
                a,
                a_strides.0,
                a_strides.1,
                b,
                b_strides.0,
                b_strides.1,
                0.0,
                1.0,
                no,
                no,
                no,
                one_thread,
            );
        }
    }
}

/// `c ← a · b` by our own crate, in either precision.
fn by_tensor<F: tensor::Real>(a: &[F], b: &[F], c: &mut [F], [m, k, n]: [usize; 3]) {
    let a = ArrayView2::from_shape((m, k), a).expect("as long as its shape");
    let b = ArrayView2::from_shape((k, n), b).expect("as long as its shape");
    let c = ArrayViewMut2::from_shape((m, n), c).expect("as long as its shape");
    tensor::gemm(F::ONE, a, b, F::ZERO, c);
}

/// Compares `c` with the product in double precision: a fast wrong product is not worth measuring.
fn check(shape: [usize; 3], a: &[f32], b: &[f32], c: &[f32]) {
    let double = |numbers: &[f32]| numbers.iter().map(|&number| f64::from(number)).collect::<Vec<_>>();
    let mut expected = vec![0.0; c.len()];
    by_tensor(&double(a), &double(b), &mut expected, shape);
    let tolerance = 1e-6 * shape[1] as f64;
    let close = c.iter().zip(&expected).all(|(&c, expected)| (f64::from(c) - expected).abs() <= tolerance);
    assert!(close, "the product of shape {shape:?} is wrong");
}
