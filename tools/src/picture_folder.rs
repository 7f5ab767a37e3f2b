//! A folder of PNG files as a data set.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use datasets::Dataset;

use crate::advice::Advice;
use crate::frame::{Framed, Ink, SIDE, framed};
use crate::picture::read_grey_png;

/// The pictures of a folder, brought into MNIST's frame.
#[derive(Debug)]
pub struct PictureFolder {
    /// The files, in the order of their names.
    pub files: Vec<PathBuf>,
    /// What each digit was drawn with.
    pub inks: Vec<Ink>,
    /// Whether subfolders tell what the digits are. Where they do not, the labels of `data` mean nothing.
    pub labelled: bool,
    /// The images.
    pub data: Dataset,
}

/// A file, and the class that its folder tells.
type Entry = (PathBuf, Option<u8>);

impl PictureFolder {
    /// Reads all PNG files of a folder; where there are none in it, those of its subfolders, whose names are the classes
    /// of their digits, from 0 to below `classes`. Other files, and what has a name that begins with a dot, are left out.
    ///
    /// # Errors
    /// Where a folder or picture cannot be read, a subfolder has another name, a picture shows nothing, or there is none.
    pub fn load(folder: &Path, classes: usize) -> anyhow::Result<PictureFolder> {
        let entries = find(folder, classes)?;
        let (mut pixels, mut inks) = (Vec::with_capacity(entries.len() * SIDE * SIDE), Vec::new());
        for (file, _) in &entries {
            let picture = read_grey_png(file).advice(|| "mend it, or take it out of the folder".to_owned())?;
            let Some(framed) = framed(picture.view()) else {
                let problem = anyhow!("there is nothing to see in the picture {}", file.display());
                return Err(problem).advice(|| "take it out of the folder".to_owned());
            };
            let Framed { pixels: image, ink } = framed;
            pixels.extend(image);
            inks.push(ink);
        }
        let labelled = entries.iter().all(|(_, label)| label.is_some());
        let labels = entries.iter().map(|(_, label)| label.unwrap_or(0)).collect();
        let data = Dataset::new(pixels, labels, [1, SIDE, SIDE], classes.min(256))?;
        Ok(PictureFolder { files: entries.into_iter().map(|(file, _)| file).collect(), inks, labelled, data })
    }

    /// How many pictures are drawn with this ink.
    pub fn count(&self, ink: Ink) -> usize {
        self.inks.iter().filter(|&&found| found == ink).count()
    }
}

fn find(folder: &Path, classes: usize) -> anyhow::Result<Vec<Entry>> {
    let (folders, files) = list(folder)?;
    if !files.is_empty() {
        return Ok(files.into_iter().map(|file| (file, None)).collect());
    }
    let mut found = Vec::new();
    for folder in folders {
        let label = label(&folder, classes)?;
        found.extend(list(&folder)?.1.into_iter().map(|file| (file, Some(label))));
    }
    if found.is_empty() {
        let last = classes.saturating_sub(1);
        let problem = anyhow!("there are no PNG files in {}, nor in folders 0 to {last} in it", folder.display());
        return Err(problem).advice(|| "name another folder, or a data set and its folder with --data-dir".to_owned());
    }
    Ok(found)
}

/// The folders and the PNG files in a folder, each in the order of their names.
fn list(folder: &Path) -> anyhow::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let reading = || format!("cannot read the folder {}", folder.display());
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            folders.push(path);
        } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("png")) {
            files.push(path);
        }
    }
    folders.sort();
    files.sort();
    Ok((folders, files))
}

/// The class that the name of a folder tells.
fn label(folder: &Path, classes: usize) -> anyhow::Result<u8> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let label = name.parse::<u8>().ok().filter(|label| label.to_string() == name);
    match label {
        Some(label) if usize::from(label) < classes => Ok(label),
        _ => bail!(
            "the folder {} is named after none of the classes, which are 0 to {}\n  name each folder of pictures after what \
             they show, or take it out",
            folder.display(),
            classes.saturating_sub(1)
        ),
    }
}
