//! A folder of pictures as a data set.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use model::datasets::Dataset;
use png::{BitDepth, ColorType, Decoder, Transformations};

/// The pictures in `folder`, and the names of their classes: those of the folders in it, in the order of the alphabet.
pub fn read(folder: &Path) -> Result<(Vec<String>, Dataset), Box<dyn Error>> {
    let (mut pixels, mut labels, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let mut first: Option<(PathBuf, [usize; 3])> = None;
    for class in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let label = u8::try_from(names.len()).map_err(|_| "more than 256 classes")?;
        names.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
        for path in entries(&class)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "png")) {
            let (shape, image) = read_png(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let (first_path, expected) = first.get_or_insert_with(|| (path.clone(), shape));
            if shape != *expected {
                let (path, first) = (path.display(), first_path.display());
                return Err(format!("{path} has the shape {shape:?}, but {first} has {expected:?}").into());
            }
            pixels.extend(image);
            labels.push(label);
        }
    }
    let Some((_, shape)) = first else {
        return Err(format!("no PNG files in the folders in {}", folder.display()).into());
    };
    let data = Dataset::new(pixels, labels, shape, names.len())?;
    Ok((names, data))
}

/// What is in a folder, sorted: the same on every machine.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut entries: Vec<_> = entries.map_err(|error: io::Error| format!("{}: {error}", folder.display()))?;
    entries.sort();
    Ok(entries)
}

/// The shape [channels, height, width] of a picture, and its bytes in that order.
fn read_png(path: &Path) -> Result<([usize; 3], Vec<u8>), Box<dyn Error>> {
    let mut decoder = Decoder::new(BufReader::new(File::open(path)?));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().ok_or("too large for this machine")?];
    let info = reader.next_frame(&mut bytes)?;
    let channels = match (info.color_type, info.bit_depth) {
        (ColorType::Grayscale, BitDepth::Eight) => 1,
        (ColorType::Rgb, BitDepth::Eight) => 3,
        (other, _) => return Err(format!("{other:?} is not read here; store it as grey or RGB").into()),
    };
    let (height, width) = (info.height as usize, info.width as usize);
    // A file has the channels of a pixel side by side, a network has channel after channel.
    let planes = (0..channels).flat_map(|channel| bytes.iter().skip(channel).step_by(channels).copied());
    Ok(([channels, height, width], planes.take(channels * height * width).collect()))
}
