//! Pictures: from arrays to PNG files and to the terminal.
//!
//! | file | what is in it |
//! |---|---|
//! | [`Canvas`] | a sheet of pixels: lines, discs, squares, [text](Style) in letters of our own |
//! | [`ColorMap`], [`Scaling`] | which value gets which colour |
//! | [`Tiles`] | many small pictures in rows, with captions |
//! | [`Page`] | a picture under a title, with a colour bar |
//! | [`Chart`] | curves over two axes |
//! | [`accuracy_chart`] | the book's plot |
//! | [`test_picture`](test_picture()) | a picture to try filters on |
//! | [`Blocks`] | small pictures as characters of the terminal |
//! | [`read_grey_png`], [`grey_from_png`], [`png_bytes`] | PNG files |

mod accuracy;
mod blocks;
mod canvas;
mod chart;
mod color;
mod colormap;
mod glyphs;
mod page;
mod png_file;
mod scaling;
mod shrink;
mod test_picture;
mod text;
mod ticks;
mod tiles;

pub use accuracy::accuracy_chart;
pub use blocks::{Blocks, Look};
pub use canvas::{Canvas, Polyline};
pub use chart::{Axis, Chart, Curve, Marker};
pub use color::Rgb;
pub use colormap::ColorMap;
pub use page::{Page, beside, short};
pub use png_file::{MAX_PIXELS, PictureError, grey_from_png, png_bytes, read_grey_png};
pub use scaling::{Range, Scaling};
pub use shrink::{shrink_columns, shrink_rows, shrink_to, shrunk_size};
pub use test_picture::test_picture;
pub use text::{Anchor, Style, fit, width};
pub use ticks::Ticks;
pub use tiles::{Tile, Tiles, draw_values};
