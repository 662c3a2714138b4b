//! Other processes: threads with a handle and requests of their own, until they are killed.

use std::sync::{Arc, Mutex, PoisonError};

use ntsim::event::Event;
use ntsim::manager::{file, request};
use ntsim::nt::status;
use ntsim::schedule;
use ntsim::world;

/// A process that lives until this is dropped.
#[derive(Debug)]
pub struct Process {
    thread: usize,
    stop: Event,
}

impl Process {
    /// Starts a process that opens a handle and does something with it. Returns when it has.
    ///
    /// # Errors
    /// What it could not do.
    pub fn start(
        work: impl FnOnce(usize) -> Result<(), String> + Send + 'static,
    ) -> Result<Self, String> {
        let ready = event()?;
        let stop = event()?;
        let result = Arc::new(Mutex::new(Ok(())));
        let told = Arc::clone(&result);
        let thread = schedule::spawn("process", None, move || {
            let opened = file::open();
            let done = opened
                .map_err(|status| format!("it cannot open the device: {}", status::name(status)))
                .and_then(work);
            *told.lock().unwrap_or_else(PoisonError::into_inner) = done;
            // Whoever waits owns nothing of this process.
            drop(told);
            ready.set();
            stop.wait();
            // First the threads of a process end, then its handles are closed.
            request::end_thread();
            opened.into_iter().for_each(file::finish);
        });
        let process = Self { thread, stop };
        ready.wait();
        let done = result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        done.map(|()| process)
    }
}

/// Sends a request that has to come back with this status.
///
/// # Errors
/// A sentence that says with what it did.
pub fn expect(number: usize, expected: u32) -> Result<(), String> {
    let status = request::send(number);
    if status == expected {
        Ok(())
    } else {
        let name = world::with(|world| world.irp_name(number));
        Err(format!("{name} came back with {}", status::name(status)))
    }
}

fn event() -> Result<Event, String> {
    Event::new().ok_or_else(|| "there is no memory left for this run".to_owned())
}

impl Drop for Process {
    fn drop(&mut self) {
        if world::with(|world| !world.over) {
            self.stop.set();
            schedule::join(self.thread);
        }
    }
}
