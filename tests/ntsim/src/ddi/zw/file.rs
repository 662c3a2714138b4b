//! Zw: files. They are in memory, and empty at first.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{Named, named, open, passed, path};
use crate::ddi::{enter, exports};
use crate::guest;
use crate::nt::PASSIVE_LEVEL;
use crate::nt::status::{
    END_OF_FILE, INVALID_HANDLE, NOT_SUPPORTED, OBJECT_NAME_COLLISION, OBJECT_NAME_NOT_FOUND,
    SUCCESS,
};
use crate::world;

exports! { ZwCreateFile, ZwOpenFile, ZwReadFile, ZwWriteFile, ZwQueryInformationFile, ZwSetInformationFile, ZwDeviceIoControlFile, ZwDeleteFile }

/// What is to become of a file that exists, and of one that does not.
mod disposition {
    pub const OPEN: u32 = 1;
    pub const CREATE: u32 = 2;
    pub const OVERWRITE: u32 = 4;
}

/// Fills in an `IO_STATUS_BLOCK`.
fn answer(block: usize, status: u32, information: usize) -> u32 {
    if block != 0 {
        guest::write(block, status);
        guest::write(block + size_of::<usize>(), information);
    }
    status
}

pub extern "win64" fn ZwCreateFile(
    handle: usize,
    _access: u32,
    attributes: usize,
    block: usize,
    _size: usize,
    _file_attributes: u32,
    _share: u32,
    disposition: u32,
    _options: u32,
    _extended: usize,
    _extended_length: u32,
) -> u32 {
    enter("ZwCreateFile", PASSIVE_LEVEL);
    let path = match path(attributes) {
        Ok(path) => path.to_lowercase(),
        Err(status) => return status,
    };
    let exists = world::with(|world| world.contents.contains_key(&path));
    match (exists, disposition) {
        (false, disposition::OPEN | disposition::OVERWRITE) => {
            return answer(block, OBJECT_NAME_NOT_FOUND, 0);
        }
        (true, disposition::CREATE) => return answer(block, OBJECT_NAME_COLLISION, 0),
        _ => {}
    }
    let keeps = disposition == disposition::OPEN || disposition == 3;
    world::with(|world| {
        let contents = world.contents.entry(path.clone()).or_default();
        if !keeps {
            contents.clear();
        }
    });
    answer(block, SUCCESS, 1);
    open(handle, Named::File(path))
}

pub extern "win64" fn ZwOpenFile(
    handle: usize,
    access: u32,
    attributes: usize,
    block: usize,
    share: u32,
    options: u32,
) -> u32 {
    ZwCreateFile(
        handle,
        access,
        attributes,
        block,
        0,
        0,
        share,
        disposition::OPEN,
        options,
        0,
        0,
    )
}

fn path_of(handle: usize) -> Result<String, u32> {
    match named(handle) {
        Some(Named::File(path)) => Ok(path),
        _ => Err(INVALID_HANDLE),
    }
}

/// Where to read or write; `default` if nothing says so.
fn offset(place: usize, default: usize) -> usize {
    if place == 0 {
        default
    } else {
        usize::try_from(guest::read::<i64>(place)).unwrap_or(default)
    }
}

pub extern "win64" fn ZwReadFile(
    handle: usize,
    _event: usize,
    _routine: usize,
    _context: usize,
    block: usize,
    buffer: usize,
    length: u32,
    from: usize,
    _key: usize,
) -> u32 {
    enter("ZwReadFile", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let start = offset(from, 0);
    let bytes = world::with(|world| {
        let all = world.contents.get(&path)?;
        let rest = all.get(start..)?;
        rest.get(..rest.len().min(length as usize))
            .map(<[u8]>::to_vec)
    });
    match bytes.filter(|bytes| !bytes.is_empty()) {
        Some(bytes) => {
            guest::store(buffer, &bytes);
            answer(block, SUCCESS, bytes.len())
        }
        None => answer(block, END_OF_FILE, 0),
    }
}

pub extern "win64" fn ZwWriteFile(
    handle: usize,
    _event: usize,
    _routine: usize,
    _context: usize,
    block: usize,
    buffer: usize,
    length: u32,
    to: usize,
    _key: usize,
) -> u32 {
    enter("ZwWriteFile", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let bytes = passed(buffer, length);
    let end = world::with(|world| world.contents.get(&path).map_or(0, Vec::len));
    let start = offset(to, end);
    world::with(|world| {
        let all = world.contents.entry(path).or_default();
        all.resize(all.len().max(start + bytes.len()), 0);
        if let Some(place) = all.get_mut(start..start + bytes.len()) {
            place.copy_from_slice(&bytes);
        }
    });
    answer(block, SUCCESS, bytes.len())
}

pub extern "win64" fn ZwQueryInformationFile(
    handle: usize,
    block: usize,
    to: usize,
    length: u32,
    class: i32,
) -> u32 {
    /// `FileStandardInformation`: two sizes, and more.
    const STANDARD: i32 = 5;
    enter("ZwQueryInformationFile", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    if class != STANDARD || length < 24 {
        return answer(block, NOT_SUPPORTED, 0);
    }
    let size = world::with(|world| world.contents.get(&path).map_or(0, Vec::len));
    guest::fill(to, 24, 0);
    guest::write(to, size);
    guest::write(to + 8, size);
    answer(block, SUCCESS, 24)
}

pub extern "win64" fn ZwSetInformationFile(
    handle: usize,
    block: usize,
    _from: usize,
    _length: u32,
    _class: i32,
) -> u32 {
    enter("ZwSetInformationFile", PASSIVE_LEVEL);
    match path_of(handle) {
        Ok(_) => answer(block, SUCCESS, 0),
        Err(status) => status,
    }
}

pub extern "win64" fn ZwDeviceIoControlFile(
    _handle: usize,
    _event: usize,
    _routine: usize,
    _context: usize,
    block: usize,
) -> u32 {
    enter("ZwDeviceIoControlFile", PASSIVE_LEVEL);
    answer(block, NOT_SUPPORTED, 0)
}

pub extern "win64" fn ZwDeleteFile(attributes: usize) -> u32 {
    enter("ZwDeleteFile", PASSIVE_LEVEL);
    match path(attributes) {
        Ok(path) => {
            let found = world::with(|world| world.contents.remove(&path.to_lowercase()));
            if found.is_some() {
                SUCCESS
            } else {
                OBJECT_NAME_NOT_FOUND
            }
        }
        Err(status) => status,
    }
}
