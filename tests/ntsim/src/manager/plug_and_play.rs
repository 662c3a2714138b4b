//! The Plug and Play manager: a root-enumerated device from AddDevice to removal.

use crate::ddi::io;
use crate::fault::Phase;
use crate::finding;
use crate::guest;
use crate::manager::dispatch::{self, Ask};
use crate::manager::{enter_driver, file};
use crate::nt::{device_object, driver_object, major, pnp, status};
use crate::rule::object;
use crate::rule::plug_and_play as rule;
use crate::rule::unload;
use crate::world::{self, World};

/// The simulated bus's device, which the driver's is stacked on.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Device {
    physical: usize,
}

/// What came of a request for the whole stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// Its final status.
    pub status: u32,
    /// Whether the driver has passed it down.
    pub reached_bus: bool,
}

/// Adds another device and starts it.
pub fn add_and_start() -> Device {
    let device = Device::add();
    device.start();
    device
}

/// Removes the devices that were pulled out and that no file object refers to any more.
pub fn remove_unused() {
    let mut index = 0;
    while let Some(physical) = world::with(|world| world.devices.pulled_out.get(index).copied()) {
        let device = Device { physical };
        let own = device.attached();
        let is_used = |world: &mut World| {
            let mut files = world.files.iter();
            files.any(|file| file.device == own && !file.closed)
        };
        if world::with(is_used) {
            index += 1;
        } else {
            world::with(|world| world.devices.pulled_out.remove(index));
            device.remove();
        }
    }
}

/// The first IRP to a device that has just been attached above `below`, if the run has one: a driver above
/// asks for the capabilities, which everybody passes down.
pub fn first_from_above(below: usize) {
    const QUERY_CAPABILITIES: u8 = 0x09;
    if !world::with(|world| world.devices.asked_at_once) {
        return;
    }
    // It is nobody's business here what fails; AddDevice goes on.
    let phase = world::with(|world| std::mem::replace(&mut world.faults.phase, Phase::None));
    let device = Device { physical: below };
    let Answer {
        status,
        reached_bus,
    } = device.plug_and_play(QUERY_CAPABILITIES);
    world::with(|world| world.faults.phase = phase);
    if !reached_bus {
        let shown = status::name(status);
        finding::raise(
            &rule::NOT_FORWARDED,
            format!("a request that came as soon as the device was attached ended with {shown}"),
        );
    }
}

/// Whether the driver is one for Plug and Play.
pub fn is_supported() -> bool {
    driver_object::add_device_routine(world::with(|world| world.driver)) != 0
}

impl Device {
    /// Finds a device on the bus and calls the driver's AddDevice for it, which must succeed.
    ///
    /// # Panics
    /// As [`Self::try_add`].
    pub fn add() -> Self {
        Self::try_add().unwrap_or_else(|status| {
            let shown = status::name(status);
            finding::raise(
                &rule::ADD_DEVICE_FAILED,
                format!("AddDevice returned {shown}"),
            )
        })
    }

    /// Finds a device on the bus and calls the driver's AddDevice for it. If that fails, the device is
    /// gone.
    ///
    /// # Errors
    /// The status of AddDevice.
    ///
    /// # Panics
    /// When the memory for a run is used up.
    pub fn try_add() -> Result<Self, u32> {
        const FILE_DEVICE_CONTROLLER: u32 = 4;
        let physical =
            io::create_device(0, 0, FILE_DEVICE_CONTROLLER, 0, true).expect("memory for a device");
        // A filter's device looks like the one below.
        let flags: u32 = guest::read(physical + device_object::FLAGS);
        guest::write(
            physical + device_object::FLAGS,
            flags | device_object::POWER_PAGABLE,
        );
        let (driver, before) = world::with(|world| (world.driver, world.devices.of_driver()));
        let routine = driver_object::add_device_routine(driver);
        let status = enter_driver("AddDevice", routine, [driver, physical, 0, 0]) as u32;
        world::with(|world| world.log("AddDevice returned", 0, Some(status)));
        if !status::is_success(status) {
            Self { physical }.vanish(before);
            return Err(status);
        }
        let top = device_object::top(physical);
        let flags: u32 = guest::read(top + device_object::FLAGS);
        if top != physical && flags & device_object::INITIALIZING != 0 {
            finding::advise(
                &object::STILL_INITIALIZING,
                "AddDevice has left DO_DEVICE_INITIALIZING set".into(),
            );
        }
        if top != physical && flags & device_object::POWER == 0 {
            finding::advise(
                &object::POWER_FLAG,
                format!("the flags of the device are {flags:#x}"),
            );
        }
        Ok(Self { physical })
    }

    /// AddDevice has failed: the driver, which had `before` devices, must have undone all.
    fn vanish(self, before: usize) {
        if device_object::top(self.physical) != self.physical
            || world::with(|world| world.devices.of_driver()) != before
        {
            finding::raise(
                &unload::DEVICE_LEFT,
                "AddDevice has failed, and the driver's device is still there".into(),
            );
        }
        world::with(|world| {
            let devices = &mut world.devices;
            devices.objects.remove(&self.physical);
            devices.function = devices
                .function
                .filter(|it| devices.objects.contains_key(it));
        });
        world::kill(self.physical);
    }

    /// The device object on top of its stack.
    pub fn top(self) -> usize {
        device_object::top(self.physical)
    }

    /// Sends a Plug and Play request and returns its final status.
    pub fn request(self, minor: u8) -> u32 {
        self.plug_and_play(minor).status
    }

    fn plug_and_play(self, minor: u8) -> Answer {
        self.ask(Ask {
            minor,
            ..Ask::simple(pnp::name(minor), major::PNP)
        })
    }

    /// Sends `IRP_MJ_SYSTEM_CONTROL` and returns its final status.
    pub fn system_control(self) -> u32 {
        self.ask(Ask::simple("system control", major::SYSTEM_CONTROL))
            .status
    }

    /// Sends every minor code of WMI for another provider, and checks that it is passed on untouched.
    pub fn system_controls(self) {
        /// From `IRP_MN_QUERY_ALL_DATA` to `IRP_MN_REGINFO_EX`.
        const MINORS: std::ops::RangeInclusive<u8> = 0x00..=0x0b;
        for minor in MINORS {
            let answer = self.ask(Ask {
                minor,
                ..Ask::simple("system control", major::SYSTEM_CONTROL)
            });
            if !answer.reached_bus {
                finding::raise(
                    &rule::NOT_FORWARDED,
                    format!("the WMI minor code {minor:#x} did not reach the bus driver"),
                );
            }
        }
    }

    /// Makes a request for the whole stack and sends it.
    pub(super) fn ask(self, ask: Ask) -> Answer {
        let irp = dispatch::make(self.physical, ask);
        let returned = dispatch::send(self.physical, irp);
        let status = if returned == status::PENDING {
            file::wait(irp)
        } else {
            returned
        };
        let reached_bus = world::with(|world| world.irps.get(irp).is_some_and(|it| it.reached_bus));
        Answer {
            status,
            reached_bus,
        }
    }

    /// Sends a request that must not fail.
    fn must(self, minor: u8) {
        let Answer {
            status,
            reached_bus,
        } = self.plug_and_play(minor);
        let name = pnp::name(minor);
        if !status::is_success(status) {
            let shown = status::name(status);
            finding::raise(&rule::REQUIRED_FAILED, format!("{name} ended with {shown}"));
        }
        if !reached_bus {
            finding::raise(
                &rule::NOT_FORWARDED,
                format!("{name} did not reach the bus driver"),
            );
        }
    }

    /// Starts the device.
    pub fn start(self) {
        self.must(pnp::START_DEVICE);
    }

    /// Stops the device and starts it again, as when resources are rebalanced. `false` if the driver
    /// refused.
    pub fn rebalance(self) -> bool {
        if !status::is_success(self.request(pnp::QUERY_STOP_DEVICE)) {
            self.must(pnp::CANCEL_STOP_DEVICE);
            return false;
        }
        self.must(pnp::STOP_DEVICE);
        self.must(pnp::START_DEVICE);
        true
    }

    /// Asks whether the device may be removed, and takes it back.
    pub fn query_and_cancel_remove(self) {
        world::with(|world| world.devices.going_away = true);
        self.request(pnp::QUERY_REMOVE_DEVICE);
        self.must(pnp::CANCEL_REMOVE_DEVICE);
    }

    /// The device is pulled out. Handles may be open; [`Self::remove`] follows when they are closed.
    pub fn surprise_remove(self) {
        world::with(|world| world.devices.going_away = true);
        self.must(pnp::SURPRISE_REMOVAL);
        world::with(|world| world.devices.gone = true);
    }

    /// The device is pulled out, and removed as soon as no handle to it is open. Until then nobody can
    /// open it.
    pub fn pull_out(self) {
        world::with(|world| world.devices.function = None);
        self.surprise_remove();
        world::with(|world| world.devices.pulled_out.push(self.physical));
        remove_unused();
    }

    /// The device that the driver has attached, if any.
    fn attached(self) -> usize {
        guest::read(self.physical + device_object::ATTACHED)
    }

    /// Removes the device.
    pub fn remove(self) {
        world::with(|world| world.devices.going_away = true);
        let own = self.attached();
        self.must(pnp::REMOVE_DEVICE);
        world::with(|world| world.devices.gone = true);
        let attached = self.attached();
        let own_left = world::with(|world| {
            let own = world.devices.objects.get(&own);
            own.is_some_and(|it| !it.physical && !it.delete_pending)
        });
        if attached != 0 || own_left {
            finding::raise(
                &rule::NOT_REMOVED,
                "the driver's device is still there after remove device".into(),
            );
        }
        let enabled = world::with(|world| {
            let mut interfaces = world.devices.interfaces.values();
            interfaces.any(|it| it.physical == self.physical && it.enabled)
        });
        if enabled {
            finding::raise(
                &rule::INTERFACE_ENABLED,
                "the device interface is still enabled after remove device".into(),
            );
        }
        world::with(|world| {
            world.devices.objects.remove(&self.physical);
            if world.devices.function == Some(own) {
                world.devices.function = None;
            }
        });
        world::kill(self.physical);
    }

    /// Asks whether the device may be removed, and removes it if so.
    pub fn query_and_remove(self) {
        world::with(|world| world.devices.going_away = true);
        if status::is_success(self.request(pnp::QUERY_REMOVE_DEVICE)) {
            self.remove();
        } else {
            self.must(pnp::CANCEL_REMOVE_DEVICE);
        }
    }

    /// Whether it has not been removed.
    pub fn exists(self) -> bool {
        world::with(|world| world.devices.objects.contains_key(&self.physical))
    }

    /// Sends the minor codes that the driver need not know, and checks that it passes each on and
    /// leaves its status alone.
    pub fn unknown_requests(self) {
        /// From `IRP_MN_QUERY_DEVICE_RELATIONS` to `IRP_MN_DEVICE_ENUMERATED`, and one that is none.
        const MINORS: std::ops::RangeInclusive<u8> = 0x07..=0x1a;
        /// `IRP_MN_QUERY_CAPABILITIES` and `IRP_MN_QUERY_PNP_DEVICE_STATE`, which it may answer.
        const MAY_ANSWER: [u8; 2] = [0x09, 0x14];
        for minor in MINORS.filter(|minor| *minor != pnp::SURPRISE_REMOVAL) {
            let Answer {
                status,
                reached_bus,
            } = self.plug_and_play(minor);
            if !reached_bus {
                finding::raise(
                    &rule::NOT_FORWARDED,
                    format!("the PnP minor code {minor:#x} did not reach the bus driver"),
                );
            }
            if status != status::NOT_SUPPORTED && !MAY_ANSWER.contains(&minor) {
                let shown = status::name(status);
                finding::raise(
                    &rule::STATUS_CHANGED,
                    format!("the PnP minor code {minor:#x} came back with {shown}"),
                );
            }
        }
    }
}
