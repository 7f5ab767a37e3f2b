//! npz: arrays of NumPy in a zip archive, as `numpy.savez` and `numpy.savez_compressed` write it and `numpy.load` reads it.
//!
//! The description of the network is one more array, `network`, of one text: `str(numpy.load("params.npz")["network"])`.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::array::NamedArray;
use super::description::{KEY, from_text, to_text};
use super::element::Element;
use super::error::FormatError;
use super::npy::{self, Header};
use crate::spec::NetworkSpec;

/// How many bytes may come out of one, in a compressed file: weights are packed to a tenth at best, but zeros to a
/// thousandth.
const MOST_UNPACKED: usize = 64;
/// So much may come out of any file, however small.
const ALWAYS_UNPACKED: usize = 16 << 20;

/// The arrays in a file, in its order, and the description of their network where there is one.
///
/// # Errors
/// Where the file is damaged, or an array does not hold floating-point numbers.
pub fn read(bytes: &[u8]) -> Result<(Option<NetworkSpec>, Vec<NamedArray>), FormatError> {
    let archive = |error: zip::result::ZipError| FormatError::Archive { problem: error.to_string() };
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(archive)?;
    let mut left = bytes.len().saturating_mul(MOST_UNPACKED).max(ALWAYS_UNPACKED);
    let (mut network, mut arrays, mut names) = (None, Vec::new(), BTreeSet::new());
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(archive)?;
        let name = entry.name().map_err(archive)?.into_owned();
        let name = match name.strip_suffix(".npy") {
            Some(name) => name.to_string(),
            None => return Err(FormatError::Npy { name, problem: "its name does not end in .npy" }),
        };
        if !names.insert(name.clone()) {
            return Err(FormatError::Twice { name });
        }
        let header = Header::read(&name, &mut entry)?;
        if name == KEY && header.descr.starts_with("<U") {
            network = Some(from_text(&header.text(&name, &mut entry, left)?)?);
            continue;
        }
        let (element, values) = header.values(&name, &mut entry, left)?;
        left -= values.len() * element.size();
        arrays.push(NamedArray { name, shape: header.shape, element, values });
    }
    Ok((network, arrays))
}

/// The file with these arrays, whose numbers are stored as `element`, and the description of their network. Nothing is
/// compressed, as in `numpy.savez`: weights hardly become smaller.
///
/// # Panics
/// Where `element` is [`Element::Bf16`], which NumPy does not have.
pub fn write(arrays: &[NamedArray], element: Element, network: &NetworkSpec) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &[u8]| {
        // Entries of more than 4 GiB are written in another way.
        let options = options.large_file(u32::try_from(content.len()).is_err());
        zip.start_file(format!("{name}.npy"), options).and_then(|()| Ok(zip.write_all(content)?)).expect("into memory");
    };
    for array in arrays {
        add(&array.name, &npy::array(&array.shape, element, &array.values));
    }
    add(KEY, &npy::text(&to_text(network)));
    zip.finish().expect("into memory").into_inner()
}
