// What a device keeps outside its lock is used by all threads at once.

use core::cell::Cell;

use wdm::{Call, Control, Device, Dispatched, Irp, NtStatus};

/// Counts without a lock.
pub struct Counter(Cell<u64>);

impl Device for Counter { //~ ERROR E0277
    type File = u8;

    fn new() -> Self {
        Self(Cell::new(0))
    }

    fn create(self: core::pin::Pin<&Self>, _call: &mut Call) -> Result<u8, NtStatus> {
        Ok(0)
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        let device = irp.device();
        device.0.set(device.0.get() + 1);
        irp.complete(call, NtStatus::SUCCESS)
    }
}
