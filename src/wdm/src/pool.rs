//! Nonpaged memory, taken without ever stopping the system when there is none.

// UNSAFETY: allocation and raw ownership.
#![expect(unsafe_code, reason = "takes raw memory from the global allocator")]

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::status::NtStatus;

/// The alignment that pool memory has whatever is asked for: `MEMORY_ALLOCATION_ALIGNMENT`.
const POOL_ALIGNMENT: usize = 16;

/// A value in nonpaged pool that stays where it is until it is dropped.
///
/// The memory comes from the global allocator, which a kernel-mode driver sets to
/// `wdk_alloc::WdkAllocator`: `ExAllocatePool2(POOL_FLAG_NON_PAGED)`.
pub struct PoolBox<T> {
    /// # Invariants
    ///
    /// Points to an initialized `T` in memory from the global allocator that this box owns.
    value: NonNull<T>,
    owns: PhantomData<T>,
}

// SAFETY: a box owns its value, as far as threads are concerned it is that value.
unsafe impl<T: Send> Send for PoolBox<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for PoolBox<T> {}

impl<T> PoolBox<T> {
    // TR-104: the allocator has no way to align more strictly. Nor is it ever asked for nothing.
    const LAYOUT: Layout = {
        assert!(align_of::<T>() <= POOL_ALIGNMENT && size_of::<T>() > 0);
        Layout::new::<T>()
    };

    /// Moves `value` to the pool.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` when there is no memory.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub fn try_new(value: T) -> Result<Self, NtStatus> {
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc(Self::LAYOUT) };
        let pointer = NonNull::new(memory.cast::<T>()).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        // SAFETY: fresh memory of the right size and alignment.
        unsafe { pointer.write(value) };
        Ok(Self {
            value: pointer,
            owns: PhantomData,
        })
    }

    /// Gives up ownership. [`from_raw`](Self::from_raw) takes it back.
    pub(crate) fn into_raw(this: Self) -> NonNull<T> {
        let value = this.value;
        core::mem::forget(this);
        value
    }

    /// Takes ownership back.
    ///
    /// # Safety
    ///
    /// `value` is from [`into_raw`](Self::into_raw), and nobody else uses it any more.
    pub(crate) unsafe fn from_raw(value: NonNull<T>) -> Self {
        Self {
            value,
            owns: PhantomData,
        }
    }
}

impl<T> Deref for PoolBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: an initialized value, by the type invariant.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Drop for PoolBox<T> {
    fn drop(&mut self) {
        // SAFETY: an initialized value, by the type invariant, that nobody uses after this.
        unsafe { self.value.drop_in_place() };
        // SAFETY: from `alloc` with this layout, by the type invariant.
        unsafe { dealloc(self.value.as_ptr().cast(), Self::LAYOUT) };
    }
}
