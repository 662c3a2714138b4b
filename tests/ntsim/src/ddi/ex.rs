//! Ex: pool and rundown references.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod list;
pub mod lock;
pub mod lookaside;
pub mod more;
pub mod resource;

use super::{enter, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::race;
use crate::rule::{self, buffer::POISON};
use crate::schedule;
use crate::world::pool::{Block, tag_name};
use crate::world::step::Touches;
use crate::world::thread::Guard;
use crate::world::{self, Rundown};

exports! {
    ExAllocatePool2, ExAllocatePoolWithTag, ExAllocatePoolWithQuotaTag, ExFreePool, ExFreePoolWithTag,
    ExFreePool2, ExInitializeRundownProtection, ExReInitializeRundownProtection, ExAcquireRundownProtection,
    ExReleaseRundownProtection, ExWaitForRundownProtectionRelease, ExRundownCompleted,
}

/// `sizeof(EX_RUNDOWN_REF)`.
const RUNDOWN_SIZE: usize = 8;

/// Allocates a block. Returns 0 when there is no memory.
pub fn allocate(size: usize, tag: u32, fill: u8) -> usize {
    let Some(address) = world::allocate(size, fill) else {
        return 0;
    };
    world::with(|world| {
        world.pool.blocks.insert(address, Block { size, tag });
        world.log("allocate pool", address, None);
    });
    address
}

fn checked_allocate(routine: &'static str, size: usize, tag: u32, fill: u8) -> usize {
    enter(routine, DISPATCH_LEVEL);
    if size == 0 || tag == 0 {
        finding::raise(
            &rule::pool::ZERO_BYTES,
            format!("{routine} was called for {size} bytes with the tag {tag:#x}"),
        );
    }
    if fault::fails(Point::Pool) {
        return 0;
    }
    allocate(size, tag, fill)
}

pub extern "win64" fn ExAllocatePool2(flags: u64, size: usize, tag: u32) -> usize {
    const POOL_FLAG_UNINITIALIZED: u64 = 2;
    let fill = if flags & POOL_FLAG_UNINITIALIZED == 0 {
        0
    } else {
        POISON
    };
    checked_allocate("ExAllocatePool2", size, tag, fill)
}

pub extern "win64" fn ExAllocatePoolWithTag(_kind: u32, size: usize, tag: u32) -> usize {
    checked_allocate("ExAllocatePoolWithTag", size, tag, POISON)
}

pub extern "win64" fn ExAllocatePoolWithQuotaTag(_kind: u32, size: usize, tag: u32) -> usize {
    checked_allocate("ExAllocatePoolWithQuotaTag", size, tag, POISON)
}

/// Frees a block; the tag, if there is one, has to be the block's.
fn free(address: usize, tag: u32) {
    enter("ExFreePool", DISPATCH_LEVEL);
    schedule::step("free pool", address, Touches::end(address));
    match world::with(|world| world.pool.blocks.remove(&address)) {
        None => finding::raise(
            &rule::pool::DOUBLE_FREE,
            format!("ExFreePool of {address:#x}, which is not an allocated block"),
        ),
        Some(block) if tag != 0 && block.tag != tag => finding::raise(
            &rule::pool::WRONG_TAG,
            format!(
                "a block with the tag {} is freed with {}",
                tag_name(block.tag),
                tag_name(tag)
            ),
        ),
        Some(_) => race::ended(address),
    }
    world::kill(address);
}

pub extern "win64" fn ExFreePool(address: usize) {
    free(address, 0);
}

pub extern "win64" fn ExFreePoolWithTag(address: usize, tag: u32) {
    free(address, tag);
}

pub extern "win64" fn ExFreePool2(address: usize, tag: u32, _parameters: usize, _count: u32) {
    free(address, tag);
}

pub extern "win64" fn ExInitializeRundownProtection(reference: usize) {
    guest::write(reference, 0usize);
    world::with(|world| world.rundowns.insert(reference, Rundown::default()));
}

/// Works with an initialized reference.
fn with_rundown<R>(
    routine: &'static str,
    reference: usize,
    work: impl FnOnce(&mut Rundown) -> R,
) -> R {
    let result = world::with(|world| world.rundowns.get_mut(&reference).map(work));
    let Some(result) = result else {
        finding::raise(
            &rule::reference::RUNDOWN_NOT_INITIALIZED,
            format!("{routine} was called for {reference:#x}, which was not initialized"),
        )
    };
    result
}

pub extern "win64" fn ExReInitializeRundownProtection(reference: usize) {
    enter("ExReInitializeRundownProtection", DISPATCH_LEVEL);
    schedule::object_point("ExReInitializeRundownProtection", reference, RUNDOWN_SIZE);
    with_rundown("ExReInitializeRundownProtection", reference, |rundown| {
        *rundown = Rundown::default();
    });
    guest::write(reference, 0usize);
}

pub extern "win64" fn ExAcquireRundownProtection(reference: usize) -> u8 {
    enter("ExAcquireRundownProtection", DISPATCH_LEVEL);
    schedule::counter_point("ExAcquireRundownProtection", reference, RUNDOWN_SIZE);
    let open = with_rundown("ExAcquireRundownProtection", reference, |rundown| {
        if !rundown.closed {
            rundown.count += 1;
        }
        !rundown.closed
    });
    u8::from(open)
}

pub extern "win64" fn ExReleaseRundownProtection(reference: usize) {
    enter("ExReleaseRundownProtection", DISPATCH_LEVEL);
    schedule::counter_point("ExReleaseRundownProtection", reference, RUNDOWN_SIZE);
    let released = with_rundown("ExReleaseRundownProtection", reference, |rundown| {
        rundown
            .count
            .checked_sub(1)
            .map(|count| rundown.count = count)
    });
    if released.is_none() {
        finding::raise(
            &rule::reference::RUNDOWN_UNDERFLOW,
            "ExReleaseRundownProtection of a reference that nobody holds".into(),
        );
    }
    race::release(reference);
    schedule::driver_point();
}

pub extern "win64" fn ExWaitForRundownProtectionRelease(reference: usize) {
    enter("ExWaitForRundownProtectionRelease", APC_LEVEL);
    schedule::object_point("ExWaitForRundownProtectionRelease", reference, RUNDOWN_SIZE);
    with_rundown("ExWaitForRundownProtectionRelease", reference, |rundown| {
        rundown.closed = true;
    });
    schedule::point(
        "wait for rundown",
        reference,
        Touches::NOTHING,
        Guard::RunDown(reference),
    );
    race::acquire(reference);
}

pub extern "win64" fn ExRundownCompleted(reference: usize) {
    enter("ExRundownCompleted", DISPATCH_LEVEL);
    schedule::object_point("ExRundownCompleted", reference, RUNDOWN_SIZE);
    with_rundown("ExRundownCompleted", reference, |rundown| {
        rundown.closed = true;
    });
}
