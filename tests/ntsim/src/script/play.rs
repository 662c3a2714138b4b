//! Playing a script once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Buffers, Hex, Script, Step};
use crate::finding;
use crate::manager::plug_and_play::Device;
use crate::manager::{file, request};
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL, major, status};
use crate::repeated::Scenario;
use crate::rule;
use crate::schedule;
use crate::stage;
use crate::world::{self, Passing};

/// What the steps use.
#[derive(Clone, Debug, Default, Hash)]
pub struct Stage {
    device: Option<Device>,
    /// The numbers of the file objects, by the names of handles.
    handles: BTreeMap<String, usize>,
    /// The numbers of the requests with names.
    requests: BTreeMap<String, usize>,
    /// The numbers of the requests that the steps of each thread send.
    made: Vec<Vec<Option<usize>>>,
    /// And those of the steps at the end.
    made_after: Vec<Option<usize>>,
}

impl Scenario for Script {
    type Stage = Stage;

    fn open(&self) -> Stage {
        world::with(|world| {
            world.passing = Passing::WhenIdle;
            world.zeroed_information = true;
        });
        Stage {
            device: stage::start_driver(),
            ..Stage::default()
        }
    }

    fn prepare(&self, stage: &mut Stage) {
        for step in &self.before {
            if let Step::Open { handle } = step {
                stage.handles.insert(handle.clone(), stage::open());
            } else {
                let request = stage.make(step);
                stage.act(step, request);
            }
        }
        // Requests are made before the threads begin, so that one can be canceled before it is sent.
        for thread in &self.threads {
            let made = thread.steps.iter().map(|step| stage.make(step)).collect();
            stage.made.push(made);
        }
        stage.made_after = self.after.iter().map(|step| stage.make(step)).collect();
        world::with(|world| world.passing = Passing::Freely);
    }

    fn perform(&self, stage: &Stage) {
        let stage = Arc::new(stage.clone());
        let threads: Vec<usize> = self
            .threads
            .iter()
            .enumerate()
            .map(|(index, thread)| {
                let (thread, stage) = (thread.clone(), Arc::clone(&stage));
                schedule::spawn("thread", None, move || {
                    if thread.at_dispatch_level {
                        world::with(|world| world.thread().irql = DISPATCH_LEVEL);
                    }
                    let made = stage.made.get(index).into_iter().flatten();
                    for (step, request) in thread.steps.iter().zip(made) {
                        stage.act(step, *request);
                    }
                    world::with(|world| world.thread().irql = PASSIVE_LEVEL);
                })
            })
            .collect();
        threads.into_iter().for_each(schedule::join);
    }

    fn finish(&self, stage: Stage) {
        for (step, request) in self.after.iter().zip(&stage.made_after) {
            stage.act(step, *request);
        }
        let mut handles: Vec<usize> = stage.handles.values().copied().collect();
        handles.sort_unstable();
        handles.into_iter().for_each(file::finish);
        stage::stop_driver(stage.device);
    }

    fn threads(&self) -> usize {
        self.threads.len()
    }
}

impl Stage {
    /// The request that a step sends, not sent yet.
    fn make(&mut self, step: &Step) -> Option<usize> {
        let handle = |name: &str| self.handles.get(name).copied().unwrap_or(usize::MAX);
        let (made, name) = match step {
            Step::Ioctl {
                handle: by,
                code,
                input,
                output,
                buffers,
                name,
            } => {
                let control = request::Control {
                    name: "ioctl",
                    file: handle(by),
                    code: *code,
                    input: &input.0,
                    output_length: *output,
                };
                let made = request::prepare(&control);
                match (made, buffers) {
                    (Some(number), Buffers::Freed) => request::free_buffers(number),
                    (Some(number), Buffers::Kernel) => request::give_kernel_addresses(number),
                    _ => {}
                }
                (made, name)
            }
            Step::Read {
                handle: by,
                length,
                name,
            } => {
                let made =
                    request::prepare_transfer("read", handle(by), major::READ, &vec![0; *length]);
                (made, name)
            }
            Step::Write {
                handle: by,
                data,
                name,
            } => {
                let made = request::prepare_transfer("write", handle(by), major::WRITE, &data.0);
                (made, name)
            }
            _ => return None,
        };
        if let (Some(number), Some(name)) = (made, name) {
            self.requests.insert(name.clone(), number);
        }
        made
    }

    /// Does a step.
    fn act(&self, step: &Step, request: Option<usize>) {
        let named = |name: &str| self.requests.get(name).copied();
        match step {
            Step::Open { .. } => {}
            Step::Ioctl { .. } | Step::Read { .. } | Step::Write { .. } => {
                if let Some(request) = request {
                    request::send(request);
                }
            }
            Step::Cancel { request } => {
                if let Some(request) = named(request) {
                    request::cancel(request);
                }
            }
            Step::Free { request } => {
                if let Some(request) = named(request) {
                    request::free_buffers(request);
                }
            }
            Step::Wait {
                request,
                status,
                output,
            } => {
                if let Some(number) = named(request) {
                    expect(request, number, *status, output.as_ref());
                }
            }
            Step::Close { handle } => {
                if let Some(handle) = self.handles.get(handle) {
                    file::close_handle(*handle);
                }
            }
            Step::ExitThread => request::end_thread(),
            Step::SurpriseRemove
            | Step::QueryRemove
            | Step::Remove
            | Step::Rebalance
            | Step::Sleep => {
                if let Some(device) = self.device {
                    manage(device, step);
                }
            }
        }
    }
}

/// What the Plug and Play manager does.
fn manage(device: Device, step: &Step) {
    match step {
        Step::SurpriseRemove => device.surprise_remove(),
        Step::QueryRemove => device.query_and_cancel_remove(),
        Step::Remove => device.query_and_remove(),
        Step::Rebalance => {
            device.rebalance();
        }
        _ => device.sleep_and_wake(),
    }
}

/// Waits for a request, and says if it ended in another way than the scenario says.
fn expect(name: &str, number: usize, expected: Option<u32>, output: Option<&Hex>) {
    let ended = file::wait(number);
    let answer = world::with(|world| world.irps.get(number).map(|irp| irp.output.clone()));
    let answer = Hex(answer.unwrap_or_default());
    if expected.is_some_and(|expected| expected != ended) || output.is_some_and(|it| *it != answer)
    {
        finding::raise(
            &rule::expectation::UNEXPECTED,
            format!(
                "the request {name} ended with {} and {:02x?}",
                status::name(ended),
                answer.0
            ),
        );
    }
}
