//! PNG files: pictures out, grey pictures in.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType, DecodeOptions, DecodingError, Transformations};
use tensor::ndarray::Array2;

use super::canvas::Canvas;

/// The most pixels that a picture may have: 64 million, a bit more than the largest cameras give.
pub const MAX_PIXELS: u64 = 64 << 20;

/// The bytes that the PNG decoder may take for itself (a row, its window, text blocks).
const DECODER_BYTES: usize = 64 << 20;

/// Why a picture cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The file cannot be opened or read.
    #[error("cannot read the picture {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A folder, pipe or device.
    #[error("the picture {} is not a plain file", path.display())]
    NotAFile {
        /// What has this name.
        path: PathBuf,
    },
    /// Nothing is in it.
    #[error("the picture {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Not the signature of a PNG file.
    #[error("{} is not a PNG picture; convert it to PNG first", path.display())]
    NotPng {
        /// The file.
        path: PathBuf,
    },
    /// The file ends early, or its bytes contradict each other.
    #[error("the PNG picture {} is damaged or cut short: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        reason: String,
    },
    /// More pixels than can sensibly be held.
    #[error("the picture {} has {width}×{height} pixels, at most {} million are read; make it smaller first", path.display(), MAX_PIXELS >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
}

/// The content of a PNG file of this picture.
///
/// # Panics
/// Where the canvas has no pixels.
pub fn png_bytes(canvas: &Canvas) -> Vec<u8> {
    assert!(canvas.width() > 0 && canvas.height() > 0, "a PNG file of {canvas:?}");
    encode(canvas).expect("pixels of the right number, into memory")
}

fn encode(canvas: &Canvas) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width() as u32, canvas.height() as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(canvas.bytes())?;
    writer.finish()?;
    Ok(bytes)
}

/// Reads a PNG file of any colour type and bit depth, interlaced or not, as a grey picture (height, width) from 0 (black)
/// to 1 (white).
///
/// Colours become grey by how bright they are: 0.2126 red + 0.7152 green + 0.0722 blue (ITU-R BT.709). What is
/// transparent shows white paper behind it. Of an animation, the first picture counts.
///
/// Memory grows with what the file really holds, so a short file that claims to be huge costs little. Every checksum is
/// verified, also of what could be left out; only what follows the end of the PNG data is not looked at.
///
/// # Errors
/// See [`PictureError`].
pub fn read_grey_png(path: &Path) -> Result<Array2<f32>, PictureError> {
    let io_error = |source| PictureError::Io { path: path.to_owned(), source };
    // A pipe would block on opening; a device may have no end.
    if !fs::metadata(path).map_err(io_error)?.is_file() {
        return Err(PictureError::NotAFile { path: path.to_owned() });
    }
    grey_from_png(BufReader::new(File::open(path).map_err(io_error)?), path)
}

/// As [`read_grey_png`], from a file that is open, or from memory. The errors say `path`.
///
/// # Errors
/// See [`PictureError`].
pub fn grey_from_png(png: impl BufRead + Seek, path: &Path) -> Result<Array2<f32>, PictureError> {
    let path = path.to_owned();
    decode(png).map_err(|error| match error {
        Refused::TooLarge { width, height } => PictureError::TooLarge { path, width, height },
        Refused::Empty => PictureError::Empty { path },
        Refused::NotPng => PictureError::NotPng { path },
        Refused::Palette { bytes } => {
            let reason = format!("its palette has {bytes} bytes, expected 3 for each of 1 to 256 colours");
            PictureError::Damaged { path, reason }
        }
        Refused::Png(DecodingError::IoError(source)) if source.kind() != io::ErrorKind::UnexpectedEof => {
            PictureError::Io { path, source }
        }
        Refused::Png(error) => PictureError::Damaged { path, reason: error.to_string() },
    })
}

enum Refused {
    Empty,
    NotPng,
    TooLarge { width: u32, height: u32 },
    Palette { bytes: usize },
    Png(DecodingError),
}

impl From<DecodingError> for Refused {
    fn from(error: DecodingError) -> Self {
        Refused::Png(error)
    }
}

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

fn decode(mut file: impl BufRead + Seek) -> Result<Array2<f32>, Refused> {
    if file.fill_buf().map_err(DecodingError::IoError)?.is_empty() {
        return Err(Refused::Empty);
    }
    let mut start = [0; SIGNATURE.len()];
    match file.read_exact(&mut start) {
        Ok(()) if start == SIGNATURE => file.rewind().map_err(DecodingError::IoError)?,
        Ok(()) => return Err(Refused::NotPng),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Refused::NotPng),
        Err(error) => return Err(DecodingError::IoError(error).into()),
    }
    // By default the decoder passes over damage in what could be left out, such as which colour is transparent.
    let mut options = DecodeOptions::default();
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_adler32(false);
    let mut decoder = png::Decoder::new_with_options(file, options);
    decoder.set_limits(png::Limits { bytes: DECODER_BYTES });
    // Palettes to colours, 1, 2 and 4 bits to 8, a transparent colour to alpha; 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info()?;
    let (width, height) = (info.width, info.height);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Refused::TooLarge { width, height });
    }
    let reader = decoder.read_info()?;
    check_palette(reader.info())?;
    let grey = decode_rows(reader, width as usize, height as usize)?;
    let values = grey.chunks_exact(2).map(|pair| f32::from(u16::from_be_bytes([pair[0], pair[1]])) / 65535.0).collect();
    Ok(Array2::from_shape_vec((height as usize, width as usize), values).expect("as many values as pixels"))
}

/// The decoder panics over a palette that is no list of colours.
fn check_palette(info: &png::Info<'_>) -> Result<(), Refused> {
    match &info.palette {
        Some(palette) if !palette.len().is_multiple_of(3) || !(1..=256).contains(&(palette.len() / 3)) => {
            Err(Refused::Palette { bytes: palette.len() })
        }
        _ => Ok(()),
    }
}

/// All pixels as grey values of 16 bits, high byte first.
fn decode_rows<R: BufRead + Seek>(
    mut reader: png::Reader<R>,
    width: usize,
    height: usize,
) -> Result<Vec<u8>, DecodingError> {
    let (color, depth) = reader.output_color_type();
    let (mut grey, mut row_grey) = (Vec::new(), Vec::new());
    while let Some(row) = reader.next_interlaced_row()? {
        row_grey.clear();
        push_grey(row.data(), color, depth, &mut row_grey);
        match row.interlace() {
            png::InterlaceInfo::Null(_) => grey.extend_from_slice(&row_grey),
            png::InterlaceInfo::Adam7(pass) => {
                grey.resize(2 * width * height, 0);
                png::expand_interlaced_row(&mut grey, 2 * width, &row_grey, pass, 16);
            }
        }
    }
    // The decoder gives every row or an error.
    assert_eq!(grey.len(), 2 * width * height, "rows are missing");
    // To the end of the file, for the checksums of the last parts.
    reader.finish()?;
    Ok(grey)
}

fn push_grey(row: &[u8], color: ColorType, depth: BitDepth, grey: &mut Vec<u8>) {
    let bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    let channels = color.samples();
    for pixel in row.chunks_exact(bytes * channels) {
        // A byte b is the 16-bit value b · 257.
        let sample = |i: usize| match bytes {
            1 => u32::from(pixel[i]) * 257,
            _ => u32::from(u16::from_be_bytes([pixel[2 * i], pixel[2 * i + 1]])),
        };
        let value = match channels {
            1 | 2 => sample(0),
            _ => (2126 * sample(0) + 7152 * sample(1) + 722 * sample(2) + 5000) / 10_000,
        };
        let alpha = if channels.is_multiple_of(2) { sample(channels - 1) } else { 65535 };
        let over_white = (u64::from(value) * u64::from(alpha) + 65535 * u64::from(65535 - alpha) + 32767) / 65535;
        grey.extend_from_slice(&(over_white as u16).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Rgb;
    use std::io::Cursor;

    /// A PNG of the given kind; the encoder writes `data` as it is.
    fn png_of(
        size: [u32; 2],
        color: ColorType,
        depth: BitDepth,
        data: &[u8],
        extra: impl Fn(&mut png::Encoder<'_, &mut Vec<u8>>),
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
        encoder.set_color(color);
        encoder.set_depth(depth);
        extra(&mut encoder);
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    fn grey_of(bytes: Vec<u8>) -> Array2<f32> {
        match decode(Cursor::new(bytes)) {
            Ok(grey) => grey,
            Err(Refused::Png(error)) => panic!("{error}"),
            Err(_) => panic!("refused"),
        }
    }

    #[test]
    fn every_colour_type_and_depth_becomes_grey() {
        use BitDepth::{Eight, Four, One, Sixteen, Two};
        let plain = |_: &mut png::Encoder<'_, &mut Vec<u8>>| {};
        let grey = |depth, data: &[u8]| {
            grey_of(png_of([2, 1], ColorType::Grayscale, depth, data, plain)).into_raw_vec_and_offset().0
        };
        assert_eq!(grey(One, &[0b0100_0000]), [0.0, 1.0]);
        assert_eq!(grey(Two, &[0b0110_0000]), [1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(grey(Four, &[0x3f]), [0.2, 1.0]);
        assert_eq!(grey(Eight, &[51, 255]), [0.2, 1.0]);
        assert_eq!(grey(Sixteen, &[0x33, 0x33, 0x00, 0x01]), [0.2, 1.0 / 65535.0]);

        let one = |color, depth, data: &[u8]| grey_of(png_of([1, 1], color, depth, data, plain))[[0, 0]];
        let near = |got: f32, expected: f32| assert!((got - expected).abs() < 1e-5, "{got}, expected {expected}");
        near(one(ColorType::Rgb, Eight, &[255, 0, 0]), 0.2126);
        near(one(ColorType::Rgb, Eight, &[0, 255, 0]), 0.7152);
        near(one(ColorType::Rgb, Eight, &[0, 0, 255]), 0.0722);
        near(one(ColorType::Rgb, Sixteen, &[255; 6]), 1.0);
        near(one(ColorType::GrayscaleAlpha, Eight, &[0, 51]), 0.8);
        near(one(ColorType::GrayscaleAlpha, Sixteen, &[0, 0, 0, 0]), 1.0);
        near(one(ColorType::Rgba, Eight, &[0, 0, 0, 0]), 1.0);
        near(one(ColorType::Rgba, Eight, &[0, 0, 0, 255]), 0.0);
        near(one(ColorType::Rgba, Sixteen, &[0, 0, 0, 0, 0, 0, 0x80, 0]), 1.0 - 32768.0 / 65535.0);

        let palette = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| {
            encoder.set_palette(vec![0, 0, 0, 255, 255, 255, 0, 255, 0]);
            encoder.set_trns(vec![255, 255, 0]);
        };
        let indexed = grey_of(png_of([3, 1], ColorType::Indexed, Two, &[0b00_01_10_00], palette));
        assert_eq!(indexed.into_raw_vec_and_offset().0, [0.0, 1.0, 1.0], "black, white, a transparent green");
        let key = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| encoder.set_trns(vec![0, 7]);
        let keyed = grey_of(png_of([2, 1], ColorType::Grayscale, Eight, &[7, 0], key));
        assert_eq!(keyed.into_raw_vec_and_offset().0, [1.0, 0.0], "the key colour is transparent");
    }

    #[test]
    fn interlaced_pictures_come_out_in_order() {
        // The encoder writes no interlaced files, so this one is put together by hand: 5×5 pixels, 8 bits grey, the value of
        // a pixel its position; the seven passes as the PNG specification gives them.
        let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        let mut raw = Vec::new();
        for (left, top, dx, dy) in passes {
            for y in (top..5).step_by(dy) {
                let row: Vec<u8> = (left..5).step_by(dx).map(|x| (5 * y + x) as u8).collect();
                if !row.is_empty() {
                    raw.push(0);
                    raw.extend(row);
                }
            }
        }
        let header = [0, 0, 0, 5, 0, 0, 0, 5, 8, 0, 0, 0, 1];
        let file = by_hand(&[(b"IHDR", &header), (b"IDAT", &stored_zlib(&raw)), (b"IEND", &[])]);
        let expected = Array2::from_shape_fn((5, 5), |(y, x)| (5 * y + x) as f32 / 255.0);
        assert_eq!(grey_of(file), expected);
    }

    /// Found by fuzzing: the decoder panicked.
    #[test]
    fn palettes_that_are_no_list_of_colours_are_refused() {
        let header = [0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0];
        let picture = |palette: &[u8]| {
            let pixels = stored_zlib(&[0, 0, 1]);
            let chunks: [(&[u8; 4], &[u8]); 5] =
                [(b"IHDR", &header), (b"PLTE", palette), (b"tRNS", &[255]), (b"IDAT", &pixels), (b"IEND", &[])];
            by_hand(&chunks)
        };
        assert_eq!(grey_of(picture(&[255, 255, 255, 0, 0, 0])).into_raw_vec_and_offset().0, [1.0, 0.0]);
        assert!(decode(Cursor::new(picture(&[9; 768]))).is_ok());
        for length in [0, 1, 2, 4, 5, 23, 767, 769, 771, 900] {
            let path = Path::new("picture.png");
            let message = grey_from_png(Cursor::new(picture(&vec![9; length])), path).unwrap_err().to_string();
            // Some lengths are refused by the decoder itself.
            assert!(message.contains("damaged or cut short: "), "{length}: {message}");
        }
    }

    #[test]
    fn hostile_headers_cost_nothing() {
        let claim = |width: u32, height: u32, color: u8, interlaced: u8| {
            let header = [&width.to_be_bytes()[..], &height.to_be_bytes()[..], &[16, color, 0, 0, interlaced]].concat();
            decode(Cursor::new(by_hand(&[(b"IHDR", &header), (b"IDAT", &stored_zlib(&[0])), (b"IEND", &[])])))
        };
        assert!(matches!(claim(u32::MAX >> 1, u32::MAX >> 1, 6, 0), Err(Refused::TooLarge { .. })));
        assert!(matches!(claim(20_000, 20_000, 6, 1), Err(Refused::TooLarge { .. })));
        assert!(matches!(claim(8_000, 8_000, 6, 0), Err(Refused::Png(_))));
        assert!(matches!(claim(1 << 26, 1, 6, 0), Err(Refused::Png(_))), "one row of half a gigabyte");
        assert!(matches!(claim(0, 5, 0, 0), Err(Refused::Png(_))));
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let mut canvas = Canvas::new(7, 3);
        canvas.fill(2, 1, 3, 1, Rgb([51, 51, 51]));
        std::fs::write(&path, png_bytes(&canvas)).unwrap();
        let expected = Array2::from_shape_fn((3, 7), |(y, x)| if y == 1 && (2..5).contains(&x) { 0.2 } else { 1.0 });
        assert_eq!(read_grey_png(&path).unwrap(), expected);
    }

    fn by_hand(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = SIGNATURE.to_vec();
        for (kind, data) in chunks {
            file.extend((data.len() as u32).to_be_bytes());
            let body = [&kind[..], data].concat();
            file.extend(&body);
            file.extend(crc32(&body).to_be_bytes());
        }
        file
    }

    /// A zlib stream that stores its bytes as they are.
    fn stored_zlib(data: &[u8]) -> Vec<u8> {
        let length = data.len() as u16;
        let (mut a, mut b) = (1_u32, 0_u32);
        for &byte in data {
            a = (a + u32::from(byte)) % 65521;
            b = (b + a) % 65521;
        }
        [&[0x78, 0x01, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), data, &((b << 16) | a).to_be_bytes()]
            .concat()
    }

    fn crc32(data: &[u8]) -> u32 {
        !data.iter().fold(!0, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }
}
