//! The page that holds everything.

use std::fmt::Display;
use std::time::SystemTime;

use model::{Guess, History, params_sha256};

use super::Report;
use super::pictures::{filter_bar, filter_tiles, shared_range};
use crate::html::{HtmlPage, chart_figure, command, details, escape_and_join, facts, figure, image, paragraph, table};
use crate::machine;
use crate::picture::{short, svg_inline};
use crate::remedy;
use crate::text::{duration, grouped, percent, probability, shape};

impl Report<'_> {
    /// One page with all pictures, numbers, settings and checksums.
    pub(super) fn page(&self) -> String {
        let mut page = HtmlPage::new(&format!("A network trained on {}", self.data.title), &self.lead());
        page.section("The result", &[self.result()]);
        if !self.warnings.is_empty() {
            page.section("Warnings", &[self.warnings_part()]);
        }
        page.section("How the loss fell", &[self.loss_part()]);
        page.section("How the accuracy rose", &self.accuracy_part());
        if let Some(part) = self.filters_part() {
            page.section("What the filters learned", &part);
        }
        page.section("How well each class is known", &self.classes_part());
        page.section("What is taken for what", &self.confusion_part());
        page.section("The worst mistakes", &self.mistakes_part());
        page.section("The network", &[self.network_table()]);
        page.section("Settings and machine", &[self.settings()]);
        page.section("How to do it again", &self.again());
        page.finish()
    }

    fn lead(&self) -> String {
        format!(
            "{} of the {} test images are told rightly, after {} of training.",
            percent(self.finished.test_accuracy),
            grouped(self.finished.test_total),
            duration(self.finished.train_seconds)
        )
    }

    fn result(&self) -> String {
        let (score, history) = (self.score(), self.history);
        let [low, high] = score.interval().map(percent);
        let wrong = score.total - score.correct;
        let loss = history.epoch_loss_list.last().map_or("none".to_owned(), |&loss| short(loss as f32));
        facts(&[
            ("test accuracy", format!("{} (95 % interval: {low} to {high})", percent(self.finished.test_accuracy))),
            ("right and wrong", format!("{} and {} images", grouped(score.correct), grouped(wrong))),
            ("loss of the last epoch", loss),
            ("parameters", grouped(self.network.learned_len())),
            ("epochs and steps", {
                let (epochs, steps) = (history.epoch_loss_list.len(), history.train_loss_list.len());
                format!("{} and {}", grouped(epochs), grouped(steps))
            }),
            ("time of training", format!("{}, without evaluations", duration(self.finished.train_seconds))),
            ("made on", machine::utc(SystemTime::now())),
        ])
    }

    fn warnings_part(&self) -> String {
        let item = |warning| {
            let words =
                [warning as &dyn Display, &remedy::of_warning(warning)].map(|words| sentence(&words.to_string()));
            format!("<li>{}</li>", escape_and_join(&words, " "))
        };
        format!("<ul>\n{}\n</ul>", self.warnings.iter().map(item).collect::<Vec<_>>().join("\n"))
    }

    fn loss_part(&self) -> String {
        chart_figure(&self.loss(), &sentence(&self.loss_words()))
    }

    fn accuracy_part(&self) -> [String; 2] {
        let History { epoch_loss_list, train_acc_list, test_acc_list, epoch_seconds_list, .. } = self.history;
        let row = |i: usize| {
            vec![
                (i + 1).to_string(),
                format!("{:.4}", epoch_loss_list[i]),
                percent(train_acc_list[i]),
                percent(test_acc_list[i]),
                format!("{:.2}", epoch_seconds_list[i]),
            ]
        };
        let rows: Vec<_> = (0..epoch_loss_list.len()).map(row).collect();
        let heads = ["epoch", "mean loss", "training images", "test images", "seconds"];
        [
            chart_figure(&self.accuracy(), &sentence(&self.accuracy_words())),
            details("Numbers of each epoch", &table("Loss, accuracy and time of each epoch", &heads, &rows)),
        ]
    }

    fn filters_part(&self) -> Option<[String; 3]> {
        let filters = self.filters()?;
        let (range, words) = (shared_range(&filters), self.filters_words()?);
        let [before, after] = filters.each_ref().map(|filters| filter_tiles(filters, range));
        let picture = |tiles, when: &str| {
            let alternative = format!("{}: {words}, {when}.", filters[0].layer);
            figure_above(&svg_inline(tiles, &alternative, "wide always"), when)
        };
        let bar = format!("Colours from {} (blue) over 0 (white) to {} (orange).", short(range.low), short(range.high));
        Some([
            paragraph(&format!(
                "{}: {words}, before the first step and after the last, on one scale that is symmetric around zero. The largest \
                 weight was {} before and is {} now.",
                filters[0].layer,
                filters[0].largest(),
                filters[1].largest()
            )),
            format!(
                "<div class=\"pair\">\n{}\n{}\n</div>",
                picture(&before, "before training"),
                picture(&after, "after training")
            ),
            svg_inline(&filter_bar(range), &bar, ""),
        ])
    }

    fn classes_part(&self) -> [String; 2] {
        let row = |score: crate::picture::ClassScore| {
            let [low, high] = score.interval().map(percent);
            let low = low.trim_end_matches(" %");
            vec![
                score.name.clone(),
                score.accuracy().map_or(String::new(), percent),
                grouped(score.correct),
                grouped(score.total),
                score.accuracy().map_or(String::new(), |_| format!("{low} to {high}")),
            ]
        };
        let rows: Vec<_> = self.scores().into_iter().chain([self.score()]).map(row).collect();
        let heads = ["class", "accuracy", "right", "images", "95 % interval"];
        [
            chart_figure(&self.classes(), &sentence(&self.classes_words())),
            table("Accuracy of each class", &heads, &rows),
        ]
    }

    fn confusion_part(&self) -> [String; 2] {
        let names = self.class_names();
        let heads: Vec<&str> = ["truth"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let counts = self.guesses.confusion();
        let rows: Vec<Vec<String>> = names
            .iter()
            .zip(&counts)
            .map(|(name, row)| [name.clone()].into_iter().chain(row.iter().map(usize::to_string)).collect())
            .collect();
        let drawn = |cell, class| svg_inline(&self.confusion(cell), &self.confusion_words(), class);
        let pictures = format!("{}\n{}", drawn([62, 40], "wide"), drawn([29, 27], "narrow"));
        [
            figure(&pictures, &format!("{} {}", sentence(&self.confusion_note()), self.most_confused())),
            details("The same as a table", &table("Rows: truth. Columns: what the network says", &heads, &rows)),
        ]
    }

    fn mistakes_part(&self) -> Vec<String> {
        let shown = self.shown_mistakes();
        let item = |&(number, guess): &(usize, Guess)| {
            let Guess { truth, class, confidence, .. } = guess;
            let (truth, class) = (self.data.class_name(truth), self.data.class_name(class));
            let alternative = format!("Test image {number}: {truth}, taken for {class}");
            let lines = [format!("{truth} → {class}"), probability(f64::from(confidence)), format!("image {number}")];
            format!(
                "<li><figure>{}<figcaption>{}</figcaption></figure></li>",
                image(&self.drawn_image(number), &alternative, "pixels"),
                escape_and_join(&lines, "<br>")
            )
        };
        let mut parts = vec![paragraph(&sentence(&self.mistakes_words()))];
        if !shown.is_empty() {
            parts.push(paragraph(
                "Below each image: what it is → what the network takes it for, the probability that it gives to that, \
                 and the number of the image in the test set, counted from 0.",
            ));
            parts.push(format!(
                "<ul class=\"gallery\">\n{}\n</ul>",
                shown.iter().map(item).collect::<Vec<_>>().join("\n")
            ));
        }
        parts
    }

    fn network_table(&self) -> String {
        let summary = self.network.summary();
        let count = |count: usize| if count == 0 { String::new() } else { grouped(count) };
        let mut rows = vec![vec!["input".to_owned(), shape(&summary.input), String::new(), String::new()]];
        for layer in &summary.layers {
            let (parameters, operations) = (count(layer.parameters), count(layer.operations.inference));
            rows.push(vec![layer.name.clone(), shape(&layer.output), parameters, operations]);
        }
        let [parameters, operations] = [summary.parameters(), summary.operations().inference].map(count);
        rows.push(vec!["all".to_owned(), String::new(), parameters, operations]);
        let heads = ["layer", "output", "parameters", "operations"];
        table(
            "The layers, from the image to the scores; operations: multiplications and additions for one image",
            &heads,
            &rows,
        )
    }

    fn settings(&self) -> String {
        let settings = self.settings;
        facts(&[
            ("data", self.data.describe()),
            ("seed", settings.seed.to_string()),
            ("epochs", grouped(self.history.epoch_loss_list.len())),
            ("images in a batch", format!("{} (sampling {})", grouped(settings.batch_size), settings.sampling)),
            ("optimizer", format!("{}, learning rate {:?}", settings.optimizer, settings.lr)),
            ("processor", machine::processor()),
            ("system", machine::system()),
            ("threads, instructions", format!("{}, {}", settings.threads, settings.isa)),
            ("program", format!("train {}", env!("CARGO_PKG_VERSION"))),
        ])
    }

    fn again(&self) -> [String; 4] {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let row = |what: &str, hash: String| vec![what.to_owned(), hash];
        let rows = [
            row("parameters after", params_sha256(self.network)),
            row("parameters before", hex(&self.origin.first_params)),
            row("training images", hex(&self.origin.train.sha256)),
            row("test images", hex(&self.origin.test.sha256)),
        ];
        [
            paragraph("From the root of the project:"),
            command(&self.command),
            paragraph(
                "The same seed and the same images give the same parameters, to the last bit, on any number of threads \
                 and with any vector instructions. Whoever does it again can compare:",
            ),
            table("SHA-256", &["of", "checksum"], &rows).replace("class=\"table\"", "class=\"table hashes\""),
        ]
    }
}

/// A picture below a few words.
fn figure_above(content: &str, caption: &str) -> String {
    format!("<figure>\n<figcaption>{caption}</figcaption>\n{content}\n</figure>")
}

/// Words that begin with a capital and end with a full stop.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", characters.as_str())
}
