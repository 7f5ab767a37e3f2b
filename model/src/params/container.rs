//! The envelope of a parameter file, the same in every version: it tells whether the file is whole.

use sha2::{Digest, Sha256};

use super::ParamsError;

const MAGIC: [u8; 8] = *b"\x89CNNP\r\n\x1a";
const HEADER: usize = MAGIC.len() + 4 + 8;
const CHECKSUM: usize = 32;
/// Bytes of a file without content.
pub(super) const SHORTEST: u64 = (HEADER + CHECKSUM) as u64;

pub(super) fn seal(version: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + content.len() + CHECKSUM);
    bytes.extend(MAGIC);
    bytes.extend(version.to_le_bytes());
    bytes.extend((content.len() as u64).to_le_bytes());
    bytes.extend(content);
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Version and content of a file that is whole.
pub(super) fn open(bytes: &[u8]) -> Result<(u32, &[u8]), ParamsError> {
    let version = header(bytes, bytes.len() as u64)?;
    let (content, checksum) = bytes[HEADER..].split_at(bytes.len() - HEADER - CHECKSUM);
    if *Sha256::digest(&bytes[..bytes.len() - CHECKSUM]) != *checksum {
        return Err(ParamsError::Checksum);
    }
    Ok((version, content))
}

/// The version of a file that begins like this, if its length, `found`, is what its header says.
pub(super) fn header(start: &[u8], found: u64) -> Result<u32, ParamsError> {
    let Some(rest) = start.strip_prefix(&MAGIC) else {
        return match start.len() < MAGIC.len() && MAGIC.starts_with(start) {
            true => Err(ParamsError::Length { expected: SHORTEST, found }),
            false => Err(ParamsError::Magic),
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
