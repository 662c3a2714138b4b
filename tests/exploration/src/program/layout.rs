//! Where the fields of csq.sys are, by its PDB.

use std::cell::Cell;
use std::fs::File;
use std::path::Path;

use pdb::{FallibleIterator, PDB, TypeData, TypeIndex};

thread_local! {
    static LIST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What a queue keeps for each IRP; behind that come the type's arguments.
const SLOT: &str = "wdm::csq::slots::Slot<";
/// The field that leads to the head of the list that the IRP is in.
const FIELD: &str = "list";

/// Reads the PDB beside a driver, if there is one.
pub fn read(driver: &Path) {
    let file = File::open(driver.with_extension("pdb"));
    let offset = file.ok().and_then(|file| field(file).ok()?);
    LIST.set(offset);
}

/// The offset of the field in a slot.
///
/// # Errors
/// What there has to be.
pub fn list() -> Result<usize, String> {
    LIST.get().ok_or_else(|| {
        "the PDB beside the driver does not say where the list of a slot is, or there is none"
            .to_owned()
    })
}

fn field(file: File) -> pdb::Result<Option<usize>> {
    let mut pdb = PDB::open(file)?;
    let information = pdb.type_information()?;
    let mut finder = information.finder();
    let mut fields = None;
    let mut types = information.iter();
    while let Some(item) = types.next()? {
        finder.update(&types);
        if let Ok(TypeData::Class(class)) = item.parse()
            && class.name.to_string().starts_with(SLOT)
        {
            fields = class.fields.or(fields);
        }
    }
    fields.map_or(Ok(None), |fields| offset(&finder, fields))
}

fn offset(finder: &pdb::TypeFinder<'_>, fields: TypeIndex) -> pdb::Result<Option<usize>> {
    let TypeData::FieldList(list) = finder.find(fields)?.parse()? else {
        return Ok(None);
    };
    let offset = list.fields.iter().find_map(|field| match field {
        TypeData::Member(member) if member.name.to_string() == FIELD => Some(member.offset),
        _ => None,
    });
    match (offset, list.continuation) {
        (None, Some(more)) => self::offset(finder, more),
        (offset, _) => Ok(offset.and_then(|offset| usize::try_from(offset).ok())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pdb_of_the_package_has_the_field() {
        let package = Path::new("../../target/package/csq.sys");
        assert!(package.exists(), "`cargo make` builds the package");
        assert!(list().is_err());
        read(package);
        let offset = list().expect("the field");
        assert!(offset != 0 && offset < 0x40, "{offset:#x}");
        read(Path::new("no-such-driver.sys"));
        assert!(list().is_err());
    }
}
