//! One operation after the other. After each, what csq.sys has answered is what the model answers,
//! what has ended is what the model has ended, the account is the model's, and all lists are rings of
//! the length that the model says.

mod asked;
mod compare;
mod life;

use behaviors::Target;
use behaviors::expect;
use behaviors::target::{Answer, OpenError, Submitted};
use csq_protocol::ioctl::Rights;
use csq_protocol::{ioctl, status};
use exploration::program::Simulated;
use model::model::Control;
use model::operation::Access;
use model::{Ending, Model, Operation, Reply};
use ntsim::Clock;
use ntsim::nt;

pub use asked::Asked;

use crate::case::{Case, Kernel};
use crate::machine;

/// An open handle of the simulated kernel.
pub type Handle = <Simulated as Target>::Handle;
/// A call that pends in it.
pub type Request = <Simulated as Target>::Request;

/// Runs a case.
///
/// # Errors
/// What is different, and after which step; or the broken rule.
pub fn run(case: &Case) -> Result<(), String> {
    let case = case.clone();
    machine::run(case.kernel, Clock::Idle, Vec::new(), move |target| {
        let mut duel = Duel::new(target, case.kernel);
        duel.play(&case.operations)?;
        duel.finish()
    })
}

/// A call that has not ended.
struct Outstanding {
    call: usize,
    handle: usize,
    request: Request,
}

/// Both sides.
pub struct Duel<'t> {
    target: &'t Simulated,
    kernel: Kernel,
    model: Model,
    /// By the model's numbers.
    handles: Vec<Option<Handle>>,
    calls: usize,
    outstanding: Vec<Outstanding>,
    /// The ids that were told, and the handle that each was told to.
    told: Vec<(u64, usize)>,
    /// Whether requests only end with success.
    plain: bool,
}

impl<'t> Duel<'t> {
    /// A device that has just started.
    #[must_use]
    pub fn new(target: &'t Simulated, kernel: Kernel) -> Self {
        Self {
            target,
            kernel,
            model: Model::new(kernel.limits()),
            handles: Vec::new(),
            calls: 0,
            outstanding: Vec::new(),
            told: Vec::new(),
            plain: false,
        }
    }

    /// From now on, requests are answered with success only, and do not time out.
    pub const fn be_plain(&mut self) {
        self.plain = true;
    }

    /// Executes operations on both sides.
    ///
    /// # Errors
    /// The first difference.
    pub fn play(&mut self, operations: &[Operation]) -> Result<(), String> {
        for (number, operation) in operations.iter().enumerate() {
            let step = |wrong| format!("step {number}, {operation:?}: {wrong}");
            self.execute(operation).map_err(step)?;
            self.compare().map_err(step)?;
        }
        Ok(())
    }

    /// Closes all handles.
    ///
    /// # Errors
    /// The first difference.
    pub fn finish(mut self) -> Result<(), String> {
        for handle in self.open_handles() {
            self.close(handle);
            self.compare()
                .map_err(|wrong| format!("closing handle {handle} at the end: {wrong}"))?;
        }
        Ok(())
    }

    /// What the model says by now.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// The calls that have not ended, with their handles.
    pub fn outstanding(&self) -> impl Iterator<Item = (usize, usize, &Request)> {
        let all = self.outstanding.iter();
        all.map(|it| (it.call, it.handle, &it.request))
    }

    /// One of the open handles, and its number.
    #[must_use]
    pub fn any(&self) -> Option<(&Handle, usize)> {
        let mut handles = self.handles.iter().zip(0..);
        handles.find_map(|(handle, number)| Some((handle.as_ref()?, number)))
    }

    /// Opens one more handle on both sides, if there is one to be had, and gives its number.
    pub fn open_own(&mut self) -> Option<usize> {
        let before = self.handles.len();
        let opened = self.open(Access::All.rights());
        (opened.is_ok() && self.handles.len() > before).then_some(before)
    }

    /// Takes a handle out.
    pub fn take(&mut self, handle: usize) -> Option<Handle> {
        self.handles.get_mut(handle)?.take()
    }

    /// The handles of the simulated kernel that are open.
    pub fn live(&self) -> impl Iterator<Item = &Handle> {
        self.handles.iter().flatten()
    }

    fn open_handles(&self) -> Vec<usize> {
        let handles = self.handles.iter().enumerate();
        handles
            .filter_map(|(number, it)| it.as_ref().map(|_| number))
            .collect()
    }

    /// One of the open handles.
    fn pick(&self, choice: u8) -> Option<usize> {
        choose(&self.open_handles(), choice).copied()
    }

    fn execute(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Open(access) => self.open(access.rights()),
            Operation::Close(choice) => {
                if let Some(handle) = self.pick(*choice) {
                    self.close(handle);
                }
                Ok(())
            }
            Operation::CancelCall(choice) => {
                let found = choose(&self.outstanding, *choice);
                let Some((request, call)) = found.map(|it| (&it.request, it.call)) else {
                    return Ok(());
                };
                let answer = self.target.cancel(request);
                self.model.cancel_call(call);
                same_status(answer, status::SUCCESS)
            }
            Operation::CancelHandle(choice) => {
                let Some(handle) = self.pick(*choice) else {
                    return Ok(());
                };
                if let Some(Some(own)) = self.handles.get(handle) {
                    self.target.cancel_handle(own);
                }
                self.model.cancel_handle(handle);
                Ok(())
            }
            Operation::Wait(milliseconds) => {
                // Not exactly when a timer expires.
                let duration = u64::from(*milliseconds) * 10_000 + 1;
                self.target.pass_time(duration);
                self.model.pass_time(duration);
                Ok(())
            }
            Operation::Power => {
                let status = self.target.power();
                same_status(status.unwrap_or_default(), status::SUCCESS)
            }
            Operation::QueryStop
            | Operation::CancelStop
            | Operation::Stop
            | Operation::Start
            | Operation::QueryRemove
            | Operation::CancelRemove
            | Operation::Remove
            | Operation::Install => self.plug_and_play(operation),
            _ => match self.call(operation) {
                Some(call) => self.control(&call),
                None => Ok(()),
            },
        }
    }

    fn open(&mut self, rights: model::Rights) -> Result<(), String> {
        let model::Rights { read, write } = rights;
        let opened = self.target.open(Rights { read, write });
        match (opened, self.model.open(rights)) {
            (Ok(handle), Ok(number)) => {
                self.handles.resize_with(number, || None);
                self.handles.push(Some(handle));
                Ok(())
            }
            (Err(OpenError::Absent), Err(None)) => Ok(()),
            (Err(OpenError::Other(said)), Err(Some(status)))
                if said == nt::status::name(status) =>
            {
                Ok(())
            }
            (opened, expected) => {
                let opened = opened.map(|_| "a handle");
                Err(format!("it gave {opened:?} and not {expected:x?}"))
            }
        }
    }

    fn close(&mut self, handle: usize) {
        self.handles.get_mut(handle).map(Option::take);
        self.model.close(handle);
    }

    /// One of the handles by its number.
    #[must_use]
    pub fn handle(&self, number: usize) -> Option<&Handle> {
        self.handles.get(number)?.as_ref()
    }

    fn control(&mut self, asked: &Asked) -> Result<(), String> {
        let Some(handle) = self.handle(asked.handle) else {
            return Ok(());
        };
        let call = self.calls;
        let submitted = self.target.submit(handle, asked.call());
        self.calls += 1;
        self.learn_canceled(asked)?;
        let reply = self.model.control(Control {
            call,
            handle: asked.handle,
            code: asked.code,
            input: &asked.input,
            room: asked.room,
        });
        match (submitted, reply) {
            (Submitted::Pending(request), Reply::Pending) => {
                self.outstanding.push(Outstanding {
                    call,
                    handle: asked.handle,
                    request,
                });
                Ok(())
            }
            (Submitted::Ended(answer), Reply::Ended(ending)) => {
                self.ended(asked.handle, &answer, &ending)
            }
            (Submitted::Pending(_), reply) => Err(format!("it pends, and not {reply:x?}")),
            (Submitted::Ended(answer), _) => Err(format!(
                "it ended with {:#010x} instead of pending",
                answer.status
            )),
        }
    }

    /// If an id was used that was not told yet, what has ended tells whose it is.
    fn learn_canceled(&mut self, asked: &Asked) -> Result<(), String> {
        let Ok(model::input::Scope::Id(id)) = model::input::cancel(&asked.input, asked.room) else {
            return Ok(());
        };
        if asked.code != ioctl::CANCEL || self.model.ids.find(id).is_some() {
            return Ok(());
        }
        for outstanding in &self.outstanding {
            let unknown = self.model.ids.of(outstanding.call).is_none();
            if unknown && self.target.poll(&outstanding.request).is_some() {
                return self.model.ids.learn(outstanding.call, id);
            }
        }
        Ok(())
    }

    /// A call of a handle has ended.
    fn ended(&mut self, handle: usize, answer: &Answer, ending: &Ending) -> Result<(), String> {
        expect::only_returned_bytes_written("a call", answer)
            .map_err(|wrong| format!("{wrong:?}"))?;
        let Some(returned) = answer.output.get(..answer.information) else {
            return Err(format!("it returned {} bytes", answer.information));
        };
        ending.compare(answer.status, returned, &mut self.model.ids)?;
        if let model::Output::Completed { call, .. } | model::Output::Claimed { call, .. } =
            ending.output
            && let Some(id) = self.model.ids.of(call)
        {
            self.told.push((id, handle));
        }
        Ok(())
    }
}

fn same_status(status: u32, expected: u32) -> Result<(), String> {
    if status == expected {
        Ok(())
    } else {
        Err(format!(
            "it ended with {status:#010x} and not with {expected:#010x}"
        ))
    }
}

/// The element with this number, modulo how many there are.
pub fn choose<T>(all: &[T], choice: u8) -> Option<&T> {
    all.get(usize::from(choice).checked_rem(all.len())?)
}

/// The same, counted from the end.
pub fn newest<T>(all: &[T], choice: u8) -> Option<&T> {
    let back = usize::from(choice).checked_rem(all.len())?;
    all.get(all.len() - 1 - back)
}
