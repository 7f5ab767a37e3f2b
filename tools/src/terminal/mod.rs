//! What is drawn in a terminal.
//!
//! | file | what is in it |
//! |---|---|
//! | [`Screen`] | how large the terminal is, and what it can show |
//! | [`Live`] | lines at its bottom that are drawn over and over |
//! | [`curve`] | a curve in characters |

mod curve;
mod live;
mod screen;

pub use curve::curve;
pub use live::{Live, make_room};
pub(crate) use screen::environment;
pub use screen::{Screen, ascii};
