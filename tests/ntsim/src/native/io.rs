//! Devices, file objects, IRPs and cancellation.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::memory::{allocate, atomic, atomic_u8, call, free, read, write};
use super::{rtl, sync};
use crate::nt::{
    device_object, driver_object, file_object, irp, major, pnp, stack_location, status,
};

routines! {
    IoCreateDevice, IoDeleteDevice, IoAttachDeviceToDeviceStack, IoAttachDeviceToDeviceStackSafe,
    IoDetachDevice,
    IoRegisterDeviceInterface, IoSetDeviceInterfaceState, IofCallDriver, IofCompleteRequest,
}

/// The cancel spin lock.
pub static CANCEL_LOCK: AtomicUsize = AtomicUsize::new(0);

/// In front of each IRP: what the requester knows of it.
pub mod control {
    /// Bytes before the IRP.
    pub const SIZE: usize = 64;
    /// 0 before the first use, then [`SENT`] or [`DONE`].
    pub const STATE: usize = 0;
    /// The final status.
    pub const STATUS: usize = 8;
    /// The final `Information`.
    pub const INFORMATION: usize = 16;
    /// With the driver.
    pub const SENT: u32 = 1;
    /// Completed.
    pub const DONE: u32 = 2;
}

/// A flag behind a file object: whether `IRP_MJ_CLEANUP` was sent.
pub const CLEANED_UP: usize = file_object::SIZE;

/// Drivers in the device's stack: the one under test, and the bus driver.
pub const STACK_COUNT: u8 = 2;
/// Bytes of an IRP with its stack locations.
pub const IRP_SIZE: usize = irp::size(STACK_COUNT);
/// The topmost driver's stack location, from the IRP's address.
pub const TOP_LOCATION: usize = IRP_SIZE - stack_location::SIZE;

const DRIVER_SIZE: usize = 0x20;
const DRIVER_START: usize = 0x18;
const DRIVER_EXTENSION: usize = 0x30;
const ADD_DEVICE: usize = 0x08;
const DRIVER_UNLOAD: usize = 0x68;

/// Fills in a zeroed driver object.
pub fn initialize_driver(driver: usize, base: usize, size: usize) {
    write(driver + DRIVER_START, base);
    write(driver + DRIVER_SIZE, size as u32);
    write(driver + DRIVER_EXTENSION, driver + driver_object::SIZE);
    for code in 0..major::COUNT {
        let slot = driver + driver_object::MAJOR_FUNCTION + code * size_of::<usize>();
        write(slot, invalid_device_request as *const () as usize);
    }
}

extern "win64" fn invalid_device_request(_device: usize, address: usize) -> u32 {
    write(address + irp::STATUS, status::INVALID_DEVICE_REQUEST);
    IofCompleteRequest(address, 0);
    status::INVALID_DEVICE_REQUEST
}

/// `DriverExtension->AddDevice`.
pub fn add_device_routine(driver: usize) -> usize {
    read(driver + driver_object::SIZE + ADD_DEVICE)
}

/// `DriverUnload`.
pub fn unload_routine(driver: usize) -> usize {
    read(driver + DRIVER_UNLOAD)
}

/// The bus's device. It has no driver object: [`IofCallDriver`] plays the bus driver.
pub fn create_physical() -> usize {
    let device = allocate(device_object::SIZE);
    write(device + device_object::STACK_SIZE, 1u8);
    device
}

/// The device on top of a stack.
pub fn top(device: usize) -> usize {
    let mut top = device;
    loop {
        match read(top + device_object::ATTACHED) {
            0usize => return top,
            above => top = above,
        }
    }
}

pub extern "win64" fn IoCreateDevice(
    driver: usize,
    extension: u32,
    _name: usize,
    kind: u32,
    characteristics: u32,
    _exclusive: u8,
    created: usize,
) -> u32 {
    let device = allocate(device_object::SIZE + extension as usize);
    write(device + device_object::DRIVER, driver);
    write(device + device_object::FLAGS, device_object::INITIALIZING);
    write(device + device_object::CHARACTERISTICS, characteristics);
    write(
        device + device_object::EXTENSION,
        device + device_object::SIZE,
    );
    write(device + device_object::DEVICE_TYPE, kind);
    write(device + device_object::STACK_SIZE, 1u8);
    write(created, device);
    status::SUCCESS
}

pub extern "win64" fn IoDeleteDevice(device: usize) {
    free(device);
}

pub extern "win64" fn IoAttachDeviceToDeviceStack(source: usize, target: usize) -> usize {
    let below = top(target);
    write(below + device_object::ATTACHED, source);
    write(source + device_object::STACK_SIZE, STACK_COUNT);
    below
}

pub extern "win64" fn IoAttachDeviceToDeviceStackSafe(
    source: usize,
    target: usize,
    attached_to: usize,
) -> u32 {
    let below = IoAttachDeviceToDeviceStack(source, target);
    write(attached_to, below);
    status::SUCCESS
}

pub extern "win64" fn IoDetachDevice(target: usize) {
    write(target + device_object::ATTACHED, 0usize);
}

pub extern "win64" fn IoRegisterDeviceInterface(
    _device: usize,
    _class: usize,
    _reference: usize,
    name: usize,
) -> u32 {
    rtl::set_unicode(name, "\\??\\ROOT#CSQ#0000");
    status::SUCCESS
}

pub extern "win64" fn IoSetDeviceInterfaceState(_name: usize, _enable: u8) -> u32 {
    status::SUCCESS
}

/// Makes a file object.
pub fn create_file(device: usize) -> usize {
    let file = allocate(file_object::SIZE + size_of::<usize>());
    write(file + file_object::DEVICE, device);
    file
}

/// Fills in what stays the same whenever an IRP is used.
pub fn initialize_irp(address: usize, device: usize, file: usize, code: u8) {
    const SIZE_FIELD: usize = 0x02;
    const STACK_COUNT_FIELD: usize = 0x42;
    const IO_TYPE_IRP: i16 = 6;
    write(address, IO_TYPE_IRP);
    write(address + SIZE_FIELD, IRP_SIZE as u16);
    write(address + STACK_COUNT_FIELD, STACK_COUNT);
    write(address + irp::ORIGINAL_FILE_OBJECT, file);
    let location = address + TOP_LOCATION;
    write(location + stack_location::MAJOR, code);
    write(location + stack_location::DEVICE, device);
    write(location + stack_location::FILE, file);
}

/// Hands an IRP to the topmost driver, as `IoCallDriver` does.
#[inline]
pub fn send(device: usize, address: usize, code: u8) -> u32 {
    let location = address + TOP_LOCATION;
    write(address + irp::STATUS, 0u32);
    write(address + irp::INFORMATION, 0usize);
    write(address + irp::PENDING_RETURNED, 0u8);
    write(address + irp::CURRENT_LOCATION, STACK_COUNT);
    write(address + irp::CANCEL, 0u8);
    write(address + irp::CANCEL_ROUTINE, 0usize);
    write(address + irp::CURRENT_STACK_LOCATION, location);
    write(location + stack_location::CONTROL, 0u8);
    write(address - control::SIZE + control::STATE, control::SENT);
    let driver: usize = read(device + device_object::DRIVER);
    let slot = driver + driver_object::MAJOR_FUNCTION + usize::from(code) * size_of::<usize>();
    call(read(slot), [device, address, 0, 0]) as u32
}

/// Makes an IRP, sends it, waits for it, and returns its final status.
pub fn send_simple(device: usize, file: usize, code: u8, minor: u8) -> u32 {
    let block = allocate(control::SIZE + IRP_SIZE);
    let address = block + control::SIZE;
    initialize_irp(address, device, file, code);
    write(address + TOP_LOCATION + stack_location::MINOR, minor);
    send(device, address, code);
    while state(address) != control::DONE {
        std::hint::spin_loop();
    }
    let status = read(block + control::STATUS);
    free(block);
    status
}

/// Where an IRP is: one of [`control`].
#[inline]
pub fn state(address: usize) -> u32 {
    super::memory::atomic_u32(address - control::SIZE + control::STATE).load(Ordering::Acquire)
}

/// `IoMarkIrpPending`.
#[inline]
pub fn mark_pending(address: usize) {
    let location: usize = read(address + irp::CURRENT_STACK_LOCATION);
    let control: u8 = read(location + stack_location::CONTROL);
    write(
        location + stack_location::CONTROL,
        control | stack_location::PENDING_RETURNED,
    );
}

/// `IoCancelIrp`.
#[inline]
pub fn cancel(address: usize) -> bool {
    let irql = sync::acquire(&CANCEL_LOCK);
    atomic_u8(address + irp::CANCEL).store(1, Ordering::SeqCst);
    let routine = atomic(address + irp::CANCEL_ROUTINE).swap(0, Ordering::SeqCst);
    if routine == 0 {
        sync::release(&CANCEL_LOCK, irql);
        return false;
    }
    write(address + irp::CANCEL_IRQL, irql);
    let device: usize = read(address + TOP_LOCATION + stack_location::DEVICE);
    call(routine, [device, address, 0, 0]);
    true
}

pub extern "win64" fn IofCallDriver(device: usize, address: usize) -> u32 {
    let current: u8 = read(address + irp::CURRENT_LOCATION);
    let location: usize = read(address + irp::CURRENT_STACK_LOCATION);
    let location = location - stack_location::SIZE;
    write(address + irp::CURRENT_LOCATION, current - 1);
    write(address + irp::CURRENT_STACK_LOCATION, location);
    write(location + stack_location::DEVICE, device);
    let driver: usize = read(device + device_object::DRIVER);
    let code: u8 = read(location + stack_location::MAJOR);
    if driver != 0 {
        let slot = driver + driver_object::MAJOR_FUNCTION + usize::from(code) * size_of::<usize>();
        return call(read(slot), [device, address, 0, 0]) as u32;
    }
    // The bus driver completes everything at once.
    let minor: u8 = read(location + stack_location::MINOR);
    if code == major::PNP && (minor <= pnp::CANCEL_STOP_DEVICE || minor == pnp::SURPRISE_REMOVAL) {
        write(address + irp::STATUS, status::SUCCESS);
    }
    let answer = read(address + irp::STATUS);
    IofCompleteRequest(address, 0);
    answer
}

pub extern "win64" fn IofCompleteRequest(address: usize, _boost: u8) {
    let mut current: u8 = read(address + irp::CURRENT_LOCATION);
    let mut location: usize = read(address + irp::CURRENT_STACK_LOCATION);
    while current <= STACK_COUNT {
        let control: u8 = read(location + stack_location::CONTROL);
        write(
            address + irp::PENDING_RETURNED,
            control & stack_location::PENDING_RETURNED,
        );
        current += 1;
        write(address + irp::CURRENT_LOCATION, current);
        write(
            address + irp::CURRENT_STACK_LOCATION,
            location + stack_location::SIZE,
        );
        // Drivers ask to be called always, or not at all.
        if control & stack_location::INVOKE_ON_SUCCESS != 0 {
            let routine: usize = read(location + stack_location::COMPLETION_ROUTINE);
            let context: usize = read(location + stack_location::CONTEXT);
            let answer = call(routine, [0, address, context, 0]) as u32;
            if answer == status::MORE_PROCESSING_REQUIRED {
                return;
            }
        }
        location += stack_location::SIZE;
    }
    let control = address - control::SIZE;
    write(
        control + control::STATUS,
        read::<u32>(address + irp::STATUS),
    );
    let information: usize = read(address + irp::INFORMATION);
    write(control + control::INFORMATION, information);
    super::memory::atomic_u32(control + control::STATE).store(control::DONE, Ordering::Release);
}
