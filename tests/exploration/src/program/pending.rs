//! Requests that a program has made and not forgotten.

use behaviors::target::{Answer, POISON};

use ntsim::manager::{file, request};
use ntsim::world;
use ntsim::world::step::Touches;
use ntsim::{race, schedule};

/// A request that was pending when it was sent.
#[derive(Debug)]
pub struct Pending {
    /// The IRP's number.
    pub number: usize,
}

impl Pending {
    /// How it ended, if it has.
    pub fn poll(&self) -> Option<Answer> {
        let address = world::with(|world| world.irps.get(self.number).map(|irp| irp.address))?;
        let touches = Touches::read(address, 1);
        schedule::step("look whether it has ended", address, touches);
        self.is_over().then(|| {
            race::acquire(address);
            self.answer()
        })
    }

    /// Waits until it has ended, and says how.
    pub fn wait(&self) -> Answer {
        file::wait(self.number);
        self.answer()
    }

    /// `CancelIoEx`. Whether there was something to cancel.
    pub fn cancel(&self) -> bool {
        let found = !self.is_over();
        request::cancel(self.number);
        found
    }

    fn is_over(&self) -> bool {
        world::with(|world| {
            let irp = world.irps.get(self.number);
            irp.is_none_or(|irp| irp.completed)
        })
    }

    /// What the I/O manager gives back, once it has ended.
    pub fn answer(&self) -> Answer {
        let (answer, file) = world::with(|world| {
            let Some(irp) = world.irps.get(self.number) else {
                return (nothing(ntsim::nt::status::INVALID_HANDLE, 0), None);
            };
            let mut answer = nothing(irp.status, irp.output_length);
            answer.information = irp.information;
            for (byte, written) in answer.output.iter_mut().zip(&irp.output) {
                *byte = *written;
            }
            (answer, irp.file)
        });
        // It may have been the last of a file object that is closed.
        file.into_iter().for_each(file::close_if_idle);
        answer
    }
}

/// An answer that writes nothing.
pub fn nothing(status: u32, output_length: usize) -> Answer {
    Answer {
        status,
        information: 0,
        output: vec![POISON; output_length],
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if world::with(|world| !world.over) {
            if !self.is_over() {
                self.cancel();
                self.wait();
            }
            self.answer();
        }
    }
}
