//! Io: helpers for drivers that pass requests on, and for events, timers and error logs.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{callback, enter, ex, exports};
use crate::guest;
use crate::manager::dispatch;
use crate::nt::status::{
    BUFFER_TOO_SMALL, INSUFFICIENT_RESOURCES, MORE_PROCESSING_REQUIRED, NOT_FOUND,
    OBJECT_NAME_NOT_FOUND, SUCCESS,
};
use crate::nt::{
    APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL, device_object, irp, stack_location, unicode_string,
};
use crate::schedule;
use crate::world;
use crate::world::dispatcher::Dispatcher;
use crate::world::step::kernel::IN_DRIVER;

exports! {
    IoForwardIrpSynchronously, IoSynchronousCallDriver, IoSetCompletionRoutineEx, IoGetAttachedDeviceReference,
    IoGetLowerDeviceObject, IoGetRelatedDeviceObject, IoGetDeviceObjectPointer, IoGetRequestorProcess,
    IoGetRequestorProcessId, IoCreateNotificationEvent, IoCreateSynchronizationEvent, IoInitializeTimer, IoStartTimer,
    IoStopTimer, IoAllocateErrorLogEntry, IoWriteErrorLogEntry, IoFreeErrorLogEntry, IoGetDeviceProperty,
    IoGetDevicePropertyData, IoGetDeviceInterfaces, IoIsWdmVersionAvailable, IoAllocateDriverObjectExtension,
    IoGetDriverObjectExtension, IoRegisterDriverReinitialization, IoGetStackLimits, IoCreateUnprotectedSymbolicLink,
    IoIs32bitProcess, IoValidateDeviceIoControlAccess, IoWMIWriteEvent, IoGetPagingIoPriority, IoSetIoPriorityHint,
    IoGetIoPriorityHint, IoVerifyVolume, IoGetDeviceDirectory, WmiSystemControl, WmiCompleteRequest, WmiFireEvent,
}

extern "win64" fn wake(_device: usize, _irp: usize, event: usize) -> u32 {
    crate::ddi::ke::dispatcher::signal_event(event);
    MORE_PROCESSING_REQUIRED
}

/// Sends an IRP down and waits until it has come back. The driver completes it.
pub extern "win64" fn IoForwardIrpSynchronously(device: usize, address: usize) -> u8 {
    enter("IoForwardIrpSynchronously", APC_LEVEL);
    if irp::current_location(address) <= 1 {
        return 0;
    }
    let location = irp::stack_location(address);
    let below = location - stack_location::SIZE;
    guest::copy(location, below, stack_location::COMPLETION_ROUTINE);
    guest::write(below + stack_location::CONTROL, 0u8);
    IoSynchronousCallDriver(device, address);
    1
}

/// Its stack location is filled in already.
pub extern "win64" fn IoSynchronousCallDriver(device: usize, address: usize) -> u32 {
    const EVENT: usize = 0x18;
    enter("IoSynchronousCallDriver", APC_LEVEL);
    let event = world::allocate(EVENT, 0).unwrap_or(0);
    world::with(|world| {
        let state = Dispatcher::Event {
            notification: true,
            signaled: false,
        };
        world.dispatchers.initialize(event, state);
    });
    let below = irp::stack_location(address) - stack_location::SIZE;
    guest::write(
        below + stack_location::COMPLETION_ROUTINE,
        wake as *const () as usize,
    );
    guest::write(below + stack_location::CONTEXT, event);
    let always = stack_location::INVOKE_ON_SUCCESS
        | stack_location::INVOKE_ON_ERROR
        | stack_location::INVOKE_ON_CANCEL;
    guest::write(below + stack_location::CONTROL, always);
    dispatch::call_driver(device, address);
    crate::ddi::ke::dispatcher::wait(event, false);
    world::kill(event);
    irp::status(address)
}

pub extern "win64" fn IoSetCompletionRoutineEx(
    _device: usize,
    address: usize,
    routine: usize,
    context: usize,
    success: u8,
    error: u8,
    cancel: u8,
) -> u32 {
    enter("IoSetCompletionRoutineEx", DISPATCH_LEVEL);
    let below = irp::stack_location(address) - stack_location::SIZE;
    guest::write(below + stack_location::COMPLETION_ROUTINE, routine);
    guest::write(below + stack_location::CONTEXT, context);
    let flag = |asked: u8, flag: u8| if asked == 0 { 0 } else { flag };
    let control = flag(success, stack_location::INVOKE_ON_SUCCESS)
        | flag(error, stack_location::INVOKE_ON_ERROR)
        | flag(cancel, stack_location::INVOKE_ON_CANCEL);
    guest::write(below + stack_location::CONTROL, control);
    SUCCESS
}

fn reference(object: usize) -> usize {
    world::with(|world| *world.references.entry(object).or_default() += 1);
    object
}

pub extern "win64" fn IoGetAttachedDeviceReference(device: usize) -> usize {
    enter("IoGetAttachedDeviceReference", DISPATCH_LEVEL);
    super::require_device("IoGetAttachedDeviceReference", device);
    reference(device_object::top(device))
}

pub extern "win64" fn IoGetLowerDeviceObject(device: usize) -> usize {
    enter("IoGetLowerDeviceObject", DISPATCH_LEVEL);
    let below = world::with(|world| world.devices.objects.get(&device)?.attached_to);
    below.map_or(0, reference)
}

pub extern "win64" fn IoGetRelatedDeviceObject(file: usize) -> usize {
    enter("IoGetRelatedDeviceObject", DISPATCH_LEVEL);
    device_object::top(guest::read(file + crate::nt::file_object::DEVICE))
}

/// There are no devices of other drivers by name.
pub extern "win64" fn IoGetDeviceObjectPointer(
    _name: usize,
    _access: u32,
    _file: usize,
    _device: usize,
) -> u32 {
    enter("IoGetDeviceObjectPointer", PASSIVE_LEVEL);
    OBJECT_NAME_NOT_FOUND
}

pub extern "win64" fn IoGetRequestorProcess(_irp: usize) -> usize {
    enter("IoGetRequestorProcess", DISPATCH_LEVEL);
    crate::ddi::ps::PsGetCurrentProcess()
}

pub extern "win64" fn IoGetRequestorProcessId(_irp: usize) -> u32 {
    enter("IoGetRequestorProcessId", DISPATCH_LEVEL);
    crate::ddi::ps::PROCESS_ID as u32
}

/// Makes an event that belongs to a handle.
fn create_event(handle: usize, notification: bool) -> usize {
    enter("IoCreateNotificationEvent", PASSIVE_LEVEL);
    let event = world::allocate(0x18, 0).unwrap_or(0);
    let value = world::with(|world| {
        let state = Dispatcher::Event {
            notification,
            signaled: true,
        };
        world.dispatchers.initialize(event, state);
        world.new_handle(event)
    });
    guest::write(handle, value);
    event
}

pub extern "win64" fn IoCreateNotificationEvent(_name: usize, handle: usize) -> usize {
    create_event(handle, true)
}

pub extern "win64" fn IoCreateSynchronizationEvent(_name: usize, handle: usize) -> usize {
    create_event(handle, false)
}

/// `IO_TIMER`, which is opaque: here, a routine and its context, whether it runs, and for how long still.
mod io_timer {
    pub const ROUTINE: usize = 0x00;
    pub const CONTEXT: usize = 0x08;
    pub const RUNS: usize = 0x10;
    pub const SIZE: usize = 0x18;
}

pub extern "win64" fn IoInitializeTimer(device: usize, routine: usize, context: usize) -> u32 {
    enter("IoInitializeTimer", PASSIVE_LEVEL);
    let Some(timer) = world::allocate(io_timer::SIZE, 0) else {
        return INSUFFICIENT_RESOURCES;
    };
    guest::write(timer + io_timer::ROUTINE, routine);
    guest::write(timer + io_timer::CONTEXT, context);
    guest::write(device + device_object::TIMER, timer);
    SUCCESS
}

/// The routine is called once a second: twice is what can make a difference.
pub extern "win64" fn IoStartTimer(device: usize) {
    const TIMES: usize = 2;
    enter("IoStartTimer", DISPATCH_LEVEL);
    let timer: usize = guest::read(device + device_object::TIMER);
    schedule::object_point("IoStartTimer", timer, io_timer::SIZE);
    if guest::read::<u8>(timer + io_timer::RUNS) != 0 {
        return;
    }
    guest::write(timer + io_timer::RUNS, 1u8);
    schedule::spawn("I/O timer", None, move || {
        for _ in 0..TIMES {
            world::with(|world| world.thread().irql = DISPATCH_LEVEL);
            schedule::object_point("I/O timer", timer, io_timer::SIZE);
            if guest::read::<u8>(timer + io_timer::RUNS) == 0 {
                break;
            }
            let (routine, context): (usize, usize) = (
                guest::read(timer + io_timer::ROUTINE),
                guest::read(timer + io_timer::CONTEXT),
            );
            crate::manager::enter_driver("an I/O timer", routine, [device, context, 0, 0]);
        }
        schedule::counter_point("", IN_DRIVER, 1);
        world::with(|world| world.thread().irql = PASSIVE_LEVEL);
    });
}

pub extern "win64" fn IoStopTimer(device: usize) {
    enter("IoStopTimer", DISPATCH_LEVEL);
    let timer: usize = guest::read(device + device_object::TIMER);
    schedule::object_point("IoStopTimer", timer, io_timer::SIZE);
    guest::write(timer + io_timer::RUNS, 0u8);
}

/// "`IoEr`", so that a leak report says what it is.
const LOG_TAG: u32 = u32::from_le_bytes(*b"IoEr");

pub extern "win64" fn IoAllocateErrorLogEntry(_object: usize, size: u8) -> usize {
    enter("IoAllocateErrorLogEntry", DISPATCH_LEVEL);
    ex::allocate(usize::from(size), LOG_TAG, 0)
}

pub extern "win64" fn IoWriteErrorLogEntry(entry: usize) {
    enter("IoWriteErrorLogEntry", DISPATCH_LEVEL);
    ex::ExFreePoolWithTag(entry, LOG_TAG);
}

pub extern "win64" fn IoFreeErrorLogEntry(entry: usize) {
    IoWriteErrorLogEntry(entry);
}

pub extern "win64" fn IoGetDeviceProperty(
    _device: usize,
    property: u32,
    room: u32,
    to: usize,
    length: usize,
) -> u32 {
    /// `DevicePropertyPhysicalDeviceObjectName` and others that are a text.
    const BUS_NUMBER: u32 = 14;
    enter("IoGetDeviceProperty", PASSIVE_LEVEL);
    let bytes = if property >= BUS_NUMBER {
        0u32.to_le_bytes().to_vec()
    } else {
        unicode_string::zero_terminated_bytes("\\Device\\00000042")
    };
    guest::write(length, bytes.len() as u32);
    if (room as usize) < bytes.len() {
        return BUFFER_TOO_SMALL;
    }
    guest::store(to, &bytes);
    SUCCESS
}

pub extern "win64" fn IoGetDevicePropertyData() -> u32 {
    enter("IoGetDevicePropertyData", PASSIVE_LEVEL);
    NOT_FOUND
}

/// A list of texts that has none.
pub extern "win64" fn IoGetDeviceInterfaces(
    _class: usize,
    _device: usize,
    _flags: u32,
    list: usize,
) -> u32 {
    enter("IoGetDeviceInterfaces", PASSIVE_LEVEL);
    let empty = ex::allocate(size_of::<u16>(), u32::from_le_bytes(*b"IoIf"), 0);
    guest::write(list, empty);
    SUCCESS
}

pub extern "win64" fn IoIsWdmVersionAvailable(major: u8, minor: u8) -> u8 {
    u8::from((major, minor) <= (6, 0))
}

pub extern "win64" fn IoAllocateDriverObjectExtension(
    driver: usize,
    id: usize,
    size: u32,
    extension: usize,
) -> u32 {
    enter("IoAllocateDriverObjectExtension", PASSIVE_LEVEL);
    let Some(memory) = world::allocate(size as usize, 0) else {
        return INSUFFICIENT_RESOURCES;
    };
    world::with(|world| world.user_handles.insert(driver ^ id, memory));
    guest::write(extension, memory);
    SUCCESS
}

pub extern "win64" fn IoGetDriverObjectExtension(driver: usize, id: usize) -> usize {
    enter("IoGetDriverObjectExtension", DISPATCH_LEVEL);
    world::with(|world| world.user_handles.get(&(driver ^ id)).copied().unwrap_or(0))
}

/// It is called when the system has started, which comes soon after.
pub extern "win64" fn IoRegisterDriverReinitialization(
    driver: usize,
    routine: usize,
    context: usize,
) {
    enter("IoRegisterDriverReinitialization", PASSIVE_LEVEL);
    callback(routine, &[driver, context, 1]);
}

pub extern "win64" fn IoGetStackLimits(low: usize, high: usize) {
    const BELOW: usize = 0x4000;
    let stack = crate::cpu::driver_stack().unwrap_or_default();
    guest::write(low, stack.start.saturating_sub(BELOW));
    guest::write(high, stack.end);
}

pub extern "win64" fn IoCreateUnprotectedSymbolicLink(link: usize, target: usize) -> u32 {
    super::IoCreateSymbolicLink(link, target)
}

pub extern "win64" fn IoIs32bitProcess(_irp: usize) -> u8 {
    0
}

pub extern "win64" fn IoValidateDeviceIoControlAccess(_irp: usize, _access: u32) -> u32 {
    enter("IoValidateDeviceIoControlAccess", APC_LEVEL);
    SUCCESS
}

/// The system frees the event.
pub extern "win64" fn IoWMIWriteEvent(event: usize) -> u32 {
    enter("IoWMIWriteEvent", DISPATCH_LEVEL);
    ex::ExFreePool(event);
    SUCCESS
}

pub extern "win64" fn IoGetPagingIoPriority(_irp: usize) -> i32 {
    0
}

pub extern "win64" fn IoSetIoPriorityHint(_irp: usize, _hint: i32) -> u32 {
    SUCCESS
}

pub extern "win64" fn IoGetIoPriorityHint(_irp: usize) -> i32 {
    /// `IoPriorityNormal`.
    const NORMAL: i32 = 2;
    NORMAL
}

pub extern "win64" fn IoVerifyVolume(_device: usize, _raw: u8) -> u32 {
    enter("IoVerifyVolume", APC_LEVEL);
    SUCCESS
}

pub extern "win64" fn IoGetDeviceDirectory() -> u32 {
    enter("IoGetDeviceDirectory", PASSIVE_LEVEL);
    NOT_FOUND
}

/// All WMI requests here are for other providers, which the driver passes on.
pub extern "win64" fn WmiSystemControl(
    _library: usize,
    _device: usize,
    _irp: usize,
    disposition: usize,
) -> u32 {
    /// `IrpForward`.
    const FORWARD: u32 = 3;
    enter("WmiSystemControl", PASSIVE_LEVEL);
    guest::write(disposition, FORWARD);
    SUCCESS
}

pub extern "win64" fn WmiCompleteRequest(
    _device: usize,
    address: usize,
    status: u32,
    used: u32,
    _boost: i8,
) -> u32 {
    enter("WmiCompleteRequest", DISPATCH_LEVEL);
    irp::set_status(address, status, used as usize);
    crate::manager::complete::complete(address);
    status
}

pub extern "win64" fn WmiFireEvent(
    _device: usize,
    _guid: usize,
    _index: u32,
    _size: u32,
    data: usize,
) -> u32 {
    enter("WmiFireEvent", DISPATCH_LEVEL);
    if data != 0 {
        ex::ExFreePool(data);
    }
    SUCCESS
}
