//! Loading and unloading.

use crate::finding;
use crate::guest;
use crate::machine;
use crate::manager::enter_driver;
use crate::nt::{driver_object, major, status, unicode_string};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::step::kernel::IN_DRIVER;
use crate::world::step::{Effect, Span, Touches};

/// The driver's own key.
pub const REGISTRY_PATH: &str = r"\Registry\Machine\System\CurrentControlSet\Services\driver";

/// Calls `DriverEntry` with a fresh driver object and returns its status.
///
/// # Panics
/// When the memory for a run is used up.
pub fn load() -> u32 {
    let (base, size, entry) = machine::with(|machine| {
        let image = &machine.image;
        image.restore();
        (image.base(), image.size(), image.entry())
    });
    let driver =
        world::allocate(driver_object::ALLOCATION, 0).expect("memory for the driver object");
    driver_object::initialize(driver, base, size, entry);
    fill_dispatch_table(driver);
    world::with(|world| world.driver = driver);
    let path = registry_path();
    let status = enter_driver("DriverEntry", entry, [driver, path, 0, 0]) as u32;
    world::with(|world| world.log("DriverEntry returned", 0, Some(status)));
    if !status::is_success(status) {
        finding::check(world::with(|world| rule::unload::check(world)));
    }
    status
}

/// Routines that the driver does not replace complete with `STATUS_INVALID_DEVICE_REQUEST`.
fn fill_dispatch_table(driver: usize) {
    for code in 0..major::COUNT {
        let slot = driver + driver_object::MAJOR_FUNCTION + code * size_of::<usize>();
        guest::write(slot, default_routine());
    }
}

/// What stands there.
pub(super) fn default_routine() -> usize {
    invalid_device_request as *const () as usize
}

extern "win64" fn invalid_device_request(_device: usize, address: usize) -> u32 {
    crate::nt::irp::set_status(address, status::INVALID_DEVICE_REQUEST, 0);
    crate::manager::complete::complete(address);
    status::INVALID_DEVICE_REQUEST
}

/// The `RegistryPath` argument.
fn registry_path() -> usize {
    let units: Vec<u8> = REGISTRY_PATH
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let string = world::allocate(unicode_string::SIZE + units.len(), 0)
        .expect("memory for the registry path");
    let buffer = string + unicode_string::SIZE;
    guest::store(buffer, &units);
    let length = units.len() as u16;
    unicode_string::set(string, length, length, buffer);
    string
}

/// Calls `DriverUnload` and looks at what is left.
pub fn unload() {
    let driver = world::with(|world| world.driver);
    let routine = driver_object::unload_routine(driver);
    if routine == 0 {
        finding::raise(&rule::unload::NO_UNLOAD, "DriverUnload is NULL".into());
    }
    enter_driver("DriverUnload", routine, [driver, 0, 0, 0]);
    // The image goes away under whoever is still in it.
    let touches = Touches::end(driver).and(Span::new(IN_DRIVER, 1), Effect::Write);
    schedule::step("DriverUnload returned", 0, touches);
    finding::check(world::with(|world| rule::unload::check(world)));
    finding::raise_advice();
}
