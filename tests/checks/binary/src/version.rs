//! The version resource of a file: what its properties in Windows, crash dumps and debuggers tell of it.
//!
//! See "VERSIONINFO resource" and `VS_VERSIONINFO`:
//! <https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo>.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use object::LittleEndian as LE;
use object::read::pe::{PeFile64, ResourceDirectory, ResourceDirectoryTable};

use crate::text;

/// `RT_VERSION`.
const VERSION: u16 = 16;

/// `VS_FFI_SIGNATURE`, with which `VS_FIXEDFILEINFO` begins.
const SIGNATURE: u32 = 0xfeef_04bd;

/// What a version resource says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The file's version in numbers.
    pub file: [u16; 4],
    /// The product's version in numbers.
    pub product: [u16; 4],
    /// The texts, by their names.
    pub texts: BTreeMap<String, String>,
}

impl Version {
    /// Reads the version resource of an image, in the language that its `Translation` names.
    ///
    /// # Errors
    ///
    /// `pe`, whose file is `bytes`, has none, or one that Windows would not understand.
    pub fn of<'a>(pe: &PeFile64<'a>, bytes: &'a [u8]) -> Result<Self> {
        let (root, _) =
            Block::parse(resource(pe, bytes)?).context("its version resource is cut off")?;
        ensure!(
            root.key == "VS_VERSION_INFO",
            "its version resource begins with {} and not with VS_VERSION_INFO",
            root.key
        );
        let number = |index: usize| {
            let four = root.value.as_chunks::<4>().0.get(index);
            four.map(|four| u32::from_le_bytes(*four))
                .context("its VS_FIXEDFILEINFO is cut off")
        };
        ensure!(
            number(0)? == SIGNATURE,
            "its VS_FIXEDFILEINFO has no signature"
        );
        let version = |index: usize| -> Result<[u16; 4]> {
            let [high, low] = [number(index)?, number(index + 1)?].map(u32::to_le_bytes);
            let [minor, major] = halves(high);
            let [build, patch] = halves(low);
            Ok([major, minor, patch, build])
        };
        let translation = root
            .child("VarFileInfo")
            .and_then(|it| it.child("Translation"))
            .and_then(|it| it.value.first_chunk::<4>().copied())
            .context("it has no Translation, so nobody knows the language of its texts")?;
        let [language, code_page] = halves(translation);
        let language = format!("{language:04x}{code_page:04x}");
        let texts = root
            .child("StringFileInfo")
            .and_then(|it| {
                it.children()
                    .find(|it| it.key.eq_ignore_ascii_case(&language))
            })
            .with_context(|| format!("it has no texts in the language {language} that it names"))?;
        Ok(Self {
            file: version(2)?,
            product: version(4)?,
            texts: texts
                .children()
                .map(|it| (it.key.clone(), wide(it.value)))
                .collect(),
        })
    }

    /// Compares with what a file of this project, `name`, has to say. Returns it in a few words.
    ///
    /// # Errors
    ///
    /// It says something else; the text says what, and where to change it.
    pub fn judge(&self, name: &str) -> Result<String, String> {
        const CARGO: &str = env!("CARGO_PKG_VERSION");
        let numbers: Vec<u16> = CARGO
            .split('.')
            .map_while(|part| part.parse().ok())
            .chain([0])
            .collect();
        for (what, found) in [("file", self.file), ("product", self.product)] {
            if found != *numbers {
                return Err(format!(
                    "the {what}'s version is {found:?} and Cargo's {CARGO}: look at build.rs"
                ));
            }
        }
        for (key, due) in [
            ("ProductName", "csq"),
            ("OriginalFilename", name),
            ("FileVersion", CARGO),
            ("ProductVersion", CARGO),
        ] {
            let found = self.texts.get(key).map_or("", String::as_str);
            if found != due {
                return Err(format!(
                    "{key} is \"{found}\" and ought to be \"{due}\": look at build.rs"
                ));
            }
        }
        let description = self.texts.get("FileDescription");
        match description {
            Some(description) if !description.is_empty() => {
                Ok(format!("{name} {CARGO}, \"{description}\""))
            }
            _ => Err("it has no FileDescription: look at build.rs".to_owned()),
        }
    }
}

/// The bytes of the version resource, which has the number 1 and one language.
fn resource<'a>(pe: &PeFile64<'a>, bytes: &'a [u8]) -> Result<&'a [u8]> {
    const NONE: &str = "it has no version resource: build.rs must compile one";
    let sections = pe.section_table();
    let directory = pe
        .data_directories()
        .resource_directory(bytes, &sections)?
        .context(NONE)?;
    let languages = entry(
        directory,
        &entry(directory, &directory.root()?, VERSION)?,
        1,
    )?;
    let only = languages.entries.first().context(NONE)?;
    let place = only.data(directory)?.data().context(NONE)?;
    let start = place.offset_to_data.get(LE);
    let length = usize::try_from(place.size.get(LE))?;
    sections
        .pe_data_at(bytes, start)
        .and_then(|data| data.get(..length))
        .context("its version resource is in no section")
}

/// The table with the number `id` in `table`.
fn entry<'a>(
    directory: ResourceDirectory<'a>,
    table: &ResourceDirectoryTable<'a>,
    id: u16,
) -> Result<ResourceDirectoryTable<'a>> {
    let found = table
        .entries
        .iter()
        .find(|entry| entry.name_or_id().id() == Some(id))
        .with_context(|| format!("it has no resource of the number {id}"))?;
    found
        .data(directory)?
        .table()
        .context("its resource directory has too few levels")
}

/// A part of `VS_VERSIONINFO`: three lengths, a key, a value, and more parts, each at a multiple of four
/// bytes.
struct Block<'a> {
    key: String,
    value: &'a [u8],
    children: &'a [u8],
}

impl<'a> Block<'a> {
    /// The block at the beginning of `bytes`, and what follows it.
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let word = |offset: usize| {
            let two = bytes.get(offset..)?.first_chunk::<2>()?;
            Some(usize::from(u16::from_le_bytes(*two)))
        };
        let all = bytes.get(..word(0)?)?;
        // The length of a text is in characters.
        let length = word(2)? * if word(4)? == 1 { 2 } else { 1 };
        let key = all.get(6..)?;
        let characters = key
            .as_chunks::<2>()
            .0
            .iter()
            .take_while(|it| **it != [0, 0]);
        let start = (6 + 2 * (characters.count() + 1)).next_multiple_of(4);
        let value = all.get(start.min(all.len())..)?.get(..length)?;
        let children = all.get((start + length).next_multiple_of(4)..);
        let rest = bytes.get(all.len().next_multiple_of(4)..);
        let block = Self {
            key: wide(key),
            value,
            children: children.unwrap_or_default(),
        };
        Some((block, rest.unwrap_or_default()))
    }

    /// The blocks in this one, up to the first that is cut off.
    fn children(&self) -> impl Iterator<Item = Block<'a>> + use<'a> {
        let mut rest = self.children;
        std::iter::from_fn(move || {
            let (block, after) = Block::parse(rest)?;
            // One without a length would be found for ever.
            let advanced = after.len() < rest.len();
            rest = after;
            advanced.then_some(block)
        })
    }

    fn child(&self, key: &str) -> Option<Block<'a>> {
        self.children().find(|block| block.key == key)
    }
}

/// UTF-16 up to a null, fit for a line of text.
fn wide(bytes: &[u8]) -> String {
    let characters = bytes.as_chunks::<2>().0.iter().copied();
    let characters = characters.map(u16::from_le_bytes).take_while(|it| *it != 0);
    let characters: String = char::decode_utf16(characters)
        .map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text(characters.as_bytes())
}

fn halves(four: [u8; 4]) -> [u16; 2] {
    let [a, b, c, d] = four;
    [[a, b], [c, d]].map(u16::from_le_bytes)
}
