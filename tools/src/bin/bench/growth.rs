//! How the cost of a training step grows with batch, filters, image, hidden neurons and threads; and that of a deeper network.

use layers::ndarray::ArrayView4;
use layers::{Labels, Purpose, Random};
use model::{ConvParam, DeepConvNet, Network, NetworkSpec, OptimizerStep, SimpleConvNet};
use optim::OptimizerConfig;
use tensor::threads::{Pool, available_cores};

use super::limit::{Meter, Pools};
use super::timing::{Timing, measure};

const BATCH: usize = 100;
const BATCHES: [usize; 19] = [1, 2, 3, 5, 10, 16, 24, 25, 26, 32, 50, 64, 100, 101, 128, 256, 512, 1000, 1024];
const FILTERS: [usize; 11] = [8, 16, 24, 30, 31, 32, 33, 48, 64, 96, 128];
/// Only even sizes come out even: of a side, four pixels are lost to the convolution, and the pooling halves the rest.
const SIDES: [usize; 10] = [14, 20, 26, 28, 30, 32, 40, 56, 84, 112];
const DEEP_BATCHES: [usize; 4] = [1, 10, 100, 1000];
const HIDDEN: [usize; 10] = [50, 64, 99, 100, 101, 128, 200, 256, 500, 1000];
/// All axes are gone through so often, and of each point the shortest time counts: on a machine that is shared with others everything may
/// take half as long again for some seconds, which is not to look like a step in the curve. (So the shares are those of the best moment, of
/// a limit that was measured between.)
pub const ROUNDS: usize = 3;

/// Steps of one size after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The network, where it is not the book's of chapter 7.
    pub network: Option<&'static str>,
    /// What grows.
    pub name: &'static str,
    /// The steps.
    pub points: Vec<Point>,
}

/// A step of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The size.
    pub value: usize,
    /// Seconds an image, in the shortest of the rounds.
    pub per_image: Timing,
    /// Counted densely, for one image.
    pub flop_per_image: usize,
    /// The limit of so many threads, where they are not all.
    pub limit: Option<f64>,
}

/// Measures every axis, with so many seconds for a point.
///
/// # Errors
/// Where a network cannot be built.
pub fn growth(pools: &Pools, budget: f64, tiny: bool, meter: &mut Meter) -> anyhow::Result<Vec<Axis>> {
    let rounds = if tiny { 1 } else { ROUNDS };
    let mut round = || every_axis(pools, budget / rounds as f64, tiny, meter);
    let mut axes = round()?;
    for _ in 1..rounds {
        keep_the_shorter(&mut axes, round()?);
    }
    Ok(axes)
}

/// Takes over every point that took less time when the same axes were measured again.
fn keep_the_shorter(axes: &mut [Axis], again: Vec<Axis>) {
    let points = axes.iter_mut().flat_map(|axis| &mut axis.points);
    for (point, again) in points.zip(again.into_iter().flat_map(|axis| axis.points)) {
        if again.per_image.median < point.per_image.median {
            *point = again;
        }
    }
}

fn every_axis(pools: &Pools, budget: f64, tiny: bool, meter: &mut Meter) -> anyhow::Result<Vec<Axis>> {
    let most = if tiny { 1 } else { usize::MAX };
    let book = SimpleConvNet::default();
    let filters = |filter_num| SimpleConvNet { conv_param: ConvParam { filter_num, ..book.conv_param }, ..book };
    let side = |side| SimpleConvNet { input_dim: [1, side, side], ..book };
    let hidden = |hidden_size| SimpleConvNet { hidden_size, ..book };
    let mut axes = Vec::new();
    let mut axis = |network, name, values: &[usize], settings: &dyn Fn(usize) -> (NetworkSpec, usize)| {
        let points = values.iter().take(most).map(|&value| {
            let (net, batch) = settings(value);
            pools.all.install(|| point(value, net, batch, budget))
        });
        axes.push(Axis { network, name, points: points.collect::<anyhow::Result<_>>()? });
        meter.window(pools);
        anyhow::Ok(())
    };
    axis(None, "batch", &BATCHES, &|batch| (book.spec(), batch))?;
    axis(None, "filters", &FILTERS, &|count| (filters(count).spec(), BATCH))?;
    axis(None, "image", &SIDES, &|pixels| (side(pixels).spec(), BATCH))?;
    axis(None, "hidden", &HIDDEN, &|neurons| (hidden(neurons).spec(), BATCH))?;
    axis(Some("DeepConvNet"), "batch", &DEEP_BATCHES, &|batch| (DeepConvNet::default().spec(), batch))?;
    axes.push(threads(&book, budget, most, meter)?);
    Ok(axes)
}

fn threads(book: &SimpleConvNet, budget: f64, most: usize, meter: &Meter) -> anyhow::Result<Axis> {
    let counts = thread_counts(available_cores());
    let points = counts.into_iter().take(most).map(|count| {
        let pool = Pool::new(count);
        let point = pool.install(|| point(count, book.spec(), BATCH, budget))?;
        Ok(Point { limit: Some(meter.gflops_of(&pool)), ..point })
    });
    Ok(Axis { network: None, name: "threads", points: points.collect::<anyhow::Result<_>>()? })
}

/// Every number up to four, then about four between one power of two and the next, and the last.
fn thread_counts(cores: usize) -> Vec<usize> {
    let all = (1..=cores).filter(|&count| {
        let step = (count + 1).next_power_of_two() / 8;
        count == cores || count.is_multiple_of(step.max(1))
    });
    all.collect()
}

fn point(value: usize, net: NetworkSpec, batch: usize, budget: f64) -> anyhow::Result<Point> {
    let mut network: Network = Network::build(net, 0)?;
    let flop_per_image = network.summary().operations().training;
    let &[channels, height, width] = &network.spec().input[..] else { anyhow::bail!("images have channels and sides") };
    let classes = network.classes();
    let mut random = Random::new(0, Purpose::Other(0));
    let x: Vec<f32> = (0..batch * channels * height * width).map(|_| random.uniform() as f32).collect();
    let t: Vec<usize> = (0..batch).map(|i| i % classes).collect();
    let x = ArrayView4::from_shape((batch, channels, height, width), &x).expect("as long as its shape");
    let mut adam = OptimizerConfig::default().build()?;
    let Timing { median, min, max } = measure(budget, &mut || {
        network.loss(x, Labels::Classes(&t));
        network.backward_and_update(x, Labels::Classes(&t), &mut OptimizerStep::begin(&mut *adam, 0.0));
    });
    let [median, min, max] = [median, min, max].map(|seconds| seconds / batch as f64);
    Ok(Point { value, per_image: Timing { median, min, max }, flop_per_image, limit: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_makes_a_network() {
        let book = SimpleConvNet::default();
        for side in SIDES {
            SimpleConvNet { input_dim: [1, side, side], ..book }.build::<f32>(0).unwrap();
        }
        let point = point(7, SimpleConvNet { input_dim: [1, 14, 14], ..book }.spec(), 2, 0.0).unwrap();
        assert!(point.value == 7 && point.per_image.min > 0.0 && point.limit.is_none());
    }

    #[test]
    fn of_every_point_the_shorter_time_counts() {
        let axes = |medians: [f64; 3]| {
            let point = |median| Point {
                value: 1,
                per_image: Timing { median, min: 0.5 * median, max: 2.0 * median },
                flop_per_image: 1,
                limit: None,
            };
            let axis = |medians: &[f64]| Axis {
                network: None,
                name: "batch",
                points: medians.iter().copied().map(point).collect(),
            };
            vec![axis(&medians[..1]), axis(&medians[1..])]
        };
        let mut shortest = axes([3.0, 1.0, 2.0]);
        keep_the_shorter(&mut shortest, axes([2.0, 4.0, 1.5]));
        assert_eq!(shortest, axes([2.0, 1.0, 1.5]));
    }

    #[test]
    fn few_of_many_threads_are_tried() {
        assert_eq!(thread_counts(1), [1]);
        assert_eq!(thread_counts(6), [1, 2, 3, 4, 5, 6]);
        assert_eq!(thread_counts(24), [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24]);
        assert!(thread_counts(255).len() < 30 && thread_counts(255).ends_with(&[255]));
    }
}
