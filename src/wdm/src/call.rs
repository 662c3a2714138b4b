//! The proof that the calling thread is not suspended and holds no lock.
//!
//! wdm makes a [`Call`] for each routine of a driver that it calls, and lends it to that routine. Whoever has it
//! may take a lock, and insert, remove, complete and pass down IRPs. Holding a [`Lock`](crate::csq::Lock) borrows
//! it, so none of that can be done meanwhile (INV-14, TR-09, TR-11). A routine that may be called with a lock held
//! gets none, and can do none of that (INV-50).
//!
//! A thread below `DISPATCH_LEVEL` can be suspended anywhere, by whoever may open it. If it had somebody else's
//! IRP in its hands, that IRP could be neither answered nor canceled until the thread is resumed; if it held the
//! remove lock, the device could not be removed until then. So a call is a critical region (TR-28), from before
//! it takes the remove lock.

// UNSAFETY: calls the kernel's thread routines.
#![expect(unsafe_code, reason = "calls the kernel's thread routines")]

use core::marker::PhantomData;

use crate::sys::{APC_LEVEL, KeEnterCriticalRegion, KeGetCurrentIrql, KeLeaveCriticalRegion};

/// A routine of the driver that is running. See the [module](self).
///
/// # Invariants
///
/// While nothing borrows it, the thread that has it holds no lock of this crate's. It is dropped by the function
/// of this crate that made it, which only lends it, and stays in its thread: it is not `Send`.
pub struct Call {
    /// `KeEnterCriticalRegion` has been called for it.
    is_region: bool,
    thread: PhantomData<*const ()>,
}

impl Call {
    /// For a dispatch routine: enters a critical region, which is left when this is dropped. At `DISPATCH_LEVEL`
    /// no thread is suspended, and none is entered.
    ///
    /// See <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-keentercriticalregion>.
    ///
    /// # Safety
    ///
    /// The thread holds no lock of this crate's, and has no other `Call` that it can use meanwhile.
    #[inline]
    pub(crate) unsafe fn begin() -> Self {
        // SAFETY: may be called at any IRQL.
        let is_region = unsafe { KeGetCurrentIrql() } <= APC_LEVEL;
        if is_region {
            // SAFETY: at IRQL <= APC_LEVEL. Left by `drop`, in the same thread: this is not `Send`.
            unsafe { KeEnterCriticalRegion() };
        }
        // INVARIANT: no lock is held, by the caller.
        Self {
            is_region,
            thread: PhantomData,
        }
    }

    /// For a deferred procedure call.
    ///
    /// # Safety
    ///
    /// As for [`begin`](Self::begin), at `DISPATCH_LEVEL`.
    pub(crate) const unsafe fn at_dispatch_level() -> Self {
        // INVARIANT: no lock is held, by the caller.
        Self {
            is_region: false,
            thread: PhantomData,
        }
    }
}

impl Drop for Call {
    /// `KeLeaveCriticalRegion`.
    #[inline]
    fn drop(&mut self) {
        if self.is_region {
            // SAFETY: entered by this thread, which is at the IRQL it was at then: a lock that was taken
            // since has been released, because it borrowed the call.
            unsafe { KeLeaveCriticalRegion() };
        }
    }
}
