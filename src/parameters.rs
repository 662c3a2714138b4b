//! The parameters of the driver, from the service key's subkey `Parameters`.
//!
//! | value (`REG_DWORD`) | what | default | bounds |
//! |---|---|---|---|
//! | `DeviceLimit` | how many requests and waiting claims a device may have at once | 4096 | 1 to 1048576 |
//! | `HandleLimit` | how many of them one handle may have | 1024 | 1 to `DeviceLimit` |
//! | `FirstGeneration` | the upper half of the first ids that a device gives | 1 | any |
//!
//! A value out of bounds counts as the nearest bound; one that is missing or of another type, as
//! the default. They are read when the driver is loaded. A device has 240 bytes of nonpaged
//! memory for each of `DeviceLimit`, from its first start to its removal. `FirstGeneration` is of
//! use for tests: it lets them see ids begin anew.

use core::sync::atomic::{AtomicU32, Ordering};

use wdm::{Limits, RegistryPath, ValueName};

/// The most requests that `DeviceLimit` can allow.
const MOST: u32 = 1 << 20;

static DEVICE_LIMIT: AtomicU32 = AtomicU32::new(4096);
static HANDLE_LIMIT: AtomicU32 = AtomicU32::new(1024);
static FIRST_GENERATION: AtomicU32 = AtomicU32::new(1);

/// Reads the parameters. Without memory for that, the defaults stay.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`, from `DriverEntry`.
pub fn read(service: &RegistryPath) {
    static DEVICE_LIMIT_NAME: ValueName<12> = ValueName::new(b"DeviceLimit\0");
    static HANDLE_LIMIT_NAME: ValueName<12> = ValueName::new(b"HandleLimit\0");
    static FIRST_GENERATION_NAME: ValueName<16> = ValueName::new(b"FirstGeneration\0");

    let Ok(parameters) = service.parameters() else {
        return;
    };
    let now = limits();
    let device = parameters.dword(&DEVICE_LIMIT_NAME, now.device);
    let handle = parameters.dword(&HANDLE_LIMIT_NAME, now.handle);
    let generation = parameters.dword(&FIRST_GENERATION_NAME, now.first_generation);

    let device = device.clamp(1, MOST);
    DEVICE_LIMIT.store(device, Ordering::Relaxed);
    HANDLE_LIMIT.store(handle.min(device).max(1), Ordering::Relaxed);
    FIRST_GENERATION.store(generation, Ordering::Relaxed);
}

/// What each device of this driver gets.
pub fn limits() -> Limits {
    Limits {
        device: DEVICE_LIMIT.load(Ordering::Relaxed),
        handle: HANDLE_LIMIT.load(Ordering::Relaxed),
        first_generation: FIRST_GENERATION.load(Ordering::Relaxed),
    }
}
