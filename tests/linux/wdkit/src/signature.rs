//! Signs a driver or a catalog as the SDK's `signtool` does, by `osslsigncode`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::certificate::Certificate;
use crate::tool;

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A PE image; the signature also has a hash of each page, which lets the kernel check a page
    /// when it reads it.
    Image,
    /// A catalog.
    Catalog,
}

/// `unsigned` with a signature by `certificate`. The same input gives the same output, because the
/// time in the signature is `time` (since 1970), or the certificate's first day if that is later.
///
/// # Errors
///
/// `osslsigncode` is missing or fails.
pub fn sign(
    unsigned: &[u8],
    kind: Kind,
    certificate: &Certificate,
    time: Duration,
) -> Result<Vec<u8>> {
    let directory = tempfile::tempdir()?;
    // osslsigncode knows a catalog by its contents, but not in every version.
    let name = match kind {
        Kind::Image => "unsigned.sys",
        Kind::Catalog => "unsigned.cat",
    };
    let input = directory.path().join(name);
    let output = directory.path().join("signed");
    fs::write(&input, unsigned)?;
    let mut command = Command::new("osslsigncode");
    command.args(["sign", "-h", "sha256", "-n", &certificate.name]);
    if kind == Kind::Image {
        command.arg("-ph");
    }
    let time = time.max(certificate.not_before).as_secs().to_string();
    command.args(["-time", &time]).arg("-certs");
    command.arg(&certificate.pem).arg("-key");
    command.arg(&certificate.key).arg("-in");
    command.arg(&input).arg("-out").arg(&output);
    tool::run(&mut command)?;
    fs::read(&output).context("osslsigncode did not write what it signed")
}
