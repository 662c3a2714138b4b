//! Packages of drivers that are nothing but images, made and judged by the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use object::pe;
use object::write::pe::{NtHeaders, Writer};
use tempfile::TempDir;

/// An image for the native subsystem that consists of a few bytes.
fn image(machine: u16, content: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(true, 0x1000, 0x200, &mut bytes);
    writer.reserve_dos_header();
    writer.reserve_nt_headers(16);
    writer.reserve_section_headers(1);
    let text = writer.reserve_text_section(0x100);
    writer
        .write_empty_dos_header()
        .expect("nothing is before it");
    writer.write_nt_headers(NtHeaders {
        machine,
        time_date_stamp: 1,
        characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE,
        major_linker_version: 14,
        minor_linker_version: 0,
        address_of_entry_point: text.virtual_address,
        image_base: 0x1_4000_0000,
        major_operating_system_version: 10,
        minor_operating_system_version: 0,
        major_image_version: 10,
        minor_image_version: 0,
        major_subsystem_version: 10,
        minor_subsystem_version: 0,
        subsystem: pe::IMAGE_SUBSYSTEM_NATIVE,
        dll_characteristics: 0,
        size_of_stack_reserve: 0,
        size_of_stack_commit: 0,
        size_of_heap_reserve: 0,
        size_of_heap_commit: 0,
    });
    writer.write_section_headers();
    writer.write_section(text.file_offset, &[content; 0x100]);
    bytes
}

/// An .inx for the drivers named.
fn inx(drivers: &[&str]) -> String {
    let each = |of: &dyn Fn(&str) -> String| {
        drivers
            .iter()
            .map(|name| of(name))
            .collect::<Vec<_>>()
            .concat()
    };
    let models =
        each(&|name| format!("%Device% = Install_{name}, Root\\{}\n", name.to_uppercase()));
    let installs = each(&|name| {
        format!(
            "[Install_{name}.NT]\nCopyFiles = Files_{name}\n[Files_{name}]\n{name}.sys\n\
             [Install_{name}.NT.Services]\nAddService = {name}, 2, Service_{name}\n\
             [Service_{name}]\nServiceType = 1\nStartType = 3\nErrorControl = 1\nServiceBinary = %13%\\{name}.sys\n"
        )
    });
    let files = each(&|name| format!("{name}.sys = 1\n"));
    format!(
        "[Version]\nSignature = \"$WINDOWS NT$\"\nClass = System\nClassGuid = {{4d36e97d-e325-11ce-bfc1-08002be10318}}\n\
         Provider = %Provider%\nCatalogFile = both.cat\nDriverVer =\nPnpLockdown = 1\n[DestinationDirs]\nDefaultDestDir = 13\n\
         [Manufacturer]\n%Provider% = Models,NT$ARCH$.10.0...19041\n[Models.NT$ARCH$.10.0...19041]\n{models}{installs}\
         [SourceDisksNames]\n1 = %Disk%\n[SourceDisksFiles]\n{files}\
         [Strings]\nProvider = \"somebody\"\nDevice = \"a device\"\nDisk = \"a disk\"\n"
    )
}

struct Case {
    directory: TempDir,
}

impl Case {
    fn new(drivers: &[(&str, u16)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let case = Self { directory };
        for (number, (name, machine)) in (1..).zip(drivers) {
            fs::write(case.path(&format!("{name}.sys")), image(*machine, number))
                .expect("it can be written");
        }
        let names: Vec<&str> = drivers.iter().map(|(name, _)| *name).collect();
        fs::write(case.path("both.inx"), inx(&names)).expect("it can be written");
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn wdkit(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_wdkit"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env("SOURCE_DATE_EPOCH", "1800000000")
            .output()
            .expect("it can be run")
    }

    /// Makes the package of these drivers.
    fn package(&self, drivers: &[&str]) -> Output {
        let mut arguments = vec!["package", "--inx", "both.inx"];
        for driver in drivers {
            arguments.extend(["--driver", driver]);
        }
        self.wdkit(&arguments)
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    let wanted: Vec<u8> = text
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn change(path: &Path) {
    let mut bytes = fs::read(path).expect("it is there");
    // In the first section.
    *bytes.get_mut(0x210).expect("it is larger") ^= 1;
    fs::write(path, bytes).expect("it can be written");
}

#[test]
fn two_drivers_in_one_package_are_signed_and_listed() {
    let case = Case::new(&[
        ("one", pe::IMAGE_FILE_MACHINE_AMD64),
        ("two", pe::IMAGE_FILE_MACHINE_AMD64),
    ]);
    let output = case.package(&["one.sys", "two.sys"]);
    assert!(output.status.success(), "{}", errors(&output));
    let catalog = fs::read(case.path("package/both.cat")).expect("it was made");
    for text in [
        "one.sys",
        "two.sys",
        "both.inf",
        "root\\one",
        "root\\two",
        "_v100_X64",
    ] {
        assert!(contains(&catalog, text), "{text}");
    }
    let inf = fs::read_to_string(case.path("package/both.inf")).expect("it was made");
    assert!(inf.contains("DriverVer =01/15/2027,1.0.0.0\n"), "{inf}");

    let output = case.wdkit(&["verify", "package"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(text.lines().count(), 6, "{text}");

    // The same again, byte for byte; and whatever is changed is named.
    let before = fs::read(case.path("package/two.sys")).expect("it was made");
    assert!(case.package(&["one.sys", "two.sys"]).status.success());
    assert_eq!(
        fs::read(case.path("package/two.sys")).expect("it was made"),
        before
    );
    change(&case.path("package/two.sys"));
    let output = case.wdkit(&["verify", "package"]);
    assert!(!output.status.success());
    assert!(errors(&output).contains("two.sys"), "{}", errors(&output));
}

#[test]
fn a_driver_for_arm64_gets_an_inf_and_a_catalog_for_it() {
    let case = Case::new(&[("one", pe::IMAGE_FILE_MACHINE_ARM64)]);
    let output = case.package(&["one.sys"]);
    assert!(output.status.success(), "{}", errors(&output));
    let inf = fs::read_to_string(case.path("package/both.inf")).expect("it was made");
    assert!(inf.contains("NTarm64.10.0...19041"), "{inf}");
    let catalog = fs::read(case.path("package/both.cat")).expect("it was made");
    assert!(contains(&catalog, "_v100_ARM64"));
    assert!(case.wdkit(&["verify", "package"]).status.success());
}

#[test]
fn what_cannot_be_a_package_is_refused_in_a_sentence() {
    let case = Case::new(&[
        ("one", pe::IMAGE_FILE_MACHINE_AMD64),
        ("two", pe::IMAGE_FILE_MACHINE_ARM64),
    ]);
    for (drivers, wanted) in [
        (&["one.sys", "two.sys"][..], "is for another machine"),
        (
            &["one.sys"][..],
            "both.inx copies two.sys: name it with --driver or --file",
        ),
        (&["none.sys"][..], "cannot read none.sys; build it first"),
        (&["both.inx"][..], "is no image of a 64-bit driver"),
    ] {
        let output = case.package(drivers);
        assert_eq!(output.status.code(), Some(1), "{drivers:?}");
        assert!(errors(&output).contains(wanted), "{}", errors(&output));
        assert!(!case.path("package").exists());
    }
}

#[test]
fn a_broken_rule_stops_it_unless_it_is_allowed() {
    let case = Case::new(&[("one", pe::IMAGE_FILE_MACHINE_AMD64)]);
    let text = inx(&["one"]).replace("StartType = 3", "StartType = 0");
    let line = 1 + text
        .lines()
        .position(|line| line == "StartType = 0")
        .expect("it has one");
    fs::write(case.path("both.inx"), text).expect("it can be written");
    let output = case.package(&["one.sys"]);
    let wanted = format!("both.inx:{line}: start-type: ");
    assert!(errors(&output).contains(&wanted), "{}", errors(&output));
    assert!(!case.path("package").exists());
    let arguments = [
        "package",
        "--inx",
        "both.inx",
        "--driver",
        "one.sys",
        "--allow",
        "start-type",
    ];
    assert!(case.wdkit(&arguments).status.success());
}

#[test]
fn the_bundle_has_the_package_and_a_script() {
    let case = Case::new(&[("one", pe::IMAGE_FILE_MACHINE_AMD64)]);
    assert!(case.package(&["one.sys"]).status.success());
    assert!(
        case.wdkit(&["bundle", "package", "--output", "disk.img"])
            .status
            .success()
    );
    let disk = fs::read(case.path("disk.img")).expect("it was made");
    for text in [
        "certutil -addstore Root both.cer",
        "pnputil /add-driver both.inf /install",
    ] {
        let found = disk
            .windows(text.len())
            .any(|window| window == text.as_bytes());
        assert!(found, "{text}");
    }
}
