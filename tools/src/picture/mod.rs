//! Pictures: from arrays to PNG files and to the terminal.
//!
//! A description ([`Chart`], [`Matrix`], [`Tiles`], [`Page`], …) is a [`Picture`]: it draws itself on any [`Surface`]. From
//! the same description come pixels ([`Picture::draw`], then [`png_bytes`]) and drawings ([`svg_file`], [`svg_inline`]).
//!
//! | file | what is in it |
//! |---|---|
//! | [`Picture`], [`Surface`] | what can be drawn, and what on |
//! | [`Canvas`] | a sheet of pixels: lines, discs, squares, [text](Style) in letters of our own |
//! | [`svg_file`], [`svg_inline`], [`svg_style`] | drawings, light or dark as the reader's system is |
//! | [`Paint`], [`ColorMap`], [`Scaling`] | which colour what has: ink, curves; which value gets which colour |
//! | [`Tiles`] | many small pictures in rows, with captions |
//! | [`Page`], [`beside`], [`Stacked`], [`Titled`], [`ColorBar`] | pictures together, under a title, with a colour bar |
//! | [`Chart`] | curves over two axes |
//! | [`Matrix`] | a table of numbers in coloured cells |
//! | [`accuracy_chart`], [`loss_chart`], [`class_chart`] | the plots of a training |
//! | [`test_picture`](test_picture()) | a picture to try filters on |
//! | [`Blocks`] | small pictures as characters of the terminal |
//! | [`resized`], [`shrink_to`] | another size |
//! | [`read_grey_png`], [`grey_from_png`], [`png_bytes`], [`data_uri`] | PNG files |

mod accuracy;
mod base64;
mod blocks;
mod canvas;
mod chart;
mod class_chart;
mod color;
mod colormap;
mod glyphs;
mod loss;
mod matrix;
mod page;
mod paint;
mod plot;
mod png_file;
mod resize;
mod scaling;
mod shrink;
mod stacked;
mod surface;
mod svg;
mod test_picture;
mod text;
mod ticks;
mod tiles;

pub use accuracy::accuracy_chart;
pub use base64::data_uri;
pub use blocks::{Blocks, Look, is_utf8};
pub use canvas::{Canvas, Polyline};
pub use chart::{Axis, Chart, Curve, Scale, Sheet};
pub use class_chart::{ClassScore, class_chart};
pub use color::Rgb;
pub use colormap::ColorMap;
pub use loss::loss_chart;
pub use matrix::{Cell, Matrix};
pub use page::{Beside, ColorBar, Page, Titled, beside, short};
pub use paint::Paint;
pub use png_file::{MAX_PIXELS, PictureError, grey_from_png, png_bytes, read_grey_png};
pub use resize::resized;
pub use scaling::{Range, Scaling};
pub use shrink::{shrink_columns, shrink_rows, shrink_to, shrunk_size};
pub use stacked::Stacked;
pub use surface::{Marker, Picture, Rectangle, Surface};
pub use svg::{escape, svg_file, svg_inline, svg_style};
pub use test_picture::test_picture;
pub use text::{Anchor, Style, fit, width, wrap};
pub use ticks::Ticks;
pub use tiles::{Tile, Tiles, draw_values, value_pixels};
