//! Ex: lookaside lists.
//!
//! As with Driver Verifier, none keeps an entry: what is freed goes back to the pool, so that a touch of it is seen.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{ExAllocatePoolWithTag, ExFreePool};
use crate::ddi::{callback, enter, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::nt::status::SUCCESS;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::rule;
use crate::rule::buffer::POISON;
use crate::world;

exports! {
    ExInitializeNPagedLookasideList, ExDeleteNPagedLookasideList, ExInitializePagedLookasideList,
    ExDeletePagedLookasideList, ExInitializeLookasideListEx, ExDeleteLookasideListEx, ExFlushLookasideListEx,
    ExAllocateFromNPagedLookasideList, ExFreeToNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExFreeToPagedLookasideList, ExAllocateFromLookasideListEx, ExFreeToLookasideListEx,
}

/// `GENERAL_LOOKASIDE`, with which all kinds begin.
mod general {
    pub const TYPE: usize = 0x24;
    pub const TAG: usize = 0x28;
    pub const SIZE: usize = 0x2c;
    pub const ALLOCATE: usize = 0x30;
    pub const FREE: usize = 0x38;
    pub const LENGTH: usize = 0x60;
}

/// `PagedPool`.
const PAGED: u32 = 1;

fn initialize(list: usize, kind: u32, size: usize, tag: u32, allocate: usize, free: usize) {
    guest::fill(list, general::LENGTH, 0);
    guest::write(list + general::TYPE, kind);
    guest::write(list + general::TAG, tag);
    guest::write(list + general::SIZE, size as u32);
    guest::write(list + general::ALLOCATE, allocate);
    guest::write(list + general::FREE, free);
    let before = world::with(|world| world.lookasides.insert(list));
    if !before {
        finding::raise(
            &rule::pool::LOOKASIDE_LEFT,
            "a lookaside list is initialized that was, and that was not deleted".into(),
        );
    }
}

/// What the headers call when a list has no entry, if the driver has no routine of its own.
fn or_pool(own: usize, standard: usize) -> usize {
    if own == 0 { standard } else { own }
}

pub extern "win64" fn ExInitializeNPagedLookasideList(
    list: usize,
    allocate: usize,
    free: usize,
    _flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) {
    enter("ExInitializeNPagedLookasideList", DISPATCH_LEVEL);
    let allocate = or_pool(allocate, ExAllocatePoolWithTag as *const () as usize);
    initialize(
        list,
        0,
        size,
        tag,
        allocate,
        or_pool(free, ExFreePool as *const () as usize),
    );
}

pub extern "win64" fn ExInitializePagedLookasideList(
    list: usize,
    allocate: usize,
    free: usize,
    _flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) {
    enter("ExInitializePagedLookasideList", APC_LEVEL);
    let allocate = or_pool(allocate, ExAllocatePoolWithTag as *const () as usize);
    initialize(
        list,
        PAGED,
        size,
        tag,
        allocate,
        or_pool(free, ExFreePool as *const () as usize),
    );
}

extern "win64" fn allocate_extended(_kind: u32, size: usize, tag: u32, _list: usize) -> usize {
    if fault::fails(Point::Pool) {
        return 0;
    }
    super::allocate(size, tag, POISON)
}

extern "win64" fn free_extended(entry: usize, _list: usize) {
    ExFreePool(entry);
}

pub extern "win64" fn ExInitializeLookasideListEx(
    list: usize,
    allocate: usize,
    free: usize,
    kind: u32,
    _flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) -> u32 {
    enter("ExInitializeLookasideListEx", DISPATCH_LEVEL);
    let allocate = or_pool(allocate, allocate_extended as *const () as usize);
    initialize(
        list,
        kind,
        size,
        tag,
        allocate,
        or_pool(free, free_extended as *const () as usize),
    );
    SUCCESS
}

fn require(what: &str, list: usize) {
    if world::with(|world| !world.lookasides.contains(&list)) {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{what} was called for {list:#x}, where no lookaside list was initialized"),
        );
    }
}

fn delete(what: &'static str, highest: u8, list: usize) {
    enter(what, highest);
    require(what, list);
    world::with(|world| world.lookasides.remove(&list));
}

pub extern "win64" fn ExDeleteNPagedLookasideList(list: usize) {
    delete("ExDeleteNPagedLookasideList", DISPATCH_LEVEL, list);
}

pub extern "win64" fn ExDeletePagedLookasideList(list: usize) {
    delete("ExDeletePagedLookasideList", APC_LEVEL, list);
}

pub extern "win64" fn ExDeleteLookasideListEx(list: usize) {
    delete("ExDeleteLookasideListEx", DISPATCH_LEVEL, list);
}

pub extern "win64" fn ExFlushLookasideListEx(list: usize) {
    enter("ExFlushLookasideListEx", DISPATCH_LEVEL);
    require("ExFlushLookasideListEx", list);
}

/// Of newer headers these are calls.
fn take(what: &'static str, list: usize) -> usize {
    enter(what, DISPATCH_LEVEL);
    require(what, list);
    let (kind, size): (u32, u32) = (
        guest::read(list + general::TYPE),
        guest::read(list + general::SIZE),
    );
    let tag: u32 = guest::read(list + general::TAG);
    let routine: usize = guest::read(list + general::ALLOCATE);
    callback(routine, &[kind as usize, size as usize, tag as usize, list])
}

fn give(what: &'static str, list: usize, entry: usize) {
    enter(what, DISPATCH_LEVEL);
    require(what, list);
    let routine: usize = guest::read(list + general::FREE);
    callback(routine, &[entry, list]);
}

pub extern "win64" fn ExAllocateFromNPagedLookasideList(list: usize) -> usize {
    take("ExAllocateFromNPagedLookasideList", list)
}

pub extern "win64" fn ExFreeToNPagedLookasideList(list: usize, entry: usize) {
    give("ExFreeToNPagedLookasideList", list, entry);
}

pub extern "win64" fn ExAllocateFromPagedLookasideList(list: usize) -> usize {
    take("ExAllocateFromPagedLookasideList", list)
}

pub extern "win64" fn ExFreeToPagedLookasideList(list: usize, entry: usize) {
    give("ExFreeToPagedLookasideList", list, entry);
}

pub extern "win64" fn ExAllocateFromLookasideListEx(list: usize) -> usize {
    take("ExAllocateFromLookasideListEx", list)
}

pub extern "win64" fn ExFreeToLookasideListEx(list: usize, entry: usize) {
    give("ExFreeToLookasideListEx", list, entry);
}
