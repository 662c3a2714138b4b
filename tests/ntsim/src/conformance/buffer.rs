//! Io and Mm: IRPs and MDLs that a driver makes, buffers of programs, lookaside lists, lists.

use super::{broken_rule, memory};
use crate::ddi::ex::list::{
    ExInterlockedInsertHeadList, ExInterlockedInsertTailList, ExInterlockedRemoveHeadList,
    ExpInterlockedPopEntrySList, ExpInterlockedPushEntrySList, InitializeSListHead,
};
use crate::ddi::ex::lookaside::{
    ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList, ExFreeToNPagedLookasideList,
    ExInitializeNPagedLookasideList,
};
use crate::ddi::io::create_device;
use crate::ddi::irp::IofCallDriver;
use crate::ddi::irp::own::{IoAllocateIrp, IoBuildDeviceIoControlRequest, IoFreeIrp, IoReuseIrp};
use crate::ddi::ke::dispatcher::{KeInitializeEvent, KeReadStateEvent};
use crate::ddi::memory::{memcmp, memset};
use crate::ddi::mm::mdl::{
    IoAllocateMdl, IoBuildPartialMdl, IoFreeMdl, MmBuildMdlForNonPagedPool,
    MmMapLockedPagesSpecifyCache, MmProbeAndLockPages, MmUnlockPages,
};
use crate::ddi::mm::probe::{ProbeForRead, ProbeForWrite};
use crate::guest;
use crate::nt::status::{INVALID_DEVICE_REQUEST, MORE_PROCESSING_REQUIRED, SUCCESS};
use crate::nt::{irp, stack_location};
use crate::world;

const TAG: u32 = u32::from_le_bytes(*b"test");

extern "win64" fn keep(_device: usize, _address: usize, _context: usize) -> u32 {
    MORE_PROCESSING_REQUIRED
}

extern "win64" fn let_go(_device: usize, _address: usize, _context: usize) -> u32 {
    SUCCESS
}

/// An IRP of the driver's, with this completion routine, for the device.
fn own(routine: usize) -> (usize, usize) {
    let device = create_device(0, 0, 0, 0, true).unwrap();
    let address = IoAllocateIrp(1, 0);
    let location = irp::stack_location(address) - stack_location::SIZE;
    guest::write(
        location + stack_location::MAJOR,
        crate::nt::major::INTERNAL_DEVICE_CONTROL,
    );
    guest::write(location + stack_location::COMPLETION_ROUTINE, routine);
    let always = stack_location::INVOKE_ON_SUCCESS | stack_location::INVOKE_ON_ERROR;
    guest::write(location + stack_location::CONTROL, always);
    (device, address)
}

#[test]
fn an_irp_of_the_drivers_own_comes_back() {
    let broken = broken_rule(|| {
        let (device, address) = own(keep as *const () as usize);
        assert_eq!(IofCallDriver(device, address), INVALID_DEVICE_REQUEST);
        assert_eq!(irp::status(address), INVALID_DEVICE_REQUEST);
        IoReuseIrp(address, SUCCESS);
        assert_eq!(irp::status(address), SUCCESS);
        IoFreeIrp(address);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_own_irps_is_found() {
    assert_eq!(
        broken_rule(|| {
            let (device, address) = own(let_go as *const () as usize);
            IofCallDriver(device, address);
        }),
        Some("irp-not-kept")
    );
    assert_eq!(
        broken_rule(|| {
            let (_, address) = own(0);
            IoFreeIrp(address);
            IoFreeIrp(address);
        }),
        Some("irp-not-own")
    );
    assert_eq!(
        broken_rule(|| {
            let (_, address) = own(0);
            world::with(|world| world.irps.at(address).unwrap().dispatched = true);
            IoFreeIrp(address);
        }),
        Some("irp-freed-in-use")
    );
    assert_eq!(
        broken_rule(|| {
            IoAllocateIrp(1, 0);
            crate::finding::check(world::with(|world| crate::rule::unload::check(world)));
        }),
        Some("irp-not-freed")
    );
}

#[test]
fn a_request_of_the_drivers_sets_its_event() {
    let broken = broken_rule(|| {
        let device = create_device(0, 0, 0, 0, true).unwrap();
        let (event, block, input) = (memory(0x18), memory(0x10), memory(8));
        KeInitializeEvent(event, 0, 0);
        let address =
            IoBuildDeviceIoControlRequest(0x0022_0000, device, input, 8, input, 8, 0, event, block);
        assert_eq!(IofCallDriver(device, address), INVALID_DEVICE_REQUEST);
        assert_eq!(KeReadStateEvent(event), 1);
        assert_eq!(guest::read::<u32>(block), INVALID_DEVICE_REQUEST);
    });
    assert_eq!(broken, None);
}

#[test]
fn the_pages_of_a_program_are_locked_and_come_back() {
    let broken = broken_rule(|| {
        let buffer = world::allocate_user(b"program!").unwrap();
        ProbeForRead(buffer, 8, 1);
        ProbeForWrite(buffer, 8, 1);
        let list = IoAllocateMdl(buffer, 8, 0, 0, 0);
        MmProbeAndLockPages(list, 1, 1);
        let mapped = MmMapLockedPagesSpecifyCache(list, 0, 0, 0, 0, 0);
        assert_eq!(guest::load(mapped, 8), b"program!");
        guest::store(mapped, b"driver!!");
        MmUnlockPages(list);
        IoFreeMdl(list);
        assert_eq!(guest::load(buffer, 8), b"driver!!");
    });
    assert_eq!(broken, None);
}

#[test]
fn a_part_of_pool_is_described() {
    let broken = broken_rule(|| {
        let block = memory(64);
        guest::store(block + 16, b"part");
        let whole = IoAllocateMdl(block, 64, 0, 0, 0);
        MmBuildMdlForNonPagedPool(whole);
        let part = IoAllocateMdl(block + 16, 4, 0, 0, 0);
        IoBuildPartialMdl(whole, part, block + 16, 4);
        assert_eq!(
            guest::load(MmMapLockedPagesSpecifyCache(part, 0, 0, 0, 0, 0), 4),
            b"part"
        );
        IoFreeMdl(part);
        IoFreeMdl(whole);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_mdls_is_found() {
    fn locked_list() -> usize {
        let list = IoAllocateMdl(memory(8), 8, 0, 0, 0);
        MmProbeAndLockPages(list, 0, 0);
        list
    }
    assert_eq!(
        broken_rule(|| IoFreeMdl(locked_list())),
        Some("mdl-freed-while-locked")
    );
    assert_eq!(
        broken_rule(|| MmProbeAndLockPages(locked_list(), 0, 0)),
        Some("mdl-locked-twice")
    );
    assert_eq!(
        broken_rule(|| MmUnlockPages(IoAllocateMdl(memory(8), 8, 0, 0, 0))),
        Some("mdl-not-locked")
    );
    assert_eq!(
        broken_rule(|| {
            let list = IoAllocateMdl(memory(8), 8, 0, 0, 0);
            IoFreeMdl(list);
            IoFreeMdl(list);
        }),
        Some("not-an-mdl")
    );
    assert_eq!(
        broken_rule(|| {
            let list = IoAllocateMdl(memory(8), 8, 0, 0, 0);
            MmMapLockedPagesSpecifyCache(list, 0, 0, 0, 0, 0);
        }),
        Some("not-to-be-mapped")
    );
    assert_eq!(
        broken_rule(|| {
            let buffer = world::allocate_user(b"program!").unwrap();
            MmBuildMdlForNonPagedPool(IoAllocateMdl(buffer, 8, 0, 0, 0));
        }),
        Some("mdl-not-of-pool")
    );
    assert_eq!(
        broken_rule(|| {
            IoAllocateMdl(memory(8), 8, 0, 0, 0);
            crate::finding::check(world::with(|world| crate::rule::unload::check(world)));
        }),
        Some("mdl-leak")
    );
}

#[test]
fn addresses_that_are_none_of_a_program_are_refused() {
    assert_eq!(
        broken_rule(|| ProbeForRead(memory(8), 8, 1)),
        Some("unhandled-exception")
    );
    assert_eq!(
        broken_rule(|| ProbeForRead(1, 8, 4)),
        Some("unhandled-exception")
    );
    assert_eq!(
        broken_rule(|| {
            let buffer = world::allocate_user(b"program!").unwrap();
            world::free_user(buffer);
            // Reading is not probed by touching.
            ProbeForRead(buffer, 8, 1);
        }),
        None
    );
    assert_eq!(
        broken_rule(|| {
            let buffer = world::allocate_user(b"program!").unwrap();
            world::free_user(buffer);
            ProbeForWrite(buffer, 8, 1);
        }),
        Some("unhandled-exception")
    );
}

#[test]
fn a_lookaside_list_gives_pool() {
    let broken = broken_rule(|| {
        let list = memory(0x80);
        ExInitializeNPagedLookasideList(list, 0, 0, 0, 24, TAG, 0);
        // Its routines are those of the kernel, which nothing calls outside of a driver.
        assert_ne!(guest::read::<usize>(list + 0x30), 0);
        ExDeleteNPagedLookasideList(list);
    });
    assert_eq!(broken, None);
    assert_eq!(
        broken_rule(|| {
            let list = memory(0x80);
            ExInitializeNPagedLookasideList(list, 0, 0, 0, 24, TAG, 0);
            world::kill(list);
        }),
        Some("lookaside-leak")
    );
    assert_eq!(
        broken_rule(|| _ = ExAllocateFromNPagedLookasideList(memory(0x80))),
        Some("object-not-initialized")
    );
    let broken = broken_rule(|| {
        let list = memory(0x80);
        ExInitializeNPagedLookasideList(list, 0, 0, 0, 24, TAG, 0);
        let entry = ExAllocateFromNPagedLookasideList(list);
        ExFreeToNPagedLookasideList(list, entry);
        ExFreeToNPagedLookasideList(list, entry);
    });
    assert_eq!(broken, Some("bad-free"));
}

#[test]
fn interlocked_lists_keep_their_order() {
    let broken = broken_rule(|| {
        let (head, lock) = (memory(16), memory(8));
        guest::write(head, head);
        guest::write(head + 8, head);
        let entries = [memory(16), memory(16), memory(16)];
        assert_eq!(ExInterlockedInsertTailList(head, entries[1], lock), 0);
        assert_eq!(
            ExInterlockedInsertTailList(head, entries[2], lock),
            entries[1]
        );
        assert_eq!(
            ExInterlockedInsertHeadList(head, entries[0], lock),
            entries[1]
        );
        for entry in entries {
            assert_eq!(ExInterlockedRemoveHeadList(head, lock), entry);
        }
        assert_eq!(ExInterlockedRemoveHeadList(head, lock), 0);
        let list = memory(16);
        InitializeSListHead(list);
        assert_eq!(ExpInterlockedPushEntrySList(list, entries[0]), 0);
        assert_eq!(ExpInterlockedPushEntrySList(list, entries[1]), entries[0]);
        assert_eq!(ExpInterlockedPopEntrySList(list), entries[1]);
        assert_eq!(ExpInterlockedPopEntrySList(list), entries[0]);
        assert_eq!(ExpInterlockedPopEntrySList(list), 0);
    });
    assert_eq!(broken, None);
    assert_eq!(
        broken_rule(|| {
            let (head, lock) = (memory(16), memory(8));
            guest::write(head, head);
            ExInterlockedInsertHeadList(head, memory(16), lock);
        }),
        Some("list-corruption")
    );
}

#[test]
fn the_first_byte_behind_an_object_is_none_of_its_own() {
    assert_eq!(broken_rule(|| _ = memset(memory(9), 1, 9)), None);
    assert_eq!(
        broken_rule(|| _ = memset(memory(9), 1, 10)),
        Some("overrun")
    );
    assert_eq!(
        broken_rule(|| _ = memcmp(memory(16), memory(15), 16)),
        Some("overrun")
    );
}
