//! The address of a file.

use std::path::Path;

use anyhow::Context;

/// The address of a file on this machine, whatever bytes its name is made of.
pub(crate) fn page_url(path: &Path) -> anyhow::Result<String> {
    let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
    let mut url = "file://".to_owned();
    for byte in bytes(&path) {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(url)
}

#[cfg(unix)]
fn bytes(path: &Path) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec()
}

#[cfg(not(unix))]
fn bytes(path: &Path) -> Vec<u8> {
    let text = path.to_string_lossy().replace('\\', "/");
    format!("/{}", text.trim_start_matches("//?/")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_spelled_in_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b#?<é>%.html");
        std::fs::write(&file, "").unwrap();
        let url = page_url(&file).unwrap();
        assert!(url.starts_with("file:///") && url.ends_with("/a%20b%23%3F%3C%C3%A9%3E%25.html"), "{url}");
    }
}
