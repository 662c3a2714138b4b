//! The virtual machine.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::firmware::Firmware;

/// How to run it.
#[derive(Debug)]
pub struct Machine<'a> {
    /// The program.
    pub qemu: &'a Path,
    /// The disk with Windows. What is written to it is forgotten afterwards.
    pub image: &'a Path,
    /// UEFI firmware, if the disk is for a machine with UEFI.
    pub firmware: Option<&'a Firmware>,
    /// The disk with the bundle.
    pub bundle: &'a Path,
    /// Where QEMU is to make the guest agent's socket.
    pub agent: &'a Path,
    /// Whether to run at full speed, which needs [`acceleration`].
    pub accelerated: bool,
    /// In MiB.
    pub memory: u32,
    /// Whether to show a window.
    pub display: bool,
    /// For what else a guest needs.
    pub extra: &'a [OsString],
}

/// Whether this host can run a guest at full speed.
///
/// # Errors
///
/// It cannot; why, in a sentence.
pub fn acceleration() -> Result<()> {
    let device = Path::new("/dev/kvm");
    if !device.exists() {
        bail!(
            "there is no /dev/kvm: switch virtualization on in the firmware (or nested virtualization, in a \
             virtual machine), and load the module kvm_intel or kvm_amd"
        );
    }
    File::options()
        .read(true)
        .write(true)
        .open(device)
        .context("/dev/kvm may not be opened: add yourself to the group kvm and log in again")?;
    Ok(())
}

impl Machine<'_> {
    /// Starts it, with its serial port at the child's standard output.
    ///
    /// # Errors
    ///
    /// The program cannot be run; the text says how to get it.
    pub fn start(&self) -> Result<Child> {
        Command::new(self.qemu)
            .args(self.arguments()?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!(
                    "cannot run {}: install Debian's qemu-system-x86, or name another with --qemu",
                    self.qemu.display()
                )
            })
    }

    fn arguments(&self) -> Result<Vec<OsString>> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        add(&["-name", "csq", "-no-user-config", "-nic", "none"]);
        add(&[
            "-machine",
            if self.accelerated {
                "q35,accel=kvm"
            } else {
                "q35,accel=tcg"
            },
        ]);
        add(&["-cpu", if self.accelerated { "host" } else { "max" }]);
        add(&["-smp", "2", "-m", &self.memory.to_string()]);
        // A guest that restarts has crashed; QEMU ends then.
        add(&["-no-reboot", "-monitor", "none", "-serial", "stdio"]);
        if !self.display {
            add(&["-display", "none"]);
        }
        if let Some(firmware) = self.firmware {
            // The order decides which is which.
            if let Some(code) = &firmware.code {
                let code = escaped(code)?;
                add(&[
                    "-drive",
                    &format!("if=pflash,format=raw,readonly=on,file={code}"),
                ]);
            }
            let store = escaped(&firmware.store)?;
            add(&["-drive", &format!("if=pflash,format=raw,file={store}")]);
        }
        let format = format_of(self.image)?;
        let image = escaped(self.image)?;
        add(&[
            "-drive",
            &format!("if=none,id=system,snapshot=on,format={format},file={image}"),
        ]);
        add(&["-device", "ide-hd,drive=system,bus=ide.0,bootindex=0"]);
        let bundle = escaped(self.bundle)?;
        add(&[
            "-drive",
            &format!("if=none,id=bundle,snapshot=on,format=raw,file={bundle}"),
        ]);
        add(&["-device", "ide-hd,drive=bundle,bus=ide.1"]);
        let agent = escaped(self.agent)?;
        add(&[
            "-chardev",
            &format!("socket,id=agent,server=on,wait=off,path={agent}"),
        ]);
        add(&["-device", "virtio-serial"]);
        add(&[
            "-device",
            "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        ]);
        arguments.extend(self.extra.iter().cloned());
        Ok(arguments)
    }
}

/// The image's format, by its name: QEMU would guess a raw one, and warn.
fn format_of(image: &Path) -> Result<&'static str> {
    let extension = image
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase());
    Ok(match extension.as_deref() {
        Some("qcow2") => "qcow2",
        Some("vhdx") => "vhdx",
        Some("vhd") => "vpc",
        Some("vmdk") => "vmdk",
        Some("vdi") => "vdi",
        Some("img" | "raw") => "raw",
        _ => bail!(
            "{} is not called .qcow2, .vhdx, .vhd, .vmdk, .vdi, .img or .raw, so its format is unknown",
            image.display()
        ),
    })
}

/// A path in an option of QEMU's, where two commas stand for one.
fn escaped(path: &Path) -> Result<String> {
    let absolute: PathBuf =
        std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))?;
    let text = absolute
        .to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(text.replace(',', ",,"))
}
