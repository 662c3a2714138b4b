//! Reads self-describing ETW events as a decoder on Windows does: from the bytes alone.
//!
//! Shares nothing with `wdm-events` and `csq-events`, which write them.

use std::fmt;

use thiserror::Error;

/// Why bytes are no description of an event, or no payload that fits one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// There are fewer bytes than there should be.
    #[error("it ends too early")]
    Short,
    /// There are more.
    #[error("{0} bytes are left over")]
    Long(usize),
    /// The size in front is not the number of bytes.
    #[error("it has {actual} bytes but says {stated}")]
    Size {
        /// What it says.
        stated: usize,
        /// What is so.
        actual: usize,
    },
    /// A name is not UTF-8.
    #[error("a name is not UTF-8")]
    Name,
    /// A field is of a type that csq.sys does not write.
    #[error("a field has the in type {stored:#x} and the out type {shown:#x}")]
    Type {
        /// How it is stored.
        stored: u8,
        /// How it is to be shown.
        shown: u8,
    },
    /// A provider or an event has traits or tags, which csq.sys does not write.
    #[error("it has traits or tags")]
    Extra,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `UINT8`.
    UInt8,
    /// `UINT32`.
    UInt32,
    /// `UINT64`.
    UInt64,
    /// `NTSTATUS`.
    NtStatus,
}

impl Type {
    const fn new(stored: u8, shown: u8) -> Result<Self, Malformed> {
        match (stored, shown) {
            (4, 0) => Ok(Self::UInt8),
            (8, 0) => Ok(Self::UInt32),
            (10, 0) => Ok(Self::UInt64),
            (7, 14) => Ok(Self::NtStatus),
            _ => Err(Malformed::Type { stored, shown }),
        }
    }
}

/// As tools show it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UInt8 => "UInt8",
            Self::UInt32 => "UInt32",
            Self::UInt64 => "UInt64",
            Self::NtStatus => "NTSTATUS",
        })
    }
}

/// What an event says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its fields, in the order of the payload.
    pub fields: Vec<(String, Type)>,
}

/// The name of a provider, of its description.
///
/// # Errors
///
/// Says what is wrong with it.
pub fn provider(bytes: &[u8]) -> Result<String, Malformed> {
    let mut rest = sized(bytes)?;
    let name = string(&mut rest)?;
    if rest.is_empty() {
        Ok(name)
    } else {
        Err(Malformed::Extra)
    }
}

impl Description {
    /// Reads the description of an event.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = sized(bytes)?;
        if byte(&mut rest)? != 0 {
            return Err(Malformed::Extra);
        }
        let name = string(&mut rest)?;
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let name = string(&mut rest)?;
            let stored = byte(&mut rest)?;
            let shown = if stored & 0x80 == 0 {
                0
            } else {
                byte(&mut rest)?
            };
            fields.push((name, Type::new(stored & 0x7f, shown)?));
        }
        Ok(Self { name, fields })
    }

    /// Reads a payload of the event: the fields with their values.
    ///
    /// # Errors
    ///
    /// The payload is longer or shorter than the fields.
    pub fn values(&self, mut payload: &[u8]) -> Result<Vec<(&str, u64)>, Malformed> {
        let rest = &mut payload;
        let mut values = Vec::new();
        for (name, kind) in &self.fields {
            let value = match kind {
                Type::UInt8 => u64::from(byte(rest)?),
                Type::UInt32 | Type::NtStatus => u64::from(u32::from_le_bytes(*chunk(rest)?)),
                Type::UInt64 => u64::from_le_bytes(*chunk(rest)?),
            };
            values.push((name.as_str(), value));
        }
        match rest.len() {
            0 => Ok(values),
            left => Err(Malformed::Long(left)),
        }
    }
}

/// What follows the size in front.
fn sized(mut bytes: &[u8]) -> Result<&[u8], Malformed> {
    let actual = bytes.len();
    let stated = u16::from_le_bytes(*chunk(&mut bytes)?).into();
    if stated == actual {
        Ok(bytes)
    } else {
        Err(Malformed::Size { stated, actual })
    }
}

fn chunk<'a, const N: usize>(bytes: &mut &'a [u8]) -> Result<&'a [u8; N], Malformed> {
    let (first, rest) = bytes.split_first_chunk().ok_or(Malformed::Short)?;
    *bytes = rest;
    Ok(first)
}

fn byte(bytes: &mut &[u8]) -> Result<u8, Malformed> {
    chunk(bytes).map(|&[byte]| byte)
}

fn string(bytes: &mut &[u8]) -> Result<String, Malformed> {
    let end = bytes.iter().position(|&byte| byte == 0);
    let (name, rest) = bytes.split_at(end.ok_or(Malformed::Short)?);
    *bytes = rest.get(1..).ok_or(Malformed::Short)?;
    String::from_utf8(name.to_vec()).map_err(|_| Malformed::Name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand: `Open` with a `UINT8` and an `NTSTATUS`.
    const OPEN: &[u8] = b"\x14\0\0Open\0door\0\x04how\0\x87\x0e";

    #[test]
    fn an_event_is_read() {
        let open = Description::read(OPEN).unwrap();
        let fields = [
            ("door".to_owned(), Type::UInt8),
            ("how".to_owned(), Type::NtStatus),
        ];
        assert_eq!((&*open.name, &*open.fields), ("Open", &fields[..]));
        let values = open.values(b"\x07\x22\x00\x00\xc0");
        assert_eq!(values, Ok(vec![("door", 7), ("how", 0xc000_0022)]));
        assert_eq!(open.values(b"\x07\x22"), Err(Malformed::Short));
        assert_eq!(open.values(&[0; 6]), Err(Malformed::Long(1)));
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_refused() {
        for length in 0..OPEN.len() {
            assert!(Description::read(&OPEN[..length]).is_err(), "{length}");
        }
        assert!(Description::read(&[OPEN, &[0]].concat()).is_err());
        assert_eq!(provider(b"\x06\0csq\0"), Ok("csq".to_owned()));
        assert_eq!(provider(b"\x07\0csq\0\0"), Err(Malformed::Extra));
    }

    #[test]
    fn an_unknown_type_is_refused() {
        let unknown = Malformed::Type {
            stored: 5,
            shown: 0,
        };
        assert_eq!(
            Description::read(b"\x07\0\0E\0f\0\x05"),
            Err(Malformed::Size {
                stated: 7,
                actual: 8
            })
        );
        assert_eq!(Description::read(b"\x08\0\0E\0f\0\x05"), Err(unknown));
    }
}
