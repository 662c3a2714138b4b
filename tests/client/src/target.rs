//! The real device as a target of the required behaviors.

use crate::device::install::{self, Installed, Removed};
use crate::device::parameters::Saved;
use crate::device::{self, Handle, Mode, Port, Request, host, opening, service};
use crate::process::SecondProcess;
use crate::{Error, device::Waited};
use behaviors::target::{
    Answer, Begun, Call, Capability, Ending, OpenError, POISON, Packet, Parameter, Removal,
    Submitted, Target,
};
use csq_protocol::ioctl::Rights;
use csq_protocol::status;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a request, or a condition, is waited for.
const LIMIT: Duration = Duration::from_secs(20);
/// How often a body repeats a race.
const ROUNDS: usize = 30;

/// The csq device of this machine.
pub struct RealDevice {
    /// Its path, once it has been looked for. A new device may have another one.
    path: Mutex<Option<PathBuf>>,
    inf: Option<PathBuf>,
    wine: bool,
    /// The parameters before a body has set any.
    saved: Mutex<Option<Saved>>,
}

impl RealDevice {
    /// The device of this machine, to be installed again from `inf` when it has been removed.
    #[must_use]
    pub fn new(inf: Option<PathBuf>) -> Self {
        Self {
            path: Mutex::new(None),
            inf,
            wine: host::is_wine(),
            saved: Mutex::new(None),
        }
    }

    fn open_as(&self, rights: Rights, mode: Mode) -> Result<Handle, OpenError> {
        let mut known = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        let path = match known.take() {
            Some(path) => path,
            None => device::find().map_err(|error| open_error(&error))?,
        };
        let handle = Handle::open(&path, rights, mode).map_err(|e| open_error(&opening(e)))?;
        *known = Some(path);
        Ok(handle)
    }

    /// Sets parameters for a driver that is about to be loaded, or what was set before there were
    /// any.
    fn set_parameters(&self, parameters: &[Parameter]) -> Result<(), Error> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if parameters.is_empty() {
            // Dropping what was saved restores it.
            return if saved.take().is_some() {
                service::reload()
            } else {
                Ok(())
            };
        }
        let before = match saved.take() {
            Some(before) => before,
            None => Saved::new()?,
        };
        saved.insert(before).replace(parameters)?;
        service::reload()
    }

    fn forget_path(&self) {
        *self.path.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Target for RealDevice {
    type Handle = Handle;
    type Request = Request;
    type Port = Port;
    type Process = SecondProcess;

    fn lacks(&self, capability: Capability) -> Option<String> {
        let why = match capability {
            Capability::AccessCheck if self.wine => {
                "Wine's I/O manager does not compare access rights"
            }
            Capability::ThreadAgnostic if self.wine => {
                "Wine cancels what a thread has pending, whether the handle is bound to a port or not"
            }
            Capability::RemovalRefusal if self.wine => "Wine removes devices without asking",
            Capability::RemovalWhileOpen if !self.wine => {
                "Windows does not remove a root-enumerated device from under open handles"
            }
            Capability::Removal | Capability::RemovalWhileOpen | Capability::Parameters
                if self.inf.is_none() =>
            {
                "there is no INF to install the device from again (--inf)"
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    fn rounds(&self) -> usize {
        ROUNDS
    }

    fn open(&self, rights: Rights) -> Result<Handle, OpenError> {
        self.open_as(rights, Mode::Overlapped)
    }

    fn open_synchronous(&self, rights: Rights) -> Result<Handle, OpenError> {
        self.open_as(rights, Mode::Synchronous)
    }

    fn open_below(&self, name: &str) -> Result<Handle, OpenError> {
        let device = device::find().map_err(|error| open_error(&error))?;
        let mut path = device.into_os_string();
        path.push("\\");
        path.push(name);
        Handle::open(path.as_ref(), Rights::ALL, Mode::Overlapped)
            .map_err(|error| open_error(&opening(error)))
    }

    fn duplicate(&self, handle: &Handle) -> Result<Handle, OpenError> {
        handle
            .duplicate()
            .map_err(|error| OpenError::Other(error.to_string()))
    }

    fn close(&self, handle: Handle) {
        drop(handle);
    }

    fn control(&self, handle: &Handle, call: Call<'_>) -> Ending {
        match self.submit(handle, call) {
            Submitted::Pending(request) => self.wait(&request),
            Submitted::Ended(answer) => Ending::Answer(answer),
        }
    }

    fn submit(&self, handle: &Handle, call: Call<'_>) -> Submitted<Request> {
        let output = vec![POISON; call.output_length];
        match handle.submit(call.code, call.input.to_vec(), output) {
            Ok(device::Submitted::Pending(request)) => Submitted::Pending(request),
            Ok(device::Submitted::Ended(ended)) => Submitted::Ended(answer(ended)),
            // There was no event for it; it never got to the driver.
            Err(_) => Submitted::Ended(Answer {
                status: status::INSUFFICIENT_RESOURCES,
                information: 0,
                output: Vec::new(),
            }),
        }
    }

    fn bind(&self, handle: &Handle) -> Result<Port, String> {
        Port::with(handle).map_err(|error| error.to_string())
    }

    fn begin(&self, _: &Port, handle: &Handle, call: Call<'_>) -> Result<Begun<Request>, String> {
        let output = vec![POISON; call.output_length];
        let begun = handle.begin(call.code, call.input.to_vec(), output);
        let device::Begun { error, request } = begun.map_err(|error| error.to_string())?;
        Ok(Begun {
            error,
            overlapped: request.overlapped(),
            request,
        })
    }

    fn packet(&self, port: &Port) -> Option<Packet> {
        let packet = port.next(LIMIT)?;
        Some(Packet {
            overlapped: packet.overlapped,
            error: packet.error,
            information: packet.information as usize,
        })
    }

    fn wait(&self, request: &Request) -> Ending {
        match request.wait(LIMIT) {
            Waited::Ended(ended) => Ending::Answer(answer(ended)),
            Waited::Untold => Ending::Untold,
            Waited::TimedOut => Ending::Never,
        }
    }

    fn poll(&self, request: &Request) -> Option<Answer> {
        request.poll().map(answer)
    }

    fn cancel(&self, request: &Request) -> u32 {
        canceled(&request.cancel())
    }

    fn cancel_handle(&self, handle: &Handle) -> u32 {
        canceled(&handle.cancel_all())
    }

    fn cancel_thread(&self, handle: &Handle) -> u32 {
        canceled(&handle.cancel_thread().map(|()| true))
    }

    fn beside<A: Send, B>(
        &self,
        other: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B) {
        thread::scope(|scope| {
            let other = scope.spawn(other);
            let here = here();
            // Joining waits for the end of the thread itself, which the end of the scope does not.
            match other.join() {
                Ok(other) => (other, here),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn wait_until(&self, condition: &mut dyn FnMut() -> bool) -> bool {
        let since = Instant::now();
        while !condition() {
            if since.elapsed() > LIMIT {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    fn start_process(&self, count: usize) -> Result<SecondProcess, String> {
        SecondProcess::pend(count).map_err(|error| error.to_string())
    }

    fn start_server(&self, count: usize) -> Result<SecondProcess, String> {
        SecondProcess::claim(count).map_err(|error| error.to_string())
    }

    fn kill(&self, process: SecondProcess) {
        process.kill();
    }

    fn remove(&self) -> Result<Removal, String> {
        self.forget_path();
        match install::remove() {
            Ok(Removed::Gone(_)) => Ok(Removal::Removed),
            Ok(Removed::Refused) => Ok(Removal::Refused),
            Err(error) => Err(error.to_string()),
        }
    }

    fn install_with(&self, parameters: &[Parameter]) -> Result<(), String> {
        self.forget_path();
        self.set_parameters(parameters)
            .map_err(|error| error.to_string())?;
        let inf = self.inf.as_deref().ok_or("there is no INF")?;
        match install::install(inf).map_err(|error| error.to_string())? {
            Installed::New => Ok(()),
            Installed::Before => Err("the device was there before".to_owned()),
        }
    }
}

fn answer(ended: device::Answer) -> Answer {
    Answer {
        status: ended.status,
        information: ended.information,
        output: ended.output,
    }
}

fn open_error(error: &Error) -> OpenError {
    match error {
        Error::Absent => OpenError::Absent,
        Error::Denied { .. } => OpenError::Denied,
        other => OpenError::Other(other.to_string()),
    }
}

fn canceled(result: &io::Result<bool>) -> u32 {
    match result {
        Ok(true) => status::SUCCESS,
        Ok(false) => status::NOT_FOUND,
        // No body expects this status of a cancellation.
        Err(_) => status::INVALID_PARAMETER,
    }
}
