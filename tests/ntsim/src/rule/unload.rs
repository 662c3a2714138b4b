//! What a driver must not leave behind.

use super::{BugCheck, VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;
use crate::world::irp::{Irp, Own};
use crate::world::pool::tag_name;

const UNLOADED: Option<BugCheck> = Some(BugCheck(
    0xce,
    "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS",
));

rules! {
    NO_UNLOAD = "no-unload-routine", None,
        "A driver that can be installed can be unloaded.";
    DEVICE_LEFT = "device-leak", UNLOADED,
        "No device object is left when the driver is unloaded.";
    LINK_LEFT = "symbolic-link-leak", None,
        "No symbolic link is left when the driver is unloaded.";
    /// TR-76.
    POOL_LEFT = "pool-leak", Some(BugCheck(0xc4, "DRIVER_VERIFIER_DETECTED_VIOLATION")),
        "No pool block is left when the driver is unloaded.";
    /// INV-64, TR-74.
    TIMER_LEFT = "timer-leak", UNLOADED,
        "No timer is armed when the driver is unloaded.";
    /// INV-64, TR-74.
    DPC_LEFT = "dpc-leak", UNLOADED,
        "No DPC is queued or runs when the driver is unloaded.";
    /// INV-64, TR-74.
    THREAD_LEFT = "thread-leak", UNLOADED,
        "No thread runs in the driver when it is unloaded.";
    /// INV-64, TR-74.
    IRP_LEFT = "irp-leak", UNLOADED,
        "No IRP is with the driver when it is unloaded.";
    PROVIDER_LEFT = "etw-provider-leak", UNLOADED,
        "No ETW provider is registered when the driver is unloaded.";
    HANDLE_LEFT = "handle-leak", VERIFIER,
        "No kernel handle is left open when the driver is unloaded.";
}

/// Everything, after `DriverUnload` has returned, or after DriverEntry has failed.
///
/// # Errors
/// The broken rule.
pub fn check(world: &World) -> Result<(), Broken> {
    let left = world
        .irps
        .iter()
        .find(|(_, irp)| irp.dispatched && !irp.completed);
    if let Some((number, _)) = left {
        let name = world.irp_name(number);
        return Err(IRP_LEFT.broken(format!("{name} is still with the driver")));
    }
    let own = |irp: &Irp| {
        matches!(
            irp.own,
            Some(Own::Allocated | Own::Asynchronous | Own::Synchronous { .. })
        )
    };
    if let Some((number, _)) = world.irps.iter().find(|(_, irp)| own(irp)) {
        let name = world.irp_name(number);
        return Err(super::own_irp::OWN_LEFT.broken(format!("{name} is not freed")));
    }
    if let Some(list) = world.mdls.keys().next() {
        return Err(super::mdl::MDL_LEFT.broken(format!("the MDL at {list:#x} is not freed")));
    }
    super::mutex::check_left(world)?;
    super::registration::check_left(world)?;
    if let Some((object, count)) = world.references.iter().find(|(_, count)| **count > 0) {
        let name = world.object_name(*object);
        return Err(
            super::object::REFERENCE_LEFT.broken(format!("{name} has {count} reference(s) left"))
        );
    }
    super::pool::check_freed(world, &(0..usize::MAX))?;
    if world.dispatchers.has_running_thread() {
        return Err(THREAD_LEFT.broken("a system thread of the driver still runs"));
    }
    if let Some(timer) = world.deferred.armed_in(0..usize::MAX) {
        let name = world.object_name(timer);
        return Err(TIMER_LEFT.broken(format!("the timer at {name} is still armed")));
    }
    if let Some(&thread) = world.deferred.active.first() {
        return Err(DPC_LEFT.broken(format!("T{thread} has not come to the end of a DPC")));
    }
    let own = world
        .devices
        .objects
        .iter()
        .find(|(_, device)| !device.physical);
    if let Some((address, _)) = own {
        return Err(DEVICE_LEFT.broken(format!("the device object {address:#x} still exists")));
    }
    if let Some(link) = world.devices.links.keys().next() {
        return Err(LINK_LEFT.broken(format!("the symbolic link {link} still exists")));
    }
    if let Some((address, block)) = world.pool.blocks.iter().next() {
        let (size, tag) = (block.size, tag_name(block.tag));
        return Err(POOL_LEFT.broken(format!(
            "{size} bytes at {address:#x} with tag {tag} are still allocated"
        )));
    }
    let providers = world.providers.count();
    if providers != 0 {
        return Err(PROVIDER_LEFT.broken(format!("{providers} ETW provider(s) are registered")));
    }
    if !world.handles.is_empty() {
        return Err(
            HANDLE_LEFT.broken(format!("{} kernel handle(s) are open", world.handles.len()))
        );
    }
    Ok(())
}
