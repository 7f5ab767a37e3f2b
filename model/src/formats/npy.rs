//! npy: one array of NumPy, a header that reads like Python and then the numbers.

use std::io::Read;

use super::array::row_major;
use super::element::{ByteOrder, Element, Values};
use super::error::FormatError;
use crate::params::MOST_AXES;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read; NumPy itself reads 10,000 characters.
const LONGEST_HEADER: usize = 10_000;
/// NumPy pads a header with spaces so that the numbers lie at a multiple of it.
const ALIGNMENT: usize = 64;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The number type: `"<f4"`.
    pub(super) descr: String,
    /// Column by column.
    fortran: bool,
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// Reads a header; the numbers follow.
    pub(super) fn read(name: &str, file: &mut impl Read) -> Result<Header, FormatError> {
        let damaged = |problem: &'static str| FormatError::Npy { name: name.to_string(), problem };
        let cut = |_| damaged("it ends within its header");
        let mut start = [0; 8];
        file.read_exact(&mut start).map_err(cut)?;
        let version = start.strip_prefix(MAGIC).ok_or(damaged("it does not begin as an array of NumPy does"))?;
        let len = match version {
            [1, _] => {
                let mut len = [0; 2];
                file.read_exact(&mut len).map_err(cut)?;
                usize::from(u16::from_le_bytes(len))
            }
            [2 | 3, _] => {
                let mut len = [0; 4];
                file.read_exact(&mut len).map_err(cut)?;
                u32::from_le_bytes(len) as usize
            }
            _ => return Err(damaged("its format version is none of 1, 2 and 3")),
        };
        if len > LONGEST_HEADER {
            return Err(damaged("its header is far too long"));
        }
        let mut text = vec![0; len];
        file.read_exact(&mut text).map_err(cut)?;
        let text = std::str::from_utf8(&text).map_err(|_| damaged("its header is no text"))?;
        let header = Literal(text).header().ok_or(damaged("its header is not the dictionary that it should be"))?;
        match header.shape.len() {
            count if count > MOST_AXES => Err(FormatError::Axes { count, most: MOST_AXES }),
            _ => Ok(header),
        }
    }

    /// The numbers that follow a header; at most `most` bytes of them.
    pub(super) fn values(
        &self,
        name: &str,
        file: &mut impl Read,
        most: usize,
    ) -> Result<(Element, Values), FormatError> {
        let (order, code) = self.descr.split_at(self.descr.len().min(1));
        let element = match code {
            "f8" => Element::F64,
            "f4" => Element::F32,
            "f2" => Element::F16,
            _ => return Err(FormatError::Element { name: name.to_string(), found: self.descr.clone() }),
        };
        let order = if order == ">" { ByteOrder::Big } else { ByteOrder::Little };
        let len = self.shape.iter().try_fold(element.size(), |a, &b| a.checked_mul(b));
        let Some(len) = len.filter(|&len| len <= most) else {
            return Err(FormatError::TooLarge { name: name.to_string(), shape: self.shape.clone() });
        };
        let bytes = content(name, file, len)?;
        if bytes.len() != len {
            let (name, shape, found) = (name.to_string(), self.shape.clone(), bytes.len());
            return Err(FormatError::Bytes { name, shape, element, found });
        }
        let values = match element.decode(&bytes, order) {
            Values::F32(values) if self.fortran => Values::F32(row_major(&values, &self.shape)),
            Values::F64(values) if self.fortran => Values::F64(row_major(&values, &self.shape)),
            values => values,
        };
        Ok((element, values))
    }

    /// The text that follows a header `<U…`.
    pub(super) fn text(&self, name: &str, file: &mut impl Read, most: usize) -> Result<String, FormatError> {
        let damaged = |problem: &'static str| FormatError::Npy { name: name.to_string(), problem };
        let len = self.descr.strip_prefix("<U").and_then(|len| len.parse::<usize>().ok());
        let len = len.and_then(|len| len.checked_mul(4)).filter(|&len| len <= most && self.shape.is_empty());
        let bytes = content(name, file, len.ok_or(damaged("it is not one text"))?)?;
        let (chars, _) = bytes.as_chunks::<4>();
        let text: Option<String> = chars.iter().map(|&bytes| char::from_u32(u32::from_le_bytes(bytes))).collect();
        text.ok_or(damaged("it is no text"))
    }
}

/// As many bytes, or all that there are; one more, and with it the checksum of the archive is verified.
fn content(name: &str, file: &mut impl Read, len: usize) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    let read = file.take(len as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| FormatError::Archive { problem: format!("{name}: {error}") })?;
    Ok(bytes)
}

/// An array of this shape with these values, row by row.
pub(super) fn array(shape: &[usize], element: Element, values: &Values) -> Vec<u8> {
    let descr = match element {
        Element::F64 => "<f8",
        Element::F32 => "<f4",
        Element::F16 => "<f2",
        Element::Bf16 => panic!("NumPy has no bf16"),
    };
    let mut bytes = header(descr, shape);
    element.encode(values, &mut bytes);
    bytes
}

/// A text as an array without axes.
pub(super) fn text(text: &str) -> Vec<u8> {
    let mut bytes = header(&format!("<U{}", text.chars().count()), &[]);
    text.chars().for_each(|c| bytes.extend(u32::from(c).to_le_bytes()));
    bytes
}

fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    // A tuple of one has a comma in Python.
    let sizes: Vec<_> = shape.iter().map(usize::to_string).collect();
    let sizes = sizes.join(", ") + if shape.len() == 1 { "," } else { "" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Magic, version, length, and a line break at the end.
    let len = (MAGIC.len() + 2 + 2 + text.len() + 1).next_multiple_of(ALIGNMENT) - (MAGIC.len() + 2 + 2);
    let mut bytes = [MAGIC, &[1, 0], &(len as u16).to_le_bytes()].concat();
    bytes.extend(format!("{text:<width$}\n", width = len - 1).bytes());
    bytes
}

/// What is left of a dictionary as Python writes it.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    /// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, its entries in any order.
    fn header(mut self) -> Option<Header> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.token("{")?;
        while self.token("}").is_none() {
            let key = self.string()?;
            self.token(":")?;
            match key {
                "descr" => descr = Some(self.descr()?),
                "fortran_order" => fortran = Some(self.truth()?),
                "shape" => shape = Some(self.sizes()?),
                _ => return None,
            }
            if self.token(",").is_none() {
                self.token("}")?;
                break;
            }
        }
        let end = self.0.trim().is_empty();
        end.then_some(Header { descr: descr?, fortran: fortran?, shape: shape? })
    }

    fn token(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = if self.token("'").is_some() { '\'' } else { self.token("\"").map(|()| '"')? };
        let (string, rest) = self.0.split_once(quote)?;
        self.0 = rest;
        Some(string)
    }

    /// A plain type, or a list: a compound one, which is only named.
    fn descr(&mut self) -> Option<String> {
        if self.token("[").is_some() {
            let (_, rest) = self.0.rsplit_once(']')?;
            self.0 = rest;
            return Some("a compound".to_string());
        }
        self.string().map(str::to_string)
    }

    fn truth(&mut self) -> Option<bool> {
        if self.token("True").is_some() { Some(true) } else { self.token("False").map(|()| false) }
    }

    fn sizes(&mut self) -> Option<Vec<usize>> {
        let mut sizes = Vec::new();
        self.token("(")?;
        while self.token(")").is_none() {
            let text = self.0.trim_start();
            let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
            sizes.push(number.parse().ok()?);
            // Python 2 writes 4320L.
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            if self.token(",").is_none() {
                self.token(")")?;
                break;
            }
        }
        Some(sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them() {
        let header = |text: &str| Literal(text).header();
        let expected = |descr: &str, fortran, shape: &[usize]| {
            Some(Header { descr: descr.to_string(), fortran, shape: shape.to_vec() })
        };
        assert_eq!(
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n"),
            expected("<f8", false, &[3, 4])
        );
        assert_eq!(header("{\"shape\":(5,),\"descr\":\">f4\",\"fortran_order\":True}"), expected(">f4", true, &[5]));
        assert_eq!(header("{'descr': '<f2', 'fortran_order': False, 'shape': (), }"), expected("<f2", false, &[]));
        assert_eq!(
            header("{'descr': '<f2', 'fortran_order': False, 'shape': (3L, 4L), }"),
            expected("<f2", false, &[3, 4])
        );
        assert_eq!(
            header("{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,), }"),
            expected("a compound", false, &[2])
        );
        for wrong in [
            "",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3 4), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,), }",
            "{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1, }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), } x",
        ] {
            assert_eq!(header(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_header_is_padded_as_numpy_pads_it() {
        for shape in [&[][..], &[7], &[3, 4], &[123_456_789; 8]] {
            let bytes = array(shape, Element::F32, &Values::F32(vec![]));
            assert!(bytes.len().is_multiple_of(64) && bytes.ends_with(b"\n"), "{shape:?}");
            let header = Header::read("x", &mut &bytes[..]).unwrap();
            assert_eq!(header, Header { descr: "<f4".to_string(), fortran: false, shape: shape.to_vec() });
        }
    }
}
