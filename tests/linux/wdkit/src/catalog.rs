//! Makes a catalog as the WDK's `Inf2Cat` does: a list of the package's files by their hashes.
//!
//! Windows installs a package only if each file's hash is in a catalog whose signer it trusts. A
//! catalog is a PKCS #7 `SignedData` around a certificate trust list ([MS-CAESO] has its ASN.1),
//! with the attributes of mscat.h and of Microsoft's *Windows Authenticode Portable Executable
//! Signature Format*. This is version 2 of it, the one that `makecat` calls `CatalogVersion=2`: a
//! file is listed by its SHA-256 and once more by its SHA-1.

mod asn1;
mod member;

use std::time::Duration;

use anyhow::{Context, Result};
use der::Encode;
use sha2::{Digest, Sha256};

use self::asn1::CertificateTrustList;
pub use self::member::Member;

/// For whom a package is.
#[derive(Debug)]
pub struct Target<'a> {
    /// Hardware ids, which the catalog tells without asking the INF.
    pub hardware_ids: &'a [String],
    /// `Inf2Cat`'s name for the Windows versions, such as `_v100_X64` for `/os:10_X64`.
    pub system: &'a str,
}

/// Whether a catalog lists `member` as it is, by SHA-1 and by SHA-256.
///
/// # Errors
///
/// It cannot be hashed.
pub fn lists(catalog: &[u8], member: &Member) -> Result<bool> {
    let subjects = member
        .subjects()
        .with_context(|| format!("cannot hash {}", member.name))?;
    for subject in subjects {
        let entry = subject.to_der()?;
        if !catalog.windows(entry.len()).any(|window| window == entry) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The catalog of `members`, not signed yet, as of `time` since 1970.
///
/// # Errors
///
/// A name has characters that a catalog cannot hold.
pub fn unsigned(members: &[Member], target: &Target<'_>, time: Duration) -> Result<Vec<u8>> {
    let mut subjects = Vec::new();
    for member in members {
        subjects.extend(
            member
                .subjects()
                .with_context(|| format!("cannot list {} in the catalog", member.name))?,
        );
    }
    subjects.sort_by(|a, b| a.identifier.as_bytes().cmp(b.identifier.as_bytes()));

    // Inf2Cat takes a random number, but the same files shall have the same catalog.
    let identifier = Sha256::digest(subjects.to_der()?);
    let mut attributes = vec![asn1::header("OS", target.system)?];
    for (number, id) in (1..).zip(target.hardware_ids) {
        attributes.push(asn1::header(
            &format!("HWID{number}"),
            &id.to_ascii_lowercase(),
        )?);
    }
    let identifier = identifier.get(..16).unwrap_or_default();
    let list = CertificateTrustList::new(identifier, time, subjects, attributes)?;
    Ok(asn1::signed_data(&list)?.to_der()?)
}
