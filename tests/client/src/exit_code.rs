//! What the exit codes of `csqctl` mean.

/// Everything was done, and everything checked was as it must be.
pub const DONE: u8 = 0;
/// `demo`, `stress` or `selftest` saw something that is not as it must be.
pub const CHECK_FAILED: u8 = 1;
/// The arguments make no sense.
pub const USAGE: u8 = 2;
/// There is no csq device.
pub const ABSENT: u8 = 3;
/// Access to the device, or to the machine's configuration, is denied.
pub const DENIED: u8 = 4;
/// There is a csq device, but it has not started.
pub const NOT_STARTED: u8 = 5;
/// The driver speaks another version of the protocol.
pub const WRONG_VERSION: u8 = 6;
/// The driver refused the request, or ended it in an error.
pub const REFUSED: u8 = 7;
/// Something did not happen in time.
pub const TIMED_OUT: u8 = 8;
/// Another program is using the device.
pub const IN_USE: u8 = 9;
/// The driver could not be installed or removed.
pub const INSTALL_FAILED: u8 = 10;
/// The machine must be restarted first.
pub const RESTART_NEEDED: u8 = 11;
/// Windows refused something else.
pub const SYSTEM: u8 = 12;
/// Interrupted by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Every code with its meaning, for `--help`.
pub const HELP: &str = "\
Exit codes:
    0  done, and all that was checked is as it must be
    1  demo, stress or selftest saw something that is not as it must be
    2  the arguments make no sense
    3  there is no csq device
    4  access is denied
    5  there is a csq device, but it has not started
    6  driver and program speak different versions of the protocol
    7  the driver refused the request or ended it in an error
    8  something did not happen in time
    9  another program is using the device
   10  the driver could not be installed or removed
   11  the machine must be restarted first
   12  Windows refused something else
  130  interrupted by Ctrl-C";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_code_once() {
        let codes = [
            DONE,
            CHECK_FAILED,
            USAGE,
            ABSENT,
            DENIED,
            NOT_STARTED,
            WRONG_VERSION,
            REFUSED,
            TIMED_OUT,
            IN_USE,
            INSTALL_FAILED,
            RESTART_NEEDED,
            SYSTEM,
            INTERRUPTED,
        ];
        let listed: Vec<u8> = HELP
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(listed, codes);
    }
}
