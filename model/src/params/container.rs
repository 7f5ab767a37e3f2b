//! The envelope of our files, the same in every version: it tells whether a file is whole.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::ParamsError;

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The first bytes: no text, and damaged visibly by whatever translates line ends.
    magic: [u8; 8],
    /// For messages.
    name: &'static str,
}

impl Kind {
    pub(crate) fn magic(self) -> [u8; 8] {
        self.magic
    }
}

pub(crate) const PARAMS: Kind = Kind { magic: *b"\x89CNNP\r\n\x1a", name: "parameter file" };
pub(crate) const CHECKPOINT: Kind = Kind { magic: *b"\x89CNNC\r\n\x1a", name: "checkpoint" };

/// Magic, version, length of the content.
const HEADER: usize = 8 + 4 + 8;
const CHECKSUM: usize = 32;
/// Bytes of a file without content.
pub(super) const SHORTEST: u64 = (HEADER + CHECKSUM) as u64;

/// A file with this content.
pub(crate) fn seal(kind: Kind, version: u32, content: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend(kind.magic);
    bytes.extend(version.to_le_bytes());
    bytes.extend([0; 8]);
    let mut bytes = postcard::to_extend(content, bytes).expect("plain numbers and names, into memory");
    let len = (bytes.len() - HEADER) as u64;
    bytes[HEADER - 8..HEADER].copy_from_slice(&len.to_le_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// The content of a file that is whole and of this version.
pub(crate) fn open<C: DeserializeOwned>(kind: Kind, version: u32, bytes: &[u8]) -> Result<C, ParamsError> {
    let found = header(kind, bytes, bytes.len() as u64)?;
    let (content, checksum) = bytes[HEADER..].split_at(bytes.len() - HEADER - CHECKSUM);
    if *Sha256::digest(&bytes[..bytes.len() - CHECKSUM]) != *checksum {
        return Err(ParamsError::Checksum);
    }
    if found != version {
        return Err(ParamsError::Version { found, newest: version });
    }
    match postcard::take_from_bytes(content) {
        Ok((content, [])) => Ok(content),
        Ok((_, rest)) => Err(ParamsError::LeftOver { count: rest.len() }),
        Err(problem) => Err(ParamsError::Content { version, problem }),
    }
}

/// The version of a file that begins like this, if its length, `found`, is what its header says.
pub(crate) fn header(kind: Kind, start: &[u8], found: u64) -> Result<u32, ParamsError> {
    let Some(rest) = start.strip_prefix(&kind.magic) else {
        return match start.len() < kind.magic.len() && kind.magic.starts_with(start) {
            true => Err(ParamsError::Length { expected: SHORTEST, found }),
            false => Err(ParamsError::Magic { expected: kind.name }),
        };
    };
    let header = rest.split_first_chunk::<4>().and_then(|(version, rest)| {
        let len = rest.first_chunk::<8>()?;
        Some((u32::from_le_bytes(*version), u64::from_le_bytes(*len)))
    });
    let Some((version, len)) = header else {
        return Err(ParamsError::Length { expected: SHORTEST, found });
    };
    let expected = len.saturating_add(SHORTEST);
    match expected == found {
        true => Ok(version),
        false => Err(ParamsError::Length { expected, found }),
    }
}
