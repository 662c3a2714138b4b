//! The host's side against QEMU itself, with a boot sector in the place of Windows: whether QEMU takes
//! our options, which disk is which, where the serial port ends, and what becomes of what is written.
//! It has no guest agent, so starts by itself. With UEFI, a program for UEFI is in its place.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs, str};

use vm::report::STEPS;

/// What the guest does besides writing to COM1, as a byte of its script.
const LABEL: char = '\u{1}';
const OVERWRITE: char = '\u{2}';
const RESTART: char = '\u{3}';
const SHUT_DOWN: char = '\u{4}';

const SECTOR: usize = 512;

fn passing() -> String {
    let steps = STEPS.map(|step| format!("csq: step {step}\r\nsome text\r\ncsq: pass {step}\r\n"));
    format!(
        "firmware text\r\ncsq: begin\r\n{}csq: end pass\r\n",
        steps.concat()
    )
}

/// A disk whose boot sector does what the script says.
fn disk(directory: &Path, script: &str) -> Vec<u8> {
    let object = directory.join("guest.o");
    let sector = directory.join("guest.bin");
    let source = "tests/guest.s";
    succeed(
        Command::new("cc")
            .arg("-c")
            .arg(source)
            .arg("-o")
            .arg(&object),
    );
    succeed(
        Command::new("objcopy")
            .args(["--output-target=binary", "--only-section=.text"])
            .args([&object, &sector]),
    );
    let mut disk = fs::read(sector).expect("it was just made");
    assert_eq!(disk.len(), SECTOR, "the boot sector is not one sector");
    assert!(script.len() < 8 * SECTOR, "the guest reads eight sectors");
    disk.extend(script.bytes());
    disk.resize(1 << 20, 0);
    disk
}

fn succeed(command: &mut Command) {
    let output = command.output().expect("cc and objcopy are there");
    assert!(output.status.success(), "{output:?}");
}

/// Boots a disk whose guest follows the script. It must be the same afterwards.
fn boot(script: &str, options: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("the directory is ours");
    // Commas have a meaning in QEMU's options, and spaces in others'.
    let directory = directory.path().join("a, b");
    fs::create_dir(&directory).expect("the directory is ours");
    let disk = disk(&directory, script);
    let image = directory.join("guest.img");
    fs::write(&image, &disk).expect("the directory is ours");
    let output = vm(&directory, &image, options);
    let after = fs::read(&image).expect("the directory is ours");
    assert!(after == disk, "the image was changed: {output:?}");
    output
}

fn vm(directory: &Path, image: &Path, options: &[&str]) -> Output {
    let package = directory.join("package");
    fs::create_dir(&package).expect("the directory is ours");
    for name in ["csq.sys", "csq.inf", "csq.cat", "csq.cer", "csqctl.exe"] {
        fs::write(package.join(name), name).expect("the directory is ours");
    }
    Command::new(env::var_os("CARGO_BIN_EXE_vm").expect("cargo test sets it"))
        .arg("--package")
        .arg(&package)
        .arg("--guest")
        .arg("guest")
        .arg("--image")
        .arg(image)
        // Which fails in some virtual machines, and is no matter of ours.
        .arg("--no-kvm")
        .args(["--memory", "256", "--time-limit", "60"])
        .args(options)
        .output()
        .expect("it is ours")
}

fn assert_ends(output: &Output, code: i32, wanted: &[&str]) {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{text}");
    for wanted in wanted {
        assert!(text.contains(wanted), "'{wanted}' is not in: {text}");
    }
}

/// A disk with a FAT file system, from which UEFI starts a program that says this.
fn disk_for_uefi(directory: &Path, text: &str) -> Vec<u8> {
    /// Where `vm::disk` puts its partition.
    const PARTITION: usize = 2048 * SECTOR;
    let program = directory.join("guest.efi");
    let source = "tests/guest.c";
    succeed(
        Command::new("x86_64-w64-mingw32-gcc")
            .args(["-O1", "-ffreestanding", "-nostdlib"])
            .args(["-Wl,--subsystem,10", "-Wl,--entry,efi_main"])
            // Rust escapes as C does.
            .arg(format!("-DTEXT={text:?}"))
            .arg(source)
            .arg("-o")
            .arg(&program),
    );
    let mut disk = vm::disk::image(vm::LABEL, &[]).expect("nothing fits on a disk");
    let partition = disk.get_mut(PARTITION..).expect("it has a partition");
    let volume = fatfs::FileSystem::new(Cursor::new(partition), fatfs::FsOptions::new())
        .expect("it has a file system");
    let root = volume.root_dir();
    let program = fs::read(program).expect("it was just made");
    for directory in ["EFI", "EFI/BOOT"] {
        root.create_dir(directory).expect("it fits");
    }
    root.create_file("EFI/BOOT/BOOTX64.EFI")
        .and_then(|mut file| file.write_all(&program))
        .expect("it fits");
    drop(root);
    volume.unmount().expect("it fits");
    disk
}

#[test]
#[ignore = "needs QEMU: cargo make test vm"]
fn with_uefi_the_guest_has_a_copy_of_the_variables() {
    let directory = tempfile::tempdir().expect("the directory is ours");
    let directory = directory.path();
    let image = directory.join("guest.img");
    fs::write(&image, disk_for_uefi(directory, &passing())).expect("the directory is ours");
    // The variables beside the code, and the guest could write to this file.
    for name in ["OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"] {
        let installed = Path::new("/usr/share/OVMF").join(name);
        fs::write(
            directory.join(name),
            fs::read(installed).expect("ovmf is installed"),
        )
        .expect("the directory is ours");
    }
    let code = directory.join("OVMF_CODE_4M.fd");
    let output = vm(
        directory,
        &image,
        &["--firmware", code.to_str().expect("it is ASCII")],
    );
    assert_ends(
        &output,
        0,
        &["the variable is in the store", "passed in the guest"],
    );
    let variables = fs::read(directory.join("OVMF_VARS_4M.fd")).expect("the directory is ours");
    let installed = fs::read("/usr/share/OVMF/OVMF_VARS_4M.fd").expect("ovmf is installed");
    assert!(variables == installed, "the variables were changed");
}

#[test]
#[ignore = "needs QEMU: cargo make test vm"]
fn what_the_guest_says_on_com1_is_the_verdict() {
    assert_ends(
        &boot(&passing(), &[]),
        0,
        &["some text", "passed in the guest"],
    );
}

#[test]
#[ignore = "needs QEMU: cargo make test vm"]
fn the_bundle_is_the_second_disk_and_neither_disk_keeps_what_is_written() {
    let script = format!(
        "label {LABEL}.\r\nwritten {OVERWRITE}.\r\n{}{SHUT_DOWN}",
        passing()
    );
    let label = format!("label {:11}.", vm::LABEL);
    // Both sectors are read back.
    assert_ends(
        &boot(&script, &[]),
        0,
        &[&label, "written WW.", "passed in the guest"],
    );
}

#[test]
#[ignore = "needs QEMU: cargo make test vm"]
fn a_guest_that_restarts_has_crashed() {
    let script = format!("csq: begin\r\ncsq: step machine\r\n{RESTART}");
    assert_ends(
        &boot(&script, &[]),
        1,
        &[
            "since it began machine",
            "shut down or restarted",
            "in machine",
        ],
    );
}

#[test]
#[ignore = "needs QEMU: cargo make test vm"]
fn a_guest_without_an_agent_is_told_of() {
    let output = boot(
        "firmware text\r\n",
        &["--agent-limit", "1", "--time-limit", "6"],
    );
    assert_ends(
        &output,
        1,
        &[
            "the guest has said nothing",
            "start run.cmd of the disk CSQ",
        ],
    );
}

#[test]
#[ignore = "needs QEMU: cargo make test vm"]
fn options_that_qemu_refuses_are_seen() {
    let output = boot(&passing(), &["--", "-device", "no-such-device"]);
    assert_ends(
        &output,
        1,
        &["no-such-device", "QEMU ended with exit status: 1"],
    );
}
