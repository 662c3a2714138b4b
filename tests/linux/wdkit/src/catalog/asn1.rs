//! The structures of a catalog.

use std::time::Duration;

use authenticode::{
    DigestInfo, SPC_INDIRECT_DATA_OBJID, SpcAttributeTypeAndOptionalValue, SpcIndirectDataContent,
};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignedData, SignerInfos};
use der::asn1::{
    Any, BitString, BmpString, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime,
};
use der::{Encode, EncodeValue, Sequence, Tag, TagNumber, Tagged};
use x509_cert::attr::Attribute;
use x509_cert::ext::{Extension, Extensions};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// RFC 5652: signed data.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// wincrypt.h, `szOID_CTL`.
const CTL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.1");
/// mscat.h, `szOID_CATALOG_LIST`.
const CATALOG_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.1");
/// mscat.h, `szOID_CATALOG_LIST_MEMBER2`.
const CATALOG_LIST_MEMBER2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.3");
/// wintrust.h, `CAT_NAMEVALUE_OBJID`.
const NAME_VALUE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.1");

/// mscat.h: `CRYPTCAT_ATTR_AUTHENTICATED | CRYPTCAT_ATTR_NAMEASCII | CRYPTCAT_ATTR_DATAASCII`.
const NAME_VALUE_FLAGS: u32 = 0x1001_0001;

/// NIST: SHA-256.
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// wintrust.h, `CAT_MEMBERINFO2_OBJID`.
const MEMBER_INFORMATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.3");
/// wintrust.h, `SPC_PE_IMAGE_DATA_OBJID`.
const PE_IMAGE_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.15");
/// wintrust.h, `SPC_CAB_DATA_OBJID`, which stands for every file that is not an image.
const CAB_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.25");

/// `CertificateTrustList` of [MS-CAESO], without what a catalog has not.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct CertificateTrustList {
    pub subject_usage: Vec<ObjectIdentifier>,
    pub list_identifier: OctetString,
    pub this_update: UtcTime,
    pub subject_algorithm: AlgorithmIdentifierOwned,
    pub trusted_subjects: Vec<TrustedSubject>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub extensions: Option<Extensions>,
}

/// `TrustedSubject` of [MS-CAESO]: a file.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TrustedSubject {
    /// Its hash.
    pub identifier: OctetString,
    pub attributes: SetOfVec<Attribute>,
}

/// `CAT_NAMEVALUE` of wintrust.h.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct NameValue {
    pub name: BmpString,
    pub flags: u32,
    /// UTF-16, little endian, with a zero at its end.
    pub value: OctetString,
}

/// `SpcPeImageData` of the Authenticode format.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct PeImageData {
    flags: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    file: Any,
}

impl CertificateTrustList {
    /// The list of a catalog.
    pub fn new(
        identifier: &[u8],
        time: Duration,
        trusted_subjects: Vec<TrustedSubject>,
        attributes: Extensions,
    ) -> der::Result<Self> {
        Ok(Self {
            subject_usage: vec![CATALOG_LIST],
            list_identifier: OctetString::new(identifier)?,
            this_update: UtcTime::from_unix_duration(time)?,
            subject_algorithm: AlgorithmIdentifierOwned {
                oid: CATALOG_LIST_MEMBER2,
                parameters: Some(Null.into()),
            },
            trusted_subjects,
            extensions: Some(attributes),
        })
    }
}

impl NameValue {
    fn new(name: &str, value: &str) -> der::Result<Self> {
        let value: Vec<u8> = value
            .encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect();
        Ok(Self {
            name: BmpString::from_utf8(name)?,
            flags: NAME_VALUE_FLAGS,
            value: OctetString::new(value)?,
        })
    }
}

/// An attribute of the catalog as a whole.
pub fn header(name: &str, value: &str) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: NAME_VALUE,
        critical: false,
        extn_value: OctetString::new(NameValue::new(name, value)?.to_der()?)?,
    })
}

/// A named attribute of a file.
pub fn named(name: &str, value: &str) -> der::Result<Attribute> {
    attribute(NAME_VALUE, &NameValue::new(name, value)?)
}

/// The attribute that each file has in a catalog of version 2: nothing, under a tag.
pub fn member_information() -> der::Result<Attribute> {
    let empty = Any::new(context(2, false), [])?;
    attribute(MEMBER_INFORMATION, &empty)
}

/// The attribute with a file's SHA-256, in the form in which a signature has it.
pub fn indirect_data(sha256: &[u8], is_image: bool) -> der::Result<Attribute> {
    // An SpcLink to a file without a name.
    let file = Any::new(context(2, true), Any::new(context(0, false), [])?.to_der()?)?;
    let (value_type, value) = if is_image {
        let data = PeImageData {
            // includeResources and includeImportAddressTable, as Inf2Cat says of every image.
            flags: BitString::new(5, [0xa0])?,
            file,
        };
        (PE_IMAGE_DATA, Any::encode_from(&data)?)
    } else {
        (CAB_DATA, file)
    };
    let content = SpcIndirectDataContent {
        data: SpcAttributeTypeAndOptionalValue { value_type, value },
        message_digest: DigestInfo {
            digest_algorithm: AlgorithmIdentifierOwned {
                oid: SHA256,
                parameters: Some(Null.into()),
            },
            digest: OctetString::new(sha256)?,
        },
    };
    attribute(SPC_INDIRECT_DATA_OBJID, &content)
}

/// A message that is signed by nobody yet.
pub fn signed_data(list: &CertificateTrustList) -> der::Result<ContentInfo> {
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::new(),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: CTL,
            econtent: Some(Any::encode_from(list)?),
        },
        certificates: None,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::new()),
    };
    Ok(ContentInfo {
        content_type: SIGNED_DATA,
        content: Any::encode_from(&data)?,
    })
}

fn attribute(oid: ObjectIdentifier, value: &(impl EncodeValue + Tagged)) -> der::Result<Attribute> {
    let values = SetOfVec::try_from([Any::encode_from(value)?])?;
    Ok(Attribute { oid, values })
}

fn context(number: u8, constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: TagNumber::new(number),
    }
}
