//! The pictures of a training.

use layers::ndarray::{Array2, ArrayView3, Axis};
use model::{Guess, History};

use super::Report;
use crate::filters::Filters;
use crate::picture::{
    Canvas, Chart, ColorBar, ColorMap, Matrix, Page, Picture, Range, Scaling, Tile, Tiles, Titled, accuracy_chart,
    beside, class_chart, loss_chart, value_pixels,
};
use crate::text::{grouped, probability};

/// Mistakes that are shown, and how many stand in a row of the picture.
pub(super) const MISTAKES: usize = 24;
const MISTAKES_IN_A_ROW: usize = 6;
const MISTAKE_SIDE: usize = 112;
/// Filters in a row, and pixels for one.
const FILTERS_IN_A_ROW: usize = 6;
const FILTER_SIDE: usize = 50;

impl Report<'_> {
    pub(super) fn loss(&self) -> Chart {
        let History { train_loss_list, epoch_loss_list, .. } = self.history;
        loss_chart(format!("Loss on {}", self.data.title), self.loss_words(), train_loss_list, epoch_loss_list)
    }

    pub(super) fn loss_words(&self) -> String {
        format!(
            "the mean loss of each batch of {}, before the step; smoothed by the book's smooth_curve",
            grouped(self.settings.batch_size)
        )
    }

    pub(super) fn accuracy(&self) -> Chart {
        let History { train_acc_list, test_acc_list, .. } = self.history;
        let title = format!("Accuracy on {}", self.data.title);
        accuracy_chart(title, self.accuracy_words(), train_acc_list, test_acc_list)
    }

    pub(super) fn classes(&self) -> Chart {
        class_chart(format!("Accuracy of each class on {}", self.data.title), self.classes_words(), &self.scores())
    }

    pub(super) fn classes_words(&self) -> String {
        format!(
            "all {} test images; the bars say where the accuracy on very many such images would lie, with a probability of 95 %",
            grouped(self.finished.test_total)
        )
    }

    pub(super) fn confusion(&self, cell: [usize; 2]) -> Matrix {
        Matrix::confusion(&self.guesses.confusion(), &self.class_names(), cell)
    }

    pub(super) fn confusion_page(&self) -> Page<Matrix> {
        Page {
            title: format!("What was taken for what on {}", self.data.title),
            notes: vec![self.confusion_note()],
            body: self.confusion([56, 44]),
            bar: None,
        }
    }

    pub(super) fn confusion_note(&self) -> String {
        format!(
            "all {} test images: each row a class, each column what the network takes it for; blue is right, orange is \
             wrong, the more often the darker",
            grouped(self.finished.test_total)
        )
    }

    /// The confusion matrix in words.
    pub(super) fn confusion_words(&self) -> String {
        let all = grouped(self.finished.test_total);
        format!("Confusion matrix of {all} test images. {}", self.most_confused())
    }

    /// The most frequent mistakes in words.
    pub(super) fn most_confused(&self) -> String {
        let (counts, names) = (self.guesses.confusion(), self.class_names());
        let pairs = (0..names.len()).flat_map(|truth| (0..names.len()).map(move |guess| (truth, guess)));
        let mut wrong: Vec<_> = pairs.filter(|(t, g)| t != g && counts[*t][*g] > 0).collect();
        wrong.sort_by_key(|&(t, g)| std::cmp::Reverse(counts[t][g]));
        let times = |count: usize| if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) };
        let tell = |&(t, g): &(usize, usize)| format!("{} for {} ({})", names[t], names[g], times(counts[t][g]));
        let most: Vec<_> = wrong.iter().take(3).map(tell).collect();
        match most.as_slice() {
            [] => "No image was taken for something else.".to_owned(),
            most => format!("Taken most often: {}.", most.join(", ")),
        }
    }

    /// The filters before and after in one picture, on one scale.
    pub(super) fn filters_page(&self) -> Option<Canvas> {
        let filters = self.filters()?;
        let [before, after] = &filters;
        let range = shared_range(&filters);
        let titled = |title: &str, filters| Titled { title: title.to_owned(), body: filter_tiles(filters, range) };
        let page = Page {
            title: format!("The filters of {} on {}", after.layer, self.data.title),
            notes: vec![format!(
                "{}; one scale for all, symmetric around zero; the largest weight was {}, is {}",
                self.filters_words()?,
                before.largest(),
                after.largest()
            )],
            body: beside(titled("before training", before), titled("after training", after), 48),
            bar: Some((ColorMap::Diverging, range)),
        };
        Some(page.draw())
    }

    /// "30 filters of 5×5".
    pub(super) fn filters_words(&self) -> Option<String> {
        let all = self.filters_before.as_ref()?;
        let shown = self.filters()?[0].len();
        Some(if shown < all.len() { format!("the first {shown} of {}", all.describe()) } else { all.describe() })
    }

    pub(super) fn mistakes_page(&self) -> Canvas {
        let shown = self.shown_mistakes();
        let pictures: Vec<_> = shown.iter().map(|&(image, _)| self.image(image)).collect();
        let caption = |Guess { truth, class, confidence, .. }: Guess| {
            let names = format!("{} → {}", self.data.class_name(truth), self.data.class_name(class));
            format!("{names}\n{}", probability(f64::from(confidence)))
        };
        let tiles = pictures.iter().zip(&shown).map(|(picture, &(_, guess))| Tile::new(picture.view(), caption(guess)));
        let tiles = Tiles {
            tiles: tiles.collect(),
            columns: MISTAKES_IN_A_ROW,
            side: MISTAKE_SIDE,
            map: self.image_colors(),
            scaling: Scaling::Fixed(Range { low: 0.0, high: 255.0 }),
        };
        Page {
            title: format!("The worst mistakes on {}", self.data.title),
            notes: vec![format!(
                "{}: truth → guess, and the probability that the network gave it",
                self.mistakes_words()
            )],
            body: tiles,
            bar: None,
        }
        .draw()
    }

    /// The mistakes that are shown: number of the image, and guess.
    pub(super) fn shown_mistakes(&self) -> Vec<(usize, Guess)> {
        let worst = self.guesses.mistakes();
        worst.into_iter().take(MISTAKES).map(|image| (image, self.guesses.all()[image])).collect()
    }

    pub(super) fn mistakes_words(&self) -> String {
        let Some(wrong) = Some(self.finished.test_total - self.finished.test_correct).filter(|wrong| *wrong > 0) else {
            return format!("none of {} test images was taken for something else", grouped(self.finished.test_total));
        };
        let all = format!("{} of {} test images", grouped(wrong), grouped(self.finished.test_total));
        match wrong {
            1 => format!("1 of {} test images was taken for something else", grouped(self.finished.test_total)),
            _ if wrong > MISTAKES => {
                format!("{all} were taken for something else; these are the {MISTAKES} where the network was surest")
            }
            _ => format!("{all} were taken for something else; where the network was surest comes first"),
        }
    }

    /// A test image, 0 to 255; of several channels their mean.
    pub(super) fn image(&self, number: usize) -> Array2<f32> {
        let test = &self.data.splits.test;
        let pixels: Vec<f32> = test.image(number).iter().map(|&byte| f32::from(byte)).collect();
        let [channels, height, width] = test.image_shape();
        let image = ArrayView3::from_shape((channels, height, width), &pixels).expect("an image of that shape");
        image.mean_axis(Axis(0)).expect("at least one channel")
    }

    /// The same as it is drawn: what was written as dark ink on white; what has colours as bright as it is.
    pub(super) fn drawn_image(&self, number: usize) -> Canvas {
        value_pixels(self.image(number).view(), self.image_colors(), Range { low: 0.0, high: 255.0 })
    }

    fn image_colors(&self) -> ColorMap {
        if self.data.splits.test.image_shape()[0] == 1 { ColorMap::Ink } else { ColorMap::Light }
    }
}

/// Filters as tiles on this scale.
pub(super) fn filter_tiles(filters: &Filters, range: Range) -> Tiles<'_> {
    Tiles {
        tiles: filters.pictures().into_iter().zip(0..).map(|(w, number)| Tile::new(w, number.to_string())).collect(),
        columns: FILTERS_IN_A_ROW,
        side: FILTER_SIDE,
        map: ColorMap::Diverging,
        scaling: Scaling::Fixed(range),
    }
}

/// From −m to m, where m is the largest magnitude before or after.
pub(super) fn shared_range(filters: &[Filters; 2]) -> Range {
    let pictures = filters.each_ref().map(Filters::pictures).concat();
    Scaling::Symmetric.ranges(&pictures).first().copied().unwrap_or_default()
}

/// The colours of the filters.
pub(super) fn filter_bar(range: Range) -> ColorBar {
    ColorBar { map: ColorMap::Diverging, range }
}
