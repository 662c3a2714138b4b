//! What wdm uses of the crate `wdk`, for the host.

/// `NT_SUCCESS`.
#[must_use]
pub const fn nt_success(status: i32) -> bool {
    status >= 0
}
