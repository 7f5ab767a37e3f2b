//! An image of a data set, chosen on the command line.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use datasets::{Dataset, Scaling};
use layers::ndarray::{ArrayD, IxDyn};
use model::Network;

use crate::advice::Advice;
use crate::args::{DataArgs, DatasetChoice};
use crate::explain::Sample;
use crate::text::grouped;

/// Which images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Split {
    /// Those that a network learns from.
    Train,
    /// Those that it is judged by.
    #[default]
    Test,
}

/// Where images to look at come from.
#[derive(Debug, Clone, Args)]
pub struct ImagesArgs {
    /// The data set of the images: mnist, fashion-mnist, digits, figures, or auto, as for `train`
    #[arg(long, value_name = "NAME", value_enum, default_value_t, hide_possible_values = true)]
    pub dataset: DatasetChoice,
    /// The folder with its four files, as for `train`
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The part that the images are taken from: train or test
    #[arg(long, value_name = "PART", value_enum, default_value_t, hide_possible_values = true)]
    pub split: Split,
}

/// A part of a data set, to be looked at.
#[derive(Debug)]
pub struct Images {
    /// Its name: "the 10,000 test images of MNIST".
    pub title: String,
    /// The images.
    pub data: Dataset,
    /// The names of their classes: "7", "sandal".
    pub class_names: Vec<String>,
    /// What the user should know: that something else was used than they may have thought.
    pub note: Option<String>,
}

impl ImagesArgs {
    /// Finds and loads the images; where nobody has chosen, those that this network takes.
    ///
    /// # Errors
    /// Where data that were asked for are missing, or data that were found are damaged.
    pub fn load(&self, network: Option<&Network>) -> anyhow::Result<Images> {
        // The other part is read (and checked) with it, but not kept; of the built-in digits it is not drawn.
        let one = |wanted: bool| if wanted { None } else { Some(1) };
        let data = DataArgs {
            dataset: self.dataset,
            data_dir: self.data_dir.clone(),
            train_limit: one(self.split == Split::Train),
            test_limit: one(self.split == Split::Test),
        };
        let wanted = network.and_then(|network| network.input_shape().try_into().ok());
        let data = data.suiting(wanted).load()?;
        let class_names = (0..data.splits.test.classes()).map(|class| data.class_name(class)).collect();
        let (part, images) = match self.split {
            Split::Train => ("training", data.splits.train),
            Split::Test => ("test", data.splits.test),
        };
        ensure!(!images.is_empty(), "{} has no {part} images", data.title);
        let title = format!("the {} {part} images of {}", grouped(images.len()), data.title);
        Ok(Images { title, data: images, class_names, note: data.note })
    }
}

impl Images {
    /// Refuses a network that takes other images.
    ///
    /// # Errors
    /// Says what it takes and what the images are.
    pub fn check(&self, network: &Network) -> anyhow::Result<()> {
        let (expected, got) = (network.input_shape(), self.data.image_shape());
        let advice = || "choose another --dataset, or another file with --params".to_owned();
        if *expected != got && *expected != [self.data.image_len()] {
            let error = anyhow::anyhow!("the images have the shape {got:?}, but the network takes {expected:?}");
            return Err(error).advice(advice);
        }
        if self.data.classes() > network.classes() {
            let (expected, got) = (network.classes(), self.data.classes());
            let error = anyhow::anyhow!("the images are of {got} classes, but the network tells only {expected} apart");
            return Err(error).advice(advice);
        }
        Ok(())
    }

    /// Image number `index`.
    ///
    /// # Errors
    /// Where there is none: says how many there are.
    pub fn sample(&self, index: usize, network: &Network) -> anyhow::Result<Sample> {
        if index >= self.data.len() {
            let last = self.data.len() - 1;
            bail!("there is no image {index} among {}\n  choose a number from 0 to {last} with --image", self.title);
        }
        let label = usize::from(self.data.labels()[index]);
        let x = self.batch(&[index], network);
        Ok(Sample { title: format!("image {index} of {}", self.title), x, image_shape: self.data.image_shape(), label })
    }

    /// Some images as the network takes them: (N, input…).
    pub fn batch(&self, indices: &[usize], network: &Network) -> ArrayD<f32> {
        let (mut x, mut t) = (vec![0.0; indices.len() * self.data.image_len()], vec![0; indices.len()]);
        self.data.gather(indices, Scaling::Unit, &mut x, &mut t);
        let shape = [&[indices.len()], network.input_shape()].concat();
        ArrayD::from_shape_vec(IxDyn(&shape), x).expect("a network that takes such images")
    }
}
