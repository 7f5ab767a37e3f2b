//! An IDX file that is compressed by gzip: decoded as far as it is asked to, checked at its end.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::{Header, Idx, IdxError, ReadFailure, read_elements};

/// Deflate shrinks by 1032 at most: two bits stand for 258 bytes.
const LARGEST_RATIO: u64 = 1032;

pub(super) fn parse(bytes: &[u8]) -> Result<Idx, IdxError> {
    let mut decoder = Decoder::new(bytes);
    let header = read_header(&mut decoder)?;
    let promised = header.data_bytes()?;
    if promised > most_that_fits(bytes.len()) {
        return Err(IdxError::CutShort { shape: header.shape, promised, found: None });
    }
    let elements = match read_elements(&header, promised, &mut decoder) {
        Ok(elements) => elements,
        Err(ReadFailure::Memory) => return Err(IdxError::Memory { bytes: promised }),
        Err(ReadFailure::Io(problem)) => return Err(gzip_error(problem, &decoder, &header, promised)),
    };
    // Reading on at the end is what makes the decoder verify the checksum.
    match decoder.read(&mut [0]).map_err(|problem| gzip_error(problem, &decoder, &header, promised))? {
        0 => {}
        _ => return Err(IdxError::TrailingBytes { shape: header.shape, promised }),
    }
    match decoder.rest() {
        0 => Ok(Idx { shape: header.shape, elements }),
        count => Err(IdxError::AfterGzip { count }),
    }
}

/// Reads the header from a stream, which is read no further than the header's end.
fn read_header(reader: &mut impl Read) -> Result<Header, IdxError> {
    let mut bytes = Vec::new();
    fill(reader, &mut bytes, 4)?;
    if bytes.len() == 4 && bytes[..2] == [0, 0] {
        let rank = u64::from(bytes[3]);
        fill(reader, &mut bytes, 4 * rank)?;
    }
    if bytes.is_empty() {
        return Err(IdxError::Empty);
    }
    Header::parse(&bytes)
}

fn fill(reader: &mut impl Read, bytes: &mut Vec<u8>, count: u64) -> Result<(), IdxError> {
    match reader.take(count).read_to_end(bytes) {
        Ok(_) => Ok(()),
        Err(problem) if problem.kind() == io::ErrorKind::UnexpectedEof => Err(IdxError::GzipCutShort),
        Err(problem) => Err(IdxError::Gzip { problem }),
    }
}

/// Tells compressed data that were cut from an array that is shorter than its header says.
fn gzip_error(problem: io::Error, decoder: &Decoder<'_>, header: &Header, promised: u64) -> IdxError {
    if problem.kind() != io::ErrorKind::UnexpectedEof {
        return IdxError::Gzip { problem };
    }
    match decoder.ended() {
        // Another member of gzip data, most often: one file holds one.
        true if decoder.rest() > 0 => IdxError::AfterGzip { count: decoder.rest() },
        true => {
            let found = Some(decoder.delivered() - header.bytes() as u64);
            IdxError::CutShort { shape: header.shape.clone(), promised, found }
        }
        false => IdxError::GzipCutShort,
    }
}

/// The most bytes that gzip data of this length can decode to.
fn most_that_fits(compressed: usize) -> u64 {
    (compressed as u64).saturating_mul(LARGEST_RATIO)
}

/// Decodes one gzip stream and remembers how far it came.
struct Decoder<'a> {
    inner: GzDecoder<&'a [u8]>,
    delivered: u64,
    ended: bool,
}

impl<'a> Decoder<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { inner: GzDecoder::new(bytes), delivered: 0, ended: false }
    }

    /// Bytes decoded so far.
    fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Whether the stream came to its proper end, checksum verified.
    fn ended(&self) -> bool {
        self.ended
    }

    /// Bytes that follow the stream; known only after its end.
    fn rest(&self) -> usize {
        self.inner.get_ref().len()
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.delivered += count as u64;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}
