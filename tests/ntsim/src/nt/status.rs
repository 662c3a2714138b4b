//! NTSTATUS values, as in ntstatus.h.

macro_rules! statuses {
    ($($name:ident = $value:literal,)*) => {
        $(#[doc = concat!("`STATUS_", stringify!($name), "`.")] pub const $name: u32 = $value;)*

        /// The name in ntstatus.h, or the number.
        pub fn name(status: u32) -> std::borrow::Cow<'static, str> {
            match status {
                $($name => concat!("STATUS_", stringify!($name)).into(),)*
                other => format!("status {other:#010x}").into(),
            }
        }
    };
}

statuses! {
    SUCCESS = 0x0000_0000,
    TIMEOUT = 0x0000_0102,
    PENDING = 0x0000_0103,
    OBJECT_NAME_EXISTS = 0x4000_0000,
    NO_MORE_ENTRIES = 0x8000_001a,
    END_OF_FILE = 0xc000_0011,
    BUFFER_OVERFLOW = 0x8000_0005,
    VERIFY_REQUIRED = 0x8000_0016,
    UNSUCCESSFUL = 0xc000_0001,
    NOT_IMPLEMENTED = 0xc000_0002,
    INFO_LENGTH_MISMATCH = 0xc000_0004,
    INVALID_HANDLE = 0xc000_0008,
    INVALID_PARAMETER = 0xc000_000d,
    NO_SUCH_DEVICE = 0xc000_000e,
    INVALID_DEVICE_REQUEST = 0xc000_0010,
    MORE_PROCESSING_REQUIRED = 0xc000_0016,
    ACCESS_DENIED = 0xc000_0022,
    BUFFER_TOO_SMALL = 0xc000_0023,
    OBJECT_TYPE_MISMATCH = 0xc000_0024,
    OBJECT_NAME_NOT_FOUND = 0xc000_0034,
    OBJECT_NAME_COLLISION = 0xc000_0035,
    DELETE_PENDING = 0xc000_0056,
    REVISION_MISMATCH = 0xc000_0059,
    INSUFFICIENT_RESOURCES = 0xc000_009a,
    DEVICE_NOT_READY = 0xc000_00a3,
    NOT_SUPPORTED = 0xc000_00bb,
    CANCELLED = 0xc000_0120,
    FILE_CLOSED = 0xc000_0128,
    INVALID_DEVICE_STATE = 0xc000_0184,
    IO_TIMEOUT = 0xc000_00b5,
    INVALID_BUFFER_SIZE = 0xc000_0206,
    NOT_FOUND = 0xc000_0225,
    DEVICE_REMOVED = 0xc000_02b6,
    QUOTA_EXCEEDED = 0xc000_0044,
}

/// `NT_ERROR`: the two highest bits are set.
#[must_use]
pub const fn is_error(status: u32) -> bool {
    status >> 30 == 3
}

/// `NT_SUCCESS`.
#[must_use]
pub const fn is_success(status: u32) -> bool {
    status >> 31 == 0
}
