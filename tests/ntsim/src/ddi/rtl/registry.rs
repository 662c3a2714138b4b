//! The registry.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{callback, enter, exports};
use crate::fault::{self, Point};
use crate::guest;
use crate::machine;
use crate::manager::loader::REGISTRY_PATH;
use crate::nt::PASSIVE_LEVEL;
use crate::nt::query_table::{Entry, flag};
use crate::nt::status::{
    BUFFER_TOO_SMALL, INVALID_PARAMETER, OBJECT_NAME_NOT_FOUND, OBJECT_TYPE_MISMATCH, SUCCESS,
    is_success,
};
use crate::nt::unicode_string;
use crate::settings::Value;
use crate::world;

exports! { RtlQueryRegistryValues }

/// `REG_NONE`, `REG_SZ` and `REG_DWORD`.
const NONE: u32 = 0;
const TEXT: u32 = 1;
const NUMBER: u32 = 4;

/// The path of a key that `RelativeTo` and a path name.
pub fn whole_path(base: u32, path: usize) -> Option<String> {
    const ABSOLUTE: u32 = 0;
    const SERVICES: u32 = 1;
    const OPTIONAL: u32 = 0x8000_0000;
    let (parent, _) = REGISTRY_PATH.rsplit_once('\\')?;
    let path = unicode_string::zero_terminated(path);
    match base & !OPTIONAL {
        ABSOLUTE => Some(path),
        SERVICES => Some(format!("{parent}\\{path}")),
        other => Some(format!("\\Registry\\{other}\\{path}")),
    }
}

/// What comes after the driver's own key in a path.
fn below_own(whole: &str) -> Option<&str> {
    let own = REGISTRY_PATH;
    let (start, rest) = (whole.get(..own.len())?, whole.get(own.len()..)?);
    let is_below = rest.is_empty() || rest.starts_with('\\');
    (start.eq_ignore_ascii_case(own) && is_below).then(|| rest.trim_matches('\\'))
}

/// Whether a key exists from the beginning.
pub fn exists(path: &str) -> bool {
    below_own(path).is_some_and(key_exists)
}

/// A value that a key has from the beginning: its type and its bytes.
pub fn find_value(path: &str, name: &str) -> Option<(u32, Vec<u8>)> {
    let found = value(below_own(path)?, name)?;
    Some(bytes_of(&found))
}

fn bytes_of(value: &Value) -> (u32, Vec<u8>) {
    match value {
        Value::Number(number) => (NUMBER, number.to_le_bytes().to_vec()),
        Value::Text(text) => (TEXT, unicode_string::zero_terminated_bytes(text)),
    }
}

/// What comes after the driver's own key in the path of one that is asked for.
fn relative_to_service(base: u32, path: usize) -> Option<String> {
    below_own(&whole_path(base, path)?).map(str::to_owned)
}

/// The values of a key, without regard to case, as in Windows.
fn value(key: &str, name: &str) -> Option<Value> {
    let own = world::with(|world| world.parameter(name).cloned());
    if own.is_some() && is_parameters(key) {
        return own;
    }
    machine::with(|machine| {
        let mut values = machine.settings.registry.iter();
        values
            .find(|((at, value), _)| {
                at.eq_ignore_ascii_case(key) && value.eq_ignore_ascii_case(name)
            })
            .map(|(_, value)| value.clone())
    })
}

/// The key where a driver's parameters are.
fn is_parameters(key: &str) -> bool {
    key.eq_ignore_ascii_case("Parameters")
}

fn key_exists(key: &str) -> bool {
    key.is_empty()
        || (is_parameters(key) && world::with(|world| !world.parameters.is_empty()))
        || machine::with(|machine| {
            let mut values = machine.settings.registry.iter();
            values.any(|((at, _), _)| at.eq_ignore_ascii_case(key))
        })
}

pub extern "win64" fn RtlQueryRegistryValues(
    base: u32,
    path: usize,
    table: usize,
    context: usize,
    _environment: usize,
) -> u32 {
    enter("RtlQueryRegistryValues", PASSIVE_LEVEL);
    if fault::fails(Point::Registry) {
        return Point::Registry.status();
    }
    let Some(root) = relative_to_service(base, path).filter(|key| key_exists(key)) else {
        return OBJECT_NAME_NOT_FOUND;
    };
    let mut key = Some(root.clone());
    for index in 0.. {
        let entry = Entry::at(table, index);
        if entry.is_last() {
            break;
        }
        if entry.flags & (flag::TOPKEY | flag::SUBKEY) != 0 {
            key = Some(root.clone());
        }
        if entry.flags & flag::SUBKEY != 0 {
            let name = unicode_string::zero_terminated(entry.name);
            let below = [root.as_str(), &name].join("\\");
            let below = below.trim_matches('\\').to_owned();
            key = key_exists(&below).then_some(below);
            if key.is_none() && entry.flags & flag::REQUIRED != 0 {
                return OBJECT_NAME_NOT_FOUND;
            }
            continue;
        }
        let status = query(entry, key.as_deref(), context);
        if !is_success(status) {
            return status;
        }
    }
    SUCCESS
}

/// Does what an entry of the table asks for, below `key` if that exists.
fn query(entry: Entry, key: Option<&str>, context: usize) -> u32 {
    let name = unicode_string::zero_terminated(entry.name);
    let found = key.and_then(|key| value(key, &name));
    let Some(found) = found else {
        return if entry.default_kind() != NONE {
            deliver(entry, entry.default_kind(), &entry.default_bytes(), context)
        } else if entry.flags & flag::REQUIRED != 0 {
            OBJECT_NAME_NOT_FOUND
        } else {
            SUCCESS
        };
    };
    let (kind, bytes) = bytes_of(&found);
    let is_checked = entry.flags & flag::DIRECT != 0 && entry.flags & flag::TYPECHECK != 0;
    if is_checked && entry.expected_kind() != kind {
        return OBJECT_TYPE_MISMATCH;
    }
    deliver(entry, kind, &bytes, context)
}

/// Gives a value to the driver.
fn deliver(entry: Entry, kind: u32, bytes: &[u8], context: usize) -> u32 {
    if entry.flags & flag::DIRECT == 0 {
        let Some(data) = world::allocate(bytes.len(), 0) else {
            return INVALID_PARAMETER;
        };
        guest::store(data, bytes);
        let arguments = [
            entry.name,
            kind as usize,
            data,
            bytes.len(),
            context,
            entry.context,
        ];
        let status = callback(entry.routine, &arguments) as u32;
        world::kill(data);
        return status;
    }
    match kind {
        TEXT => store_text(entry.context, bytes),
        _ if bytes.len() <= size_of::<u32>() => {
            guest::store(entry.context, bytes);
            SUCCESS
        }
        _ => INVALID_PARAMETER,
    }
}

/// Copies a text into the driver's `UNICODE_STRING`, or gives it a buffer of its own, which the driver
/// frees with `RtlFreeUnicodeString`.
fn store_text(string: usize, bytes: &[u8]) -> u32 {
    /// The tag of what Rtl allocates.
    const TAG: u32 = u32::from_le_bytes(*b"Rtl ");
    let mut buffer = guest::read::<usize>(string + unicode_string::BUFFER);
    let mut maximum = unicode_string::maximum(string);
    if buffer == 0 {
        buffer = crate::ddi::ex::allocate(bytes.len(), TAG, 0);
        maximum = bytes.len() as u16;
    }
    if buffer == 0 || usize::from(maximum) < bytes.len() {
        return BUFFER_TOO_SMALL;
    }
    guest::store(buffer, bytes);
    let length = bytes.len().saturating_sub(size_of::<u16>());
    unicode_string::set(string, length as u16, maximum, buffer);
    SUCCESS
}
