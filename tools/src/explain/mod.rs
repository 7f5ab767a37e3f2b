//! One image on its way through a network and back, with the numbers: what `explain` shows.
//!
//! | file | what is in it |
//! |---|---|
//! | [`Walk`] | everything that was computed: outputs, gradients, the loss before and after a step |
//! | [`Thread`] | the chain of numbers that is followed through the layers |
//! | [`Worked`] | one window of a convolution, worked out in full |
//! | [`Document`] | headings, sums, matrices and pictures, whatever they are shown on |
//! | [`terminal`](terminal()), [`page`](page()) | a document as text, and as a page of HTML |
//!
//! Everything is counted from 0, as in arrays: `W1[6]` is filter 6.

mod backward;
mod document;
mod forward;
mod kind;
mod maps;
mod numbers;
mod page;
mod softmax;
mod step;
mod terminal;
mod thread;
mod walk;
mod worked;

pub use document::{Document, Figure, Figures, Operand, Part, Section, Table};
pub use forward::image_section;
pub use maps::maps_in_order;
pub use numbers::{MatrixFormat, number};
pub use page::page;
pub use softmax::{score_table, verdict};
pub use terminal::terminal;
pub use thread::Thread;
pub use walk::{Sample, Walk};
pub use worked::Worked;
