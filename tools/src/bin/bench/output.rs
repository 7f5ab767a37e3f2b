//! Where the JSON goes.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use tools::Advice;
use tools::console::Stdout;

/// Where the JSON goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonTarget {
    /// Standard output: `-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl JsonTarget {
    /// Reads the flag, and finds out by trying whether the file could be written: before minutes are spent.
    ///
    /// # Errors
    /// Where its folder is missing or cannot be written to, or the name is that of something else than a plain file.
    pub fn prepare(text: &str) -> anyhow::Result<JsonTarget> {
        if text == "-" {
            return Ok(JsonTarget::Stdout);
        }
        let path = PathBuf::from(text);
        probe(&path).advice(|| {
            "name another file with --json, in a folder that is there, or `-` for standard output".to_owned()
        })?;
        Ok(JsonTarget::File(path))
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        *self == JsonTarget::Stdout
    }

    /// Writes it: as one line on standard output, as several into a file, and there all or nothing.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write<W: Write>(&self, stdout: &mut Stdout<W>, json: &Value) -> anyhow::Result<()> {
        match self {
            JsonTarget::Stdout => stdout.line(&json.to_string()),
            JsonTarget::File(path) => Ok(model::replace_file(path, format!("{json:#}\n").as_bytes())?),
        }
    }
}

fn probe(path: &Path) -> anyhow::Result<()> {
    if path.exists() && !path.is_file() || path.file_name().is_none() {
        bail!("cannot write {}: it is there already and not a plain file", path.display());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    model::try_to_write(folder).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| format!("{:#}", JsonTarget::prepare(path.to_str().unwrap()).unwrap_err());
        assert!(refused(folder.path()).contains("not a plain file"));
        assert!(refused(&folder.path().join("missing/f.json")).contains("missing"));
        assert!(JsonTarget::prepare("").is_err() && JsonTarget::prepare("..").is_err());
        assert_eq!(JsonTarget::prepare("-").unwrap(), JsonTarget::Stdout);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.json");
        let target = JsonTarget::prepare(path.to_str().unwrap()).unwrap();
        let mut stdout = Stdout::to(Vec::new());
        let json = serde_json::json!({"a": 1});
        target.write(&mut stdout, &json).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\n  \"a\": 1\n}\n");
        JsonTarget::Stdout.write(&mut stdout, &json).unwrap();
    }
}
