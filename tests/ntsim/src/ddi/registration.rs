//! What a driver registers, to be called when something happens, and unregisters before it is unloaded. Nothing of it
//! happens here.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::status::{INVALID_PARAMETER, SUCCESS};
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::rule::registration::NOT_REGISTERED;
use crate::world;

exports! {
    PsSetCreateProcessNotifyRoutine, PsSetCreateProcessNotifyRoutineEx, PsSetCreateProcessNotifyRoutineEx2,
    PsSetCreateThreadNotifyRoutine, PsRemoveCreateThreadNotifyRoutine, PsSetLoadImageNotifyRoutine,
    PsRemoveLoadImageNotifyRoutine, ObRegisterCallbacks, ObUnRegisterCallbacks, CmRegisterCallback, CmRegisterCallbackEx,
    CmUnRegisterCallback, CmGetCallbackVersion, CmCallbackReleaseKeyObjectIDEx, IoRegisterShutdownNotification,
    IoRegisterLastChanceShutdownNotification, IoUnregisterShutdownNotification, IoRegisterPlugPlayNotification,
    IoUnregisterPlugPlayNotification, IoUnregisterPlugPlayNotificationEx, PoRegisterPowerSettingCallback,
    PoUnregisterPowerSettingCallback, ExCreateCallback, ExRegisterCallback, ExUnregisterCallback, ExNotifyCallback,
    KeRegisterBugCheckCallback, KeDeregisterBugCheckCallback, KeRegisterBugCheckReasonCallback,
    KeDeregisterBugCheckReasonCallback, PcwRegister, PcwUnregister, IoWMIRegistrationControl, IoConnectInterrupt,
    IoConnectInterruptEx, IoDisconnectInterrupt, IoDisconnectInterruptEx,
}

/// Notes that something is registered. `false` if it was before.
fn register(what: &'static str, key: usize) -> bool {
    world::with(|world| world.registrations.insert((what, key)))
}

fn unregister(what: &'static str, key: usize) {
    if !world::with(|world| world.registrations.remove(&(what, key))) {
        finding::raise(
            &NOT_REGISTERED,
            format!("{what} is taken back for {key:#x}, for which it is not in force"),
        );
    }
}

/// A number by which the driver knows what it has registered.
fn cookie() -> usize {
    /// Looks like an address of the kernel's.
    const FIRST: usize = 0xffff_b000_0000_0000;
    world::with(|world| FIRST + world.registrations.len() * 0x10 + world.trace.len() * 0x1000)
}

/// A routine that is registered by its address.
fn toggle(what: &'static str, routine: usize, remove: bool) -> u32 {
    enter(what, PASSIVE_LEVEL);
    if remove {
        unregister(what, routine);
    } else if !register(what, routine) {
        return INVALID_PARAMETER;
    }
    SUCCESS
}

const PROCESS: &str = "PsSetCreateProcessNotifyRoutine";
const THREAD: &str = "PsSetCreateThreadNotifyRoutine";
const IMAGE: &str = "PsSetLoadImageNotifyRoutine";

pub extern "win64" fn PsSetCreateProcessNotifyRoutine(routine: usize, remove: u8) -> u32 {
    toggle(PROCESS, routine, remove != 0)
}

pub extern "win64" fn PsSetCreateProcessNotifyRoutineEx(routine: usize, remove: u8) -> u32 {
    toggle(PROCESS, routine, remove != 0)
}

pub extern "win64" fn PsSetCreateProcessNotifyRoutineEx2(
    _kind: i32,
    routine: usize,
    remove: u8,
) -> u32 {
    toggle(PROCESS, routine, remove != 0)
}

pub extern "win64" fn PsSetCreateThreadNotifyRoutine(routine: usize) -> u32 {
    toggle(THREAD, routine, false)
}

pub extern "win64" fn PsRemoveCreateThreadNotifyRoutine(routine: usize) -> u32 {
    toggle(THREAD, routine, true)
}

pub extern "win64" fn PsSetLoadImageNotifyRoutine(routine: usize) -> u32 {
    toggle(IMAGE, routine, false)
}

pub extern "win64" fn PsRemoveLoadImageNotifyRoutine(routine: usize) -> u32 {
    toggle(IMAGE, routine, true)
}

/// What gives a cookie back.
fn with_cookie(what: &'static str, place: usize) -> u32 {
    enter(what, APC_LEVEL);
    let cookie = cookie();
    register(what, cookie);
    if place != 0 {
        guest::write(place, cookie);
    }
    SUCCESS
}

fn by_cookie(what: &'static str, cookie: usize) -> u32 {
    enter(what, APC_LEVEL);
    unregister(what, cookie);
    SUCCESS
}

pub extern "win64" fn ObRegisterCallbacks(_registration: usize, handle: usize) -> u32 {
    with_cookie("ObRegisterCallbacks", handle)
}

pub extern "win64" fn ObUnRegisterCallbacks(handle: usize) {
    by_cookie("ObRegisterCallbacks", handle);
}

pub extern "win64" fn CmRegisterCallback(_routine: usize, _context: usize, cookie: usize) -> u32 {
    with_cookie("CmRegisterCallback", cookie)
}

pub extern "win64" fn CmRegisterCallbackEx(
    _routine: usize,
    _altitude: usize,
    _driver: usize,
    _context: usize,
    cookie: usize,
    _reserved: usize,
) -> u32 {
    with_cookie("CmRegisterCallback", cookie)
}

pub extern "win64" fn CmUnRegisterCallback(cookie: usize) -> u32 {
    by_cookie("CmRegisterCallback", cookie)
}

pub extern "win64" fn CmGetCallbackVersion(major: usize, minor: usize) {
    for (place, value) in [(major, 1u32), (minor, 0)] {
        if place != 0 {
            guest::write(place, value);
        }
    }
}

pub extern "win64" fn CmCallbackReleaseKeyObjectIDEx(_name: usize) {
    enter("CmCallbackReleaseKeyObjectIDEx", APC_LEVEL);
}

const SHUTDOWN: &str = "IoRegisterShutdownNotification";

pub extern "win64" fn IoRegisterShutdownNotification(device: usize) -> u32 {
    enter(SHUTDOWN, PASSIVE_LEVEL);
    register(SHUTDOWN, device);
    SUCCESS
}

pub extern "win64" fn IoRegisterLastChanceShutdownNotification(device: usize) -> u32 {
    IoRegisterShutdownNotification(device)
}

pub extern "win64" fn IoUnregisterShutdownNotification(device: usize) {
    enter("IoUnregisterShutdownNotification", PASSIVE_LEVEL);
    unregister(SHUTDOWN, device);
}

pub extern "win64" fn IoRegisterPlugPlayNotification(
    _category: i32,
    _flags: u32,
    _data: usize,
    _driver: usize,
    _routine: usize,
    _context: usize,
    entry: usize,
) -> u32 {
    enter("IoRegisterPlugPlayNotification", PASSIVE_LEVEL);
    with_cookie("IoRegisterPlugPlayNotification", entry)
}

pub extern "win64" fn IoUnregisterPlugPlayNotification(entry: usize) -> u32 {
    enter("IoUnregisterPlugPlayNotification", PASSIVE_LEVEL);
    by_cookie("IoRegisterPlugPlayNotification", entry)
}

pub extern "win64" fn IoUnregisterPlugPlayNotificationEx(entry: usize) -> u32 {
    IoUnregisterPlugPlayNotification(entry)
}

pub extern "win64" fn PoRegisterPowerSettingCallback(
    _device: usize,
    _setting: usize,
    _routine: usize,
    _context: usize,
    handle: usize,
) -> u32 {
    with_cookie("PoRegisterPowerSettingCallback", handle)
}

pub extern "win64" fn PoUnregisterPowerSettingCallback(handle: usize) -> u32 {
    by_cookie("PoRegisterPowerSettingCallback", handle)
}

pub extern "win64" fn ExCreateCallback(
    object: usize,
    _attributes: usize,
    _create: u8,
    _many: u8,
) -> u32 {
    enter("ExCreateCallback", PASSIVE_LEVEL);
    with_cookie("ExCreateCallback", object);
    // The object is referenced: ObDereferenceObject gives it back.
    let cookie: usize = guest::read(object);
    world::with(|world| {
        world.registrations.remove(&("ExCreateCallback", cookie));
        *world.references.entry(cookie).or_default() += 1;
    });
    SUCCESS
}

pub extern "win64" fn ExRegisterCallback(
    _object: usize,
    _routine: usize,
    _context: usize,
) -> usize {
    enter("ExRegisterCallback", APC_LEVEL);
    let cookie = cookie();
    register("ExRegisterCallback", cookie);
    cookie
}

pub extern "win64" fn ExUnregisterCallback(cookie: usize) {
    by_cookie("ExRegisterCallback", cookie);
}

pub extern "win64" fn ExNotifyCallback(_object: usize, _first: usize, _second: usize) {
    enter("ExNotifyCallback", DISPATCH_LEVEL);
}

const BUG_CHECK: &str = "KeRegisterBugCheckCallback";

pub extern "win64" fn KeRegisterBugCheckCallback(record: usize) -> u8 {
    u8::from(register(BUG_CHECK, record))
}

pub extern "win64" fn KeDeregisterBugCheckCallback(record: usize) -> u8 {
    unregister(BUG_CHECK, record);
    1
}

pub extern "win64" fn KeRegisterBugCheckReasonCallback(record: usize) -> u8 {
    u8::from(register(BUG_CHECK, record))
}

pub extern "win64" fn KeDeregisterBugCheckReasonCallback(record: usize) -> u8 {
    unregister(BUG_CHECK, record);
    1
}

pub extern "win64" fn PcwRegister(registration: usize, _information: usize) -> u32 {
    with_cookie("PcwRegister", registration)
}

pub extern "win64" fn PcwUnregister(registration: usize) {
    by_cookie("PcwRegister", registration);
}

pub extern "win64" fn IoWMIRegistrationControl(device: usize, action: u32) -> u32 {
    /// `WMIREG_ACTION_REGISTER` and `WMIREG_ACTION_DEREGISTER`.
    const REGISTER: u32 = 1;
    const DEREGISTER: u32 = 2;
    const WMI: &str = "IoWMIRegistrationControl";
    enter(WMI, PASSIVE_LEVEL);
    match action & 0xffff {
        REGISTER => {
            register(WMI, device);
        }
        DEREGISTER => unregister(WMI, device),
        _ => {}
    }
    SUCCESS
}

const INTERRUPT: &str = "IoConnectInterrupt";

/// There are no interrupts, but the routine is connected until it is disconnected.
pub extern "win64" fn IoConnectInterrupt(interrupt: usize) -> u32 {
    enter(INTERRUPT, PASSIVE_LEVEL);
    with_cookie(INTERRUPT, interrupt)
}

/// `IO_CONNECT_INTERRUPT_PARAMETERS` has where the object goes at the same place in its variants.
pub extern "win64" fn IoConnectInterruptEx(parameters: usize) -> u32 {
    const OBJECT: usize = 0x10;
    IoConnectInterrupt(guest::read(parameters + OBJECT))
}

pub extern "win64" fn IoDisconnectInterrupt(interrupt: usize) {
    enter("IoDisconnectInterrupt", PASSIVE_LEVEL);
    unregister(INTERRUPT, interrupt);
}

pub extern "win64" fn IoDisconnectInterruptEx(parameters: usize) {
    const OBJECT: usize = 0x08;
    IoDisconnectInterrupt(guest::read(parameters + OBJECT));
}
