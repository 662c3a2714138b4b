//! The constants of the headers that wdm names.

#![expect(missing_docs, reason = "Microsoft's documentation has them")]

use crate::types::NTSTATUS;

pub const DO_BUFFERED_IO: u32 = 0x4;
pub const DO_DEVICE_INITIALIZING: u32 = 0x80;
pub const DO_DIRECT_IO: u32 = 0x10;
pub const DO_POWER_INRUSH: u32 = 0x4000;
pub const DO_POWER_PAGABLE: u32 = 0x2000;
pub const FILE_DEVICE_SECURE_OPEN: u32 = 0x100;
pub const FILE_DEVICE_UNKNOWN: u32 = 0x22;
pub const IO_NO_INCREMENT: u32 = 0x0;
pub const IRP_MJ_CLEANUP: u32 = 0x12;
pub const IRP_MJ_CLOSE: u32 = 0x2;
pub const IRP_MJ_CREATE: u32 = 0x0;
pub const IRP_MJ_DEVICE_CONTROL: u32 = 0xe;
pub const IRP_MJ_INTERNAL_DEVICE_CONTROL: u32 = 0xf;
pub const IRP_MJ_PNP: u32 = 0x1b;
pub const IRP_MJ_POWER: u32 = 0x16;
pub const IRP_MJ_READ: u32 = 0x3;
pub const IRP_MJ_SYSTEM_CONTROL: u32 = 0x17;
pub const IRP_MJ_WRITE: u32 = 0x4;
pub const IRP_MN_CANCEL_REMOVE_DEVICE: u32 = 0x3;
pub const IRP_MN_CANCEL_STOP_DEVICE: u32 = 0x6;
pub const IRP_MN_QUERY_REMOVE_DEVICE: u32 = 0x1;
pub const IRP_MN_QUERY_STOP_DEVICE: u32 = 0x5;
pub const IRP_MN_REMOVE_DEVICE: u32 = 0x2;
pub const IRP_MN_START_DEVICE: u32 = 0x0;
pub const IRP_MN_STOP_DEVICE: u32 = 0x4;
pub const IRP_MN_SURPRISE_REMOVAL: u32 = 0x17;
pub const METHOD_BUFFERED: u32 = 0x0;
pub const REG_DWORD: u32 = 0x4;
pub const RTL_QUERY_REGISTRY_DIRECT: u32 = 0x20;
pub const RTL_REGISTRY_ABSOLUTE: u32 = 0x0;
pub const SL_INVOKE_ON_CANCEL: u32 = 0x20;
pub const SL_INVOKE_ON_ERROR: u32 = 0x80;
pub const SL_INVOKE_ON_SUCCESS: u32 = 0x40;
pub const SL_PENDING_RETURNED: u32 = 0x1;
pub const STATUS_CANCELLED: NTSTATUS = 0xC000_0120_u32.cast_signed();
pub const STATUS_DELETE_PENDING: NTSTATUS = 0xC000_0056_u32.cast_signed();
pub const STATUS_DEVICE_NOT_READY: NTSTATUS = 0xC000_00A3_u32.cast_signed();
pub const STATUS_DEVICE_REMOVED: NTSTATUS = 0xC000_02B6_u32.cast_signed();
pub const STATUS_DRIVER_INTERNAL_ERROR: NTSTATUS = 0xC000_0183_u32.cast_signed();
pub const STATUS_FILE_CLOSED: NTSTATUS = 0xC000_0128_u32.cast_signed();
pub const STATUS_INSUFFICIENT_RESOURCES: NTSTATUS = 0xC000_009A_u32.cast_signed();
pub const STATUS_INVALID_DEVICE_REQUEST: NTSTATUS = 0xC000_0010_u32.cast_signed();
pub const STATUS_IO_TIMEOUT: NTSTATUS = 0xC000_00B5_u32.cast_signed();
pub const STATUS_MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();
pub const STATUS_OBJECT_NAME_NOT_FOUND: NTSTATUS = 0xC000_0034_u32.cast_signed();
pub const STATUS_PENDING: NTSTATUS = 259;
pub const STATUS_SUCCESS: NTSTATUS = 0;
pub const APC_LEVEL: u32 = 0x1;
pub const DISPATCH_LEVEL: u32 = 0x2;
pub const MDL_MAPPED_TO_SYSTEM_VA: u32 = 0x1;
pub const MDL_SOURCE_IS_NONPAGED_POOL: u32 = 0x4;
