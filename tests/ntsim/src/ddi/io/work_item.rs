//! Io: work items.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, ex, exports};
use crate::finding;
use crate::guest;
use crate::manager::enter_driver;
use crate::nt::DISPATCH_LEVEL;
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::step::kernel::IN_DRIVER;

exports! { IoAllocateWorkItem, IoFreeWorkItem, IoQueueWorkItem, IoQueueWorkItemEx }

/// A work item is opaque: here it begins with the device and whether it is queued.
const SIZE: usize = 0x58;
const QUEUED: usize = 0x08;
const TAG: u32 = u32::from_le_bytes(*b"IoWi");

pub extern "win64" fn IoAllocateWorkItem(device: usize) -> usize {
    enter("IoAllocateWorkItem", DISPATCH_LEVEL);
    super::require_device("IoAllocateWorkItem", device);
    let item = ex::allocate(SIZE, TAG, 0);
    if item != 0 {
        guest::write(item, device);
    }
    item
}

fn require(routine: &str, item: usize) {
    let block = world::with(|world| world.pool.blocks.get(&item).copied());
    if block.is_none_or(|block| block.tag != TAG) {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{routine} was called for {item:#x}, which is no work item"),
        );
    }
}

pub extern "win64" fn IoFreeWorkItem(item: usize) {
    schedule::object_point("IoFreeWorkItem", item, SIZE);
    require("IoFreeWorkItem", item);
    if guest::read::<u8>(item + QUEUED) != 0 {
        finding::raise(
            &rule::object::WORK_ITEM_QUEUED,
            "IoFreeWorkItem of a work item that is queued".into(),
        );
    }
    ex::ExFreePool(item);
}

fn queue(item: usize, routine: usize, context: usize, extended: bool) {
    enter("IoQueueWorkItem", DISPATCH_LEVEL);
    schedule::object_point("IoQueueWorkItem", item, SIZE);
    require("IoQueueWorkItem", item);
    if guest::read::<u8>(item + QUEUED) != 0 {
        finding::raise(
            &rule::object::WORK_ITEM_QUEUED,
            "IoQueueWorkItem of a work item that is queued".into(),
        );
    }
    guest::write(item + QUEUED, 1u8);
    let device: usize = guest::read(item);
    schedule::spawn("work item", None, move || {
        schedule::object_point("work item runs", item, SIZE);
        guest::write(item + QUEUED, 0u8);
        let arguments = if extended {
            [device, context, item, 0]
        } else {
            [device, context, 0, 0]
        };
        enter_driver("a work item", routine, arguments);
        schedule::counter_point("", IN_DRIVER, 1);
    });
    schedule::driver_point();
}

pub extern "win64" fn IoQueueWorkItem(item: usize, routine: usize, _queue: u32, context: usize) {
    queue(item, routine, context, false);
}

pub extern "win64" fn IoQueueWorkItemEx(item: usize, routine: usize, _queue: u32, context: usize) {
    queue(item, routine, context, true);
}
