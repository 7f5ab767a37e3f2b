//! How good a network is.

use datasets::{Dataset, Scaling};
use layers::ndarray::{ArrayView1, ArrayView2, Axis};
use layers::{Labels, Workspace};

use crate::batch::Batch;
use crate::error::{Error, Part};
use crate::network::Network;
use crate::not_finite::NotFinite;
use crate::shape::fits;

/// Images that are looked at together. The scores do not depend on it.
const BATCH: usize = 100;

/// What came out of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// Images whose class was predicted rightly.
    pub correct: usize,
    /// All images.
    pub total: usize,
}

impl Evaluation {
    /// The part that was predicted rightly, from 0 to 1; 0 where there were no images.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.total.max(1) as f64
    }
}

/// How many images of a data set the network classifies rightly: all of them are counted, the last few too. Pixels go in
/// as [`Scaling::Unit`].
///
/// # Errors
/// Where the images are not what the network takes, or there are none, or it gives one of them scores that are not finite.
pub fn evaluate(network: &Network, data: &Dataset) -> Result<Evaluation, Error> {
    fits(network, data, Part::Test)?;
    Evaluator::default().evaluate(network, data, data.len(), Scaling::Unit)
}

/// Evaluates without allocating again and again.
#[derive(Debug, Default)]
pub(crate) struct Evaluator {
    workspace: Workspace,
    indices: Vec<usize>,
    batch: Batch,
}

impl Evaluator {
    /// The first `count` images of `data`, which fits the network.
    pub(crate) fn evaluate(
        &mut self,
        network: &Network,
        data: &Dataset,
        count: usize,
        scaling: Scaling,
    ) -> Result<Evaluation, Error> {
        let (total, mut correct) = (count.min(data.len()), 0);
        self.look(network, data, count, scaling, &mut |scores, t| {
            correct += scores.outer_iter().enumerate().filter(|&(i, scores)| argmax(scores) == t.class(i)).count();
        })?;
        Ok(Evaluation { correct, total })
    }

    /// Shows the network the first `count` images, a batch at a time; `see` gets their scores and their classes. Scores that
    /// are not finite are an error: no class follows from them.
    pub(crate) fn look(
        &mut self,
        network: &Network,
        data: &Dataset,
        count: usize,
        scaling: Scaling,
        see: &mut dyn FnMut(ArrayView2<'_, f32>, Labels<'_>),
    ) -> Result<(), Error> {
        let total = count.min(data.len());
        for first in (0..total).step_by(BATCH) {
            self.indices.clear();
            self.indices.extend(first..total.min(first + BATCH));
            self.batch.fill(data, &self.indices, scaling);
            let (x, t) = self.batch.view(network.input_shape());
            let scores = network.predict_into(x.view(), &mut self.workspace);
            if let Some(i) = first_without_loss(scores, t) {
                let began = NotFinite::find_in_inference(network, x.index_axis(Axis(0), i).insert_axis(Axis(0)));
                return Err(Error::Scores { image: first + i, began });
            }
            see(scores, t);
        }
        Ok(())
    }
}

/// The first row of scores from which no finite loss follows: one is not finite, or too far above that of the right class.
fn first_without_loss(scores: ArrayView2<'_, f32>, t: Labels<'_>) -> Option<usize> {
    let wrong = |score: f32, right: f32| !score.is_finite() || (score - right).is_infinite() && score > right;
    let mut rows = scores.outer_iter().enumerate();
    let without = rows.find(|(i, scores)| scores.iter().any(|&score| wrong(score, scores[t.class(*i)])));
    without.map(|(i, _)| i)
}

/// The place of the largest score, the first of several.
pub(crate) fn argmax<F: PartialOrd + Copy>(scores: ArrayView1<'_, F>) -> usize {
    (0..scores.len()).fold(0, |best, k| if scores[k] > scores[best] { k } else { best })
}
