//! The simulated machine as a host of the required behaviors.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use behaviors::Target;
use behaviors::target::{
    Answer, Begun, Call, Capability, Ending, OpenError, Packet, Parameter, Removal, Setting,
    Submitted,
};
use csq_protocol::ioctl::Rights;

use super::handle::Handle;
use super::pending::{Pending, nothing};
use super::process::{self, Process};
use crate::scenario::{control, rest};
use ntsim::Value;
use ntsim::manager::plug_and_play::{self, Device};
use ntsim::manager::{file, loader, request};
use ntsim::nt::status;
use ntsim::schedule;
use ntsim::stage;
use ntsim::world;
use ntsim::world::irp::Irp;
use ntsim::world::step::Touches;
use ntsim::world::thread::Guard;

/// Why the behaviors about completion ports are not tried here.
const NO_PORTS: &str = "the simulated I/O manager has no completion ports and no Win32 errors";

/// A machine with one device.
#[derive(Debug)]
pub struct Simulated {
    device: Mutex<Option<Device>>,
}

impl Simulated {
    /// Loads the driver and starts the device.
    #[must_use]
    pub fn start() -> Self {
        Self {
            device: Mutex::new(stage::start_driver()),
        }
    }

    /// Loads the driver, which finds these parameters, and starts the device.
    #[must_use]
    pub fn start_with(parameters: &[Parameter]) -> Self {
        set_parameters(parameters);
        Self::start()
    }

    /// Sends a Plug and Play request ([`ntsim::nt::pnp`]) that leaves the device there, and says how it
    /// ended; `None` if there is no device.
    pub fn plug_and_play(&self, minor: u8) -> Option<u32> {
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        device.as_ref().map(|device| device.request(minor))
    }

    /// Sends a power request, which every device of a stack passes on, and says how it ended; `None` if
    /// there is no device.
    pub fn power(&self) -> Option<u32> {
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        device.as_ref().map(|device| device.power())
    }

    /// Lets so much time pass, in 100 ns, and all happen that is due.
    pub fn pass_time(&self, duration: u64) {
        let due = world::with(|world| world.time).saturating_add(duration);
        schedule::point("time passes", 0, Touches::NOTHING, Guard::Time(due));
        stage::wait_for_dpcs();
    }

    /// Where the driver's device object is, which a debugger would be told; `None` if there is none.
    pub fn device_object(&self) -> Option<usize> {
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        device.as_ref().map(|device| device.top())
    }

    /// Waits for the deferred procedure calls that are queued, or run.
    pub fn wait_for_deferred(&self) {
        stage::wait_for_dpcs();
    }

    /// Lets no timer expire from now on.
    pub fn stop_time(&self) {
        stage::stop_time();
    }

    /// Compares the account of the device of a handle, while nothing happens, with what the I/O manager
    /// saw.
    pub fn check_account(&self, handle: &Handle) {
        rest::check(handle.file);
    }

    /// Removes the device and unloads the driver, and looks at what is left.
    pub fn stop(self) {
        if let Some(device) = self.take_device() {
            device.remove();
        }
        unload();
    }

    fn take_device(&self) -> Option<Device> {
        self.device
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn open_as(rights: Rights, synchronous: bool) -> Result<Handle, OpenError> {
        match file::open() {
            Ok(number) => {
                world::with(|world| {
                    if let Some(file) = world.files.get_mut(number) {
                        file.synchronous = synchronous;
                    }
                });
                Ok(Handle::new(number, rights))
            }
            Err(status) => Err(open_error(status)),
        }
    }
}

fn open_error(status: u32) -> OpenError {
    match status {
        status::NO_SUCH_DEVICE | status::OBJECT_NAME_NOT_FOUND => OpenError::Absent,
        status::ACCESS_DENIED => OpenError::Denied,
        other => OpenError::Other(status::name(other).into_owned()),
    }
}

/// What the driver will find in the registry.
fn set_parameters(parameters: &[Parameter]) {
    let value = |(name, setting): &Parameter| {
        let value = match *setting {
            Setting::Number(number) => Value::Number(number),
            Setting::Text(text) => Value::Text(text.to_owned()),
        };
        (*name, value)
    };
    world::with(|world| world.parameters = parameters.iter().map(value).collect());
}

/// Unloads the driver if it is loaded: its last device is gone.
fn unload() {
    if world::with(|world| world.driver != 0) {
        loader::unload();
        world::with(|world| world.driver = 0);
    }
}

/// Cancels the requests that `which` picks: whether there were any.
fn cancel(which: impl Fn(&Irp) -> bool) -> u32 {
    match request::cancel_all(which) {
        0 => status::NOT_FOUND,
        _ => status::SUCCESS,
    }
}

impl Target for Simulated {
    type Handle = Handle;
    type Request = Pending;
    type Port = Infallible;
    type Process = Process;

    fn lacks(&self, capability: Capability) -> Option<String> {
        match capability {
            Capability::RemovalRefusal => Some(
                "the simulated device is pulled out when handles are open, which nobody can refuse"
                    .to_owned(),
            ),
            Capability::CompletionPort | Capability::ThreadAgnostic => Some(NO_PORTS.to_owned()),
            Capability::AccessCheck
            | Capability::Process
            | Capability::Removal
            | Capability::RemovalWhileOpen
            | Capability::Parameters => None,
        }
    }

    fn rounds(&self) -> usize {
        1
    }

    fn open(&self, rights: Rights) -> Result<Handle, OpenError> {
        Self::open_as(rights, false)
    }

    fn open_synchronous(&self, rights: Rights) -> Result<Handle, OpenError> {
        Self::open_as(rights, true)
    }

    fn open_below(&self, name: &str) -> Result<Handle, OpenError> {
        let opened = file::open_below(name);
        opened
            .map(|number| Handle::new(number, Rights::ALL))
            .map_err(open_error)
    }

    fn duplicate(&self, handle: &Handle) -> Result<Handle, OpenError> {
        Ok(handle.duplicate())
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

    fn submit(&self, handle: &Handle, call: Call<'_>) -> Submitted<Pending> {
        if !handle.may(call.code) {
            return Submitted::Ended(nothing(status::ACCESS_DENIED, call.output_length));
        }
        let (number, status) = handle.send(call);
        let pending = Pending { number };
        if status == status::PENDING {
            Submitted::Pending(pending)
        } else {
            Submitted::Ended(pending.answer())
        }
    }

    fn bind(&self, _: &Handle) -> Result<Infallible, String> {
        Err(NO_PORTS.to_owned())
    }

    fn begin(&self, port: &Infallible, _: &Handle, _: Call<'_>) -> Result<Begun<Pending>, String> {
        match *port {}
    }

    fn packet(&self, port: &Infallible) -> Option<Packet> {
        match *port {}
    }

    /// One that never ends is a finding, so it is not an [`Ending`] here.
    fn wait(&self, request: &Pending) -> Ending {
        Ending::Answer(request.wait())
    }

    fn poll(&self, request: &Pending) -> Option<Answer> {
        request.poll()
    }

    fn cancel(&self, request: &Pending) -> u32 {
        if request.cancel() {
            status::SUCCESS
        } else {
            status::NOT_FOUND
        }
    }

    fn cancel_handle(&self, handle: &Handle) -> u32 {
        cancel(|irp| irp.file == Some(handle.file))
    }

    fn cancel_thread(&self, handle: &Handle) -> u32 {
        let thread = world::with(|world| world.current);
        cancel(|irp| irp.file == Some(handle.file) && irp.thread == thread);
        // Unlike CancelIoEx, it does not say whether there were any.
        status::SUCCESS
    }

    fn beside<A: Send, B>(
        &self,
        other: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B) {
        let answer = Mutex::new(None);
        let here = schedule::beside(
            "beside",
            || {
                let value = other();
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                request::end_thread();
            },
            here,
        );
        let other = answer.into_inner().unwrap_or_else(PoisonError::into_inner);
        (other.expect("the thread has ended"), here)
    }

    /// Asks when nothing else can happen, and gives up when nothing has happened since it last asked.
    fn wait_until(&self, condition: &mut dyn FnMut() -> bool) -> bool {
        while !condition() {
            if !schedule::wait_for_quiet() {
                // What happened between the look at the condition and the wait counts, too.
                return condition();
            }
        }
        true
    }

    fn start_process(&self, count: usize) -> Result<Process, String> {
        Process::start(move |file| {
            let mut tags = 0..count as u64;
            tags.try_for_each(|tag| {
                process::expect(
                    control::pend("process's request", file, tag, 0),
                    status::PENDING,
                )
            })
        })
    }

    fn start_server(&self, count: usize) -> Result<Process, String> {
        Process::start(move |file| {
            (0..count).try_for_each(|_| {
                process::expect(
                    control::claim("process's claim", file, false),
                    status::SUCCESS,
                )
            })
        })
    }

    fn kill(&self, process: Process) {
        drop(process);
    }

    fn remove(&self) -> Result<Removal, String> {
        let device = self.take_device().ok_or("there is no device")?;
        if world::with(|world| world.files.iter().any(|file| !file.closed)) {
            device.pull_out();
        } else {
            device.query_and_remove();
            if device.exists() {
                return Err("the driver refuses, although no handle is open".to_owned());
            }
            unload();
        }
        Ok(Removal::Removed)
    }

    fn install_with(&self, parameters: &[Parameter]) -> Result<(), String> {
        set_parameters(parameters);
        world::with(|world| {
            world.devices.going_away = false;
            world.devices.gone = false;
        });
        let in_use = world::with(|world| world.devices.objects.values().any(|it| !it.physical));
        let device = if in_use {
            // The driver still has a device that was pulled out.
            Some(plug_and_play::add_and_start())
        } else {
            unload();
            stage::start_driver()
        };
        *self.device.lock().unwrap_or_else(PoisonError::into_inner) = device;
        Ok(())
    }
}
