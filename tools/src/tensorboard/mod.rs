//! Event files as TensorBoard reads them.
//!
//! | file | what is in it |
//! |---|---|
//! | `crc32c.rs` | the checksum of the format |
//! | `protobuf.rs` | numbers, texts and messages as bytes |
//! | `message.rs` | the messages: an event with scalars, a picture, a histogram |
//! | [`EventFile`] | the file: records that are appended |
//!
//! An event file is a sequence of *TFRecords*. Each has a length (8 bytes, little-endian), the checksum of the length, that many
//! bytes of content, and the checksum of the content. The content is a Protocol Buffers message `Event` (`event.proto` of
//! TensorFlow). Only few of its fields are needed, so it is written by hand.

mod crc32c;
mod event_file;
mod message;
mod protobuf;

pub use event_file::EventFile;
pub use message::{Histogram, Value};
