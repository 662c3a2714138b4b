//! Each rule can be broken: copies of the shipped `csq.sys`, each with one thing wrong, and the
//! rules that then complain.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what this assumes of the shipped image is part of the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use image::checks::ALL;
use image::declared::Declared;
use image::map::Map;
use image::{Image, checksum};

/// The offsets in the file of what the damages change.
struct Offsets {
    /// From the `PE\0\0` signature on.
    headers: usize,
    /// The first section's header; it is the code's.
    section: usize,
    /// The first section's data.
    code: usize,
}

/// A file and what belongs to it.
struct Subject {
    bytes: Vec<u8>,
    map: Map,
    declared: Declared,
    /// Imports to count besides the file's.
    more_imports: usize,
}

impl Subject {
    fn shipped() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let package = root.join("target/package");
        let text = |path: &Path| fs::read_to_string(path).expect("`cargo make` comes first");
        Self {
            bytes: fs::read(package.join("csq.sys")).expect("`cargo make` comes first"),
            map: Map::parse(&text(&package.join("csq.map"))).unwrap(),
            declared: Declared::parse(&text(&root.join("src/wdm/src/sys.rs"))).unwrap(),
            more_imports: 0,
        }
    }

    fn offsets(&self) -> Offsets {
        let headers = self.u32(0x3c);
        let section = headers + 24 + usize::from(self.bytes[headers + 20]);
        Offsets {
            headers,
            section,
            code: self.u32(section + 20),
        }
    }

    fn u32(&self, offset: usize) -> usize {
        let bytes = self.bytes[offset..offset + 4].try_into().unwrap();
        usize::try_from(u32::from_le_bytes(bytes)).unwrap()
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn seal(&mut self) {
        let offset = checksum::offset(&self.bytes).unwrap();
        let due = checksum::compute(&self.bytes).unwrap();
        self.put(offset, &due.to_le_bytes());
    }

    fn broken(&self) -> Vec<&'static str> {
        let mut image = Image::new(&self.bytes, self.map.clone(), self.declared.clone()).unwrap();
        for _ in 0..self.more_imports {
            let import = image.imports[0].clone();
            image.imports.push(import);
        }
        ALL.iter()
            .filter(|check| check.run(&image).is_err())
            .map(|check| check.name)
            .collect()
    }
}

type Damage = (
    &'static str,
    &'static [&'static str],
    fn(&mut Subject, &Offsets),
);

/// What is wrong, the rules that say so, and how to bring it about.
const DAMAGES: &[Damage] = &[
    ("for ARM64", &["format"], |subject, at| {
        subject.put(at.headers + 4, &[0x64, 0xaa]);
    }),
    ("a console program", &["format"], |subject, at| {
        subject.put(at.headers + 24 + 68, &[3, 0]);
    }),
    // The map is then not this image's either.
    ("starts a byte late", &["entry", "map"], |subject, at| {
        subject.bytes[at.headers + 24 + 16] += 1;
    }),
    ("not relocatable", &["loading"], |subject, at| {
        subject.bytes[at.headers + 24 + 70] &= !0x40;
    }),
    ("relocations stripped", &["loading"], |subject, at| {
        subject.bytes[at.headers + 22] |= 1;
    }),
    ("signature not required", &["loading"], |subject, at| {
        subject.bytes[at.headers + 24 + 70] &= !0x80;
    }),
    ("too large", &["size"], |subject, _| {
        subject.bytes.resize(24 * 1024 + 1, 0);
    }),
    ("imports from a DLL", &["modules"], |subject, _| {
        let name = b"ntoskrnl.exe\0";
        let at = subject
            .bytes
            .windows(name.len())
            .position(|bytes| bytes == name);
        subject.put(at.unwrap(), b"kernel32.dll\0");
    }),
    ("an import nobody announced", &["imports"], |subject, _| {
        assert!(subject.declared.0.remove("IoCsqInsertIrp"));
    }),
    (
        "an announced import that is absent",
        &["imports"],
        |subject, _| {
            assert!(subject.declared.0.insert("ZwLoadDriver".to_owned()));
        },
    ),
    ("too many imports", &["number"], |subject, _| {
        subject.more_imports = 40;
    }),
    ("writable code", &["writable"], |subject, at| {
        subject.bytes[at.section + 39] |= 0x80;
    }),
    ("pageable code", &["resident"], |subject, at| {
        subject.put(at.section, b"PAGE\0\0\0\0");
    }),
    (
        "a pointer nobody relocates",
        &["relocation"],
        |subject, at| {
            let base = at.headers + 24 + 24;
            let pointer: [u8; 8] = subject.bytes[base..base + 8].try_into().unwrap();
            subject.put(at.code + 8, &pointer);
        },
    ),
    ("another image's map", &["map"], |subject, _| {
        *subject.map.symbols.get_mut("DriverEntry").unwrap() += 16;
    }),
    ("a map without an import", &["map"], |subject, _| {
        subject.map.symbols.remove("__imp_IoCsqInsertIrp").unwrap();
    }),
    ("a function that panics", &["panic"], |subject, _| {
        let name = "core::panicking::panic_bounds_check".to_owned();
        subject.map.symbols.insert(name, 0x1_8000_1000);
    }),
];

#[test]
fn the_shipped_image_breaks_no_rule() {
    assert_eq!(Subject::shipped().broken(), <[&str; 0]>::default());
}

#[test]
fn each_damage_breaks_its_rules_and_no_other() {
    for (what, rules, damage) in DAMAGES {
        let mut subject = Subject::shipped();
        let offsets = subject.offsets();
        damage(&mut subject, &offsets);
        subject.seal();
        assert_eq!(subject.broken(), *rules, "{what}");
    }
}

#[test]
fn a_changed_byte_breaks_the_checksum() {
    let mut subject = Subject::shipped();
    *subject.bytes.last_mut().unwrap() ^= 1;
    assert_eq!(subject.broken(), ["checksum"]);
}

#[test]
fn every_rule_is_broken_by_something() {
    let mut broken: BTreeSet<&str> = DAMAGES
        .iter()
        .flat_map(|(_, rules, _)| *rules)
        .copied()
        .collect();
    broken.insert("checksum");
    let all: BTreeSet<&str> = ALL.iter().map(|check| check.name).collect();
    assert_eq!(broken, all);
}
