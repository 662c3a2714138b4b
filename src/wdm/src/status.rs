//! `NTSTATUS`. See "Using NTSTATUS Values":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values>.

use crate::sys::{
    NTSTATUS, STATUS_CANCELLED, STATUS_DEVICE_NOT_READY, STATUS_DEVICE_REMOVED,
    STATUS_DRIVER_INTERNAL_ERROR, STATUS_FILE_CLOSED, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_DEVICE_REQUEST, STATUS_IO_TIMEOUT, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_PENDING,
    STATUS_SUCCESS,
};

/// How a kernel routine or a request ended.
///
/// # Invariants
///
/// Not `STATUS_PENDING`, which is no end (INV-53).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
#[must_use = "a status may be a failure"]
pub struct NtStatus(NTSTATUS);

impl NtStatus {
    /// The routine did what it is for.
    pub const SUCCESS: Self = Self(STATUS_SUCCESS);
    /// The request was canceled.
    pub const CANCELLED: Self = Self(STATUS_CANCELLED);
    /// The device is not started.
    pub const DEVICE_NOT_READY: Self = Self(STATUS_DEVICE_NOT_READY);
    /// The device is gone. Win32 programs see `ERROR_DEVICE_REMOVED`; of `STATUS_DELETE_PENDING`, which the
    /// remove lock returns, they see `ERROR_ACCESS_DENIED`.
    pub const DEVICE_REMOVED: Self = Self(STATUS_DEVICE_REMOVED);
    /// The driver broke a rule of its own.
    pub const DRIVER_INTERNAL_ERROR: Self = Self(STATUS_DRIVER_INTERNAL_ERROR);
    /// The handle is being closed.
    pub const FILE_CLOSED: Self = Self(STATUS_FILE_CLOSED);
    /// Memory ran out.
    pub const INSUFFICIENT_RESOURCES: Self = Self(STATUS_INSUFFICIENT_RESOURCES);
    /// The device does not know this request.
    pub const INVALID_DEVICE_REQUEST: Self = Self(STATUS_INVALID_DEVICE_REQUEST);
    /// The request's time is over.
    pub const IO_TIMEOUT: Self = Self(STATUS_IO_TIMEOUT);
    /// There is nothing of this name.
    pub const OBJECT_NAME_NOT_FOUND: Self = Self(STATUS_OBJECT_NAME_NOT_FOUND);

    /// The status that a kernel routine returned, which is not `STATUS_PENDING`.
    pub(crate) const fn from_raw(status: NTSTATUS) -> Self {
        Self::from_code(status.cast_unsigned())
    }

    /// Whether a kernel routine succeeded.
    ///
    /// # Errors
    ///
    /// The status that it returned.
    pub(crate) fn check(status: NTSTATUS) -> Result<(), Self> {
        Self::from_raw(status).ok()
    }

    /// The status with this number, as `ntstatus.h` and protocol crates write it. `STATUS_PENDING` becomes
    /// `STATUS_DRIVER_INTERNAL_ERROR`.
    pub const fn from_code(code: u32) -> Self {
        // INVARIANT: seen here.
        if code == STATUS_PENDING.cast_unsigned() {
            return Self::DRIVER_INTERNAL_ERROR;
        }
        Self(code.cast_signed())
    }

    /// The number of the status, as `ntstatus.h` and protocol crates write it.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The number that goes back to the I/O manager.
    pub(crate) const fn as_raw(self) -> NTSTATUS {
        self.0
    }

    /// `NT_SUCCESS`: whether this is a success or an informational status.
    #[must_use]
    pub fn is_success(self) -> bool {
        wdk::nt_success(self.0)
    }

    /// `NT_ERROR`: whether this is an error, and not a success, an information or a warning.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0.cast_unsigned() >> 30 == 3
    }

    /// `Ok` for success and informational statuses, otherwise the status as an error.
    ///
    /// # Errors
    ///
    /// The status itself.
    pub fn ok(self) -> Result<(), Self> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }
}
