//! Memory descriptor lists.

use super::{BugCheck, VERIFIER, rules};

rules! {
    NOT_AN_MDL = "not-an-mdl", VERIFIER,
        "Routines for MDLs get one that exists.";
    /// `MmGetSystemAddressForMdlSafe` looks at the flags first.
    NOT_TO_BE_MAPPED = "not-to-be-mapped", VERIFIER,
        "Pages are mapped to kernel space once, and only if they are locked or from nonpaged pool.";
    LOCKED_TWICE = "mdl-locked-twice", VERIFIER,
        "MmProbeAndLockPages gets an MDL whose pages are not locked.";
    NOT_LOCKED = "mdl-not-locked", VERIFIER,
        "MmUnlockPages gets an MDL whose pages are locked.";
    FREED_LOCKED = "mdl-freed-while-locked", Some(BugCheck(0x76, "PROCESS_HAS_LOCKED_PAGES")),
        "The pages of an MDL are unlocked before it is freed.";
    NOT_OF_POOL = "mdl-not-of-pool", VERIFIER,
        "MmBuildMdlForNonPagedPool is for memory of the kernel, not of a program.";
    MDL_LEFT = "mdl-leak", VERIFIER,
        "No MDL is left when the driver is unloaded.";
}
