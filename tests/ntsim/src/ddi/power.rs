//! Po: power requests that a driver makes.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::guest;
use crate::manager::dispatch::{self, Ask};
use crate::manager::{enter_driver, file};
use crate::nt::status::{INVALID_PARAMETER, PENDING};
use crate::nt::{DISPATCH_LEVEL, device_object, major};
use crate::schedule;
use crate::world;
use crate::world::step::kernel::IN_DRIVER;

exports! { PoRequestPowerIrp }

/// The request goes to the top of the stack; when it is complete, the driver's routine is called.
pub extern "win64" fn PoRequestPowerIrp(
    device: usize,
    minor: u8,
    state: u32,
    routine: usize,
    context: usize,
    irp: usize,
) -> u32 {
    /// `IRP_MN_WAIT_WAKE`, `IRP_MN_SET_POWER` and `IRP_MN_QUERY_POWER`.
    const MINORS: [u8; 3] = [0, 2, 3];
    enter("PoRequestPowerIrp", DISPATCH_LEVEL);
    if !MINORS.contains(&minor) {
        return INVALID_PARAMETER;
    }
    let top = device_object::top(device);
    let ask = Ask {
        minor,
        // A device's state.
        parameters: [0, 1, u64::from(state), 0],
        ..Ask::simple("requested power", major::POWER)
    };
    let number = dispatch::make(top, ask);
    let address = world::with(|world| world.irps.get(number).map_or(0, |irp| irp.address));
    if irp != 0 {
        guest::write(irp, address);
    }
    schedule::spawn("power manager", None, move || {
        dispatch::send(top, number);
        let status = file::wait(number);
        if routine != 0 {
            let block = world::allocate(2 * size_of::<usize>(), 0).unwrap_or(0);
            guest::write(block, status);
            enter_driver(
                "a power completion routine",
                routine,
                [device, usize::from(minor), state as usize, context, block],
            );
            world::kill(block);
        }
        schedule::counter_point("", IN_DRIVER, 1);
    });
    schedule::driver_point();
    PENDING
}
