//! Which files of a device are open, and what is under way on them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A `FILE_OBJECT`, by its address.
pub type File = usize;

/// The account of one device.
#[derive(Debug, Default)]
pub struct Handles {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// Dispatch routines that have not returned.
    dispatching: usize,
    files: Vec<Open>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The device is there.
    #[default]
    Present,
    /// It is being removed, and the files that are still open are being closed.
    Leaving,
    /// None is open any more.
    Left,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// IRPs that were sent through it and are not complete.
    requests: usize,
}

/// A dispatch routine is under way while this exists.
#[derive(Debug)]
pub struct Dispatching<'a>(&'a Handles);

impl Drop for Dispatching<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.dispatching -= 1);
    }
}

impl Handles {
    /// A device without open files.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Present,
                dispatching: 0,
                files: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Begins a dispatch routine; `None` when the device is being removed.
    #[must_use]
    pub fn enter(&self) -> Option<Dispatching<'_>> {
        self.change(|state| {
            (state.phase == Phase::Present).then(|| {
                state.dispatching += 1;
                Dispatching(self)
            })
        })
    }

    /// `file` was opened.
    pub fn open(&self, file: File) {
        self.change(|state| state.files.push(Open { file, requests: 0 }));
    }

    /// `file` is closed, or was not opened after all.
    pub fn close(&self, file: File) {
        self.change(|state| state.files.retain(|open| open.file != file));
    }

    /// An IRP was sent through `file`.
    pub fn begin(&self, file: File) {
        self.change(|state| {
            state
                .files
                .iter_mut()
                .filter(|open| open.file == file)
                .for_each(|open| open.requests += 1);
        });
    }

    /// It is complete.
    pub fn end(&self, file: File) {
        self.change(|state| {
            state
                .files
                .iter_mut()
                .filter(|open| open.file == file)
                .for_each(|open| open.requests = open.requests.saturating_sub(1));
        });
    }

    /// Waits until no IRP of `file` is left, for `limit` at most; how many are left.
    pub fn drain(&self, file: File, limit: Duration) -> usize {
        let requests = |state: &State| {
            let mut files = state.files.iter();
            files
                .find(|open| open.file == file)
                .map_or(0, |open| open.requests)
        };
        requests(&self.wait(limit, |state| requests(state) == 0))
    }

    /// Lets no dispatch routine begin any more, waits until none is under way, for `limit` at most,
    /// and returns the files that are still open. [`Self::left`] must follow. A second call returns
    /// none.
    pub fn leave(&self, limit: Duration) -> Vec<File> {
        let first = self.change(|state| {
            let first = state.phase == Phase::Present;
            if first {
                state.phase = Phase::Leaving;
            }
            first
        });
        if !first {
            return Vec::new();
        }
        let state = self.wait(limit, |state| state.dispatching == 0);
        state.files.iter().map(|open| open.file).collect()
    }

    /// All files are closed.
    pub fn left(&self) {
        self.change(|state| state.phase = Phase::Left);
    }

    /// Waits for [`Self::left`], for `limit` at most.
    pub fn wait_left(&self, limit: Duration) {
        drop(self.wait(limit, |state| state.phase == Phase::Left));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        self.changed.notify_all();
        result
    }

    fn wait(&self, limit: Duration, holds: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(state, limit, |state| !holds(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_file_is_drained_when_its_own_requests_are_complete() {
        let handles = Handles::new();
        handles.open(1);
        handles.open(2);
        handles.begin(1);
        handles.begin(1);
        handles.begin(2);
        assert_eq!(handles.drain(1, SHORT), 2);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(SHORT);
                handles.end(1);
                handles.end(1);
            });
            assert_eq!(handles.drain(1, LONG), 0);
        });
        assert_eq!(handles.drain(2, SHORT), 1);
    }

    #[test]
    fn a_removal_waits_for_dispatch_routines_and_lets_none_begin() {
        let handles = Handles::new();
        handles.open(1);
        handles.open(2);
        handles.close(2);
        let returned = AtomicBool::new(false);
        let dispatching = handles.enter().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                while handles.enter().is_some() {}
                returned.store(true, Ordering::SeqCst);
                drop(dispatching);
            });
            assert_eq!(handles.leave(LONG), [1]);
            assert!(returned.load(Ordering::SeqCst));
        });
        assert!(handles.enter().is_none());
        assert!(handles.leave(LONG).is_empty());
    }

    #[test]
    fn a_close_that_comes_late_waits_for_the_removal() {
        let handles = Handles::new();
        handles.open(1);
        let closed = AtomicBool::new(false);
        assert_eq!(handles.leave(LONG), [1]);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(SHORT);
                closed.store(true, Ordering::SeqCst);
                handles.close(1);
                handles.left();
            });
            handles.wait_left(LONG);
            assert!(closed.load(Ordering::SeqCst));
        });
    }
}
