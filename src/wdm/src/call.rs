//! What the calling thread may do: lock, remove the IRPs of others, be suspended.
//!
//! wdm makes a [`Call`] for each routine of a driver that it calls, and lends it to that routine. It has no
//! value but what it proves: the thread holds no lock of this crate's. Holding a [`Lock`](crate::csq::Lock)
//! borrows it, so whatever needs it cannot be called meanwhile: taking another lock, inserting, removing,
//! completing and passing down an IRP (INV-14, TR-09, TR-11). A routine that may be called with a lock held
//! gets none, and can do none of that (INV-50).
//!
//! A thread below `DISPATCH_LEVEL` can be suspended anywhere, by whoever may open it. If it has removed
//! somebody else's IRP, that IRP can be neither answered nor canceled until the thread is resumed. So
//! removing one takes a [`CriticalRegion`] (TR-28).

// UNSAFETY: calls the kernel's thread routines.
#![expect(unsafe_code, reason = "calls the kernel's thread routines")]

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::sys::{APC_LEVEL, KeEnterCriticalRegion, KeGetCurrentIrql, KeLeaveCriticalRegion};

/// A routine of the driver that is running. See the [module](self).
///
/// # Invariants
///
/// The thread that has it holds no lock of this crate's while nothing borrows it. It stays in its thread:
/// it is not `Send`.
pub struct Call(PhantomData<*const ()>);

impl Call {
    /// # Safety
    ///
    /// The thread holds no lock of this crate's, and has no other `Call` that it can use meanwhile.
    #[inline]
    pub(crate) const unsafe fn begin() -> Self {
        // INVARIANT: by the caller.
        Self(PhantomData)
    }

    /// `KeEnterCriticalRegion`: until the region is dropped, the thread is not suspended. At
    /// `DISPATCH_LEVEL` no thread is anyway, and the routine is not called.
    ///
    /// See <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-keentercriticalregion>.
    #[inline]
    pub fn critical_region(&mut self) -> CriticalRegion<'_> {
        // SAFETY: may be called at any IRQL.
        let is_entered = unsafe { KeGetCurrentIrql() } <= APC_LEVEL;
        if is_entered {
            // SAFETY: at IRQL <= APC_LEVEL. Left by the same thread, because the region is not `Send`.
            unsafe { KeEnterCriticalRegion() };
        }
        CriticalRegion {
            call: self,
            is_entered,
        }
    }

    /// The region of a deferred procedure call, which no suspension interrupts.
    ///
    /// # Safety
    ///
    /// At `DISPATCH_LEVEL`.
    pub(crate) const unsafe fn at_dispatch_level(&mut self) -> CriticalRegion<'_> {
        CriticalRegion {
            call: self,
            is_entered: false,
        }
    }
}

/// A stretch of code during which the thread is not suspended. Serves as its [`Call`], too.
///
/// Do not `core::mem::forget` it: a thread that goes back to user mode in a region stops the system (bug check 0x1).
pub struct CriticalRegion<'call> {
    call: &'call mut Call,
    is_entered: bool,
}

impl Deref for CriticalRegion<'_> {
    type Target = Call;

    fn deref(&self) -> &Call {
        self.call
    }
}

impl DerefMut for CriticalRegion<'_> {
    fn deref_mut(&mut self) -> &mut Call {
        self.call
    }
}

impl Drop for CriticalRegion<'_> {
    /// `KeLeaveCriticalRegion`.
    #[inline]
    fn drop(&mut self) {
        if self.is_entered {
            // SAFETY: entered by this thread, which is at the IRQL it was at then: a lock that was taken
            // since has been released, because it borrowed the call.
            unsafe { KeLeaveCriticalRegion() };
        }
    }
}
