//! Zw: keys of the registry and files, by handles.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod file;
pub mod key;

use super::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::status::{INVALID_HANDLE, SUCCESS};
use crate::nt::{PASSIVE_LEVEL, unicode_string};
use crate::rule;
use crate::world;
use crate::world::handle::Named;

exports! { ZwClose }

/// `OBJECT_ATTRIBUTES`.
mod attributes {
    pub const ROOT: usize = 0x08;
    pub const NAME: usize = 0x10;
}

/// The name that `OBJECT_ATTRIBUTES` give: what is opened by the root's handle comes first.
fn path(attributes: usize) -> Result<String, u32> {
    let root: usize = guest::read(attributes + self::attributes::ROOT);
    let name = unicode_string::text(guest::read(attributes + self::attributes::NAME));
    if root == 0 {
        return Ok(name);
    }
    match named(root) {
        Some(Named::Key(path) | Named::File(path)) if name.is_empty() => Ok(path),
        Some(Named::Key(path) | Named::File(path)) => Ok(format!("{path}\\{name}")),
        None => Err(INVALID_HANDLE),
    }
}

/// What a handle stands for.
fn named(handle: usize) -> Option<Named> {
    world::with(|world| {
        let object = world.handles.get(&handle)?;
        world.named.get(object).cloned()
    })
}

/// What a driver passes: with no bytes, its address is nothing's.
fn passed(address: usize, length: u32) -> Vec<u8> {
    if length == 0 {
        return Vec::new();
    }
    guest::load(address, length as usize)
}

/// Makes a handle of something, and tells the driver.
fn open(place: usize, named: Named) -> u32 {
    let object = world::allocate(size_of::<usize>(), 0).unwrap_or(0);
    let handle = world::with(|world| {
        world.named.insert(object, named);
        world.new_handle(object)
    });
    guest::write(place, handle);
    SUCCESS
}

pub extern "win64" fn ZwClose(handle: usize) -> u32 {
    enter("ZwClose", PASSIVE_LEVEL);
    let object = world::with(|world| {
        let object = world.handles.remove(&handle);
        if let Some(object) = object {
            world.named.remove(&object);
        }
        object
    });
    if object.is_none() {
        finding::raise(
            &rule::object::BAD_HANDLE,
            format!("ZwClose of {handle:#x}, which is not open"),
        );
    }
    SUCCESS
}
