//! What the problem codes of a device node mean, as the device manager shows them.
//!
//! See "Device Manager Error Messages" in the Windows driver documentation:
//! <https://learn.microsoft.com/windows-hardware/drivers/install/device-manager-error-messages>.

/// What a problem code (`CM_PROB_*`) means, and what to do about it.
#[must_use]
pub fn sentence(problem: u32) -> String {
    let meaning = match problem {
        0 => "no reason is given; it may still be starting",
        1 => "it is not configured: no driver was installed for it",
        10 => "the driver refused to start it",
        14 => "the machine must be restarted first",
        18 | 28 => "no driver is installed for it",
        19 => "its entries in the registry are damaged",
        21 => "it is about to be removed; restart the machine",
        22 | 32 => "it is disabled; enable it in the device manager",
        24 | 45 => "it is not present",
        31 => "the driver's AddDevice failed, or a filter driver of the device cannot be loaded",
        37 => "the driver's DriverEntry failed",
        38 => "an older instance of the driver is still loaded",
        39 => "the driver's file is missing, damaged, or not for this Windows",
        48 => "Windows blocks the driver",
        52 => {
            "Windows does not accept the driver's signature; sign it with a trusted certificate, \
             or switch on test signing"
        }
        _ => return format!("its problem code is {problem}"),
    };
    format!("{meaning} (problem code {problem})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_holds_the_code() {
        for problem in [0, 10, 28, 52, 99] {
            assert!(sentence(problem).contains(&problem.to_string()));
        }
    }
}
