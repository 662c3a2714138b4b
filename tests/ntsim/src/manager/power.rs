//! The power manager: a device goes to sleep with the system, and wakes up.

use super::dispatch::Ask;
use super::plug_and_play::{Answer, Device};
use crate::finding;
use crate::nt::{major, status};
use crate::rule::plug_and_play as rule;

/// `IRP_MN_SET_POWER` and `IRP_MN_QUERY_POWER`.
const SET_POWER: u8 = 0x02;
const QUERY_POWER: u8 = 0x03;

/// Of what a state is: `POWER_STATE_TYPE`, and the two states that are asked for.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: [&'static str; 2],
    code: u64,
    awake: u64,
    asleep: u64,
}

/// `PowerSystemWorking` and `PowerSystemSleeping3`.
const SYSTEM: Kind = Kind {
    name: ["query system power", "set system power"],
    code: 0,
    awake: 1,
    asleep: 4,
};

/// `PowerDeviceD0` and `PowerDeviceD3`.
const DEVICE: Kind = Kind {
    name: ["query device power", "set device power"],
    code: 1,
    awake: 1,
    asleep: 4,
};

impl Device {
    /// Sends `IRP_MN_SET_POWER`, for the device and D0, and returns its final status.
    pub fn power(self) -> u32 {
        self.ask_power(SET_POWER, DEVICE, DEVICE.awake).status
    }

    fn ask_power(self, minor: u8, kind: Kind, state: u64) -> Answer {
        let [query, set] = kind.name;
        let name = if minor == QUERY_POWER { query } else { set };
        self.ask(Ask {
            minor,
            parameters: [0, kind.code, state, 0],
            ..Ask::simple(name, major::POWER)
        })
    }

    /// Sends `IRP_MN_SET_POWER`, which no driver may fail or keep from those below.
    fn set_power(self, kind: Kind, state: u64) {
        let [_, name] = kind.name;
        let Answer {
            status,
            reached_bus,
        } = self.ask_power(SET_POWER, kind, state);
        if !status::is_success(status) {
            let shown = status::name(status);
            finding::raise(&rule::REQUIRED_FAILED, format!("{name} ended with {shown}"));
        }
        if !reached_bus {
            finding::raise(
                &rule::NOT_FORWARDED,
                format!("{name} did not reach the bus driver"),
            );
        }
    }

    /// Asks whether the device and the system may sleep, lets them if nobody minds, and wakes them up.
    pub fn sleep_and_wake(self) {
        let asked = [SYSTEM, DEVICE].map(|kind| self.ask_power(QUERY_POWER, kind, kind.asleep));
        if asked.iter().all(|answer| status::is_success(answer.status)) {
            self.set_power(SYSTEM, SYSTEM.asleep);
            self.set_power(DEVICE, DEVICE.asleep);
        }
        // Also when somebody has refused: then it is the state that it is in.
        self.set_power(SYSTEM, SYSTEM.awake);
        self.set_power(DEVICE, DEVICE.awake);
    }
}
