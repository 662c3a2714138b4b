//! Failures on purpose: each at the use it was planned for and at no other, and as in Windows without
//! anything done.

use super::{broken_rule, memory};
use crate::ddi::csq::IoCsqInitialize;
use crate::ddi::etw::{EtwRegister, EtwSetInformation, EtwUnregister, EtwWriteTransfer};
use crate::ddi::ex::{ExAllocatePool2, ExFreePoolWithTag};
use crate::ddi::io::{IoAttachDeviceToDeviceStack, IoCreateDevice, IoDetachDevice, create_device};
use crate::ddi::pnp::{IoRegisterDeviceInterface, IoSetDeviceInterfaceState};
use crate::ddi::remove_lock::{
    IoAcquireRemoveLockEx, IoInitializeRemoveLockEx, IoReleaseRemoveLockAndWaitEx,
};
use crate::ddi::rtl::RtlFreeUnicodeString;
use crate::ddi::rtl::registry::RtlQueryRegistryValues;
use crate::fault::{Effect, Fault, Phase, Point};
use crate::guest;
use crate::nt::status::{self, SUCCESS};
use crate::nt::{csq, device_object, driver_object, unicode_string};
use crate::world;

const TAG: u32 = u32::from_le_bytes(*b"test");

/// From now on this fails, while the driver is asked that.
fn plan(point: Point, at: usize, phase: Phase) {
    world::with(|world| {
        world.faults.plan = vec![Fault { point, at }];
        world.faults.phase = phase;
    });
}

/// Uses a point three times, of which the second fails: `works` says whether it did.
fn second_of_three(point: Point, phase: Phase, works: impl Fn() -> bool) {
    plan(point, 2, phase);
    assert_eq!(
        [works(), works(), works()],
        [true, false, true],
        "{point:?}"
    );
    world::with(|world| {
        let uses = world.faults.uses.iter();
        let of_it = uses.filter(|(fault, _)| fault.point == point);
        assert_eq!(of_it.count(), 3, "{point:?}");
        assert_eq!(std::mem::take(&mut world.faults.failed), [point]);
        world.faults.uses.clear();
    });
}

/// A driver object without a driver.
fn driver() -> usize {
    memory(driver_object::SIZE)
}

fn allocates() -> bool {
    let block = ExAllocatePool2(0x40, 32, TAG);
    if block != 0 {
        ExFreePoolWithTag(block, TAG);
    }
    block != 0
}

#[test]
fn memory_and_devices_fail_at_the_planned_use() {
    let broken = broken_rule(|| {
        second_of_three(Point::Pool, Phase::Start, allocates);
        second_of_three(Point::CreateDevice, Phase::Add, || {
            let created = memory(8);
            let before = world::with(|world| world.devices.objects.len());
            let status = IoCreateDevice(driver(), 16, 0, 0x22, 0x100, 0, created);
            let made = world::with(|world| world.devices.objects.len()) - before;
            assert_eq!(made == 1, status == SUCCESS);
            assert_eq!(guest::read::<usize>(created) != 0, status == SUCCESS);
            status == SUCCESS
        });
        second_of_three(Point::Attach, Phase::Add, || {
            let [above, below] =
                [false, true].map(|it| create_device(driver(), 0, 0, 0, it).unwrap());
            let lower = IoAttachDeviceToDeviceStack(above, below);
            assert_eq!(device_object::top(below) == above, lower != 0);
            if lower != 0 {
                IoDetachDevice(lower);
            }
            lower != 0
        });
    });
    assert_eq!(broken, None);
}

#[test]
fn interfaces_fail_at_the_planned_use() {
    let broken = broken_rule(|| {
        let device = create_device(0, 0, 0, 0, true).unwrap();
        let class = memory(16);
        let name = memory(16);
        second_of_three(Point::RegisterInterface, Phase::Add, || {
            let made = IoRegisterDeviceInterface(device, class, 0, name) == SUCCESS;
            assert_eq!(unicode_string::text(name).is_empty(), !made);
            if made {
                RtlFreeUnicodeString(name);
            }
            made
        });
        world::with(|world| world.faults.plan.clear());
        assert_eq!(IoRegisterDeviceInterface(device, class, 0, name), SUCCESS);
        let enabled =
            || world::with(|world| world.devices.interfaces.values().any(|it| it.enabled));
        second_of_three(Point::SetInterface, Phase::Start, || {
            let works = IoSetDeviceInterfaceState(name, 1) == SUCCESS;
            assert_eq!(enabled(), works);
            world::with(|world| {
                for interface in world.devices.interfaces.values_mut() {
                    interface.enabled = false;
                }
            });
            works
        });
        RtlFreeUnicodeString(name);
    });
    assert_eq!(broken, None);
}

extern "win64" fn callback() {}

#[test]
fn queues_locks_and_the_registry_fail_at_the_planned_use() {
    const SIZE: u32 = 0x20;
    let broken = broken_rule(|| {
        let routine = callback as *const () as usize;
        second_of_three(Point::Queue, Phase::Add, || {
            let queue = memory(csq::SIZE);
            let works =
                IoCsqInitialize(queue, routine, routine, routine, routine, routine, routine)
                    == SUCCESS;
            assert_eq!(world::with(|world| world.queues.contains(&queue)), works);
            works
        });
        second_of_three(Point::RemoveLock, Phase::Control, || {
            let lock = memory(SIZE as usize);
            IoInitializeRemoveLockEx(lock, 0, 0, 0, SIZE);
            let status = IoAcquireRemoveLockEx(lock, 7, 0, 0, SIZE);
            if status != SUCCESS {
                // No reference was taken: the first that is waits for no other.
                assert_eq!(status, status::DELETE_PENDING);
                world::with(|world| world.faults.phase = Phase::None);
                assert_eq!(IoAcquireRemoveLockEx(lock, 7, 0, 0, SIZE), SUCCESS);
                world::with(|world| world.faults.phase = Phase::Control);
            }
            IoReleaseRemoveLockAndWaitEx(lock, 7, SIZE);
            status == SUCCESS
        });
        // The tables are empty, and there is no such key: what is seen is with which status.
        second_of_three(Point::Registry, Phase::Load, || {
            let failed = world::with(|world| world.faults.failed.len());
            assert_ne!(
                RtlQueryRegistryValues(9, memory(2), memory(0x38), 0, 0),
                SUCCESS
            );
            world::with(|world| world.faults.failed.len()) == failed
        });
    });
    assert_eq!(broken, None);
}

#[test]
fn event_tracing_fails_at_the_planned_use() {
    let broken = broken_rule(|| {
        second_of_three(Point::Provider, Phase::Load, || {
            let handle = memory(8);
            let works = EtwRegister(memory(16), 0, 0, handle) == SUCCESS;
            let handle: u64 = guest::read(handle);
            assert_eq!(handle != 0, works);
            if works {
                EtwUnregister(handle);
            }
            works
        });
        let handle = memory(8);
        assert_eq!(EtwRegister(memory(16), 0, 0, handle), SUCCESS);
        let handle: u64 = guest::read(handle);
        second_of_three(Point::ProviderTraits, Phase::Load, || {
            EtwSetInformation(handle, 2, 0, 0) == SUCCESS
        });
        second_of_three(Point::Event, Phase::Control, || {
            EtwWriteTransfer(handle, memory(16), 0, 0, 0, 0) == SUCCESS
        });
        EtwUnregister(handle);
    });
    assert_eq!(broken, None);
}

#[test]
fn nothing_fails_or_counts_where_it_cannot_fail() {
    let broken = broken_rule(|| {
        plan(Point::Pool, 1, Phase::None);
        assert!(allocates());
        let uses = world::with(|world| world.faults.uses.len());
        assert_eq!(uses, 0);
        plan(Point::Pool, 1, Phase::Open);
        assert!(!allocates());
        assert!(allocates());
    });
    assert_eq!(broken, None);
}

#[test]
fn what_comes_of_a_failure_is_written_down() {
    let ends = |point: Point| Effect::Ends(point.status());
    // What the driver cannot do without has its status told; what it can, has not.
    assert_eq!(Point::Pool.effect(Phase::Open), ends(Point::Pool));
    assert_eq!(Point::Queue.effect(Phase::Add), ends(Point::Queue));
    assert_eq!(
        Point::RemoveLock.effect(Phase::Pass),
        ends(Point::RemoveLock)
    );
    assert_eq!(Point::Below.effect(Phase::Pass), ends(Point::Below));
    assert_eq!(Point::Registry.effect(Phase::Load), Effect::None);
    assert_eq!(Point::SetInterface.effect(Phase::Must), Effect::None);
    assert_eq!(Point::Event.effect(Phase::End), Effect::None);
    assert_eq!(Point::Below.effect(Phase::Must), Effect::Unreal);
    for point in Point::ALL {
        assert_eq!(point.effect(Phase::None), Effect::Unreal);
        assert!(status::is_error(point.status()), "{point:?}");
    }
}
