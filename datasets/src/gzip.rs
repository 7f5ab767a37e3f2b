//! gzip in memory: told apart by its first bytes, decoded as far as it is asked to, checked at its end.

#[cfg(feature = "gzip")]
pub(crate) use self::decoder::{Decoder, most_that_fits};

/// Whether the bytes begin as gzip does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

#[cfg(feature = "gzip")]
mod decoder {
    use std::io::{self, Read};

    use flate2::bufread::GzDecoder;

    /// Deflate shrinks by 1032 at most: two bits stand for 258 bytes.
    const LARGEST_RATIO: u64 = 1032;

    /// The most bytes that gzip data of this length can decode to.
    pub(crate) fn most_that_fits(compressed: usize) -> u64 {
        (compressed as u64).saturating_mul(LARGEST_RATIO)
    }

    /// Decodes one gzip stream and remembers how far it came.
    pub(crate) struct Decoder<'a> {
        inner: GzDecoder<&'a [u8]>,
        delivered: u64,
        ended: bool,
    }

    impl<'a> Decoder<'a> {
        pub(crate) fn new(bytes: &'a [u8]) -> Self {
            Self { inner: GzDecoder::new(bytes), delivered: 0, ended: false }
        }

        /// Bytes decoded so far.
        pub(crate) fn delivered(&self) -> u64 {
            self.delivered
        }

        /// Whether the stream came to its proper end, checksum verified.
        pub(crate) fn ended(&self) -> bool {
            self.ended
        }

        /// Bytes that follow the stream; known only after its end.
        pub(crate) fn rest(&self) -> usize {
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
}
