//! Ex: resources.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::lock::{self, Mode};
use crate::ddi::ke::region;
use crate::ddi::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::status::SUCCESS;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::owned::{Kind, Owned};
use crate::world::step::Touches;

exports! {
    ExInitializeResourceLite, ExReinitializeResourceLite, ExDeleteResourceLite, ExAcquireResourceExclusiveLite,
    ExAcquireResourceSharedLite, ExAcquireSharedStarveExclusive, ExAcquireSharedWaitForExclusive, ExReleaseResourceLite,
    ExReleaseResourceForThreadLite, ExConvertExclusiveToSharedLite, ExIsResourceAcquiredExclusiveLite,
    ExIsResourceAcquiredSharedLite, ExGetExclusiveWaiterCount, ExGetSharedWaiterCount,
    ExEnterCriticalRegionAndAcquireResourceExclusive, ExEnterCriticalRegionAndAcquireResourceShared,
    ExReleaseResourceAndLeaveCriticalRegion,
}

/// `sizeof(ERESOURCE)`.
pub const SIZE: usize = 0x68;

pub extern "win64" fn ExInitializeResourceLite(resource: usize) -> u32 {
    enter("ExInitializeResourceLite", DISPATCH_LEVEL);
    guest::fill(resource, SIZE, 0);
    let before = world::with(|world| world.owned.insert(resource, Owned::new(Kind::Resource)));
    if before.is_some() {
        finding::raise(
            &rule::mutex::INITIALIZED_TWICE,
            "ExInitializeResourceLite was called for a resource that is initialized".into(),
        );
    }
    SUCCESS
}

fn require(what: &str, resource: usize) {
    if world::with(|world| !world.owned.contains_key(&resource)) {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{what} was called for {resource:#x}, where no resource was initialized"),
        );
    }
}

pub extern "win64" fn ExReinitializeResourceLite(resource: usize) -> u32 {
    enter("ExReinitializeResourceLite", DISPATCH_LEVEL);
    require("ExReinitializeResourceLite", resource);
    world::with(|world| world.owned.insert(resource, Owned::new(Kind::Resource)));
    SUCCESS
}

pub extern "win64" fn ExDeleteResourceLite(resource: usize) -> u32 {
    enter("ExDeleteResourceLite", DISPATCH_LEVEL);
    schedule::object_point("ExDeleteResourceLite", resource, SIZE);
    require("ExDeleteResourceLite", resource);
    let held = world::with(|world| world.owned.remove(&resource).is_some_and(|it| it.is_held()));
    if held {
        finding::raise(
            &rule::mutex::FREED,
            "ExDeleteResourceLite was called for a resource that somebody has".into(),
        );
    }
    SUCCESS
}

fn acquire(what: &'static str, resource: usize, mode: Mode, wait: u8) -> u8 {
    enter(what, APC_LEVEL);
    require(what, resource);
    lock::require_no_apcs(what);
    u8::from(lock::acquire(
        what,
        resource,
        Kind::Resource,
        mode,
        wait != 0,
    ))
}

pub extern "win64" fn ExAcquireResourceExclusiveLite(resource: usize, wait: u8) -> u8 {
    acquire(
        "ExAcquireResourceExclusiveLite",
        resource,
        Mode::Exclusive,
        wait,
    )
}

pub extern "win64" fn ExAcquireResourceSharedLite(resource: usize, wait: u8) -> u8 {
    acquire("ExAcquireResourceSharedLite", resource, Mode::Shared, wait)
}

pub extern "win64" fn ExAcquireSharedStarveExclusive(resource: usize, wait: u8) -> u8 {
    acquire(
        "ExAcquireSharedStarveExclusive",
        resource,
        Mode::Shared,
        wait,
    )
}

pub extern "win64" fn ExAcquireSharedWaitForExclusive(resource: usize, wait: u8) -> u8 {
    acquire(
        "ExAcquireSharedWaitForExclusive",
        resource,
        Mode::Shared,
        wait,
    )
}

pub extern "win64" fn ExReleaseResourceLite(resource: usize) {
    enter("ExReleaseResourceLite", DISPATCH_LEVEL);
    require("ExReleaseResourceLite", resource);
    lock::release("ExReleaseResourceLite", resource, Kind::Resource);
}

/// For another thread: that one does not have it any more.
pub extern "win64" fn ExReleaseResourceForThreadLite(resource: usize, thread: usize) {
    enter("ExReleaseResourceForThreadLite", DISPATCH_LEVEL);
    require("ExReleaseResourceForThreadLite", resource);
    let me = world::with(|world| world.current);
    let owner = world::with(|world| {
        let mut threads = world.threads.iter();
        threads.position(|it| it.processor.thread == thread)
    });
    if owner.is_some() && owner != Some(me) {
        schedule::object_point("ExReleaseResourceForThreadLite", resource, SIZE);
        lock::with_lock(resource, Kind::Resource, |it| {
            it.exclusive = None;
            it.shared.retain(|own| Some(*own) != owner);
        });
    } else {
        lock::release("ExReleaseResourceForThreadLite", resource, Kind::Resource);
    }
}

pub extern "win64" fn ExConvertExclusiveToSharedLite(resource: usize) {
    enter("ExConvertExclusiveToSharedLite", DISPATCH_LEVEL);
    schedule::object_point("ExConvertExclusiveToSharedLite", resource, SIZE);
    require("ExConvertExclusiveToSharedLite", resource);
    let me = world::with(|world| world.current);
    let was = lock::with_lock(resource, Kind::Resource, |it| {
        let was = it.exclusive.take().filter(|(owner, _)| *owner == me);
        it.shared.extend(was.map(|(owner, _)| owner));
        was.is_some()
    });
    if !was {
        finding::raise(
            &rule::mutex::NOT_OWNED,
            "ExConvertExclusiveToSharedLite was called for a resource that the thread does not have".into(),
        );
    }
}

pub extern "win64" fn ExIsResourceAcquiredExclusiveLite(resource: usize) -> u8 {
    enter("ExIsResourceAcquiredExclusiveLite", DISPATCH_LEVEL);
    let me = world::with(|world| world.current);
    u8::from(lock::with_lock(resource, Kind::Resource, |it| {
        it.exclusive.is_some_and(|(owner, _)| owner == me)
    }))
}

pub extern "win64" fn ExIsResourceAcquiredSharedLite(resource: usize) -> u32 {
    enter("ExIsResourceAcquiredSharedLite", DISPATCH_LEVEL);
    let me = world::with(|world| world.current);
    u32::from(lock::with_lock(resource, Kind::Resource, |it| it.is_of(me)))
}

pub extern "win64" fn ExGetExclusiveWaiterCount(resource: usize) -> u32 {
    schedule::step(
        "ExGetExclusiveWaiterCount",
        resource,
        Touches::read(resource, SIZE),
    );
    0
}

pub extern "win64" fn ExGetSharedWaiterCount(resource: usize) -> u32 {
    schedule::step(
        "ExGetSharedWaiterCount",
        resource,
        Touches::read(resource, SIZE),
    );
    0
}

pub extern "win64" fn ExEnterCriticalRegionAndAcquireResourceExclusive(resource: usize) -> usize {
    region::KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(resource, 1);
    0
}

pub extern "win64" fn ExEnterCriticalRegionAndAcquireResourceShared(resource: usize) -> usize {
    region::KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(resource, 1);
    0
}

pub extern "win64" fn ExReleaseResourceAndLeaveCriticalRegion(resource: usize) {
    ExReleaseResourceLite(resource);
    region::KeLeaveCriticalRegion();
}
