//! Runs the driver package in a Windows VM. See the crate's documentation.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};
use clap::Parser;
use vm::firmware::Firmware;
use vm::machine::{self, Machine};
use vm::report::{Line, Report};
use vm::{agent, disk};

/// Run the driver package in a Windows VM under QEMU, and say whether it passed.
///
/// The VM needs Windows 10 2004 or later for x64, Secure Boot off and test signing on. With the QEMU
/// guest agent in it, all happens by itself; without it, start run.cmd of the disk CSQ in the guest, as
/// administrator (use --display). The image is not changed.
///
/// Exit codes: 0 all steps passed, 1 the guest reported a failure, stopped, restarted or said nothing,
/// 2 bad arguments, 3 something is missing on this host (said in one sentence).
#[derive(Parser)]
#[command(version, args_override_self = true)]
struct Arguments {
    /// The disk with Windows: .qcow2, .vhdx, .vhd, .vmdk, .vdi, .img or .raw
    #[arg(long, value_name = "DISK", required_unless_present = "only_bundle")]
    image: Option<PathBuf>,
    /// UEFI firmware, such as `OVMF_CODE.fd`, if the disk was installed with UEFI
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
    /// The firmware's variables, of which the guest gets a copy [default: `OVMF_VARS.fd` beside
    /// `OVMF_CODE.fd`]
    #[arg(long, value_name = "FILE", requires = "firmware")]
    variables: Option<PathBuf>,
    /// The driver package
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    package: PathBuf,
    /// What to run in the guest
    #[arg(long, value_name = "DIR", default_value = "tests/vm/guest")]
    guest: PathBuf,
    /// QEMU
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-x86_64")]
    qemu: PathBuf,
    /// The guest's memory in MiB
    #[arg(long, default_value_t = 4096)]
    memory: u32,
    /// Run without KVM, slowly, even where it is
    #[arg(long)]
    no_kvm: bool,
    /// How long all may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    time_limit: u64,
    /// How long to wait for the guest agent before saying what to do without it, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    agent_limit: u64,
    /// Show the guest's screen
    #[arg(long)]
    display: bool,
    /// Only write the disk with the bundle, for another kind of VM
    #[arg(long, value_name = "FILE")]
    only_bundle: Option<PathBuf>,
    /// More options for QEMU
    #[arg(last = true)]
    extra: Vec<OsString>,
}

/// Something is missing on this host.
const MISSING: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match prepare(&arguments) {
        Err(error) => {
            eprintln!("vm: {error:#}");
            ExitCode::from(MISSING)
        }
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(mut run)) => match run.watch(&arguments) {
            Ok(()) => {
                println!("passed in the guest");
                ExitCode::SUCCESS
            }
            Err(error) => {
                println!("FAILED in the guest: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

/// What can happen while the guest runs.
enum Event {
    /// A line on the serial port.
    Said(String),
    /// The serial port is closed: QEMU has ended.
    Closed,
    /// The guest agent has started the bundle, or cannot.
    Agent(Result<()>),
}

/// A running guest. Is ended with this value.
struct Run {
    guest: Child,
    accelerated: bool,
    events: Receiver<Event>,
    /// Has the bundle and the socket.
    _directory: tempfile::TempDir,
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.guest.kill();
        let _ = self.guest.wait();
    }
}

/// Starts the guest, unless the bundle is all that was asked for.
fn prepare(arguments: &Arguments) -> Result<Option<Run>> {
    let files = disk::files(&[&arguments.guest, &arguments.package])?;
    for name in [
        "csq.sys",
        "csq.inf",
        "csq.cat",
        "csq.cer",
        "csqctl.exe",
        "run.cmd",
    ] {
        if !files.iter().any(|(present, _)| present == name) {
            bail!(
                "{name} is in neither {} nor {}: run `cargo make`",
                arguments.package.display(),
                arguments.guest.display()
            );
        }
    }
    let image = disk::image(vm::LABEL, &files)?;
    if let Some(path) = &arguments.only_bundle {
        fs::write(path, image).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{} is a disk image with the bundle", path.display());
        return Ok(None);
    }
    // clap has seen to it that there is one.
    let disk = arguments.image.as_deref().context("no --image")?;
    for needed in [Some(disk), arguments.firmware.as_deref()]
        .into_iter()
        .flatten()
    {
        fs::File::open(needed).with_context(|| format!("cannot open {}", needed.display()))?;
    }
    let accelerated = !arguments.no_kvm
        && machine::acceleration()
            .inspect_err(|error| eprintln!("vm: slow, because {error:#}"))
            .is_ok();
    let directory = tempfile::tempdir()?;
    let bundle = directory.path().join("bundle.img");
    fs::write(&bundle, image).context("cannot write the disk with the bundle")?;
    let socket = directory.path().join("agent");
    let firmware = arguments
        .firmware
        .as_deref()
        .map(|image| Firmware::prepare(image, arguments.variables.as_deref(), directory.path()))
        .transpose()?;
    let mut guest = Machine {
        qemu: &arguments.qemu,
        image: disk,
        firmware: firmware.as_ref(),
        bundle: &bundle,
        agent: &socket,
        accelerated,
        memory: arguments.memory,
        display: arguments.display,
        extra: &arguments.extra,
    }
    .start()?;
    let (sender, events) = mpsc::channel();
    if let Some(serial) = guest.stdout.take() {
        listen(serial, sender.clone());
    }
    start_bundle(&socket, Duration::from_secs(arguments.time_limit), sender);
    Ok(Some(Run {
        guest,
        accelerated,
        events,
        _directory: directory,
    }))
}

/// Hands on what is said on the serial port, line by line.
fn listen(serial: impl Read + Send + 'static, sender: Sender<Event>) {
    thread::spawn(move || {
        let mut lines = BufReader::new(serial).split(b'\n');
        while let Some(Ok(line)) = lines.next() {
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.send(Event::Said(line)).is_err() {
                return;
            }
        }
        let _ = sender.send(Event::Closed);
    });
}

fn start_bundle(socket: &Path, limit: Duration, sender: Sender<Event>) {
    let socket = socket.to_owned();
    thread::spawn(move || {
        let _ = sender.send(Event::Agent(agent::start(&socket, limit)));
    });
}

impl Run {
    /// Waits for the guest's verdict, and shows what the guest says.
    fn watch(&mut self, arguments: &Arguments) -> Result<()> {
        /// How often to say that there is nothing to say.
        const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
        /// How long to listen for more after the verdict.
        const AFTERWARDS: Duration = Duration::from_secs(1);

        let start = Instant::now();
        let limit = Duration::from_secs(arguments.time_limit);
        let agent_limit = Duration::from_secs(arguments.agent_limit);
        let mut agent = Agent::Awaited;
        let mut report = Report::default();
        loop {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            let pause = if report.is_over() {
                AFTERWARDS
            } else {
                SIGN_OF_LIFE.min(left)
            };
            match self.events.recv_timeout(pause) {
                Ok(Event::Said(text)) => {
                    let line = Line::parse(&text);
                    println!("{}", text.trim_end());
                    report.take(&line);
                }
                Ok(Event::Closed) | Err(RecvTimeoutError::Disconnected) => {
                    return report.verdict().map_err(|why| self.ended(&report, &why));
                }
                Ok(Event::Agent(outcome)) => agent = Agent::from(outcome),
                Err(RecvTimeoutError::Timeout) if report.is_over() => break,
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = start.elapsed().as_secs();
                    eprintln!(
                        "{seconds} s, {}",
                        report.current().unwrap_or("waiting for run.cmd")
                    );
                }
            }
            if agent.is_late(start.elapsed() > agent_limit) && !report.has_begun() {
                eprintln!("vm: {}", agent.advice());
                agent = Agent::GivenUp;
            }
        }
        report.verdict().map_err(|why| {
            let late = if report.is_over() {
                ""
            } else {
                "not ready in time: "
            };
            let agent = if report.has_begun() {
                ""
            } else {
                agent.advice()
            };
            anyhow::anyhow!("{late}{why}. {agent}")
        })
    }

    /// QEMU has ended by itself.
    fn ended(&mut self, report: &Report, why: &str) -> anyhow::Error {
        let how = match self.guest.wait() {
            Ok(status) if status.success() => {
                "the guest shut down or restarted, which is a bug check if nobody asked for it"
                    .to_owned()
            }
            Ok(status) if self.accelerated => {
                format!(
                    "QEMU ended with {status}; its message is above. If it is of KVM, try --no-kvm"
                )
            }
            Ok(status) => format!("QEMU ended with {status}; its message is above"),
            Err(error) => format!("QEMU is gone: {error}"),
        };
        let at = report
            .current()
            .map_or_else(String::new, |step| format!(" in {step}"));
        anyhow::anyhow!("{why} ({how}{at})")
    }
}

/// What is known of the guest agent.
enum Agent {
    Awaited,
    Started,
    Refused(String),
    GivenUp,
}

impl From<Result<()>> for Agent {
    fn from(outcome: Result<()>) -> Self {
        match outcome {
            Ok(()) => Self::Started,
            Err(error) => Self::Refused(format!("{error:#}")),
        }
    }
}

impl Agent {
    /// Whether the user has to do something.
    fn is_late(&self, time_is_over: bool) -> bool {
        match self {
            Self::Awaited => time_is_over,
            Self::Refused(_) => true,
            Self::Started | Self::GivenUp => false,
        }
    }

    fn advice(&self) -> &str {
        match self {
            Self::Refused(why) => why,
            Self::Started => {
                "The guest agent has started run.cmd, but nothing came from COM1. If the guest is set up for \
                 kernel debugging on COM1 (bcdedit /dbgsettings), the kernel keeps that port: switch it off \
                 (bcdedit /debug off) or to another transport, and restart the guest"
            }
            Self::Awaited | Self::GivenUp => {
                "No guest agent has answered. Install qemu-ga and the virtio-serial driver in the guest \
                 (virtio-win has both), or use --display and start run.cmd of the disk CSQ as administrator"
            }
        }
    }
}
