//! IRPs that the driver makes by itself.

use super::{IO_VERIFIER, rules};

rules! {
    FREED_IN_USE = "irp-freed-in-use", IO_VERIFIER,
        "An IRP of the driver's own is freed when it has come back from the drivers that it was sent to.";
    NOT_OWN = "irp-not-own", IO_VERIFIER,
        "IoFreeIrp and IoReuseIrp get an IRP that IoAllocateIrp or IoBuildAsynchronousFsdRequest has made.";
    NOT_KEPT = "irp-not-kept", IO_VERIFIER,
        "The completion routine of an IRP that the driver has allocated returns STATUS_MORE_PROCESSING_REQUIRED: \
         nobody above knows of it.";
    OWN_LEFT = "irp-not-freed", super::VERIFIER,
        "No IRP that the driver has allocated is left when it is unloaded.";
}
