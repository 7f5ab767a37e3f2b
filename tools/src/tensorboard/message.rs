//! The messages of TensorFlow's `event.proto` and `summary.proto` that we write.

use super::protobuf::Message;

/// What is told about one tag at one step.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number: a point of a curve.
    Scalar(f32),
    /// The bytes of a PNG file in three or four colours, and its height and width.
    Picture {
        /// The file.
        png: Vec<u8>,
        /// Rows of pixels.
        height: usize,
        /// Pixels in a row.
        width: usize,
    },
    /// How numbers are spread.
    Histogram(Histogram),
}

/// How many numbers lie where. Of no numbers, all is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
    /// How many there are.
    pub count: f64,
    /// What they add up to.
    pub sum: f64,
    /// What their squares add up to.
    pub sum_of_squares: f64,
    /// The upper end of each bucket; the lower end of the first one is `min`.
    pub limits: Vec<f64>,
    /// The numbers in each bucket.
    pub counts: Vec<f64>,
}

/// As many buckets as TensorBoard draws.
const BUCKETS: usize = 30;

impl Histogram {
    /// Equal buckets from the smallest number to the largest. Numbers that are not finite do not count.
    pub fn of<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> Histogram {
        let values = values.map(|&value| f64::from(value)).filter(|value| value.is_finite());
        let mut histogram = Histogram {
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            count: 0.0,
            sum: 0.0,
            sum_of_squares: 0.0,
            limits: Vec::new(),
            counts: Vec::new(),
        };
        for value in values.clone() {
            histogram.min = histogram.min.min(value);
            histogram.max = histogram.max.max(value);
            histogram.count += 1.0;
            histogram.sum += value;
            histogram.sum_of_squares += value * value;
        }
        if histogram.count == 0.0 {
            return Histogram { min: 0.0, max: 0.0, ..histogram };
        }
        let (min, width) = (histogram.min, (histogram.max - histogram.min) / BUCKETS as f64);
        let buckets = if width > 0.0 { BUCKETS } else { 1 };
        histogram.limits = (1..=buckets).map(|i| min + i as f64 * width).collect();
        histogram.limits[buckets - 1] = histogram.max;
        histogram.counts = vec![0.0; buckets];
        for value in values {
            let bucket = if width > 0.0 { ((value - min) / width) as usize } else { 0 };
            histogram.counts[bucket.min(buckets - 1)] += 1.0;
        }
        histogram
    }

    /// `HistogramProto`.
    fn message(&self) -> Message {
        let Histogram { min, max, count, sum, sum_of_squares, limits, counts } = self;
        let numbers = Message::new().double(1, *min).double(2, *max).double(3, *count).double(4, *sum);
        numbers.double(5, *sum_of_squares).doubles(6, limits).doubles(7, counts)
    }
}

impl Value {
    /// `Summary.Value`.
    fn message(&self, tag: &str) -> Message {
        let message = Message::new().text(1, tag);
        match self {
            Value::Scalar(value) => message.chosen_float(2, *value),
            Value::Picture { png, height, width } => {
                // A PNG tells its colours itself; 3 stands for red, green and blue.
                let size = Message::new().int(1, *height as u64).int(2, *width as u64).int(3, 3);
                message.message(4, size.bytes(4, png))
            }
            Value::Histogram(histogram) => message.message(5, histogram.message()),
        }
    }
}

/// The `Event` that stands first in each file.
pub(super) fn version(wall_time: f64) -> Message {
    Message::new().double(1, wall_time).text(3, "brain.Event:2")
}

/// The `Event` of a session that begins: whatever other files have at `step` and later is not valid any more.
pub(super) fn begins(wall_time: f64, step: u64) -> Message {
    const START: u64 = 1;
    Message::new().double(1, wall_time).int(2, step).message(7, Message::new().int(1, START))
}

/// The `Event` of a step with these values, each with its tag.
pub(super) fn summary(wall_time: f64, step: u64, values: &[(String, Value)]) -> Message {
    let summary = values.iter().fold(Message::new(), |all, (tag, value)| all.message(1, value.message(tag)));
    Message::new().double(1, wall_time).int(2, step).message(5, summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_number_once() {
        let values: Vec<f32> = (0..=60).map(|i| i as f32).chain([f32::NAN, f32::INFINITY]).collect();
        let histogram = Histogram::of(values.iter());
        assert_eq!((histogram.min, histogram.max, histogram.count, histogram.sum), (0.0, 60.0, 61.0, 1830.0));
        assert_eq!(histogram.limits, (1..=30).map(|i| 2.0 * f64::from(i)).collect::<Vec<_>>());
        let mut expected = vec![2.0; 30];
        expected[29] = 3.0;
        assert_eq!(histogram.counts, expected);
    }

    #[test]
    fn a_histogram_of_one_value_and_of_none() {
        let one = Histogram::of([0.5, 0.5].iter());
        assert_eq!((&one.limits[..], &one.counts[..], one.sum_of_squares), (&[0.5][..], &[2.0][..], 0.5));
        assert_eq!(Histogram::of([f32::NAN].iter()).message(), Message::new());
        let extremes = Histogram::of([f32::MIN, f32::MAX].iter());
        assert_eq!((extremes.counts[0], extremes.counts[29]), (1.0, 1.0));
    }

    #[test]
    fn the_bytes_of_a_scalar() {
        // As TensorFlow's own writer has them: wall_time 1.5, step 300, tag "loss", simple_value 0.25.
        let bytes = summary(1.5, 300, &[("loss".to_owned(), Value::Scalar(0.25))]).into_bytes();
        let mut expected = vec![0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]; // field 1: 1.5
        expected.extend([0x10, 0xac, 0x02]); // field 2: 300
        expected.extend([0x2a, 0x0d, 0x0a, 0x0b]); // field 5, 13 bytes: field 1, 11 bytes
        expected.extend(b"\x0a\x04loss\x15\x00\x00\x80\x3e"); // field 1: the tag; field 2: 0.25
        assert_eq!(bytes, expected);
    }
}
