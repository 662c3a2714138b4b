//! A file of the package, and its hashes.

use anyhow::{Result, anyhow};
use authenticode::{PeTrait, authenticode_digest};
use der::asn1::{OctetString, SetOfVec};
use object::read::pe::PeFile64;
use sha1::Sha1;
use sha2::digest::Update;
use sha2::{Digest, Sha256};

use super::asn1::{self, TrustedSubject};

/// The kernels that the files are for: NT, version 10.0.
const KERNELS: &str = "2:10.0";

/// A file that a catalog lists.
#[derive(Debug)]
pub struct Member {
    /// Its name in the package.
    pub name: String,
    /// Its bytes. A signature in an image has to be there already: it is not hashed, but the
    /// padding before it is.
    pub contents: Vec<u8>,
}

impl Member {
    /// Its two entries.
    pub(super) fn subjects(&self) -> Result<[TrustedSubject; 2]> {
        let sha1 = self.digest::<Sha1>()?;
        let sha256 = self.digest::<Sha256>()?;
        let common = [
            asn1::member_information()?,
            asn1::named("OSAttr", KERNELS)?,
            asn1::named("File", &self.name)?,
        ];
        let mut with_digest = Vec::from(common.clone());
        with_digest.push(asn1::indirect_data(&sha256, self.is_image())?);
        Ok([
            TrustedSubject {
                identifier: OctetString::new(sha1)?,
                attributes: SetOfVec::try_from(Vec::from(common))?,
            },
            TrustedSubject {
                identifier: OctetString::new(sha256)?,
                attributes: SetOfVec::try_from(with_digest)?,
            },
        ])
    }

    fn is_image(&self) -> bool {
        self.contents.starts_with(b"MZ")
    }

    /// The hash that Windows takes: of an image without its signature and checksum, of anything
    /// else as it is.
    fn digest<D: Digest + Update>(&self) -> Result<Vec<u8>> {
        let mut digest = D::new();
        if self.is_image() {
            let image = PeFile64::parse(&*self.contents)?;
            authenticode_digest(&image as &dyn PeTrait, &mut digest)
                .map_err(|error| anyhow!("it cannot be hashed: {error}"))?;
        } else {
            Digest::update(&mut digest, &self.contents);
        }
        Ok(digest.finalize().to_vec())
    }
}
