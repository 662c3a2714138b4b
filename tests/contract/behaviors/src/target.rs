//! What a body may do: exactly what a program in user mode can.

use std::fmt;

use csq_protocol::ioctl::Rights;

/// What every output buffer is filled with before a call.
///
/// Whatever lies beyond the returned length must still be this afterwards (INV-71).
pub const POISON: u8 = 0xa5;

/// A host that runs the driver.
///
/// All waiting happens in here, so a host decides what it means: a real one waits for events, with
/// a generous time limit of its own; a simulator lets the other threads run, and time pass when
/// none of them can, and notices when nothing is left that could happen.
pub trait Target: Sync {
    /// An open handle to the device. Dropping it closes it.
    type Handle: Send + Sync;
    /// A request that was pending when it was submitted. It owns its buffers. It does not keep its
    /// handle open. Dropping it cancels the request if need be and waits until it has ended.
    type Request: Send + Sync;
    /// A completion port that one handle is bound to.
    type Port: Send + Sync;
    /// Another process with requests of its own. Dropping it kills it.
    type Process;

    /// Why this host cannot show something, or `None` if it can.
    fn lacks(&self, capability: Capability) -> Option<String>;

    /// How often a body repeats a race. A host that tries every schedule needs 1.
    fn rounds(&self) -> usize;

    /// Opens the device for overlapped I/O.
    ///
    /// # Errors
    /// [`OpenError`] says why there is no handle.
    fn open(&self, rights: Rights) -> Result<Self::Handle, OpenError>;

    /// Opens the device for synchronous I/O: a request that pends blocks its thread.
    ///
    /// # Errors
    /// [`OpenError`] says why there is no handle.
    fn open_synchronous(&self, rights: Rights) -> Result<Self::Handle, OpenError>;

    /// Opens what has this name below the device, as if that were a directory.
    ///
    /// # Errors
    /// [`OpenError`] says why there is no handle.
    fn open_below(&self, name: &str) -> Result<Self::Handle, OpenError>;

    /// `DuplicateHandle`: a second handle to the same file object.
    ///
    /// # Errors
    /// [`OpenError`] says why there is no handle.
    fn duplicate(&self, handle: &Self::Handle) -> Result<Self::Handle, OpenError>;

    /// `CloseHandle`.
    fn close(&self, handle: Self::Handle);

    /// Device control that returns when the request has ended.
    fn control(&self, handle: &Self::Handle, call: Call<'_>) -> Ending;

    /// Overlapped device control that returns as soon as the driver has pended or ended it.
    fn submit(&self, handle: &Self::Handle, call: Call<'_>) -> Submitted<Self::Request>;

    /// Binds a handle to a completion port of its own. Requests of [`submit`](Self::submit) send it nothing.
    ///
    /// # Errors
    /// A sentence on why there is none.
    fn bind(&self, handle: &Self::Handle) -> Result<Self::Port, String>;

    /// `DeviceIoControl` with an `OVERLAPPED`, on the handle that is bound to `port`.
    ///
    /// # Errors
    /// A sentence on why the request could not be made.
    fn begin(
        &self,
        port: &Self::Port,
        handle: &Self::Handle,
        call: Call<'_>,
    ) -> Result<Begun<Self::Request>, String>;

    /// `GetQueuedCompletionStatus`: takes the next packet out of a port, and waits until there is one. `None`
    /// if none comes for as long as this host waits.
    fn packet(&self, port: &Self::Port) -> Option<Packet>;

    /// Waits until a request has ended.
    fn wait(&self, request: &Self::Request) -> Ending;

    /// The answer to a request if it has ended.
    fn poll(&self, request: &Self::Request) -> Option<Answer>;

    /// `CancelIoEx` with the request's `OVERLAPPED`: `SUCCESS` or `NOT_FOUND`.
    fn cancel(&self, request: &Self::Request) -> u32;

    /// `CancelIoEx` without an `OVERLAPPED`: all requests of the handle.
    fn cancel_handle(&self, handle: &Self::Handle) -> u32;

    /// `CancelIo`: the requests that the calling thread made on the handle.
    fn cancel_thread(&self, handle: &Self::Handle) -> u32;

    /// Runs `other` on a thread of its own beside `here`. Returns when both have returned and the
    /// thread has exited.
    fn beside<A: Send, B>(
        &self,
        other: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B);

    /// Runs `body` on a thread of its own and returns when that thread has exited.
    fn on_thread<A: Send>(&self, body: impl FnOnce() -> A + Send) -> A {
        self.beside(body, || ()).0
    }

    /// Asks `condition` again and again, letting everything else run in between, until it is true.
    /// False if the host gave up.
    fn wait_until(&self, condition: &mut dyn FnMut() -> bool) -> bool;

    /// Starts a process that opens one handle and pends `count` requests. Returns when they pend.
    ///
    /// # Errors
    /// A sentence on why there is no such process.
    fn start_process(&self, count: usize) -> Result<Self::Process, String>;

    /// Starts a process that opens one handle and claims the `count` oldest requests. Returns when
    /// it has claimed them.
    ///
    /// # Errors
    /// A sentence on why there is no such process.
    fn start_server(&self, count: usize) -> Result<Self::Process, String>;

    /// Kills a process. Returns when it is gone.
    fn kill(&self, process: Self::Process);

    /// Removes the device, with whatever is open or pending.
    ///
    /// # Errors
    /// A sentence on what went wrong.
    fn remove(&self) -> Result<Removal, String>;

    /// Loads the driver, with these parameters and no others, and installs the device again.
    /// Returns when it has started.
    ///
    /// # Errors
    /// A sentence on what went wrong.
    fn install_with(&self, parameters: &[Parameter]) -> Result<(), String>;

    /// Installs the device again, as it comes. Returns when it has started.
    ///
    /// # Errors
    /// A sentence on what went wrong.
    fn install(&self) -> Result<(), String> {
        self.install_with(&[])
    }
}

/// A value under `Parameters` of the driver's service key: its name and what it is.
pub type Parameter = (&'static str, Setting);

/// What a [`Parameter`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A `REG_DWORD`.
    Number(u32),
    /// A `REG_SZ`.
    Text(&'static str),
}

/// Something a host may be unable to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// It compares the rights of a handle with those a control code asks for.
    AccessCheck,
    /// [`Target::start_process`], [`Target::start_server`] and [`Target::kill`].
    Process,
    /// [`Target::remove`] and [`Target::install`], with no handle open.
    Removal,
    /// [`Target::remove`] takes the device away from under open handles.
    RemovalWhileOpen,
    /// [`Target::remove`] asks first and is refused while a handle is open.
    RemovalRefusal,
    /// [`Target::install_with`] can set parameters.
    Parameters,
    /// [`Target::bind`], [`Target::begin`] and [`Target::packet`].
    CompletionPort,
    /// On a handle that is bound to a port, requests go on when the thread that made them ends.
    ThreadAgnostic,
}

/// One device control request.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The control code.
    pub code: u32,
    /// The input buffer; none if empty.
    pub input: &'a [u8],
    /// Length in bytes of the output buffer; none if 0.
    pub output_length: usize,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The NTSTATUS.
    pub status: u32,
    /// `IoStatus.Information`: how many bytes the driver says it returned.
    pub information: usize,
    /// The whole output buffer, [`POISON`] where nothing was written.
    pub output: Vec<u8>,
}

/// What came of waiting for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ended like this.
    Answer(Answer),
    /// It ended, but this host cannot tell how. Wine does so now and then when the thread that
    /// made the request is gone.
    Untold,
    /// It did not end for as long as this host waits.
    Never,
}

/// What came of submitting a request.
#[derive(Debug)]
pub enum Submitted<R> {
    /// The driver keeps it.
    Pending(R),
    /// It has ended already.
    Ended(Answer),
}

/// What `DeviceIoControl` said of a request with an `OVERLAPPED`.
#[derive(Debug)]
pub struct Begun<R> {
    /// 0 if it returned TRUE, and else `GetLastError`.
    pub error: u32,
    /// The address of the `OVERLAPPED`, by which a packet says whose it is.
    pub overlapped: usize,
    /// The request, whether it has ended or not. Its memory stays until this is dropped.
    pub request: R,
}

/// What `GetQueuedCompletionStatus` took out of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// [`Begun::overlapped`] of its request.
    pub overlapped: usize,
    /// 0 if the function returned TRUE, and else `GetLastError`.
    pub error: u32,
    /// The number of bytes it returned.
    pub information: usize,
}

/// What came of removing the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// A handle is open, so it was left as it is.
    Refused,
}

/// Why the device could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// There is no such device.
    Absent,
    /// The caller may not.
    Denied,
    /// Something else, in a sentence.
    Other(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("there is no device"),
            Self::Denied => formatter.write_str("access is denied"),
            Self::Other(sentence) => formatter.write_str(sentence),
        }
    }
}
