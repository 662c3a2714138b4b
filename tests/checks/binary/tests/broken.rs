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

use binary::checks::ALL;
use binary::declared::Declared;
use binary::map::{Map, Symbol};
use binary::version::Version;
use binary::{Image, checksum};
use object::read::pe::PeFile64;

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
        let root = Path::new("../../..");
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

    /// The offset in the file of the function `name`.
    fn function(&self, name: &str) -> usize {
        let offsets = self.offsets();
        let base = offsets.headers + 24 + 24;
        let base = u64::from_le_bytes(self.bytes[base..base + 8].try_into().unwrap());
        let address = usize::try_from(self.map.address(name).unwrap() - base).unwrap();
        address - self.u32(offsets.section + 12) + offsets.code
    }

    /// The offset in the file of the load configuration, which is among the constants.
    fn load_configuration(&self) -> usize {
        let offsets = self.offsets();
        let constants = offsets.section + 40;
        let directory = self.u32(offsets.headers + 24 + 112 + 10 * 8);
        directory - self.u32(constants + 12) + self.u32(constants + 20)
    }

    /// The offset in the file of the version resource, which is the first in its section and the only one.
    fn version_resource(&self) -> usize {
        let offsets = self.offsets();
        let directory = self.u32(offsets.headers + 24 + 112 + 2 * 8);
        let header = (offsets.section..)
            .step_by(40)
            .find(|header| self.u32(header + 12) == directory)
            .unwrap();
        let section = self.u32(header + 20);
        let name = wide("VS_VERSION_INFO");
        let key = self.bytes[section..]
            .windows(name.len())
            .position(|bytes| bytes == name);
        // Three lengths are before it.
        section + key.unwrap() - 6
    }

    /// Replaces the first `from` at or after `start`.
    fn replace(&mut self, start: usize, from: &[u8], to: &[u8]) {
        let found = self.bytes[start..]
            .windows(from.len())
            .position(|bytes| bytes == from);
        self.put(start + found.unwrap(), to);
    }

    fn rename(&mut self, from: &str, to: &str) {
        let renamed = |symbol: &&mut Symbol| symbol.name == from;
        let symbol = self.map.symbols.iter_mut().find(renamed).unwrap();
        to.clone_into(&mut symbol.name);
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

/// A text in a resource.
fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
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
    ("no version resource", &["version"], |subject, at| {
        subject.put(at.headers + 24 + 112 + 2 * 8, &[0; 8]);
    }),
    ("another version, in numbers", &["version"], |subject, _| {
        let fixed = subject.version_resource() + 0x28;
        subject.bytes[fixed + 8] += 1;
    }),
    ("another version, in words", &["version"], |subject, _| {
        let resource = subject.version_resource();
        subject.replace(resource, &wide(env!("CARGO_PKG_VERSION")), &wide("9"));
    }),
    ("another file's version", &["version"], |subject, _| {
        let resource = subject.version_resource();
        subject.replace(resource, &wide("csq.sys"), &wide("cat.sys"));
    }),
    (
        "a file without a description",
        &["version"],
        |subject, _| {
            let resource = subject.version_resource();
            subject.replace(resource, &wide("FileDescription"), &wide("X"));
        },
    ),
    ("a language without texts", &["version"], |subject, _| {
        let resource = subject.version_resource();
        subject.replace(resource, &wide("040904b0"), &wide("040704b0"));
    }),
    (
        "a version resource that is cut off",
        &["version"],
        |subject, _| {
            let resource = subject.version_resource();
            subject.put(resource, &[0xff, 0xff]);
        },
    ),
    // The map is then not this image's either.
    (
        "starts a byte late",
        &[
            "entry",
            "pool-flags",
            "guard",
            "map",
            "panic",
            "pool",
            "recursion",
            "stack",
        ],
        |subject, at| {
            subject.bytes[at.headers + 24 + 16] += 1;
        },
    ),
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
        // The signature, which is some kilobytes, does not count.
        subject.bytes.resize(32 * 1024, 0);
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
    ("sections of half a page", &["pages"], |subject, at| {
        subject.put(at.headers + 24 + 32, &[0, 8]);
    }),
    ("imports among the code", &["pages"], |subject, at| {
        let code = subject.u32(at.section + 12).to_le_bytes();
        subject.put(at.headers + 24 + 112 + 12 * 8, &code[..4]);
    }),
    ("executable pool", &["pool-flags"], |subject, at| {
        subject.replace(at.code, &[0xb9, 0x40, 0, 0, 0], &[0xb9, 0x80]);
    }),
    (
        "pool by flags from elsewhere",
        &["pool-flags"],
        |subject, at| {
            // mov ecx, eax instead of mov ecx, 0x40.
            let load = [0x89, 0xc1, 0x90, 0x90, 0x90];
            subject.replace(at.code, &[0xb9, 0x40, 0, 0, 0], &load);
        },
    ),
    ("linked without /GUARD:CF", &["guard"], |subject, at| {
        subject.bytes[at.headers + 24 + 71] &= !0x40;
    }),
    ("no load configuration", &["guard"], |subject, at| {
        subject.put(at.headers + 24 + 112 + 10 * 8, &[0; 8]);
    }),
    ("a table that is not announced", &["guard"], |subject, _| {
        let flags = subject.load_configuration() + 0x90;
        subject.put(flags, &[0; 4]);
    }),
    ("no place for the checks", &["guard"], |subject, _| {
        let dispatch = subject.load_configuration() + 0x78;
        subject.put(dispatch, &[0; 8]);
    }),
    ("a table that is cut off", &["guard"], |subject, _| {
        let count = subject.load_configuration() + 0x88;
        subject.put(count, &[0, 0, 1]);
    }),
    (
        "an entry point not in the table",
        &["guard"],
        |subject, _| {
            let count = subject.load_configuration() + 0x88;
            subject.bytes[count] = 1;
        },
    ),
    (
        "what is no entry point in the table",
        &["guard", "pool"],
        |subject, at| {
            // The code that DriverEntry points to is no entry point if nothing points to it.
            let entry = subject.function("DriverEntry");
            let text = subject.u32(at.section + 20);
            let text = text..text + subject.u32(at.section + 16);
            let points_to_code = |place: &usize| {
                let distance = u32::try_from(subject.u32(place + 2)).unwrap();
                let target = (place + 6).wrapping_add_signed(distance.cast_signed() as isize);
                subject.bytes[*place..].starts_with(&[0x8d, 0x05]) && text.contains(&target)
            };
            let pointer = (entry..text.end - 6).find(points_to_code).unwrap();
            // mov instead of lea: what is there is read, and its address not taken.
            subject.bytes[pointer] = 0x8b;
        },
    ),
    ("pageable code", &["resident"], |subject, at| {
        subject.put(at.section, b"PAGE\0\0\0\0");
    }),
    ("discardable code", &["resident"], |subject, at| {
        subject.bytes[at.section + 39] |= 0x02;
    }),
    (
        "a pointer nobody relocates",
        &["relocation"],
        |subject, at| {
            let base = at.headers + 24 + 24;
            let pointer: [u8; 8] = subject.bytes[base..base + 8].try_into().unwrap();
            // The second section has constants.
            let data = subject.u32(at.section + 40 + 20);
            subject.put(data, &pointer);
        },
    ),
    (
        "another image's map",
        &[
            "pool-flags",
            "guard",
            "map",
            "panic",
            "pool",
            "recursion",
            "stack",
        ],
        |subject, _| {
            for symbol in &mut subject.map.symbols {
                symbol.address += 1;
            }
        },
    ),
    ("a map without an import", &["map"], |subject, _| {
        let imported = |symbol: &Symbol| symbol.name == "__imp_IoCsqInsertIrp";
        subject.map.symbols.retain(|symbol| !imported(symbol));
    }),
    ("a function that panics", &["panic"], |subject, _| {
        subject.rename(
            "csq::requests::complete",
            "core::panicking::panic_bounds_check",
        );
    }),
    ("a panic that nobody calls", &["panic"], |subject, _| {
        let address = subject.map.address("_fltused").unwrap();
        let name = "core::panicking::panic".to_owned();
        subject.map.symbols.push(Symbol { name, address });
    }),
    ("an abort", &["panic"], |subject, at| {
        // The int 29h before the ud2.
        subject.replace(at.code, &[0xcd, 0x29], &[0x90, 0x90]);
    }),
    ("an endless loop", &["panic"], |subject, _| {
        let unload = subject.function("wdm::dispatch::driver_unload");
        subject.put(unload, &[0xeb, 0xfe]);
    }),
    ("allocation by a request", &["pool"], |subject, _| {
        subject.rename(
            "wdm::dispatch::handle::dispatch_create",
            "wdm::dispatch::queue",
        );
        subject.rename(
            "wdm::dispatch::dispatch_device_control",
            "wdm::dispatch::handle::dispatch_create",
        );
    }),
    ("an entry point that is gone", &["pool"], |subject, _| {
        subject.rename("wdm::dispatch::driver_add_device", "wdm::dispatch::add");
    }),
    ("recursion", &["recursion", "stack"], |subject, _| {
        // call to itself; nop; instead of whatever it does.
        let unload = subject.function("wdm::dispatch::driver_unload");
        subject.put(unload, &[0xe8, 0xfb, 0xff, 0xff, 0xff, 0xc3]);
    }),
    ("too much stack", &["stack"], |subject, _| {
        // sub rsp, 0x401; ret.
        let unload = subject.function("wdm::dispatch::driver_unload");
        subject.put(unload, &[0x48, 0x81, 0xec, 0x01, 0x04, 0, 0, 0xc3]);
    }),
    ("a stack of unknown size", &["stack"], |subject, _| {
        // sub rsp, rax; ret.
        let unload = subject.function("wdm::dispatch::driver_unload");
        subject.put(unload, &[0x48, 0x29, 0xc4, 0xc3]);
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

#[test]
fn csqctl_says_which_version_it_is() {
    let bytes = fs::read("../../../target/package/csqctl.exe").expect("`cargo make` comes first");
    let version = Version::of(&PeFile64::parse(&*bytes).unwrap(), &bytes).unwrap();
    assert!(version.judge("csqctl.exe").is_ok(), "{version:?}");
    assert!(version.judge("csq.sys").is_err());
}
