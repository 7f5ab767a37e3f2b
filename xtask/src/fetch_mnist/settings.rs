//! What the environment decides.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// How long a server may be silent.
pub(super) fn patience() -> Result<Duration> {
    let Some(text) = env::var_os("FETCH_TIMEOUT") else { return Ok(Duration::from_secs(30)) };
    let seconds = text.to_str().and_then(|text| text.parse().ok()).filter(|seconds| (0.1..=3600.0).contains(seconds));
    let seconds =
        seconds.with_context(|| format!("FETCH_TIMEOUT is a number of seconds from 0.1 to 3600, got {text:?}"));
    seconds.map(Duration::from_secs_f64)
}

/// The certificates of the well-known authorities, or those in the file that `SSL_CERT_FILE` names: behind a proxy that
/// opens TLS, its own.
pub(super) fn tls() -> Result<TlsConfig> {
    let roots = match env::var_os("SSL_CERT_FILE").filter(|name| !name.is_empty()) {
        None => RootCerts::WebPki,
        Some(name) => certificates(Path::new(&name)).context("SSL_CERT_FILE names no certificates")?,
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

fn certificates(path: &Path) -> Result<RootCerts> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let certificates: Vec<_> = parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    ensure!(!certificates.is_empty(), "{} has none in PEM form", path.display());
    Ok(RootCerts::from(certificates))
}
