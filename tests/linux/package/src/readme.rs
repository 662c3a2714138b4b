//! README.txt of the package.

use anyhow::{Result, ensure};

use wdkit::inx::Architecture;

/// What is different for ARM64, as its csqctl.exe is a program for x64: what is in README.txt, and what takes
/// its place.
const ARM64: [(&str, &str); 7] = [
    (
        "csqctl.exe     installs, uses and checks the driver: csqctl --help\n",
        "csqctl.exe     for x64: uses and checks the driver where Windows runs such programs (csqctl --help)\n",
    ),
    (
        "Windows 10 2004 (build 19041)\nor later, for x64.",
        "Windows 11\nfor ARM64.",
    ),
    (
        "One of\n  csqctl install                       (says whether the device has started)\n  devcon install csq.inf Root\\CSQ      (devcon is in the WDK)\n",
        "",
    ),
    (
        "      (devgen is in the WDK)\n",
        "      (devgen is in the WDK; it tells the instance ID)\n",
    ),
    (
        "  csqctl uninstall        or: devcon remove Root\\CSQ\n",
        "  pnputil /remove-device \"INSTANCE ID\"\n",
    ),
    (
        "then \"csqctl uninstall\", restart, and install again",
        "then remove the device, restart, and install again",
    ),
    (
        "this Windows is older\n      than build 19041 and lacks a routine",
        "this Windows is too\n      old and lacks a routine",
    ),
];

/// The text for a package for `architecture`, with the ends of line that Windows has.
///
/// # Errors
///
/// `text` lacks a passage that has to be replaced.
pub fn of(text: &str, architecture: Architecture) -> Result<String> {
    let mut text = text.to_owned();
    if architecture == Architecture::Arm64 {
        for (from, to) in ARM64 {
            ensure!(
                text.matches(from).count() == 1,
                "\"{}\" is not in it once; change it in tests/linux/package/src/readme.rs, too",
                from.escape_debug()
            );
            text = text.replace(from, to);
        }
    }
    Ok(text.replace('\n', "\r\n"))
}

#[cfg(test)]
mod tests {
    use super::of;
    use wdkit::inx::Architecture;

    const TEXT: &str = include_str!("../../../vm/guest/README.txt");

    #[test]
    fn on_arm64_nothing_is_installed_by_a_program_for_x64() {
        let text = of(TEXT, Architecture::Arm64).expect("every passage is there");
        for absent in [
            "csqctl install",
            "csqctl uninstall",
            "devcon",
            "for x64.",
            "19041",
        ] {
            assert!(!text.contains(absent), "{absent}");
        }
        assert!(text.contains("pnputil /add-driver csq.inf\r\n"));
        assert!(text.contains("devgen /add /bus ROOT"));
    }

    #[test]
    fn on_x64_it_is_the_text() {
        let text = of(TEXT, Architecture::Amd64).expect("nothing is replaced");
        assert_eq!(text.replace("\r\n", "\n"), TEXT);
    }

    #[test]
    fn a_passage_that_is_gone_is_an_error() {
        assert!(of("csq", Architecture::Arm64).is_err());
    }
}
