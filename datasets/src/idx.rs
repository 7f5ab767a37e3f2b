//! The IDX format: the file format of MNIST, an array of any rank and of six element types.
//!
//! ```text
//! bytes   0, 0        always zero
//! byte    type        0x08 u8, 0x09 i8, 0x0B i16, 0x0C i32, 0x0D f32, 0x0E f64
//! byte    rank        number of axes
//! u32     size        one for each axis, the slowest first
//! ...     elements    row-major
//! ```
//!
//! All numbers are big-endian. (Source: the description on the page where MNIST was first published.)
//!
//! Everything here works on bytes in memory. What the header promises is compared with what is there before anything is
//! allocated, so a hostile header costs nothing.

use std::cmp::Ordering;
use std::io::Read;

use byteorder::{BigEndian, ReadBytesExt};

#[cfg(feature = "gzip")]
mod compressed;

/// The most bytes of elements that [`parse`] agrees to hold: 1 GiB, twice the largest of MNIST's cousins.
pub const LIMIT: u64 = 1 << 30;

/// Why bytes are not an IDX file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first two bytes are not zero.
    #[error("not an IDX file: it starts with {}{}", hex(first), what_it_looks_like(first))]
    Magic {
        /// The first bytes, four at most.
        first: Vec<u8>,
    },
    /// The third byte is none of the element types.
    #[error("not an IDX file: 0x{code:02x} is none of the element types 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e")]
    ElementType {
        /// The third byte.
        code: u8,
    },
    /// The bytes end within the header.
    #[error("cut short: the header needs {needed} bytes, there are {found}")]
    HeaderCutShort {
        /// Length of the header.
        needed: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The sizes in the header multiply to more than [`LIMIT`].
    #[error(
        "the header promises {} elements of {element_bytes} bytes, more than the limit of {LIMIT} bytes",
        brief(shape)
    )]
    TooLarge {
        /// The sizes in the header.
        shape: Vec<usize>,
        /// Bytes of one element.
        element_bytes: usize,
    },
    /// Fewer elements than the header promises.
    #[error("cut short: the header promises {promised} bytes of elements for the shape {}, {}", brief(shape), there_is(*found))]
    CutShort {
        /// The sizes in the header.
        shape: Vec<usize>,
        /// Bytes of all elements together.
        promised: u64,
        /// Bytes that are there, where that is known.
        found: Option<u64>,
    },
    /// More bytes than the header promises.
    #[error("bytes after the end: the header promises {promised} bytes of elements for the shape {}", brief(shape))]
    TrailingBytes {
        /// The sizes in the header.
        shape: Vec<usize>,
        /// Bytes of all elements together.
        promised: u64,
    },
    /// Bytes follow the compressed data.
    #[error("{count} bytes after the end of the gzip data")]
    AfterGzip {
        /// How many.
        count: usize,
    },
    /// The gzip data end too early.
    #[error("cut short: the gzip data end too early")]
    GzipCutShort,
    /// The bytes are compressed, and the feature that decodes them is missing.
    #[error(
        "compressed by gzip, which the feature `gzip` of the crate datasets reads: switch it on, or decompress the file"
    )]
    NoGzip,
    /// The gzip data do not decode, or their checksum is wrong.
    #[error("damaged: {problem}")]
    Gzip {
        /// What the decoder said.
        problem: std::io::Error,
    },
    /// There is not enough memory.
    #[error("not enough memory for {bytes} bytes")]
    Memory {
        /// How many were asked for.
        bytes: u64,
    },
}

/// The type of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// Unsigned byte, 0x08.
    U8,
    /// Signed byte, 0x09.
    I8,
    /// 16-bit integer, 0x0B.
    I16,
    /// 32-bit integer, 0x0C.
    I32,
    /// Single precision, 0x0D.
    F32,
    /// Double precision, 0x0E.
    F64,
}

impl ElementType {
    /// The type that the third byte of a file names.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => ElementType::U8,
            0x09 => ElementType::I8,
            0x0B => ElementType::I16,
            0x0C => ElementType::I32,
            0x0D => ElementType::F32,
            0x0E => ElementType::F64,
            _ => return None,
        })
    }

    /// The third byte of a file of this type.
    pub fn code(self) -> u8 {
        match self {
            ElementType::U8 => 0x08,
            ElementType::I8 => 0x09,
            ElementType::I16 => 0x0B,
            ElementType::I32 => 0x0C,
            ElementType::F32 => 0x0D,
            ElementType::F64 => 0x0E,
        }
    }

    /// Bytes of one element.
    pub fn bytes(self) -> usize {
        match self {
            ElementType::U8 | ElementType::I8 => 1,
            ElementType::I16 => 2,
            ElementType::I32 | ElementType::F32 => 4,
            ElementType::F64 => 8,
        }
    }

    /// Its name in words: "unsigned bytes", …
    pub fn name(self) -> &'static str {
        match self {
            ElementType::U8 => "unsigned bytes",
            ElementType::I8 => "signed bytes",
            ElementType::I16 => "16-bit integers",
            ElementType::I32 => "32-bit integers",
            ElementType::F32 => "32-bit floats",
            ElementType::F64 => "64-bit floats",
        }
    }
}

/// The elements of an array, row-major.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Elements {
    U8(Vec<u8>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Elements {
    /// The type of the elements.
    pub fn element_type(&self) -> ElementType {
        match self {
            Elements::U8(_) => ElementType::U8,
            Elements::I8(_) => ElementType::I8,
            Elements::I16(_) => ElementType::I16,
            Elements::I32(_) => ElementType::I32,
            Elements::F32(_) => ElementType::F32,
            Elements::F64(_) => ElementType::F64,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Elements::U8(values) => values.len(),
            Elements::I8(values) => values.len(),
            Elements::I16(values) => values.len(),
            Elements::I32(values) => values.len(),
            Elements::F32(values) => values.len(),
            Elements::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the first bytes of a file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The type of the elements.
    pub element: ElementType,
    /// The size of each axis, the slowest first.
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads the header from the beginning of uncompressed bytes.
    ///
    /// # Errors
    /// If the bytes do not begin with a whole and possible header.
    pub fn parse(bytes: &[u8]) -> Result<Self, IdxError> {
        let [zero_0, zero_1, code, rank] = *bytes.first_chunk::<4>().ok_or_else(|| too_short(bytes))?;
        if [zero_0, zero_1] != [0, 0] {
            return Err(IdxError::Magic { first: bytes[..4].to_vec() });
        }
        let element = ElementType::from_code(code).ok_or(IdxError::ElementType { code })?;
        let needed = 4 + 4 * usize::from(rank);
        let sizes = bytes.get(4..needed).ok_or(IdxError::HeaderCutShort { needed, found: bytes.len() })?;
        let shape = sizes.chunks_exact(4).map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize);
        let header = Header { element, shape: shape.collect() };
        header.data_bytes().map(|_| header)
    }

    /// Bytes of the header itself.
    pub fn bytes(&self) -> usize {
        4 + 4 * self.shape.len()
    }

    /// Bytes of all elements together: the product of the shape and the element's size, if that is within [`LIMIT`].
    fn data_bytes(&self) -> Result<u64, IdxError> {
        let mut product = self.element.bytes() as u64;
        // A size of zero anywhere makes the array empty, whatever the other sizes are.
        if self.shape.contains(&0) {
            return Ok(0);
        }
        for &size in &self.shape {
            product = match product.checked_mul(size as u64) {
                Some(product) if product <= LIMIT => product,
                _ => {
                    return Err(IdxError::TooLarge { shape: self.shape.clone(), element_bytes: self.element.bytes() });
                }
            };
        }
        Ok(product)
    }
}

/// An array from an IDX file.
#[derive(Debug, Clone, PartialEq)]
pub struct Idx {
    /// The size of each axis, the slowest first; their product is the number of elements.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub elements: Elements,
}

/// Reads a whole IDX file from memory, compressed by gzip or not; the first bytes tell which.
///
/// Nothing may follow the elements. Of gzip data the checksum and the length are verified.
///
/// # Errors
/// If the bytes are not one whole IDX file, or its elements take more than [`LIMIT`] bytes.
///
/// # Example
/// ```
/// use datasets::idx::{Elements, parse};
///
/// let bytes = [0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60];
/// let array = parse(&bytes)?;
/// assert_eq!(array.shape, [2, 3]);
/// assert_eq!(array.elements, Elements::U8(vec![10, 20, 30, 40, 50, 60]));
/// # Ok::<(), datasets::idx::IdxError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Idx, IdxError> {
    if bytes.is_empty() {
        return Err(IdxError::Empty);
    }
    if is_gzip(bytes) { compressed::parse(bytes) } else { parse_raw(bytes) }
}

/// The IDX file of an array of bytes, uncompressed: what [`parse`] reads back.
///
/// # Panics
/// If the shape does not multiply to the number of bytes, has more than 255 axes, or a size beyond `u32`.
pub fn encode_bytes(shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    assert_eq!(shape.iter().product::<usize>(), bytes.len(), "the shape {shape:?} asks for another number of bytes");
    let rank = u8::try_from(shape.len()).expect("an IDX file has at most 255 axes");
    let mut file = vec![0, 0, ElementType::U8.code(), rank];
    for &size in shape {
        file.extend_from_slice(&u32::try_from(size).expect("a size of an IDX file fits into 32 bits").to_be_bytes());
    }
    file.extend_from_slice(bytes);
    file
}

/// The most bytes of a header: 255 axes.
pub(crate) const LONGEST_HEADER: u64 = 4 + 4 * 255;

/// Refuses a file by its first [`LONGEST_HEADER`] bytes and its length, before the rest is read. (What gzip data hold is
/// known only when they are decoded.)
pub(crate) fn check_beginning(first: &[u8], length: u64) -> Result<(), IdxError> {
    match first.is_empty() || is_gzip(first) {
        true => Ok(()),
        false => raw_header(first, length).map(drop),
    }
}

/// The header of uncompressed bytes, and how many bytes of elements follow: as many as it promises.
fn raw_header(first: &[u8], length: u64) -> Result<(Header, u64), IdxError> {
    let header = Header::parse(first)?;
    let promised = header.data_bytes()?;
    let found = length - header.bytes() as u64;
    match found.cmp(&promised) {
        Ordering::Less => Err(IdxError::CutShort { shape: header.shape, promised, found: Some(found) }),
        Ordering::Greater => Err(IdxError::TrailingBytes { shape: header.shape, promised }),
        Ordering::Equal => Ok((header, promised)),
    }
}

fn parse_raw(bytes: &[u8]) -> Result<Idx, IdxError> {
    let (header, promised) = raw_header(bytes, bytes.len() as u64)?;
    let data = &bytes[header.bytes()..];
    let elements = read_elements(&header, promised, data).map_err(|failure| match failure {
        ReadFailure::Memory => IdxError::Memory { bytes: promised },
        ReadFailure::Io(problem) => IdxError::Gzip { problem },
    })?;
    Ok(Idx { shape: header.shape, elements })
}

/// Whether the bytes begin as gzip does.
fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

#[cfg(not(feature = "gzip"))]
mod compressed {
    pub(super) fn parse(_: &[u8]) -> Result<super::Idx, super::IdxError> {
        Err(super::IdxError::NoGzip)
    }
}

fn too_short(bytes: &[u8]) -> IdxError {
    match bytes {
        [0, 0, ..] | [0] => IdxError::HeaderCutShort { needed: 4, found: bytes.len() },
        _ => IdxError::Magic { first: bytes.to_vec() },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn what_it_looks_like(first: &[u8]) -> &'static str {
    match first {
        [b'<', ..] => " and looks like a web page",
        [0x50, 0x4b, ..] => " and looks like a zip archive",
        [0x89, b'P', ..] => " and looks like a PNG picture",
        _ => "",
    }
}

/// A shape for a message; there may be 255 axes.
fn brief(shape: &[usize]) -> String {
    match shape {
        [first, second, third, .., last] if shape.len() > 6 => {
            format!("[{first}, {second}, {third}, …, {last}] of {} axes", shape.len())
        }
        _ => format!("{shape:?}"),
    }
}

fn there_is(found: Option<u64>) -> String {
    match found {
        Some(found) => format!("there are {found}"),
        None => "which the file is too short to hold".to_string(),
    }
}

enum ReadFailure {
    Memory,
    Io(std::io::Error),
}

fn read_elements(header: &Header, promised: u64, mut reader: impl Read) -> Result<Elements, ReadFailure> {
    let count = (promised / header.element.bytes() as u64) as usize;
    let io = ReadFailure::Io;
    Ok(match header.element {
        ElementType::U8 => {
            let mut values = zeros(count)?;
            reader.read_exact(&mut values).map_err(io)?;
            Elements::U8(values)
        }
        ElementType::I8 => {
            let mut values = zeros(count)?;
            reader.read_i8_into(&mut values).map_err(io)?;
            Elements::I8(values)
        }
        ElementType::I16 => {
            let mut values = zeros(count)?;
            reader.read_i16_into::<BigEndian>(&mut values).map_err(io)?;
            Elements::I16(values)
        }
        ElementType::I32 => {
            let mut values = zeros(count)?;
            reader.read_i32_into::<BigEndian>(&mut values).map_err(io)?;
            Elements::I32(values)
        }
        ElementType::F32 => {
            let mut values = zeros(count)?;
            reader.read_f32_into::<BigEndian>(&mut values).map_err(io)?;
            Elements::F32(values)
        }
        ElementType::F64 => {
            let mut values = zeros(count)?;
            reader.read_f64_into::<BigEndian>(&mut values).map_err(io)?;
            Elements::F64(values)
        }
    })
}

fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, ReadFailure> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| ReadFailure::Memory)?;
    values.resize(count, T::default());
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The header of an array of some sizes.
    fn header(code: u8, sizes: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, sizes.len() as u8];
        sizes.iter().for_each(|size| bytes.extend_from_slice(&size.to_be_bytes()));
        bytes
    }

    fn with_elements(code: u8, sizes: &[u32], elements: &[u8]) -> Vec<u8> {
        [header(code, sizes), elements.to_vec()].concat()
    }

    fn message(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn every_element_type_is_read_big_endian() {
        let cases = [
            (0x08, vec![0x01, 0xff], Elements::U8(vec![1, 255])),
            (0x09, vec![0x01, 0xff], Elements::I8(vec![1, -1])),
            (0x0B, vec![0x01, 0x02, 0xff, 0xfe], Elements::I16(vec![258, -2])),
            (0x0C, vec![0, 0, 1, 0, 0xff, 0xff, 0xff, 0xfd], Elements::I32(vec![256, -3])),
            (0x0D, [1.5f32.to_be_bytes(), (-0.25f32).to_be_bytes()].concat(), Elements::F32(vec![1.5, -0.25])),
            (0x0E, [1e300f64.to_be_bytes(), (-2.5f64).to_be_bytes()].concat(), Elements::F64(vec![1e300, -2.5])),
        ];
        for (code, bytes, elements) in cases {
            let file = with_elements(code, &[2], &bytes);
            let expected = Idx { shape: vec![2], elements };
            assert_eq!(parse(&file).unwrap(), expected);
            assert_eq!(parse(&gzipped(&file)).unwrap(), expected);
            assert_eq!(expected.elements.element_type().code(), code);
            assert_eq!(expected.elements.element_type().bytes() * expected.elements.len(), bytes.len());
        }
    }

    #[test]
    fn every_rank_is_read() {
        for rank in [0, 1, 2, 5, 255] {
            let shape = vec![1; rank];
            let array = parse(&encode_bytes(&shape, &[7])).unwrap();
            assert_eq!((array.shape, array.elements), (shape, Elements::U8(vec![7])));
        }
        let array = parse(&encode_bytes(&[3, 0, 2], &[])).unwrap();
        assert_eq!((array.shape.as_slice(), array.elements.is_empty()), ([3, 0, 2].as_slice(), true));
    }

    #[test]
    fn what_is_no_idx_file_is_told_as_what_it_is() {
        assert_eq!(message(b""), "the file is empty");
        assert!(message(b"<!DOCTYPE html>").contains("looks like a web page"), "{}", message(b"<!DOCTYPE html>"));
        assert!(message(b"\x89PNG\r\n\x1a\n").contains("looks like a PNG picture"));
        assert!(message(&[0, 0, 0x0A, 1, 0, 0, 0, 0]).contains("0x0a is none of the element types"));
        assert!(message(&gzipped(b"hello")).contains("not an IDX file"));
        assert_eq!(message(&gzipped(b"")), "the file is empty");
    }

    #[test]
    fn every_truncation_is_noticed() {
        let file = encode_bytes(&[4, 3, 3], &std::array::from_fn::<u8, 36, _>(|pixel| pixel as u8 * 7));
        for length in 0..file.len() {
            assert!(parse(&file[..length]).is_err(), "{length} of {} bytes", file.len());
        }
        let packed = gzipped(&file);
        for length in 0..packed.len() {
            assert!(parse(&packed[..length]).is_err(), "{length} of {} compressed bytes", packed.len());
        }
        assert!(message(&file[..20]).contains("promises 36 bytes of elements for the shape [4, 3, 3], there are 4"));
        // What was compressed was too short already: the compressed data are whole.
        assert!(message(&gzipped(&file[..20])).contains("promises 36 bytes"), "{}", message(&gzipped(&file[..20])));
    }

    #[test]
    fn every_changed_byte_of_gzip_data_is_noticed_or_means_nothing() {
        let file = encode_bytes(&[5, 4], &std::array::from_fn::<u8, 20, _>(|pixel| pixel as u8 * 11));
        let packed = gzipped(&file);
        let expected = parse(&file).unwrap();
        let mut noticed = 0;
        for position in 0..packed.len() {
            for change in 1..=255 {
                let mut damaged = packed.clone();
                damaged[position] ^= change;
                // The time stamp, the name of the system and a few filling bits have no checksum, and no meaning for us.
                match parse(&damaged) {
                    Ok(array) => assert_eq!(array, expected, "byte {position} changed by {change}"),
                    Err(_) => noticed += 1,
                }
            }
        }
        // Six bytes of the header, and little else.
        assert!(noticed > (packed.len() - 8) * 255, "{noticed} of {} changes", packed.len() * 255);
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let file = encode_bytes(&[2], &[1, 2]);
        assert!(message(&[file.as_slice(), &[0]].concat()).contains("bytes after the end"));
        assert!(message(&gzipped(&[file.as_slice(), &[0]].concat())).contains("bytes after the end"));
        assert_eq!(message(&[gzipped(&file).as_slice(), b"xyz"].concat()), "3 bytes after the end of the gzip data");
    }

    #[test]
    fn hostile_headers_cost_nothing() {
        let begun = std::time::Instant::now();
        for code in [0x08, 0x0C, 0x0E] {
            for sizes in [vec![u32::MAX], vec![u32::MAX; 2], vec![u32::MAX; 255], vec![1 << 30], vec![1 << 16; 4]] {
                let file = header(code, &sizes);
                assert!(parse(&file).is_err());
                assert!(parse(&gzipped(&file)).is_err());
            }
        }
        let beyond = header(0x08, &[1 << 20, 1 << 11]);
        assert!(message(&beyond).contains("more than the limit of 1073741824 bytes"), "{}", message(&beyond));
        // Within the limit, but more than so few bytes can hold.
        let small = header(0x08, &[1 << 29]);
        assert!(message(&small).contains("there are 0"));
        assert!(message(&gzipped(&small)).contains("the file is too short to hold"));
        // A zero makes the array empty, however large the other sizes are.
        assert!(parse(&header(0x0E, &[u32::MAX, u32::MAX, 0, u32::MAX])).unwrap().elements.is_empty());
        assert!(begun.elapsed().as_secs() < 1);
    }

    #[test]
    fn a_gzip_bomb_is_decoded_no_further_than_its_header_says() {
        let bomb = gzipped(&with_elements(0x08, &[2, 2], &vec![0; 50_000_000]));
        assert!(bomb.len() < 60_000);
        let begun = std::time::Instant::now();
        assert!(message(&bomb).contains("bytes after the end"));
        assert!(begun.elapsed().as_millis() < 100);
    }
}
