//! Which control codes csq.sys itself knows, whatever its headers say: the shipped binary is asked.

use std::collections::BTreeSet;

use csq_protocol::{ioctl, status};
use differential::machine;
use ntsim::native::Driver;

const METHOD_BUFFERED: u32 = 0;
const FILE_ANY_ACCESS: u32 = 0;
const FILE_READ_ACCESS: u32 = 1;
const FILE_WRITE_ACCESS: u32 = 2;

/// The codes among `candidates` to which the driver does not answer `STATUS_INVALID_DEVICE_REQUEST`.
fn known(driver: &Driver, candidates: impl Iterator<Item = u32>) -> BTreeSet<u32> {
    let handle = driver.open().expect("a handle");
    let answers = |code: &u32| {
        // Nothing in, nothing out: no code does anything but refuse.
        let request = handle.requests(*code, &[], 0, 1);
        request.send(0) != status::INVALID_DEVICE_REQUEST
    };
    candidates.filter(answers).collect()
}

// TR-81, TR-82
#[test]
fn no_code_has_another_method_or_can_be_had_without_a_right() {
    let file = std::fs::read(machine::path()).expect("csq.sys; `cargo make` builds it");
    let driver = Driver::start(&file, &[]).expect("a driver that starts");
    // Every access, function and method of the driver's device type, and every device type with what
    // the driver knows of the rest.
    let of_its_type = (0..=0xffff).map(|low| ioctl::DEVICE_TYPE << 16 | low);
    let mut found = known(&driver, of_its_type);
    let lows: BTreeSet<u32> = found.iter().map(|code| code & 0xffff).collect();
    for low in lows {
        let of_any_type = (0..=0xffff).map(|kind| kind << 16 | low);
        found.extend(known(&driver, of_any_type));
    }
    assert_eq!(found, ioctl::ALL.map(|(code, _)| code).into());
    for code in found {
        assert_eq!(code & 3, METHOD_BUFFERED, "{code:#x}");
        let access = code >> 14 & 3;
        assert_ne!(access, FILE_ANY_ACCESS, "{code:#x}");
        assert!(
            matches!(access, FILE_READ_ACCESS | FILE_WRITE_ACCESS),
            "{code:#x}"
        );
    }
}
