//! The test certificate: made once by `openssl`, kept where no commit takes it along.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use der::{DecodePem, Encode};

use crate::tool;

/// How long a certificate is good for. A test machine trusts it as long, so it is not for ever.
const DAYS: &str = "3650";

/// A self-signed certificate for code signing, and its key.
#[derive(Debug)]
pub struct Certificate {
    /// For what it is.
    pub name: String,
    /// The private key, PEM. Has no password: it is worth nothing but on machines that were told to
    /// trust it.
    pub key: PathBuf,
    /// The certificate, PEM.
    pub pem: PathBuf,
    /// The certificate as Windows wants it in a .cer file.
    pub der: Vec<u8>,
    /// From when on it is good, since 1970.
    pub not_before: Duration,
}

impl Certificate {
    /// Reads the certificate of `name` in `directory` (NAME.pem and NAME.key), after making it if there is no such directory.
    ///
    /// # Errors
    ///
    /// `openssl` is missing, or what is in `directory` is of no use; the text says what to do.
    pub fn load_or_make(directory: &Path, name: &str) -> Result<Self> {
        if !directory.exists() {
            make(directory, name)?;
        }
        Self::load(directory, name).with_context(|| {
            format!(
                "the test certificate in {} is of no use; remove that directory and a new one is made, \
                 which test machines must be told to trust",
                directory.display()
            )
        })
    }

    fn load(directory: &Path, name: &str) -> Result<Self> {
        let key = directory.join(format!("{name}.key"));
        if !key.is_file() {
            bail!("there is no {name}.key");
        }
        let pem = directory.join(format!("{name}.pem"));
        let text = fs::read(&pem).with_context(|| format!("cannot read {name}.pem"))?;
        let parsed = x509_cert::Certificate::from_pem(&text)
            .with_context(|| format!("{name}.pem is no certificate"))?;
        let validity = &parsed.tbs_certificate.validity;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        if validity.not_after.to_unix_duration() < now {
            bail!("it has expired");
        }
        Ok(Self {
            name: name.to_owned(),
            key,
            pem,
            der: parsed.to_der()?,
            not_before: validity.not_before.to_unix_duration(),
        })
    }
}

/// Makes a key and its certificate in a new directory, so that there are both or none.
fn make(directory: &Path, name: &str) -> Result<()> {
    let parent = directory.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    // Nobody else may read it: tempfile sees to that.
    let draft = tempfile::tempdir_in(parent)
        .with_context(|| format!("cannot create a directory in {}", parent.display()))?;
    tool::run(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:3072", "-sha256", "-nodes"])
            .args(["-days", DAYS, "-subj"])
            .arg(format!("/CN={name} test certificate"))
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", "keyUsage=critical,digitalSignature"])
            .args(["-addext", "extendedKeyUsage=critical,codeSigning"])
            .arg("-keyout")
            .arg(draft.path().join(format!("{name}.key")))
            .arg("-out")
            .arg(draft.path().join(format!("{name}.pem"))),
    )
    .context("cannot make a test certificate")?;
    let draft = draft.keep();
    if let Err(error) = fs::rename(&draft, directory) {
        let _ = fs::remove_dir_all(&draft);
        // Another build may have been quicker.
        if !directory.exists() {
            return Err(error).with_context(|| format!("cannot create {}", directory.display()));
        }
    }
    eprintln!(
        "A new test certificate was made in {}. Test machines must be told to trust {name}.cer.",
        directory.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("certificate");
        let first = Certificate::load_or_make(&directory, "csq").unwrap();
        let second = Certificate::load_or_make(&directory, "csq").unwrap();
        assert_eq!(first.der, second.der);
    }

    #[test]
    fn half_a_certificate_is_reported_and_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("csq.key"), "no key").unwrap();
        let error = format!(
            "{:#}",
            Certificate::load_or_make(directory.path(), "csq").unwrap_err()
        );
        assert!(
            error.contains("csq.pem") && error.contains("remove that directory"),
            "{error}"
        );
        assert!(directory.path().join("csq.key").exists());
    }
}
