//! What a training leaves behind for those who would rather look than read: pictures, and one page with all of them.

mod page;
mod pictures;

use layers::ndarray::Axis;
use model::{Guesses, History, Network, Origin, Warning};

use crate::data::Data;
use crate::filters::Filters;
use crate::listener::{Finished, Settings};
use crate::picture::{ClassScore, Picture, png_bytes, svg_file};
use crate::text::{grouped, percent};

/// The page.
pub const REPORT_FILE: &str = "report.html";
/// The names of all files, the page first.
pub const FILES: [&str; 8] = [
    REPORT_FILE,
    "accuracy.png",
    "accuracy.svg",
    "loss.svg",
    "classes.svg",
    "confusion.svg",
    "filters.png",
    "mistakes.png",
];

/// All that is known when a training is over.
#[derive(Debug)]
pub struct Report<'a> {
    /// What the network learned from.
    pub data: &'a Data,
    /// The checksums of the images and of the first weights.
    pub origin: &'a Origin,
    /// What was asked for.
    pub settings: &'a Settings,
    /// The command that does it again.
    pub command: String,
    /// The filters before the first step; none where the network has no convolution.
    pub filters_before: Option<Filters>,
    /// The network after the last step.
    pub network: &'a Network,
    /// What happened.
    pub history: &'a History,
    /// What the reader should know.
    pub warnings: &'a [Warning],
    /// What the network takes the test images for.
    pub guesses: &'a Guesses,
    /// The result.
    pub finished: &'a Finished,
}

impl Report<'_> {
    /// The name and the content of each file; those of pictures that there are, so without filters where there are none.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, Vec<u8>)> + '_ {
        FILES.into_iter().filter_map(|name| Some((name, self.file(name)?)))
    }

    fn file(&self, name: &str) -> Option<Vec<u8>> {
        let svg = |picture: &dyn Picture, alternative: &str| svg_file(picture, alternative).into_bytes();
        let chart = |chart: crate::picture::Chart| svg(&chart, &chart.alternative);
        Some(match name {
            REPORT_FILE => self.page().into_bytes(),
            "accuracy.png" => png_bytes(&self.accuracy().draw()),
            "accuracy.svg" => chart(self.accuracy()),
            "loss.svg" => chart(self.loss()),
            "classes.svg" => chart(self.classes()),
            "confusion.svg" => svg(&self.confusion_page(), &self.confusion_words()),
            "filters.png" => png_bytes(&self.filters_page()?),
            "mistakes.png" => png_bytes(&self.mistakes_page()),
            _ => return None,
        })
    }

    /// The names of the classes that the network tells apart.
    fn class_names(&self) -> Vec<String> {
        (0..self.network.classes()).map(|class| self.data.class_name(class)).collect()
    }

    /// How many images of each class were told rightly.
    pub fn scores(&self) -> Vec<ClassScore> {
        ClassScore::of_each(self.class_names(), &self.guesses.confusion())
    }

    /// All classes together.
    fn score(&self) -> ClassScore {
        let Finished { test_correct, test_total, .. } = *self.finished;
        ClassScore { name: "all".to_owned(), correct: test_correct, total: test_total }
    }

    /// The filters before and after, where there are any; of layers with very many the first ones.
    fn filters(&self) -> Option<[Filters; 2]> {
        const MOST: usize = 64;
        let first = |filters: &Filters| {
            let some = 0..filters.b.len().min(MOST);
            let w = filters.w.slice_axis(Axis(0), some.clone().into()).to_owned();
            let b = filters.b.slice_axis(Axis(0), some.into()).to_owned();
            Filters { layer: filters.layer.clone(), index: filters.index, w, b }
        };
        let after = Filters::of(self.network).ok()?;
        Some([first(self.filters_before.as_ref()?), first(&after)])
    }

    /// By which images an epoch was judged, and the result.
    fn accuracy_words(&self) -> String {
        let samples = |images: usize| grouped(self.settings.eval_samples.min(images));
        let (train, test) = (samples(self.data.splits.train.len()), samples(self.data.splits.test.len()));
        format!(
            "after each epoch, of the first {train} training and {test} test images; in the end {} of all {} test images",
            percent(self.finished.test_accuracy),
            grouped(self.finished.test_total)
        )
    }
}
