//! Finds the edges in a picture: a convolution with two filters, once by the fast kernel and once the book's way (im2col and a
//! matrix product), and max-pooling over the result.

use std::process::ExitCode;

use tensor::ndarray::{ArrayView2, ArrayViewMut2};
use tensor::{Geometry, GeometryError, Window, convolution, gemm, im2col, pooling};

const SIDE: usize = 32;

/// Sobel's filters, (FN, C, FH, FW) = (2, 1, 3, 3): brighter to the right, brighter to the bottom.
const FILTERS: [f32; 18] = [
    -1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0, //
    -1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0,
];
const BIAS: [f32; 2] = [0.0; 2];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), GeometryError> {
    // The picture, (N, C, H, W) = (1, 1, 32, 32): a disc and a bar.
    let ink = |y: f32, x: f32| (y - 12.0).hypot(x - 11.0) < 8.0 || (24.0..28.0).contains(&y);
    let picture: Vec<f32> =
        (0..SIDE * SIDE).map(|at| u8::from(ink((at / SIDE) as f32, (at % SIDE) as f32)).into()).collect();

    // Every size is checked here: a 5×5 window with stride 3, say, would be refused with the arithmetic.
    let geometry = Geometry::new([1, SIDE, SIDE], Window::square(3).pad(1))?;
    let [height, width] = geometry.output();
    let positions = geometry.positions();
    println!("{SIDE}×{SIDE} pixels, 2 filters of 3×3 with padding 1: 2×{height}×{width}");

    let mut fast = vec![0.0; 2 * positions]; // (N, FN, OH, OW)
    convolution::forward(&geometry, &picture, &FILTERS, &BIAS, &mut fast);

    let mut col = vec![0.0; positions * geometry.patch_len()]; // (N·OH·OW, C·FH·FW)
    im2col::im2col(&geometry, &picture, &mut col);
    let mut book = vec![0.0; 2 * positions];
    gemm(1.0, matrix(&FILTERS, 2), matrix(&col, positions).t(), 0.0, matrix_mut(&mut book, 2));
    let apart = fast.iter().zip(&book).map(|(fast, book)| (fast - book).abs()).fold(0.0, f32::max);
    println!("the fast kernel and im2col differ by at most {apart}");

    // How steep it is in any direction, and the steepest of every 1×2 window: a character is twice as high as wide.
    let (across, down) = fast.split_at(positions);
    let steep: Vec<f32> = across.iter().zip(down).map(|(across, down)| across.hypot(*down)).collect();
    let window = Window { stride: [2, 1], ..Window::new(2, 1) };
    let geometry = Geometry::new([1, height, width], window)?;
    let mut pooled = vec![0.0; geometry.positions()];
    pooling::max_infer(&geometry, &steep, &mut pooled);
    for row in pooled.chunks(geometry.output()[1]) {
        let line: String = row.iter().map(|&steep| if steep > 2.0 { '#' } else { '.' }).collect();
        println!("{line}");
    }
    Ok(())
}

/// Row-major numbers as a matrix of so many rows.
fn matrix(numbers: &[f32], rows: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, numbers.len() / rows), numbers).expect("whole rows")
}

fn matrix_mut(numbers: &mut [f32], rows: usize) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from_shape((rows, numbers.len() / rows), numbers).expect("whole rows")
}
