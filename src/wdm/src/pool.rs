//! Nonpaged memory, taken without ever stopping the system when there is none.

// UNSAFETY: allocation and raw ownership.
#![expect(unsafe_code, reason = "takes raw memory from the global allocator")]

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::slice;

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
// SAFETY: a shared box gives shared access to its value, and nothing else.
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

/// As [`PoolBox`], a number of values in a row.
pub(crate) struct PoolSlice<T> {
    /// # Invariants
    ///
    /// Points to `length` initialized values in memory from the global allocator that this owns.
    first: NonNull<T>,
    length: u32,
    owns: PhantomData<T>,
}

impl<T> PoolSlice<T> {
    /// `length` values, of which `make` makes each from its index.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` when there is no memory, or nothing is asked for.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub(crate) fn try_from_fn(length: u32, make: impl Fn(u32) -> T) -> Result<Self, NtStatus> {
        const { assert!(align_of::<T>() <= POOL_ALIGNMENT && size_of::<T>() > 0) };
        let layout =
            Layout::array::<T>(length as usize).map_err(|_| NtStatus::INSUFFICIENT_RESOURCES)?;
        if length == 0 {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc(layout) };
        let first = NonNull::new(memory.cast::<T>()).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        for index in 0..length {
            // SAFETY: in bounds.
            let place = unsafe { first.add(index as usize) };
            // SAFETY: memory for a value.
            unsafe { place.write(make(index)) };
        }
        // INVARIANT: all are initialized.
        Ok(Self {
            first,
            length,
            owns: PhantomData,
        })
    }

    /// Gives up ownership. [`from_raw`](Self::from_raw) takes it back.
    pub(crate) const fn into_raw(self) -> (NonNull<T>, u32) {
        let parts = (self.first, self.length);
        core::mem::forget(self);
        parts
    }

    /// Takes ownership back.
    ///
    /// # Safety
    ///
    /// The parts are from [`into_raw`](Self::into_raw), and nobody else uses them any more.
    pub(crate) const unsafe fn from_raw((first, length): (NonNull<T>, u32)) -> Self {
        Self {
            first,
            length,
            owns: PhantomData,
        }
    }
}

impl<T> Deref for PoolSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: initialized values, by the type invariant.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.length as usize) }
    }
}

impl<T> DerefMut for PoolSlice<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: initialized values, by the type invariant, and nobody else's.
        unsafe { slice::from_raw_parts_mut(self.first.as_ptr(), self.length as usize) }
    }
}

impl<T> Drop for PoolSlice<T> {
    fn drop(&mut self) {
        let values = core::ptr::slice_from_raw_parts_mut(self.first.as_ptr(), self.length as usize);
        // SAFETY: initialized values, by the type invariant, that nobody uses after this.
        unsafe { values.drop_in_place() };
        // The layout was valid when the memory was taken.
        if let Ok(layout) = Layout::array::<T>(self.length as usize) {
            // SAFETY: from `alloc` with this layout, by the type invariant.
            unsafe { dealloc(self.first.as_ptr().cast(), layout) };
        }
    }
}
