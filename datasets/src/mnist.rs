//! MNIST and Fashion-MNIST: what their files are, and how to load them.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::checksum;
use crate::dataset::{Dataset, Part, Splits};
use crate::error::Error;
use crate::idx::{self, Elements, Idx};

/// A data set in the format of MNIST: four files, training and test images and their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MnistKind {
    /// Handwritten digits (LeCun, Cortes, Burges): 60,000 training and 10,000 test images, 28×28, 10 classes.
    Mnist,
    /// Pictures of clothes (Xiao, Rasul, Vollgraf, 2017) in the very same format.
    FashionMnist,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Images: unsigned bytes of the shape (N, H, W).
    Images,
    /// Labels: unsigned bytes of the shape (N).
    Labels,
}

/// One file of a data set, as it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MnistFile {
    /// The name it is published under: `train-images-idx3-ubyte.gz`, …
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: &'static str,
    /// Which part it belongs to.
    pub part: Part,
    /// What is in it.
    pub content: Content,
    /// How many images or labels.
    pub count: usize,
}

impl MnistKind {
    /// Both.
    pub const ALL: [MnistKind; 2] = [MnistKind::Mnist, MnistKind::FashionMnist];

    /// Its name on a command line and as a folder: `mnist`, `fashion-mnist`.
    pub fn name(self) -> &'static str {
        match self {
            MnistKind::Mnist => "mnist",
            MnistKind::FashionMnist => "fashion-mnist",
        }
    }

    /// The environment variable that names the folder of its files.
    pub fn environment_variable(self) -> &'static str {
        match self {
            MnistKind::Mnist => "MNIST_DIR",
            MnistKind::FashionMnist => "FASHION_MNIST_DIR",
        }
    }

    /// The command that downloads it.
    pub fn fetch_command(self) -> &'static str {
        match self {
            MnistKind::Mnist => "cargo xtask fetch-mnist",
            MnistKind::FashionMnist => "cargo xtask fetch-mnist --dataset fashion-mnist",
        }
    }

    /// Its four files.
    pub fn files(self) -> &'static [MnistFile; 4] {
        match self {
            MnistKind::Mnist => &MNIST_FILES,
            MnistKind::FashionMnist => &FASHION_MNIST_FILES,
        }
    }

    /// Where its files are published, in the order in which to try. Each is followed by a file's name.
    pub fn mirrors(self) -> &'static [&'static str] {
        match self {
            MnistKind::Mnist => &[
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://raw.githubusercontent.com/fgnt/mnist/master/",
            ],
            // The last has no TLS; the checksums make up for it.
            MnistKind::FashionMnist => &[
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ],
        }
    }

    /// The names of its ten classes.
    pub fn class_names(self) -> &'static [&'static str; 10] {
        match self {
            MnistKind::Mnist => &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            MnistKind::FashionMnist => {
                &["t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
            }
        }
    }
}

impl fmt::Display for MnistKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MnistKind::Mnist => "MNIST",
            MnistKind::FashionMnist => "Fashion-MNIST",
        })
    }
}

impl FromStr for MnistKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = MnistKind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| Error::UnknownName { name: name.to_string() })
    }
}

impl MnistFile {
    /// The names under which the file is accepted: compressed or not, spelled `-idx3-ubyte` as published or
    /// `.idx3-ubyte` as some programs unpack it.
    pub fn spellings(&self) -> [String; 4] {
        let dotted = self.name.replace("-idx", ".idx");
        let raw = |name: &str| name.trim_end_matches(".gz").to_string();
        [self.name.to_string(), raw(self.name), dotted.clone(), raw(&dotted)]
    }

    /// The first of the accepted spellings that stands in a folder.
    pub fn path_in(&self, dir: &Path) -> Option<PathBuf> {
        self.spellings().into_iter().map(|name| dir.join(name)).find(|path| path.symlink_metadata().is_ok())
    }

    /// Whether a path ends in one of the spellings of the compressed file: the one that has a published checksum.
    pub fn is_compressed(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "gz")
    }

    /// Checks that the file at `path` is, byte for byte, the published one.
    ///
    /// # Errors
    /// If it cannot be read, or its length or SHA-256 differs.
    pub fn verify(&self, path: &Path) -> Result<(), Error> {
        let io = |problem| Error::Io { path: path.to_path_buf(), problem };
        let found = plain_file_len(path)?;
        if found != self.bytes {
            return Err(Error::FileSize { path: path.to_path_buf(), expected: self.bytes, found });
        }
        let found = checksum::sha256(fs::File::open(path).map_err(io)?).map_err(io)?;
        if found != self.sha256 {
            return Err(Error::Checksum { path: path.to_path_buf(), expected: self.sha256, found });
        }
        Ok(())
    }

    /// Reads the file at `path` and checks that it is what its name says: images of `(N, H, W)` bytes, or labels of
    /// `(N)` bytes below 10.
    ///
    /// # Errors
    /// If it is not.
    pub fn read(&self, path: &Path) -> Result<Idx, Error> {
        let bytes = read_plain_file(path)?;
        let array = idx::parse(&bytes).map_err(|problem| Error::Idx { path: path.to_path_buf(), problem })?;
        let (rank, expected) = match self.content {
            Content::Images => (3, "images (unsigned bytes of 3 axes)"),
            Content::Labels => (1, "labels (unsigned bytes of 1 axis)"),
        };
        let Elements::U8(values) = &array.elements else {
            return Err(Error::WrongKind { path: path.to_path_buf(), expected, found: describe(&array) });
        };
        if array.shape.len() != rank {
            return Err(Error::WrongKind { path: path.to_path_buf(), expected, found: describe(&array) });
        }
        if values.is_empty() {
            return Err(Error::NoImages { path: path.to_path_buf(), shape: array.shape });
        }
        if let (Content::Labels, Some(position)) = (self.content, values.iter().position(|&label| label >= CLASSES)) {
            let path = path.to_path_buf();
            return Err(Error::LabelInFile { path, label: values[position], position, classes: usize::from(CLASSES) });
        }
        Ok(array)
    }
}

/// Loads the four files from a folder, under any of their accepted spellings.
///
/// Headers, lengths, gzip checksums, labels and counts are verified; nothing has to have the published number of
/// images, so a smaller set in the same format loads as well.
///
/// # Errors
/// If a file is missing or damaged, or the files do not belong together.
pub fn load(kind: MnistKind, dir: &Path) -> Result<Splits, Error> {
    let paths = crate::find::complete(kind, dir, crate::error::NamedBy::Caller)?;
    let [train_images, train_labels, test_images, test_labels] = kind.files();
    let train = load_part(&paths[0..2], train_images, train_labels)?;
    let test = load_part(&paths[2..4], test_images, test_labels)?;
    let ([_, train_h, train_w], [_, test_h, test_w]) = (train.image_shape(), test.image_shape());
    if [train_h, train_w] != [test_h, test_w] {
        return Err(Error::SizeMismatch { dir: dir.to_path_buf(), train: [train_h, train_w], test: [test_h, test_w] });
    }
    Ok(Splits { train, test })
}

const CLASSES: u8 = 10;

fn load_part(paths: &[PathBuf], images: &MnistFile, labels: &MnistFile) -> Result<Dataset, Error> {
    let label_array = labels.read(&paths[1])?;
    let image_array = images.read(&paths[0])?;
    let (Elements::U8(pixels), Elements::U8(label_bytes)) = (image_array.elements, label_array.elements) else {
        unreachable!("read() lets unsigned bytes pass only");
    };
    let &[count, height, width] = image_array.shape.as_slice() else {
        unreachable!("read() lets images of three axes pass only");
    };
    if count != label_bytes.len() {
        return Err(Error::CountMismatch {
            images_path: paths[0].clone(),
            images: count,
            labels_path: paths[1].clone(),
            labels: label_bytes.len(),
        });
    }
    Dataset::new(pixels, label_bytes, [1, height, width], usize::from(CLASSES))
}

/// Reads a file, unless it is a folder, pipe or device, or longer than any file within the limits.
fn read_plain_file(path: &Path) -> Result<Vec<u8>, Error> {
    let found = plain_file_len(path)?;
    // An array at the limit, its header, and what gzip adds where it cannot compress.
    let most = idx::LIMIT + (1 << 20);
    if found > most {
        return Err(Error::FileTooLong { path: path.to_path_buf(), most, found });
    }
    let io = |problem| Error::Io { path: path.to_path_buf(), problem };
    let file = fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    (&file).take(idx::LONGEST_HEADER).read_to_end(&mut bytes).map_err(io)?;
    idx::check_beginning(&bytes, found).map_err(|problem| Error::Idx { path: path.to_path_buf(), problem })?;
    // A file that grows meanwhile is read as long as it was.
    file.take(found.saturating_sub(bytes.len() as u64)).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

fn plain_file_len(path: &Path) -> Result<u64, Error> {
    let metadata = fs::metadata(path).map_err(|problem| Error::Io { path: path.to_path_buf(), problem })?;
    // A pipe would block on opening, a folder would fail with a message of the system's.
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.to_path_buf() });
    }
    Ok(metadata.len())
}

fn describe(array: &Idx) -> String {
    let element = array.elements.element_type();
    let what = match (element, array.shape.len()) {
        (idx::ElementType::U8, 3) => "images",
        (idx::ElementType::U8, 1) => "labels",
        _ => "an array",
    };
    let axes = if array.shape.len() == 1 { "axis" } else { "axes" };
    format!("{what} ({} of {} {axes})", element.name(), array.shape.len())
}

const fn file(
    name: &'static str,
    bytes: u64,
    sha256: &'static str,
    part: Part,
    content: Content,
    count: usize,
) -> MnistFile {
    MnistFile { name, bytes, sha256, part, content, count }
}

const MNIST_FILES: [MnistFile; 4] = [
    file(
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        Part::Train,
        Content::Images,
        60_000,
    ),
    file(
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        Part::Train,
        Content::Labels,
        60_000,
    ),
    file(
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        Part::Test,
        Content::Images,
        10_000,
    ),
    file(
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        Part::Test,
        Content::Labels,
        10_000,
    ),
];

const FASHION_MNIST_FILES: [MnistFile; 4] = [
    file(
        "train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        Part::Train,
        Content::Images,
        60_000,
    ),
    file(
        "train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        Part::Train,
        Content::Labels,
        60_000,
    ),
    file(
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        Part::Test,
        Content::Images,
        10_000,
    ),
    file(
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        Part::Test,
        Content::Labels,
        10_000,
    ),
];
