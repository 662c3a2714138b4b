//! Zw, Rtl and Io: keys of the registry.
//!
//! The driver's own key exists, and what it makes; it finds what the run's parameters say in its key `Parameters`.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{Named, named, open, passed, path};
use crate::ddi::rtl::registry;
use crate::ddi::{enter, exports};
use crate::guest;
use crate::nt::status::{
    BUFFER_OVERFLOW, BUFFER_TOO_SMALL, INVALID_HANDLE, INVALID_PARAMETER, NO_MORE_ENTRIES,
    OBJECT_NAME_NOT_FOUND, SUCCESS,
};
use crate::nt::{PASSIVE_LEVEL, unicode_string};
use crate::world;
use crate::world::handle::Value;

exports! {
    ZwOpenKey, ZwOpenKeyEx, ZwCreateKey, ZwQueryValueKey, ZwSetValueKey, ZwDeleteKey, ZwDeleteValueKey, ZwQueryKey,
    ZwEnumerateKey, ZwEnumerateValueKey, RtlWriteRegistryValue, RtlDeleteRegistryValue, RtlCheckRegistryKey,
    RtlCreateRegistryKey, IoOpenDeviceRegistryKey, IoOpenDeviceInterfaceRegistryKey, IoOpenDriverRegistryKey,
}

/// Keys and values are found whatever the case of their names.
fn key(path: &str) -> String {
    path.trim_end_matches('\\').to_lowercase()
}

/// The values that a key has, or has had by the run's parameters.
fn find_value(path: &str, name: &str) -> Option<Value> {
    let own = world::with(|world| {
        let values = world.keys.get(&key(path))?;
        values.get(&name.to_lowercase()).cloned()
    });
    own.or_else(|| registry::find_value(path, name))
}

fn exists(path: &str) -> bool {
    world::with(|world| world.keys.contains_key(&key(path))) || registry::exists(path)
}

fn set(path: &str, name: &str, value: Value) {
    world::with(|world| {
        let values = world.keys.entry(key(path)).or_default();
        values.insert(name.to_lowercase(), value);
    });
}

pub extern "win64" fn ZwOpenKey(handle: usize, _access: u32, attributes: usize) -> u32 {
    enter("ZwOpenKey", PASSIVE_LEVEL);
    match path(attributes) {
        Err(status) => status,
        Ok(path) if exists(&path) => open(handle, Named::Key(path)),
        Ok(_) => OBJECT_NAME_NOT_FOUND,
    }
}

pub extern "win64" fn ZwOpenKeyEx(
    handle: usize,
    access: u32,
    attributes: usize,
    _options: u32,
) -> u32 {
    ZwOpenKey(handle, access, attributes)
}

pub extern "win64" fn ZwCreateKey(
    handle: usize,
    _access: u32,
    attributes: usize,
    _index: u32,
    _class: usize,
    _options: u32,
    disposition: usize,
) -> u32 {
    /// `REG_CREATED_NEW_KEY` and `REG_OPENED_EXISTING_KEY`.
    const NEW: u32 = 1;
    const EXISTING: u32 = 2;
    enter("ZwCreateKey", PASSIVE_LEVEL);
    let path = match path(attributes) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let found = exists(&path);
    if disposition != 0 {
        guest::write(disposition, if found { EXISTING } else { NEW });
    }
    world::with(|world| world.keys.entry(key(&path)).or_default().len());
    open(handle, Named::Key(path))
}

fn path_of(handle: usize) -> Result<String, u32> {
    match named(handle) {
        Some(Named::Key(path)) => Ok(path),
        _ => Err(INVALID_HANDLE),
    }
}

/// Hands a structure out whose fixed part has `least` bytes.
fn deliver(bytes: &[u8], least: usize, to: usize, room: u32, length: usize) -> u32 {
    guest::write(length, bytes.len() as u32);
    let room = room as usize;
    if room < least {
        return BUFFER_TOO_SMALL;
    }
    let fits = bytes.get(..room.min(bytes.len())).unwrap_or_default();
    guest::store(to, fits);
    if room < bytes.len() {
        BUFFER_OVERFLOW
    } else {
        SUCCESS
    }
}

fn numbers(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// `KEY_VALUE_BASIC_INFORMATION`, `KEY_VALUE_FULL_INFORMATION` or `KEY_VALUE_PARTIAL_INFORMATION`.
fn describe(class: i32, name: &str, (kind, data): &Value) -> Option<(Vec<u8>, usize)> {
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (name_length, length) = (wide.len() as u32, data.len() as u32);
    match class {
        0 => Some(([numbers(&[0, *kind, name_length]), wide].concat(), 12)),
        1 => {
            const FIXED: u32 = 20;
            let head = numbers(&[0, *kind, FIXED + name_length, length, name_length]);
            Some(([head, wide, data.clone()].concat(), FIXED as usize))
        }
        2 => Some(([numbers(&[0, *kind, length]), data.clone()].concat(), 12)),
        _ => None,
    }
}

pub extern "win64" fn ZwQueryValueKey(
    handle: usize,
    name: usize,
    class: i32,
    to: usize,
    room: u32,
    length: usize,
) -> u32 {
    enter("ZwQueryValueKey", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let name = unicode_string::text(name);
    let Some(value) = find_value(&path, &name) else {
        return OBJECT_NAME_NOT_FOUND;
    };
    match describe(class, &name, &value) {
        Some((bytes, least)) => deliver(&bytes, least, to, room, length),
        None => INVALID_PARAMETER,
    }
}

pub extern "win64" fn ZwEnumerateValueKey(
    handle: usize,
    index: u32,
    class: i32,
    to: usize,
    room: u32,
    length: usize,
) -> u32 {
    enter("ZwEnumerateValueKey", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let found = world::with(|world| {
        let values = world.keys.get(&key(&path))?;
        let (name, value) = values.iter().nth(index as usize)?;
        Some((name.clone(), value.clone()))
    });
    match found.and_then(|(name, value)| describe(class, &name, &value)) {
        Some((bytes, least)) => deliver(&bytes, least, to, room, length),
        None => NO_MORE_ENTRIES,
    }
}

pub extern "win64" fn ZwEnumerateKey(
    handle: usize,
    index: u32,
    _class: i32,
    to: usize,
    room: u32,
    length: usize,
) -> u32 {
    enter("ZwEnumerateKey", PASSIVE_LEVEL);
    let parent = match path_of(handle) {
        Ok(path) => format!("{}\\", key(&path)),
        Err(status) => return status,
    };
    let found = world::with(|world| {
        let below = world
            .keys
            .keys()
            .filter_map(|key| key.strip_prefix(&parent));
        let mut direct = below.filter(|rest| !rest.contains('\\'));
        direct.nth(index as usize).map(str::to_owned)
    });
    let Some(name) = found else {
        return NO_MORE_ENTRIES;
    };
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // KEY_BASIC_INFORMATION: a time, an index, and the name.
    let bytes = [numbers(&[0, 0, 0, wide.len() as u32]), wide].concat();
    deliver(&bytes, 16, to, room, length)
}

pub extern "win64" fn ZwQueryKey(
    handle: usize,
    _class: i32,
    to: usize,
    room: u32,
    length: usize,
) -> u32 {
    enter("ZwQueryKey", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let wide: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bytes = [numbers(&[0, 0, 0, wide.len() as u32]), wide].concat();
    deliver(&bytes, 16, to, room, length)
}

pub extern "win64" fn ZwSetValueKey(
    handle: usize,
    name: usize,
    _index: u32,
    kind: u32,
    data: usize,
    length: u32,
) -> u32 {
    enter("ZwSetValueKey", PASSIVE_LEVEL);
    let path = match path_of(handle) {
        Ok(path) => path,
        Err(status) => return status,
    };
    let bytes = passed(data, length);
    set(&path, &unicode_string::text(name), (kind, bytes));
    SUCCESS
}

pub extern "win64" fn ZwDeleteKey(handle: usize) -> u32 {
    enter("ZwDeleteKey", PASSIVE_LEVEL);
    match path_of(handle) {
        Ok(path) => {
            world::with(|world| world.keys.remove(&key(&path)));
            SUCCESS
        }
        Err(status) => status,
    }
}

fn delete_value(path: &str, name: &str) -> u32 {
    let found = world::with(|world| {
        let values = world.keys.get_mut(&key(path))?;
        values.remove(&name.to_lowercase())
    });
    if found.is_some() {
        SUCCESS
    } else {
        OBJECT_NAME_NOT_FOUND
    }
}

pub extern "win64" fn ZwDeleteValueKey(handle: usize, name: usize) -> u32 {
    enter("ZwDeleteValueKey", PASSIVE_LEVEL);
    match path_of(handle) {
        Ok(path) => delete_value(&path, &unicode_string::text(name)),
        Err(status) => status,
    }
}

/// The key that `RelativeTo` and a path name, which may be a handle.
fn relative(base: u32, path: usize) -> Result<String, u32> {
    /// `RTL_REGISTRY_HANDLE`.
    const HANDLE: u32 = 0x4000_0000;
    if base & HANDLE != 0 {
        return path_of(path);
    }
    registry::whole_path(base, path).ok_or(INVALID_PARAMETER)
}

pub extern "win64" fn RtlWriteRegistryValue(
    base: u32,
    path: usize,
    name: usize,
    kind: u32,
    data: usize,
    length: u32,
) -> u32 {
    enter("RtlWriteRegistryValue", PASSIVE_LEVEL);
    let bytes = passed(data, length);
    match relative(base, path) {
        Ok(path) => {
            set(&path, &unicode_string::zero_terminated(name), (kind, bytes));
            SUCCESS
        }
        Err(status) => status,
    }
}

pub extern "win64" fn RtlDeleteRegistryValue(base: u32, path: usize, name: usize) -> u32 {
    enter("RtlDeleteRegistryValue", PASSIVE_LEVEL);
    match relative(base, path) {
        Ok(path) => delete_value(&path, &unicode_string::zero_terminated(name)),
        Err(status) => status,
    }
}

pub extern "win64" fn RtlCheckRegistryKey(base: u32, path: usize) -> u32 {
    enter("RtlCheckRegistryKey", PASSIVE_LEVEL);
    match relative(base, path) {
        Ok(path) if exists(&path) => SUCCESS,
        Ok(_) => OBJECT_NAME_NOT_FOUND,
        Err(status) => status,
    }
}

pub extern "win64" fn RtlCreateRegistryKey(base: u32, path: usize) -> u32 {
    enter("RtlCreateRegistryKey", PASSIVE_LEVEL);
    match relative(base, path) {
        Ok(path) => {
            world::with(|world| world.keys.entry(key(&path)).or_default().len());
            SUCCESS
        }
        Err(status) => status,
    }
}

/// Where the values of the device are.
const DEVICE_KEY: &str =
    r"\Registry\Machine\System\CurrentControlSet\Enum\ROOT\DEVICE\0000\Device Parameters";

fn open_made(handle: usize, path: &str) -> u32 {
    world::with(|world| world.keys.entry(key(path)).or_default().len());
    open(handle, Named::Key(path.to_owned()))
}

pub extern "win64" fn IoOpenDeviceRegistryKey(
    _device: usize,
    _kind: u32,
    _access: u32,
    handle: usize,
) -> u32 {
    enter("IoOpenDeviceRegistryKey", PASSIVE_LEVEL);
    open_made(handle, DEVICE_KEY)
}

pub extern "win64" fn IoOpenDeviceInterfaceRegistryKey(
    name: usize,
    _access: u32,
    handle: usize,
) -> u32 {
    enter("IoOpenDeviceInterfaceRegistryKey", PASSIVE_LEVEL);
    let link = unicode_string::text(name);
    open_made(
        handle,
        &format!("{DEVICE_KEY}\\{}", link.replace('\\', "#")),
    )
}

pub extern "win64" fn IoOpenDriverRegistryKey(
    _driver: usize,
    _kind: i32,
    _access: u32,
    _flags: u32,
    handle: usize,
) -> u32 {
    enter("IoOpenDriverRegistryKey", PASSIVE_LEVEL);
    open_made(
        handle,
        &format!("{}\\Parameters", crate::manager::loader::REGISTRY_PATH),
    )
}
