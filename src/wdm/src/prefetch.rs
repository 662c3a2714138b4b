//! Has the processor fetch memory before it is used.

// UNSAFETY: an instruction of the processor's.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "an instruction of the processor's")
)]

/// Has the processor fetch the cache line at `address`, which need not be one of anything. Does nothing else; nothing
/// at all on processors for which there is no stable way to ask.
#[inline]
pub(crate) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint: the instruction faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
