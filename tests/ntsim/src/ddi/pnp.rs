//! Io: device interfaces and what else Plug and Play drivers ask for.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, ex, exports};
use crate::fault::{self, Point};
use crate::guest;
use crate::nt::PASSIVE_LEVEL;
use crate::nt::status::{
    INSUFFICIENT_RESOURCES, OBJECT_NAME_EXISTS, OBJECT_NAME_NOT_FOUND, SUCCESS,
};
use crate::nt::unicode_string;
use crate::world;
use crate::world::device::Interface;

exports! { IoRegisterDeviceInterface, IoSetDeviceInterfaceState, IoInvalidateDeviceState, PoSetPowerState }

/// Bytes of a GUID.
const GUID: usize = 16;

pub extern "win64" fn IoRegisterDeviceInterface(
    device: usize,
    class: usize,
    _reference: usize,
    name: usize,
) -> u32 {
    /// "`IoRe`", so that a leak report says whose it is.
    const TAG: u32 = u32::from_le_bytes(*b"IoRe");
    enter("IoRegisterDeviceInterface", PASSIVE_LEVEL);
    if fault::fails(Point::RegisterInterface) {
        return Point::RegisterInterface.status();
    }
    let bytes = guest::load(class, GUID);
    let Some(class) = bytes.first_chunk::<GUID>().copied() else {
        return INSUFFICIENT_RESOURCES;
    };
    let digits = format!("{:032x}", u128::from_be_bytes(class));
    let instance = world::with(|world| {
        let mut known = world.devices.interfaces.values();
        let other = |interface: &Interface| interface.physical != device;
        // A device that is gone keeps its number.
        if known.clone().all(other) {
            known.len()
        } else {
            known.position(|it| !other(it)).unwrap_or(0)
        }
    });
    let link = format!("\\??\\ROOT#CSQ#{instance:04}#{{{digits}}}");
    let units: Vec<u8> = link
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let buffer = ex::allocate(units.len(), TAG, 0);
    if buffer == 0 {
        return INSUFFICIENT_RESOURCES;
    }
    guest::store(buffer, &units);
    let length = units.len() as u16;
    unicode_string::set(name, length - 2, length, buffer);
    let interface = Interface {
        class,
        physical: device,
        enabled: false,
    };
    world::with(|world| world.devices.interfaces.insert(link, interface));
    SUCCESS
}

pub extern "win64" fn IoSetDeviceInterfaceState(name: usize, enable: u8) -> u32 {
    enter("IoSetDeviceInterfaceState", PASSIVE_LEVEL);
    if fault::fails(Point::SetInterface) {
        // One that is not found is not enabled.
        let name = unicode_string::text(name);
        world::with(|world| {
            if let Some(interface) = world.devices.interfaces.get_mut(&name) {
                interface.enabled = false;
            }
        });
        return Point::SetInterface.status();
    }
    if enable != 0
        && let Some(device) = world::with(|world| world.devices.function)
    {
        super::io::require_secure(device);
    }
    let name = unicode_string::text(name);
    let old = world::with(|world| {
        let interface = world.devices.interfaces.get_mut(&name)?;
        Some(std::mem::replace(&mut interface.enabled, enable != 0))
    });
    let enable = enable != 0;
    match old {
        None => OBJECT_NAME_NOT_FOUND,
        // Both are documented as informational, but only the first one is by its value.
        Some(true) if enable => OBJECT_NAME_EXISTS,
        Some(false) if !enable => OBJECT_NAME_NOT_FOUND,
        Some(_) => SUCCESS,
    }
}

pub extern "win64" fn IoInvalidateDeviceState(_device: usize) {}

pub extern "win64" fn PoSetPowerState(_device: usize, _kind: i32, state: u32) -> u32 {
    state
}
