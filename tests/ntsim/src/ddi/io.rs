//! Io: device objects and symbolic links.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod request;
pub mod start;
pub mod work_item;

use super::ke::queue;
use super::{enter, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::manager::plug_and_play;
use crate::nt::status::{
    INSUFFICIENT_RESOURCES, NO_SUCH_DEVICE, OBJECT_NAME_COLLISION, OBJECT_NAME_NOT_FOUND, SUCCESS,
};
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL, device_object, driver_object, unicode_string};
use crate::race;
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::device::Device;
use crate::world::step::{Effect, Span, Touches};

exports! {
    IoCreateDevice, IoCreateDeviceSecure, WdmlibIoCreateDeviceSecure, IoDeleteDevice,
    IoAttachDeviceToDeviceStack, IoAttachDeviceToDeviceStackSafe, IoDetachDevice, IoGetAttachedDevice,
    IoCreateSymbolicLink, IoDeleteSymbolicLink, IoGetCurrentProcess,
}

/// Makes a device object, of the driver or of the simulated bus driver (`physical`).
pub fn create_device(
    driver: usize,
    extension: usize,
    kind: u32,
    characteristics: u32,
    physical: bool,
) -> Option<usize> {
    let device = world::allocate(device_object::SIZE + extension, 0)?;
    device_object::initialize(device, driver, kind, characteristics, extension);
    queue::KeInitializeDeviceQueue(device + device_object::DEVICE_QUEUE);
    let record = Device {
        extension_size: extension,
        physical,
        attached_to: None,
        delete_pending: false,
    };
    world::with(|world| {
        world.devices.objects.insert(device, record);
        if !physical && world.devices.function.is_none() {
            world.devices.function = Some(device);
        }
        world.log("create device", device, None);
    });
    Some(device)
}

pub extern "win64" fn IoCreateDevice(
    driver: usize,
    extension: u32,
    name: usize,
    kind: u32,
    characteristics: u32,
    _exclusive: u8,
    created: usize,
) -> u32 {
    enter("IoCreateDevice", PASSIVE_LEVEL);
    if fault::fails(Point::CreateDevice) {
        return Point::CreateDevice.status();
    }
    let Some(device) = create_device(driver, extension as usize, kind, characteristics, false)
    else {
        return INSUFFICIENT_RESOURCES;
    };
    if name != 0 {
        require_secure(device);
    }
    let first: usize = guest::read(driver + driver_object::DEVICE);
    guest::write(device + device_object::NEXT, first);
    guest::write(driver + driver_object::DEVICE, device);
    guest::write(created, device);
    SUCCESS
}

/// Checks the device of a driver that has a name or an interface by which programs find it.
pub fn require_secure(device: usize) {
    let characteristics: u32 = guest::read(device + device_object::CHARACTERISTICS);
    if characteristics & device_object::SECURE_OPEN == 0 {
        finding::advise(
            &rule::object::NOT_SECURE,
            format!("the characteristics of the device are {characteristics:#x}"),
        );
    }
}

pub extern "win64" fn IoCreateDeviceSecure(
    driver: usize,
    extension: u32,
    name: usize,
    kind: u32,
    characteristics: u32,
    exclusive: u8,
    _security: usize,
    _class: usize,
    created: usize,
) -> u32 {
    IoCreateDevice(
        driver,
        extension,
        name,
        kind,
        characteristics,
        exclusive,
        created,
    )
}

pub extern "win64" fn WdmlibIoCreateDeviceSecure(
    driver: usize,
    extension: u32,
    name: usize,
    kind: u32,
    characteristics: u32,
    exclusive: u8,
    security: usize,
    class: usize,
    created: usize,
) -> u32 {
    IoCreateDeviceSecure(
        driver,
        extension,
        name,
        kind,
        characteristics,
        exclusive,
        security,
        class,
        created,
    )
}

pub extern "win64" fn IoDeleteDevice(device: usize) {
    enter("IoDeleteDevice", PASSIVE_LEVEL);
    require_device("IoDeleteDevice", device);
    let touches = deletion(device);
    schedule::step("IoDeleteDevice", device, touches);
    if deletion(device) != touches {
        race::is_bounded("the deletion of a device in which a timer or a DPC is initialized");
    }
    // Its memory may be gone when this returns.
    let span = Span::object(device);
    finding::check(world::with(|world| {
        rule::deferred::check_freed(world, &(span.start..span.end()))
    }));
    unlink(guest::read(device + device_object::DRIVER), device);
    world::with(|world| {
        if let Some(record) = world.devices.objects.get_mut(&device) {
            record.delete_pending = true;
        }
        if world.devices.function == Some(device) {
            world.devices.function = None;
        }
        world.log("IoDeleteDevice", device, None);
    });
    delete_if_unused(device);
}

/// What the deletion of a device depends on and changes: the device object, and whether a timer or a DPC in it is still
/// on its way. Its memory ends later, in a step of its own.
fn deletion(device: usize) -> Touches {
    let span = Span::object(device);
    let range = span.start..span.end();
    let object = Touches::write(device, device_object::SIZE);
    world::with(|world| {
        let timers = world.deferred.timers.range(range.clone()).map(|it| *it.0);
        let dpcs = world.deferred.dpcs.range(range).map(|it| *it.0);
        timers.chain(dpcs).fold(object, |touches, address| {
            touches.and(Span::new(address, 1), Effect::Write)
        })
    })
}

/// Frees a device object that was deleted, once no file object refers to it.
pub fn delete_if_unused(device: usize) {
    let unused = world::with(|world| {
        let deleted = world
            .devices
            .objects
            .get(&device)
            .is_some_and(|record| record.delete_pending);
        deleted
            && world
                .files
                .iter()
                .all(|file| file.device != device || file.closed)
    });
    if unused {
        schedule::step("delete device", device, Touches::end(device));
        world::with(|world| world.devices.objects.remove(&device));
        race::ended(device);
        world::kill(device);
    }
}

/// Takes a device out of its driver's list.
fn unlink(driver: usize, device: usize) {
    let next: usize = guest::read(device + device_object::NEXT);
    let mut link = driver + driver_object::DEVICE;
    loop {
        match guest::read(link) {
            0 => return,
            found if found == device => return guest::write(link, next),
            other => link = other + device_object::NEXT,
        }
    }
}

pub fn require_device(routine: &str, device: usize) {
    if world::with(|world| !world.devices.objects.contains_key(&device)) {
        finding::raise(
            &rule::object::NOT_A_DEVICE,
            format!("{routine} was called for {device:#x}, which is no device object"),
        );
    }
}

pub extern "win64" fn IoAttachDeviceToDeviceStack(source: usize, target: usize) -> usize {
    attach("IoAttachDeviceToDeviceStack", source, target, None)
}

/// Attaches a device, tells `attached_to` of it, and lets an IRP come from above if the run has one that
/// waits for that ([`plug_and_play::first_from_above`]).
fn attach(
    routine: &'static str,
    source: usize,
    target: usize,
    attached_to: Option<usize>,
) -> usize {
    enter(routine, DISPATCH_LEVEL);
    require_device(routine, source);
    require_device(routine, target);
    if fault::fails(Point::Attach) {
        return 0;
    }
    let top = device_object::top(target);
    guest::write(top + device_object::ATTACHED, source);
    let size = device_object::stack_size(top) + 1;
    guest::write(source + device_object::STACK_SIZE, size);
    world::with(|world| {
        if let Some(record) = world.devices.objects.get_mut(&source) {
            record.attached_to = Some(top);
        }
    });
    if let Some(attached_to) = attached_to {
        guest::write(attached_to, top);
    }
    plug_and_play::first_from_above(top);
    top
}

pub extern "win64" fn IoAttachDeviceToDeviceStackSafe(
    source: usize,
    target: usize,
    attached_to: usize,
) -> u32 {
    let routine = "IoAttachDeviceToDeviceStackSafe";
    match attach(routine, source, target, Some(attached_to)) {
        0 => NO_SUCH_DEVICE,
        _ => SUCCESS,
    }
}

pub extern "win64" fn IoDetachDevice(target: usize) {
    enter("IoDetachDevice", DISPATCH_LEVEL);
    require_device("IoDetachDevice", target);
    let source: usize = guest::read(target + device_object::ATTACHED);
    guest::write(target + device_object::ATTACHED, 0usize);
    world::with(|world| {
        if let Some(record) = world.devices.objects.get_mut(&source) {
            record.attached_to = None;
        }
    });
}

pub extern "win64" fn IoGetAttachedDevice(device: usize) -> usize {
    require_device("IoGetAttachedDevice", device);
    device_object::top(device)
}

pub extern "win64" fn IoCreateSymbolicLink(link: usize, target: usize) -> u32 {
    enter("IoCreateSymbolicLink", PASSIVE_LEVEL);
    let (link, target) = (unicode_string::text(link), unicode_string::text(target));
    world::with(|world| {
        if world.devices.links.contains_key(&link) {
            return OBJECT_NAME_COLLISION;
        }
        world.devices.links.insert(link, target);
        SUCCESS
    })
}

pub extern "win64" fn IoDeleteSymbolicLink(link: usize) -> u32 {
    enter("IoDeleteSymbolicLink", PASSIVE_LEVEL);
    let link = unicode_string::text(link);
    match world::with(|world| world.devices.links.remove(&link)) {
        Some(_) => SUCCESS,
        None => OBJECT_NAME_NOT_FOUND,
    }
}

pub extern "win64" fn IoGetCurrentProcess() -> usize {
    /// Somewhere in the first processor's page: one process object is enough for a comparison.
    const PROCESS: usize = 0x400;
    world::with(|world| {
        world
            .threads
            .first()
            .map_or(0, |it| it.processor.thread + PROCESS)
    })
}
