//! A file that events are appended to.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::crc32c::masked_crc32c;
use super::message::{self, Value};
use super::protobuf::Message;

/// A file of events. Each call appends whole records in one go and keeps nothing back: whatever a killed program has
/// written is there, and only a machine that loses power loses more.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
    /// The length of all that was written wholly.
    length: u64,
}

impl EventFile {
    /// A new file in a folder, which is made where it is missing. TensorBoard reads the files of a folder in the order of
    /// their names, so the name begins with the time. It shows nothing that older files have at `step` and later.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(folder: &Path, step: u64) -> io::Result<EventFile> {
        std::fs::create_dir_all(folder)?;
        let now = now();
        let path = folder.join(format!("events.out.tfevents.{now:017.6}.{}", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let mut events = EventFile { path, file, length: 0 };
        events.append(&[message::version(now), message::begins(now, step)])?;
        Ok(events)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends what is told at a step, with the time of now.
    ///
    /// # Errors
    /// Where it cannot be written. Nothing of it is in the file then, unless that cannot be had either.
    pub fn add(&mut self, step: u64, values: &[(String, Value)]) -> io::Result<()> {
        self.append(&[message::summary(now(), step, values)])
    }

    fn append(&mut self, events: &[Message]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for event in events {
            record(&event.clone().into_bytes(), &mut bytes);
        }
        let written = self.file.write_all(&bytes);
        match written {
            Ok(()) => self.length += bytes.len() as u64,
            // Half a record would end the file for every reader.
            Err(_) => self.file.set_len(self.length)?,
        }
        written
    }
}

/// Appends a record.
fn record(content: &[u8], to: &mut Vec<u8>) {
    let length = (content.len() as u64).to_le_bytes();
    to.extend(length);
    to.extend(masked_crc32c(&length).to_le_bytes());
    to.extend(content);
    to.extend(masked_crc32c(content).to_le_bytes());
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_framed_by_lengths_and_checksums() {
        let mut bytes = Vec::new();
        record(b"123456789", &mut bytes);
        assert_eq!(bytes[..8], [9, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[12..21], *b"123456789");
        // 0xE3069283, turned by 15 bits and moved by 0xA282EAD8.
        assert_eq!(bytes[21..], 0xC78A_B0E5_u32.to_le_bytes());
        assert_eq!(bytes.len(), 8 + 4 + 9 + 4);
    }

    #[test]
    fn files_come_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("runs/one");
        let files: Vec<_> = (0..3).map(|step| EventFile::create(&below, step).unwrap()).collect();
        assert!(files.windows(2).all(|pair| pair[0].path() < pair[1].path()), "{files:?}");
        assert!(files[0].path().display().to_string().contains("tfevents"));
    }
}
