//! Labelled images.

use crate::error::Error;
use crate::scaling::Scaling;

/// Labelled images of one size, a byte a pixel, all in memory.
///
/// Bytes take a quarter of the memory of `f32`, and a batch is turned into numbers in less time than a network needs
/// for its first addition. Images are stored one after another, each `(channels, height, width)` row-major.
///
/// # Example
/// ```
/// use datasets::{Dataset, Scaling};
///
/// // Two images of 1×1×2 pixels, of the classes 0 and 2 out of 3.
/// let data = Dataset::new(vec![0, 255, 51, 102], vec![0, 2], [1, 1, 2], 3)?;
///
/// let mut x = [0.0; 2];
/// let mut t = [0; 1];
/// data.gather(&[1], Scaling::Unit, &mut x, &mut t);
/// assert_eq!(x, [0.2, 0.4]);
/// assert_eq!(t, [2]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Dataset {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    image_shape: [usize; 3],
    classes: usize,
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What a network learns from.
    Train,
    /// What it is judged by.
    Test,
}

/// A data set in its two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    /// What a network learns from.
    pub train: Dataset,
    /// What it is judged by.
    pub test: Dataset,
}

impl Dataset {
    /// Puts images and labels together.
    ///
    /// `pixels` has `labels.len() · C · H · W` bytes for an `image_shape` of `[C, H, W]`; each label is below `classes`.
    ///
    /// # Errors
    /// If the numbers do not fit together, a label is none of the classes, a size in `image_shape` is 0, or `classes`
    /// is not 1 to 256.
    pub fn new(pixels: Vec<u8>, labels: Vec<u8>, image_shape: [usize; 3], classes: usize) -> Result<Self, Error> {
        let [channels, height, width] = image_shape;
        if image_shape.contains(&0) {
            return Err(setting("the image shape", "at least 1 in each axis", format!("{image_shape:?}")));
        }
        if !(1..=256).contains(&classes) {
            return Err(setting("the number of classes", "1 to 256", classes.to_string()));
        }
        let expected = image_shape.iter().try_fold(labels.len(), |product, &size| product.checked_mul(size));
        if expected != Some(pixels.len()) {
            return Err(Error::PixelCount { pixels: pixels.len(), labels: labels.len(), channels, height, width });
        }
        if let Some(position) = labels.iter().position(|&label| usize::from(label) >= classes) {
            return Err(Error::Label { label: labels[position], position, classes });
        }
        Ok(Self { pixels, labels, image_shape, classes })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Channels, height and width of an image.
    pub fn image_shape(&self) -> [usize; 3] {
        self.image_shape
    }

    /// Bytes of an image: channels · height · width.
    pub fn image_len(&self) -> usize {
        self.image_shape.iter().product()
    }

    /// The number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The pixels of all images, `(N, C, H, W)` row-major.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The labels of all images.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The pixels of one image, `(C, H, W)` row-major.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn image(&self, index: usize) -> &[u8] {
        assert!(index < self.len(), "image {index} of a data set of {}", self.len());
        let size = self.image_len();
        &self.pixels[index * size..][..size]
    }

    /// Writes some images and their labels into a batch, without allocating.
    ///
    /// `x` is `(N, C, H, W)` row-major for N indices, `t` is `(N,)`. An index may come more than once.
    ///
    /// # Panics
    /// If the lengths of `x` and `t` are not those of the batch, or an index is not below [`len`](Self::len).
    #[track_caller]
    pub fn gather(&self, indices: &[usize], scaling: Scaling, x: &mut [f32], t: &mut [usize]) {
        let size = self.image_len();
        assert_eq!(x.len(), indices.len() * size, "x has to hold {} images of {size} pixels", indices.len());
        assert_eq!(t.len(), indices.len(), "t has to hold {} labels", indices.len());
        self.fetch(indices);
        for ((&index, x), t) in indices.iter().zip(x.chunks_exact_mut(size)).zip(t) {
            scaling.scale(self.image(index), x);
            *t = usize::from(self.labels[index]);
        }
    }

    /// Reads a byte of every cache line of these images, so that they come from memory side by side. Images in random order
    /// are in no cache, and converted one by one they would be waited for one after the other.
    fn fetch(&self, indices: &[usize]) {
        const LINE: usize = 64;
        let lines = indices.iter().flat_map(|&index| self.image(index).chunks(LINE));
        std::hint::black_box(lines.fold(0, |all, line| all ^ line[0]));
    }

    /// The first `count` images, or all where there are no more.
    pub fn limit(mut self, count: usize) -> Self {
        let count = count.min(self.len());
        self.pixels.truncate(count * self.image_len());
        self.labels.truncate(count);
        self.pixels.shrink_to_fit();
        self.labels.shrink_to_fit();
        self
    }

    /// The images of these indices, in this order.
    ///
    /// # Panics
    /// If an index is not below [`len`](Self::len).
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut pixels = Vec::with_capacity(indices.len() * self.image_len());
        for &index in indices {
            pixels.extend_from_slice(self.image(index));
        }
        let labels = indices.iter().map(|&index| self.labels[index]).collect();
        Self { pixels, labels, image_shape: self.image_shape, classes: self.classes }
    }

    /// Mean and standard deviation of `byte / 255` over all pixels: the scaling that a training set gives, to be used
    /// for its test set as well. Where all pixels are equal the deviation is taken as 1.
    pub fn standard_scaling(&self) -> Scaling {
        let count = self.pixels.len().max(1) as f64;
        // Whole numbers until the last divisions: exact, so independent of any order.
        let (sum, squares) = self.pixels.iter().fold((0u64, 0u64), |(sum, squares), &byte| {
            (sum + u64::from(byte), squares + u64::from(byte) * u64::from(byte))
        });
        let mean = sum as f64 / count;
        let variance = (squares as f64 / count - mean * mean).max(0.0);
        let deviation = if variance > 0.0 { variance.sqrt() / 255.0 } else { 1.0 };
        Scaling::Standard { mean: (mean / 255.0) as f32, deviation: deviation as f32 }
    }
}

#[cfg(feature = "batches")]
impl Dataset {
    /// Sets `validation` randomly chosen images aside: returns the others and those, in an order that depends on the
    /// seed alone.
    ///
    /// # Errors
    /// If there are not at least `validation` images.
    pub fn split(&self, validation: usize, seed: u64) -> Result<(Self, Self), Error> {
        if validation > self.len() {
            return Err(setting(
                "the number of validation images",
                &format!("at most {}", self.len()),
                validation.to_string(),
            ));
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        crate::random::Random::new(seed, b"validation split        ", 0).shuffle(&mut order);
        let (validation, train) = order.split_at(validation);
        Ok((self.select(train), self.select(validation)))
    }
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [channels, height, width] = self.image_shape;
        write!(f, "Dataset({} images of {channels}x{height}x{width}, {} classes)", self.len(), self.classes)
    }
}

fn setting(what: &'static str, expected: &str, got: String) -> Error {
    Error::Setting { what, expected: expected.to_string(), got }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three images of 2×1×2 pixels, of the classes 1, 0, 2 out of 4.
    fn three() -> Dataset {
        Dataset::new((0..12).map(|pixel| pixel * 20).collect(), vec![1, 0, 2], [2, 1, 2], 4).unwrap()
    }

    #[test]
    fn gathers_images_in_any_order_and_more_than_once() {
        let (mut x, mut t) = ([f32::NAN; 12], [9; 3]);
        three().gather(&[2, 0, 2], Scaling::Bytes, &mut x, &mut t);
        assert_eq!(x, [160., 180., 200., 220., 0., 20., 40., 60., 160., 180., 200., 220.]);
        assert_eq!(t, [2, 1, 2]);
    }

    #[test]
    fn bytes_are_divided_not_multiplied() {
        let table = Scaling::Unit.table();
        assert!((0..256).all(|byte| table[byte] == byte as f32 / 255.0));
        // A multiplication by the reciprocal differs.
        assert!((0..256).any(|byte| table[byte] != byte as f32 * (1.0 / 255.0)));
        let table = Scaling::Standard { mean: 0.5, deviation: 0.25 }.table();
        assert_eq!((table[0], table[255]), (-2.0, 2.0));
    }

    #[test]
    fn standard_scaling_gives_mean_zero_and_deviation_one() {
        let data = three();
        let table = data.standard_scaling().table();
        let numbers: Vec<f64> = data.pixels().iter().map(|&byte| f64::from(table[usize::from(byte)])).collect();
        let mean = numbers.iter().sum::<f64>() / 12.0;
        let variance = numbers.iter().map(|number| number * number).sum::<f64>() / 12.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
        let flat = Dataset::new(vec![7; 4], vec![0], [1, 2, 2], 1).unwrap().standard_scaling().table();
        assert!(flat.iter().all(|number| number.is_finite()) && flat[7].abs() < 1e-6);
    }

    #[test]
    fn limits_and_selections_keep_images_and_labels_together() {
        assert_eq!(three().limit(2), three().select(&[0, 1]));
        assert_eq!(three().limit(99), three());
        assert!(three().limit(0).is_empty());
        let two = three().select(&[2, 1]);
        assert_eq!((two.image(0), two.labels()), ([160, 180, 200, 220].as_slice(), [2, 0].as_slice()));
    }

    #[cfg(feature = "batches")]
    #[test]
    fn a_split_loses_nobody_and_depends_on_the_seed_alone() {
        let data = Dataset::new((0..50).collect(), (0..50).map(|image| image % 5).collect(), [1, 1, 1], 5).unwrap();
        let (train, validation) = data.split(12, 3).unwrap();
        assert_eq!((train.len(), validation.len()), (38, 12));
        let mut all = [train.pixels(), validation.pixels()].concat();
        assert_ne!(all, data.pixels());
        all.sort();
        assert_eq!(all, data.pixels());
        assert!(train.pixels().iter().zip(train.labels()).all(|(pixel, label)| pixel % 5 == *label));
        assert_eq!(data.split(12, 3).unwrap(), (train, validation.clone()));
        assert_ne!(data.split(12, 4).unwrap().1, validation);
        assert_eq!(
            data.split(51, 3).unwrap_err().to_string(),
            "the number of validation images must be at most 50, got 51"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let new = |pixels: usize, labels: Vec<u8>, shape, classes| {
            Dataset::new(vec![0; pixels], labels, shape, classes).unwrap_err().to_string()
        };
        assert_eq!(new(5, vec![0], [1, 2, 2], 2), "5 pixels for 1 labels; images of 1x2x2 need 1 · 1 · 2 · 2");
        assert_eq!(new(8, vec![0, 2], [1, 2, 2], 2), "label 2 at position 1 is not below the number of classes, 2");
        assert!(new(0, vec![], [1, 0, 2], 2).contains("at least 1 in each axis, got [1, 0, 2]"));
        assert!(new(0, vec![0], [usize::MAX, 2, 2], 2).contains("0 pixels for 1 labels"));
        assert!(new(4, vec![0], [1, 2, 2], 257).contains("1 to 256, got 257"));
    }

    #[test]
    #[should_panic(expected = "image 3 of a data set of 3")]
    fn an_image_that_is_not_there_panics() {
        three().image(3);
    }

    #[test]
    #[should_panic(expected = "x has to hold 2 images of 4 pixels")]
    fn a_batch_of_the_wrong_length_panics() {
        three().gather(&[0, 1], Scaling::Unit, &mut [0.0; 4], &mut [0; 2]);
    }

    #[cfg(feature = "arrays")]
    #[test]
    fn arrays_have_the_books_shapes() {
        let data = three();
        assert_eq!(data.images(Scaling::Unit).shape(), [3, 2, 1, 2]);
        assert_eq!(data.images(Scaling::Bytes)[[1, 1, 0, 0]], 120.0);
        assert_eq!(data.flattened(Scaling::Bytes).row(1).to_vec(), [80., 100., 120., 140.]);
        assert_eq!(data.class_indices().to_vec(), [1, 0, 2]);
        assert_eq!(data.one_hot(), ndarray::array![[0., 1., 0., 0.], [1., 0., 0., 0.], [0., 0., 1., 0.]]);
    }
}
