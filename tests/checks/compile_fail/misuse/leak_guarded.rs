// A guarded value used after its lock is free.

use wdm::{Call, Guarded};

/// What it leads to is another's by then.
pub fn leak<'a>(value: &'a Guarded<u32>, call: &mut Call) -> &'a mut u32 {
    value.hold(call, |value| value) //~ ERROR an error without a code
}
