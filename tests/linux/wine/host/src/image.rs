//! Reads PE images: what Wine's ntoskrnl.exe exports, which of its exports are traps, what a driver
//! imports.

use anyhow::{Context, Result, bail};
use object::pe::IMAGE_FILE_MACHINE_AMD64;
use object::read::pe::{ExportTarget, ImageNtHeaders, PeFile64};
use object::{NameOrOrdinal, Object};

/// What is behind an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Export {
    /// Code, or a variable.
    Real,
    /// A trap that Wine's `winebuild` puts where a routine is only known by name: calling it ends
    /// the process.
    Stub,
    /// A name of another module.
    Forward,
}

/// The bytes, in the DOS stub, by which Wine knows its own modules.
const BUILTIN: &[u8] = b"Wine builtin DLL";
/// Where they are.
const BUILTIN_OFFSET: usize = 0x40;

/// Whether `image` says that it belongs to Wine.
pub fn is_builtin(image: &[u8]) -> bool {
    image
        .get(BUILTIN_OFFSET..)
        .is_some_and(|rest| rest.starts_with(BUILTIN))
}

/// Takes the sign off `image` by which Wine knows its own modules, so that Wine loads it as a
/// foreign one. Fails when there is none.
pub fn strip_builtin(image: &mut [u8]) -> Result<()> {
    if !is_builtin(image) {
        bail!("this is not one of Wine's own modules");
    }
    if let Some(signature) = image.get_mut(BUILTIN_OFFSET..BUILTIN_OFFSET + BUILTIN.len()) {
        signature.fill(0);
    }
    Ok(())
}

fn parse(image: &[u8]) -> Result<PeFile64<'_>> {
    let file = PeFile64::parse(image).context("this is not a 64-bit PE image")?;
    if file
        .nt_headers()
        .file_header()
        .machine
        .get(object::LittleEndian)
        != IMAGE_FILE_MACHINE_AMD64
    {
        bail!("this image is not for x86-64");
    }
    Ok(file)
}

/// The named exports of `image`, sorted by name.
pub fn exports(image: &[u8]) -> Result<Vec<(String, Export)>> {
    let file = parse(image)?;
    let table = file.export_table()?.context("this image exports nothing")?;
    let mut exports = Vec::new();
    for export in table.exports()? {
        let Some(name) = export.name else { continue };
        let name = str::from_utf8(name).context("an export's name is not UTF-8")?;
        let kind = match export.target {
            ExportTarget::Address(address) if is_stub(&file, image, address, name) => Export::Stub,
            ExportTarget::Address(_) => Export::Real,
            ExportTarget::ForwardByName(..) | ExportTarget::ForwardByOrdinal(..) => Export::Forward,
        };
        exports.push((name.to_owned(), kind));
    }
    exports.sort();
    Ok(exports)
}

/// The imports of `image` as (module, routine), in the order of the file. An import by number has
/// `#` and the number for a name.
pub fn imports(image: &[u8]) -> Result<Vec<(String, String)>> {
    let mut imports = Vec::new();
    for import in parse(image)?.imports()? {
        let import = import?;
        let module = str::from_utf8(import.library())?.to_owned();
        imports.push(match import.name() {
            NameOrOrdinal::Name(name) => (module, str::from_utf8(name)?.to_owned()),
            NameOrOrdinal::Ordinal(number) => (module, format!("#{number}")),
        });
    }
    Ok(imports)
}

/// Whether the code at `address` is what winebuild writes for every routine that does not exist:
/// it loads the address of that routine's own name into RDX, and then calls the one that complains
/// about it.
fn is_stub(file: &PeFile64<'_>, image: &[u8], address: u32, name: &str) -> bool {
    /// `lea rdx, [rip + disp32]` and the first byte of `call rel32`, around the displacement.
    const LOAD: [u8; 3] = [0x48, 0x8d, 0x15];
    const CALL: u8 = 0xe8;
    /// Where the load is: after an instruction of four bytes and one of seven.
    const OFFSET: u32 = 11;

    let sections = file.section_table();
    let data_at = |address| sections.pe_data_at(image, address);
    let Some(&[a, b, c, d0, d1, d2, d3, call, ..]) = data_at(address + OFFSET) else {
        return false;
    };
    let next = address + OFFSET + 7;
    [a, b, c] == LOAD
        && call == CALL
        && next
            .checked_add_signed(i32::from_le_bytes([d0, d1, d2, d3]))
            .and_then(data_at)
            .and_then(|text| text.strip_prefix(name.as_bytes()))
            .is_some_and(|rest| rest.first() == Some(&0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_image_is_refused() {
        for bytes in [&b""[..], b"MZ", b"not an image at all", &[0; 4096]] {
            assert!(exports(bytes).is_err());
            assert!(imports(bytes).is_err());
        }
    }

    #[test]
    fn only_a_module_of_wine_is_stripped() {
        let mut image = vec![7; 0x80];
        assert!(strip_builtin(&mut image).is_err());
        image[BUILTIN_OFFSET..BUILTIN_OFFSET + 16].copy_from_slice(BUILTIN);
        strip_builtin(&mut image).unwrap();
        assert!(!is_builtin(&image));
        assert_eq!(image[BUILTIN_OFFSET..BUILTIN_OFFSET + 16], [0; 16]);
        assert_eq!(image[..BUILTIN_OFFSET], [7; BUILTIN_OFFSET]);
    }
}
