//! Mm and Io: memory descriptor lists.
//!
//! The pages of a program are, while they are locked, a copy in kernel space: what the driver writes there comes back to
//! the program when they are unlocked.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::probe;
use crate::ddi::{enter, ex, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::mapping::PAGE;
use crate::nt::mdl::{
    self, IS_LOCKED, IS_MAPPED, IS_NONPAGED, IS_PARTIAL, IS_WRITTEN, PARTIAL_MAPPED,
};
use crate::nt::status::SUCCESS;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL, irp, user};
use crate::race;
use crate::rule::mdl as rule;
use crate::world;
use crate::world::mdl::Mdl;

exports! {
    IoAllocateMdl, IoFreeMdl, IoBuildPartialMdl, MmBuildMdlForNonPagedPool, MmProbeAndLockPages, MmUnlockPages,
    MmMapLockedPages, MmMapLockedPagesSpecifyCache, MmUnmapLockedPages, MmSizeOfMdl, MmProtectMdlSystemAddress,
    MmAllocatePagesForMdl, MmAllocatePagesForMdlEx, MmFreePagesFromMdl,
}

/// `USER_MODE`.
const USER: u8 = 1;

/// Makes an MDL. Returns 0 when there is no memory.
pub fn make(address: usize, length: usize, of_request: bool) -> usize {
    let Some(list) = world::allocate(mdl::size(address, length), 0) else {
        return 0;
    };
    mdl::initialize(list, address, length);
    let record = Mdl {
        of_request,
        ..Mdl::default()
    };
    world::with(|world| {
        world.mdls.insert(list, record);
        world.log("allocate MDL", list, None);
    });
    list
}

/// Makes an MDL of the I/O manager's, for memory in kernel space that stands for a program's pages.
pub fn make_locked(buffer: usize, length: usize, written: bool) -> usize {
    let list = make(buffer, length, true);
    mdl::set_pages(list, buffer);
    mdl::change_flags(list, IS_LOCKED | if written { IS_WRITTEN } else { 0 }, 0);
    with_record(list, |it| it.locked = true);
    list
}

fn with_record<R>(list: usize, work: impl FnOnce(&mut Mdl) -> R) -> Option<R> {
    world::with(|world| world.mdls.get_mut(&list).map(work))
}

/// The record of an MDL that exists, or whose memory is the driver's own.
fn require(routine: &'static str, list: usize) -> Mdl {
    if let Some(record) = with_record(list, |it| *it) {
        return record;
    }
    // MmInitializeMdl is a macro.
    let inside = crate::machine::with(|machine| machine.object_at(list));
    if inside.is_none_or(|(_, _, alive)| !alive) && guest::is_shared(list) {
        finding::raise(
            &rule::NOT_AN_MDL,
            format!("{routine} was called for {list:#x}, which is no MDL"),
        );
    }
    Mdl::default()
}

pub extern "win64" fn IoAllocateMdl(
    address: usize,
    length: u32,
    secondary: u8,
    _quota: u8,
    of: usize,
) -> usize {
    enter("IoAllocateMdl", DISPATCH_LEVEL);
    if fault::fails(Point::Pool) {
        return 0;
    }
    let list = make(address, length as usize, false);
    if of != 0 && list != 0 {
        let mut link = of + irp::MDL;
        if secondary != 0 {
            while guest::read::<usize>(link) != 0 {
                link = guest::read::<usize>(link) + mdl::NEXT;
            }
        }
        guest::write(link, list);
    }
    list
}

pub extern "win64" fn IoFreeMdl(list: usize) {
    enter("IoFreeMdl", DISPATCH_LEVEL);
    let Some(record) = with_record(list, |it| *it) else {
        finding::raise(
            &rule::NOT_AN_MDL,
            format!("IoFreeMdl was called for {list:#x}, which is no MDL"),
        )
    };
    if record.locked {
        finding::raise(
            &rule::FREED_LOCKED,
            "IoFreeMdl was called for an MDL whose pages are locked".into(),
        );
    }
    end(list);
}

/// Ends an MDL's life.
fn end(list: usize) {
    world::with(|world| {
        world.mdls.remove(&list);
        world.log("free MDL", list, None);
    });
    race::ended(list);
    world::kill(list);
}

/// What the I/O manager does with the MDLs of a request that is complete: those that the driver has added belong to it as
/// well.
pub fn end_all_of(irp: usize) {
    let mut list: usize = guest::read(irp + self::irp::MDL);
    while list != 0 {
        let next = guest::read(list + mdl::NEXT);
        if let Some(record) = with_record(list, |it| *it) {
            if record.locked && record.copy != 0 {
                unlock(list, record);
            }
            end(list);
        }
        list = next;
    }
}

pub extern "win64" fn IoBuildPartialMdl(source: usize, target: usize, address: usize, length: u32) {
    enter("IoBuildPartialMdl", DISPATCH_LEVEL);
    require("IoBuildPartialMdl", source);
    require("IoBuildPartialMdl", target);
    let offset = address.wrapping_sub(mdl::address(source));
    let rest = mdl::length(source).saturating_sub(offset);
    let length = if length == 0 { rest } else { length as usize };
    mdl::initialize(target, address, length);
    mdl::set_pages(target, mdl::pages_at(source) + offset);
    let kept = mdl::flags(source) & (IS_NONPAGED | IS_MAPPED | IS_WRITTEN);
    if kept & (IS_NONPAGED | IS_MAPPED) != 0 {
        mdl::set_mapped(target, mdl::pages_at(source) + offset);
    }
    mdl::change_flags(target, IS_PARTIAL | kept, 0);
}

pub extern "win64" fn MmBuildMdlForNonPagedPool(list: usize) {
    enter("MmBuildMdlForNonPagedPool", DISPATCH_LEVEL);
    require("MmBuildMdlForNonPagedPool", list);
    let address = mdl::address(list);
    if user::contains(address) {
        finding::raise(
            &rule::NOT_OF_POOL,
            format!("MmBuildMdlForNonPagedPool was called for {address:#x}, which is of a program"),
        );
    }
    mdl::set_pages(list, address);
    mdl::set_mapped(list, address);
    mdl::change_flags(list, IS_NONPAGED, 0);
}

pub extern "win64" fn MmProbeAndLockPages(list: usize, mode: u8, operation: i32) {
    enter("MmProbeAndLockPages", DISPATCH_LEVEL);
    let record = require("MmProbeAndLockPages", list);
    let (address, length) = (mdl::address(list), mdl::length(list));
    if record.locked || mdl::flags(list) & IS_LOCKED != 0 {
        finding::raise(
            &rule::LOCKED_TWICE,
            "MmProbeAndLockPages was called for an MDL whose pages are locked".into(),
        );
    }
    let writes = operation != 0;
    let of_user = user::contains(address);
    if mode == USER && !probe::is_user(address, length) {
        probe::refuse(address, writes);
    }
    let copy = if of_user {
        // A program's pages may have to be read from the disk.
        enter("MmProbeAndLockPages of a program's memory", APC_LEVEL);
        probe::look(address, length);
        if !probe::is_there(address, length) {
            probe::refuse(address, writes);
        }
        let copy = world::allocate(length, 0).unwrap_or(0);
        guest::copy(address, copy, length);
        copy
    } else {
        0
    };
    mdl::set_pages(list, if of_user { copy } else { address });
    mdl::change_flags(list, IS_LOCKED | if writes { IS_WRITTEN } else { 0 }, 0);
    with_record(list, |it| {
        it.locked = true;
        it.copy = copy;
        it.written = writes;
    });
}

pub extern "win64" fn MmUnlockPages(list: usize) {
    enter("MmUnlockPages", DISPATCH_LEVEL);
    let record = require("MmUnlockPages", list);
    if mdl::flags(list) & IS_LOCKED == 0 {
        finding::raise(
            &rule::NOT_LOCKED,
            "MmUnlockPages was called for an MDL whose pages are not locked".into(),
        );
    }
    unlock(list, record);
}

fn unlock(list: usize, record: Mdl) {
    let (address, length) = (mdl::address(list), mdl::length(list));
    if record.copy != 0 {
        if record.written && probe::is_there(address, length) {
            guest::copy(record.copy, address, length);
        }
        race::ended(record.copy);
        world::kill(record.copy);
    }
    mdl::change_flags(list, 0, IS_LOCKED | IS_MAPPED | IS_WRITTEN);
    with_record(list, |it| {
        it.locked = false;
        it.copy = 0;
    });
}

pub extern "win64" fn MmMapLockedPages(list: usize, mode: u8) -> usize {
    MmMapLockedPagesSpecifyCache(list, mode, 0, 0, 0, 0)
}

pub extern "win64" fn MmMapLockedPagesSpecifyCache(
    list: usize,
    mode: u8,
    _cache: i32,
    _base: usize,
    _bug_check: u32,
    _priority: u32,
) -> usize {
    enter(
        "MmMapLockedPagesSpecifyCache",
        if mode == USER {
            APC_LEVEL
        } else {
            DISPATCH_LEVEL
        },
    );
    require("MmMapLockedPagesSpecifyCache", list);
    let flags = mdl::flags(list);
    let can = flags & (IS_LOCKED | IS_PARTIAL) != 0 || (mode == USER && flags & IS_NONPAGED != 0);
    if !can || (mode != USER && flags & IS_MAPPED != 0) {
        finding::raise(
            &rule::NOT_TO_BE_MAPPED,
            "the pages are not locked, or are mapped already".to_owned(),
        );
    }
    let address = mdl::pages_at(list);
    if mode != USER {
        let partial = if flags & IS_PARTIAL == 0 {
            0
        } else {
            PARTIAL_MAPPED
        };
        mdl::change_flags(list, IS_MAPPED | partial, 0);
        mdl::set_mapped(list, address);
    }
    address
}

pub extern "win64" fn MmUnmapLockedPages(_address: usize, list: usize) {
    enter("MmUnmapLockedPages", DISPATCH_LEVEL);
    require("MmUnmapLockedPages", list);
    mdl::change_flags(list, 0, IS_MAPPED | PARTIAL_MAPPED);
}

pub extern "win64" fn MmSizeOfMdl(address: usize, length: usize) -> usize {
    mdl::size(address, length)
}

pub extern "win64" fn MmProtectMdlSystemAddress(list: usize, _protection: u32) -> u32 {
    enter("MmProtectMdlSystemAddress", DISPATCH_LEVEL);
    require("MmProtectMdlSystemAddress", list);
    SUCCESS
}

/// The MDL itself is from the pool: the driver frees it with `ExFreePool`.
pub extern "win64" fn MmAllocatePagesForMdlEx(
    _lowest: usize,
    _highest: usize,
    _skip: usize,
    length: usize,
    _cache: i32,
    _flags: u32,
) -> usize {
    const TAG: u32 = u32::from_le_bytes(*b"Mmdl");
    enter("MmAllocatePagesForMdlEx", APC_LEVEL);
    if fault::fails(Point::Pool) {
        return 0;
    }
    let length = length.next_multiple_of(PAGE);
    let list = ex::allocate(mdl::size(0, length), TAG, 0);
    let memory = world::allocate(length, 0).unwrap_or(0);
    if list == 0 || memory == 0 {
        return 0;
    }
    mdl::initialize(list, 0, length);
    mdl::set_pages(list, memory);
    mdl::change_flags(list, IS_LOCKED, 0);
    let record = Mdl {
        locked: true,
        ..Mdl::default()
    };
    world::with(|world| world.mdls.insert(list, record));
    list
}

pub extern "win64" fn MmAllocatePagesForMdl(
    lowest: usize,
    highest: usize,
    skip: usize,
    length: usize,
) -> usize {
    MmAllocatePagesForMdlEx(lowest, highest, skip, length, 0, 0)
}

pub extern "win64" fn MmFreePagesFromMdl(list: usize) {
    enter("MmFreePagesFromMdl", APC_LEVEL);
    if world::with(|world| world.mdls.remove(&list).is_none()) {
        finding::raise(
            &rule::NOT_AN_MDL,
            format!("MmFreePagesFromMdl was called for {list:#x}, whose pages are none of that"),
        );
    }
    let memory = mdl::pages_at(list);
    race::ended(memory);
    world::kill(memory);
    mdl::change_flags(list, 0, IS_LOCKED | IS_MAPPED);
}
