// An IRP completed with a lock held: a completion routine may come back in (TR-09).

use core::pin::Pin;

use wdm::csq::{Domain, Lock};
use wdm::{Call, Control, Dispatched, Irp, NtStatus};

/// The driver above sends the next request at once.
pub fn answer<D, G: Domain>(irp: Irp<D, Control>, call: &mut Call, lock: Pin<&Lock<G>>) -> Dispatched {
    lock.hold(call, |_| irp.complete(call, NtStatus::SUCCESS)) //~ ERROR E0500, E0501
}
