//! Reads the golden files: numbers that the book's NumPy code computed.
//!
//! They lie beside this file; `GOLDEN_DIR` names another folder with files of the same names.
#![allow(dead_code)] // each test program uses its own part

use std::fs::File;
use std::path::{Path, PathBuf};

use tensor::Real;
use tensor::ndarray::{ArrayD, IxDyn, ShapeBuilder};

/// One `.npz` file.
pub(crate) struct Golden {
    path: PathBuf,
    archive: zip::ZipArchive<File>,
}

/// Opens the golden file of this name, `"small_net.npz"` say.
pub(crate) fn open(name: &str) -> Golden {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tensor/tests/golden");
    let path = std::env::var_os("GOLDEN_DIR").map_or(beside, PathBuf::from).join(name);
    let file = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Golden { archive: zip::ZipArchive::new(file).expect("a zip archive"), path }
}

impl Golden {
    /// The array of this name as `f64`, whatever its element type.
    pub(crate) fn array(&mut self, name: &str) -> ArrayD<f64> {
        let context = format!("{}: {name}", self.path.display());
        let entry = self.archive.by_name(&format!("{name}.npy")).unwrap_or_else(|e| panic!("{context}: {e}"));
        let npy = npyz::NpyFile::new(entry).expect(&context);
        let shape = npy.shape().iter().map(|&n| n as usize).collect::<Vec<_>>();
        let shape = IxDyn(&shape).set_f(npy.order() == npyz::Order::Fortran);
        let values: Vec<f64> = match npy.dtype().descr().trim_matches('\'') {
            "<f8" => npy.into_vec::<f64>().expect(&context),
            "<f4" => npy.into_vec::<f32>().expect(&context).into_iter().map(f64::from).collect(),
            "<i8" => npy.into_vec::<i64>().expect(&context).into_iter().map(|v| v as f64).collect(),
            "<i4" => npy.into_vec::<i32>().expect(&context).into_iter().map(f64::from).collect(),
            "|u1" => npy.into_vec::<u8>().expect(&context).into_iter().map(f64::from).collect(),
            other => panic!("{context}: element type {other}"),
        };
        ArrayD::from_shape_vec(shape, values).expect(&context)
    }

    /// The array of this name as whole numbers.
    pub(crate) fn integers(&mut self, name: &str) -> Vec<usize> {
        self.array(name).iter().map(|&v| v as usize).collect()
    }
}

/// Asserts that every element of `got` is within `tolerance` of the largest magnitude in `expected`.
#[track_caller]
pub(crate) fn assert_close<'a, F: Real>(
    what: &str,
    got: impl IntoIterator<Item = &'a F>,
    expected: &ArrayD<f64>,
    tolerance: f64,
) {
    let got: Vec<f64> = got.into_iter().map(|v| v.to_f64()).collect();
    assert_eq!(got.len(), expected.len(), "{what}: number of elements");
    let largest = expected.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        let difference = (g - e).abs();
        assert!(
            difference <= tolerance * largest,
            "{what}: element {i} is {g:e}, expected {e:e}, off by {difference:e}"
        );
    }
}
