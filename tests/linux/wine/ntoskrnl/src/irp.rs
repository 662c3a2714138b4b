//! One IRP, as the routines here handle it.
//!
//! UNSAFETY: everything here follows the pointer that [`Request::new`] was given; its caller vouches
//! for it.
#![expect(
    unsafe_code,
    reason = "reads and writes an IRP through the pointer that a driver gave"
)]

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use crate::abi::{CancelRoutine, IO_TYPE_IRP, Irp, Irql, SL_PENDING_RETURNED, StackLocation};

/// An IRP that exists.
///
/// # Invariants
/// It points to an IRP that is not freed while this value is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request(*mut Irp);

impl Request {
    /// # Safety
    /// `irp` exists until the value made of it was used for the last time, and is either owned by
    /// the caller or in a queue whose lock the caller holds.
    #[must_use]
    pub const unsafe fn new(irp: *mut Irp) -> Self {
        // INVARIANT: what the caller promises.
        Self(irp)
    }

    /// The IRP itself.
    #[must_use]
    pub const fn as_ptr(self) -> *mut Irp {
        self.0
    }

    /// Whether somebody has canceled it.
    #[must_use]
    pub fn is_canceled(self) -> bool {
        // SAFETY: it exists, by the type's invariant.
        let flag = unsafe { &raw mut (*self.0).cancel };
        // SAFETY: the flag exists as long as the IRP, and IoCancelIrp only stores to it.
        let flag = unsafe { AtomicU8::from_ptr(flag) };
        flag.load(Ordering::SeqCst) != 0
    }

    /// The IRQL at which the one who cancels it had acquired the cancel spin lock.
    #[must_use]
    pub fn cancel_irql(self) -> Irql {
        // SAFETY: it exists, by the type's invariant.
        unsafe { (*self.0).cancel_irql }
    }

    /// `IoSetCancelRoutine` with a routine: whoever cancels the IRP from now on calls it.
    pub fn set_cancel_routine(self, routine: CancelRoutine) {
        self.cancel_routine()
            .store(routine as *mut c_void, Ordering::SeqCst);
    }

    /// `IoSetCancelRoutine` with null: false when there was none, because somebody has canceled the
    /// IRP and is calling it.
    #[must_use]
    pub fn take_cancel_routine(self) -> bool {
        !self
            .cancel_routine()
            .swap(null_mut(), Ordering::SeqCst)
            .is_null()
    }

    fn cancel_routine<'a>(self) -> &'a AtomicPtr<c_void> {
        // SAFETY: it exists, by the type's invariant.
        let field = unsafe { &raw mut (*self.0).cancel_routine };
        // SAFETY: the field exists as long as the IRP, and is changed in one step only; an optional
        // function pointer is a pointer.
        unsafe { AtomicPtr::from_ptr(field.cast()) }
    }

    /// `Tail.Overlay.DriverContext[3]`, which is the cancel-safe queue's while it has the IRP.
    #[must_use]
    pub fn queue_word(self) -> *mut c_void {
        // SAFETY: it exists, by the type's invariant.
        let [_, _, _, word] = unsafe { (*self.0).driver_context };
        word
    }

    /// Sets [`Self::queue_word`].
    pub fn set_queue_word(self, word: *mut c_void) {
        // SAFETY: it exists, by the type's invariant.
        let [_, _, _, field] = unsafe { &mut (*self.0).driver_context };
        *field = word;
    }

    /// `IoMarkIrpPending`.
    pub fn mark_pending(self) {
        let stack = self.stack();
        // SAFETY: an IRP that a driver has, has a current stack location.
        unsafe { (*stack).control |= SL_PENDING_RETURNED };
    }

    /// The stack location of the driver that has it.
    #[must_use]
    pub fn stack(self) -> *mut StackLocation {
        // SAFETY: it exists, by the type's invariant.
        unsafe { (*self.0).current_stack_location }
    }
}

/// Whether a block of memory, about to be freed, is an IRP: it says so itself, and its size is the
/// one its stack locations need.
///
/// # Safety
/// `block` is readable for 16 bytes, the least a heap hands out; and if it is an IRP, all of it.
#[must_use]
pub unsafe fn is_irp(block: *const c_void) -> bool {
    /// `IoAllocateIrp` makes room for eight stack locations unless one is enough.
    const SMALLEST: usize = size_of::<Irp>() + size_of::<StackLocation>();
    let irp: *const Irp = block.cast();
    // SAFETY: two bytes at offset 0.
    let kind = unsafe { (*irp).kind };
    // SAFETY: two bytes at offset 2.
    let size = usize::from(unsafe { (*irp).size });
    kind == IO_TYPE_IRP
        && size >= SMALLEST
        && (size - size_of::<Irp>()).is_multiple_of(size_of::<StackLocation>())
}
