//! SHA-256 of files.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// The SHA-256 of everything that a reader gives, in hexadecimal.
///
/// # Errors
/// Those of the reader.
///
/// # Example
/// ```
/// let sum = datasets::checksum::sha256("abc".as_bytes())?;
/// assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sha256(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
