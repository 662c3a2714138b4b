//! Ex: pool and rundown references.

use super::{broken_rule, memory};
use crate::ddi::ex::{
    ExAcquireRundownProtection, ExAllocatePool2, ExAllocatePoolWithTag, ExFreePool,
    ExFreePoolWithTag, ExInitializeRundownProtection, ExReInitializeRundownProtection,
    ExReleaseRundownProtection, ExWaitForRundownProtectionRelease,
};
use crate::guest;
use crate::rule::buffer::POISON;
use crate::schedule;

const NONPAGED: u64 = 0x40;
const TAG: u32 = u32::from_le_bytes(*b"test");

#[test]
fn pool_is_zeroed_as_documented() {
    let broken = broken_rule(|| {
        let block = ExAllocatePool2(NONPAGED, 24, TAG);
        assert_eq!(guest::load(block, 24), [0; 24]);
        ExFreePoolWithTag(block, TAG);
        let block = ExAllocatePoolWithTag(0, 24, TAG);
        assert_eq!(guest::load(block, 24), [POISON; 24]);
        assert_eq!(block % 16, 0);
        ExFreePool(block);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_pool_is_found() {
    assert_eq!(
        broken_rule(|| {
            let block = ExAllocatePool2(NONPAGED, 24, TAG);
            ExFreePool(block);
            ExFreePool(block);
        }),
        Some("bad-free")
    );
    assert_eq!(
        broken_rule(|| ExFreePoolWithTag(ExAllocatePool2(NONPAGED, 24, TAG), TAG + 1)),
        Some("wrong-tag")
    );
    assert_eq!(
        broken_rule(|| _ = ExAllocatePool2(NONPAGED, 0, TAG)),
        Some("zero-bytes")
    );
}

#[test]
fn a_rundown_waits_and_refuses() {
    let broken = broken_rule(|| {
        let reference = memory(8);
        ExInitializeRundownProtection(reference);
        assert_eq!(ExAcquireRundownProtection(reference), 1);
        let thread = schedule::spawn("user", None, move || ExReleaseRundownProtection(reference));
        ExWaitForRundownProtectionRelease(reference);
        assert_eq!(ExAcquireRundownProtection(reference), 0);
        ExReInitializeRundownProtection(reference);
        assert_eq!(ExAcquireRundownProtection(reference), 1);
        ExReleaseRundownProtection(reference);
        schedule::join(thread);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_rundowns_is_found() {
    assert_eq!(
        broken_rule(|| {
            let reference = memory(8);
            ExInitializeRundownProtection(reference);
            ExAcquireRundownProtection(reference);
            ExWaitForRundownProtectionRelease(reference);
        }),
        Some("removal-hangs")
    );
    assert_eq!(
        broken_rule(|| {
            let reference = memory(8);
            ExInitializeRundownProtection(reference);
            ExReleaseRundownProtection(reference);
        }),
        Some("rundown-underflow")
    );
    assert_eq!(
        broken_rule(|| _ = ExAcquireRundownProtection(memory(8))),
        Some("rundown-not-initialized")
    );
}
