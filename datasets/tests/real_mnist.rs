//! The real MNIST, where `MNIST_DIR` names its folder.

use std::path::PathBuf;

use datasets::{MnistKind, mnist};

fn mnist_dir() -> Option<PathBuf> {
    std::env::var_os("MNIST_DIR").map(PathBuf::from)
}

#[test]
fn loads_the_published_files() {
    let Some(dir) = mnist_dir() else { return };
    let splits = mnist::load(MnistKind::Mnist, &dir).expect("the files are whole");

    assert_eq!((splits.train.len(), splits.test.len()), (60_000, 10_000));
    assert_eq!((splits.train.image_shape(), splits.train.classes()), ([1, 28, 28], 10));
    assert_eq!(splits.train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(splits.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    // Mean and deviation as every tutorial has them: 0.1307 and 0.3081.
    let datasets::Scaling::Standard { mean, deviation } = splits.train.standard_scaling() else {
        panic!("the standard scaling is a standard one");
    };
    assert_eq!((format!("{mean:.4}"), format!("{deviation:.4}")), ("0.1307".to_string(), "0.3081".to_string()));
}
