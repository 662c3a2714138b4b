//! Handles.

use behaviors::target::Call;
use csq_protocol::ioctl::Rights;
use csq_protocol::{ioctl, wire};
use zerocopy::FromBytes;

use ntsim::manager::{file, request};
use ntsim::nt::status;
use ntsim::world;
use ntsim::world::step::Touches;
use ntsim::world::thread::Guard;
use ntsim::{race, schedule};

/// An open handle.
#[derive(Debug)]
pub struct Handle {
    /// The file object's number.
    pub file: usize,
    rights: Rights,
}

impl Handle {
    /// A handle that was just made.
    pub const fn new(file: usize, rights: Rights) -> Self {
        Self { file, rights }
    }

    /// Another handle to the same file object.
    pub fn duplicate(&self) -> Self {
        world::with(|world| {
            if let Some(file) = world.files.get_mut(self.file) {
                file.handles += 1;
            }
        });
        Self { ..*self }
    }

    /// Whether it was opened with what a control code asks for.
    pub const fn may(&self, code: u32) -> bool {
        /// The place of the access in a control code, and `FILE_READ_ACCESS` and `FILE_WRITE_ACCESS` there.
        const ACCESS: u32 = 14;
        const READ: u32 = 1;
        const WRITE: u32 = 2;
        let asked = code >> ACCESS;
        (asked & READ == 0 || self.rights.read) && (asked & WRITE == 0 || self.rights.write)
    }

    /// Makes and sends a request, and returns its number and what the driver returned. On a handle for
    /// synchronous I/O it comes back when the request has ended, one at a time.
    pub fn send(&self, call: Call<'_>) -> (usize, u32) {
        let object = self.synchronous();
        if let Some(object) = object {
            let guard = Guard::FileFree(self.file);
            schedule::point(
                "wait for the file object",
                object,
                Touches::write(object, 1),
                guard,
            );
            race::acquire(object);
            self.set_busy(true);
        }
        self.note(call);
        let number = request::prepare(&request::Control {
            name: "request",
            file: self.file,
            code: call.code,
            input: call.input,
            output_length: call.output_length,
        })
        .unwrap_or(usize::MAX);
        let mut status = request::send(number);
        if let Some(object) = object {
            status = file::wait(number);
            race::release(object);
            self.set_busy(false);
            schedule::driver_point();
        }
        (number, status)
    }

    /// Notes why a request may come to be canceled.
    fn note(&self, call: Call<'_>) {
        let answer = wire::Complete::read_from_prefix(call.input);
        let status = answer.map_or(0, |(answer, _)| answer.status.get());
        world::with(|world| match call.code {
            ioctl::CANCEL => {
                if let Some(file) = world.files.get_mut(self.file) {
                    file.cancel_asked = true;
                }
            }
            ioctl::COMPLETE => world.answered_canceled |= status == status::CANCELLED,
            _ => {}
        });
    }

    /// The address of the file object if its requests come one at a time.
    fn synchronous(&self) -> Option<usize> {
        world::with(|world| {
            let file = world.files.get(self.file)?;
            file.synchronous.then_some(file.address)
        })
    }

    fn set_busy(&self, busy: bool) {
        world::with(|world| {
            if let Some(file) = world.files.get_mut(self.file) {
                file.busy = busy;
            }
        });
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if world::with(|world| !world.over) {
            file::close_handle(self.file);
            file::close_if_idle(self.file);
        }
    }
}
