// STATUS_PENDING is no status to complete with, whichever way it comes (INV-53, TR-05).

use wdm::NtStatus;

const _: () = assert!(NtStatus::from_code(0x103).code() == NtStatus::DRIVER_INTERNAL_ERROR.code());
const _: () = assert!(NtStatus::from_code(0xc000_0120).code() == NtStatus::CANCELLED.code());
