//! Makes csq.js, which shows the queues of a csq device in `WinDbg`, with the offsets that csq.pdb says
//! this build has.

use std::fmt::Write as _;
use std::io::Cursor;

use anyhow::{Context, Result, bail};
use pdb::{FallibleIterator, PDB, TypeData, TypeFinder, TypeIndex, TypeInformation};

/// The script, without the offsets.
const TEMPLATE: &str = include_str!("debugger/csq.js");
/// What stands for them there.
const PLACEHOLDER: &str = "$OFFSETS$";

const EXTENSION: &str = "wdm::device_object::Extension<csq::device::Csq>";
const DEVICE: &str = "csq::device::Csq";
const LOCK: &str = "wdm::csq::lock::Lock<enum2$<csq::queues::Queues> >";
const STATE: &str = "csq::queues::State";
const SLOTS: &str = "wdm::csq::slots::Slots<csq::queues::Request>";
const SLOT: &str = "wdm::csq::slots::Slot<csq::queues::Request>";
const PEND: &str = "csq_protocol::wire::Pend";
/// `DriverContext[2]` points to an IRP's slot.
const POINTER: u64 = 8;
const KERNEL: &str = "wdk_sys::types::bindings::";

/// The script for the driver whose `.pdb` this is.
///
/// # Errors
///
/// The `.pdb` lacks a type or a field: it is of another driver, or this module is to be adapted.
pub fn script(pdb: &[u8]) -> Result<String> {
    let mut pdb = PDB::open(Cursor::new(pdb)).context("csq.pdb is no PDB")?;
    let information = pdb.type_information()?;
    let types = Types::read(&information)?;
    let kernel = |name: &str, path: &[&str]| types.offset(&format!("{KERNEL}{name}"), path);

    let device = types.offset(EXTENSION, &["device"])?;
    let lock = device + types.offset(DEVICE, &["lock"])?;
    let slots = lock + types.offset(LOCK, &["slots"])?;
    let state = lock + types.offset(LOCK, &["state"])?;
    let mut lists = String::new();
    for name in ["pending", "ending", "waiting"] {
        write!(
            lists,
            "{name}: {:#x}, ",
            state + types.offset(STATE, &[name])?
        )?;
    }
    let mut offsets = String::from("{\n");
    for (name, offset) in [
        ("extension", kernel("_DEVICE_OBJECT", &["DeviceExtension"])?),
        ("link", kernel("_IRP", &["Tail", "Overlay", "ListEntry"])?),
        (
            "slot",
            kernel("_IRP", &["Tail", "Overlay", "DriverContext"])? + 2 * POINTER,
        ),
        ("list", types.offset(SLOT, &["list"])?),
        ("id", types.offset(SLOT, &["id"])?),
        ("slot_size", types.size(SLOT)?),
        ("slots", slots + types.offset(SLOTS, &["first"])?),
        ("length", slots + types.offset(SLOTS, &["length"])?),
        ("tag", types.offset(PEND, &["tag"])?),
        (
            "file",
            kernel("_IRP", &["Tail", "Overlay", "OriginalFileObject"])?,
        ),
        ("thread", kernel("_IRP", &["Tail", "Overlay", "Thread"])?),
        (
            "buffer",
            kernel("_IRP", &["AssociatedIrp", "SystemBuffer"])?,
        ),
    ] {
        writeln!(offsets, "    {name}: {offset:#x},")?;
    }
    writeln!(offsets, "    lists: {{ {lists}}},")?;
    offsets.push('}');
    if TEMPLATE.matches(PLACEHOLDER).count() != 1 {
        bail!("csq.js has no place for the offsets");
    }
    Ok(TEMPLATE.replace(PLACEHOLDER, &offsets))
}

/// The structures and unions of a `.pdb`.
struct Types<'a, 'pdb> {
    finder: TypeFinder<'a>,
    information: &'a TypeInformation<'pdb>,
}

impl<'a, 'pdb> Types<'a, 'pdb> {
    fn read(information: &'a TypeInformation<'pdb>) -> Result<Self> {
        let mut finder = information.finder();
        let mut types = information.iter();
        while types.next()?.is_some() {
            finder.update(&types);
        }
        Ok(Self {
            finder,
            information,
        })
    }

    /// The fields of a type, each with its offset and the name of its own type, if that has one.
    fn fields(&self, name: &str) -> Result<Vec<(String, u64, String)>> {
        let (list, _) = self.find(name)?;
        self.members(list)
    }

    /// The size of a type, in bytes.
    fn size(&self, name: &str) -> Result<u64> {
        Ok(self.find(name)?.1)
    }

    /// The list of the fields of a type, and its size.
    fn find(&self, name: &str) -> Result<(TypeIndex, u64)> {
        let mut types = self.information.iter();
        while let Some(item) = types.next()? {
            // Not every kind of type is known to the crate.
            let Ok(data) = item.parse() else { continue };
            let (found, forward, list, size) = match data {
                TypeData::Class(class) => (
                    class.name,
                    class.properties.forward_reference(),
                    class.fields,
                    class.size,
                ),
                TypeData::Union(union) => (
                    union.name,
                    union.properties.forward_reference(),
                    Some(union.fields),
                    union.size,
                ),
                _ => continue,
            };
            if let (false, Some(list)) = (forward, list)
                && found.to_string() == name
            {
                return Ok((list, size));
            }
        }
        bail!("csq.pdb has no type {name}")
    }

    fn members(&self, list: TypeIndex) -> Result<Vec<(String, u64, String)>> {
        let TypeData::FieldList(list) = self.finder.find(list)?.parse()? else {
            bail!("csq.pdb has a type whose fields are no list");
        };
        let members = list.fields.into_iter().filter_map(|field| match field {
            TypeData::Member(member) => Some((
                member.name.to_string().into_owned(),
                member.offset,
                self.name(member.field_type),
            )),
            _ => None,
        });
        Ok(members.collect())
    }

    /// The name of a structure or union; nothing for any other type.
    fn name(&self, index: TypeIndex) -> String {
        match self.finder.find(index).map(|item| item.parse()) {
            Ok(Ok(TypeData::Class(class))) => class.name.to_string().into_owned(),
            Ok(Ok(TypeData::Union(union))) => union.name.to_string().into_owned(),
            _ => String::new(),
        }
    }

    /// Where `path` leads from the beginning of a type. Members that bindgen had to find a name for
    /// are passed through without being named.
    fn offset(&self, name: &str, path: &[&str]) -> Result<u64> {
        let Some((first, rest)) = path.split_first() else {
            return Ok(0);
        };
        let fields = self.fields(name)?;
        if let Some((_, offset, class)) = fields.iter().find(|(field, ..)| field == first) {
            return Ok(offset + self.offset_or_end(class, rest)?);
        }
        for (field, offset, class) in &fields {
            if field.starts_with("__bindgen_anon")
                && let Ok(inner) = self.offset(class, path)
            {
                return Ok(offset + inner);
            }
        }
        bail!("{name} has no field {first}")
    }

    fn offset_or_end(&self, name: &str, path: &[&str]) -> Result<u64> {
        if path.is_empty() {
            Ok(0)
        } else {
            self.offset(name, path)
        }
    }
}
