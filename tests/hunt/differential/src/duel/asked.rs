//! What an operation asks of the driver.

use std::mem::offset_of;

use behaviors::target::Call;
use csq_protocol::{ioctl, wire};
use model::Operation;
use model::operation::{self, Payload, Scope, Status};

use super::{Duel, newest};

/// Enough for any answer.
const ROOM: usize = 24 + csq_protocol::MAX_PAYLOAD as usize;

/// A device control call.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The handle, by the model's number.
    pub handle: usize,
    /// The control code.
    pub code: u32,
    /// The input.
    pub input: Vec<u8>,
    /// The length of the output buffer.
    pub room: usize,
}

impl Asked {
    /// As the host wants it.
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        Call {
            code: self.code,
            input: &self.input,
            output_length: self.room,
        }
    }
}

impl Duel<'_> {
    /// What an operation asks of the driver.
    #[must_use]
    pub fn call(&self, operation: &Operation) -> Option<Asked> {
        let (choice, code, mut input, room) = match *operation {
            Operation::Pend {
                handle,
                tag,
                timeout,
                payload,
                room,
            } => {
                let input = operation::pend(tag.into(), timeout.milliseconds(), &payload.bytes());
                (handle, ioctl::PEND, input, usize::from(room))
            }
            Operation::CompleteNext(handle, payload) => {
                let input = operation::complete_next(&payload.bytes());
                (handle, ioctl::COMPLETE_NEXT, input, ROOM)
            }
            Operation::Claim { handle, wait } => {
                (handle, ioctl::CLAIM, operation::claim(wait), ROOM)
            }
            Operation::Complete {
                handle,
                id,
                status,
                payload,
            } => return self.complete(handle, id, status, payload),
            Operation::Cancel(handle, scope) => {
                let (scope, target) = match scope {
                    Scope::All => (wire::scope::ALL, 0),
                    Scope::Tag(tag) => (wire::scope::TAG, tag.into()),
                    Scope::Id(choice) => {
                        let told = newest(&self.told, choice);
                        (wire::scope::ID, told.map_or(u64::MAX, |(id, _)| *id))
                    }
                };
                (
                    handle,
                    ioctl::CANCEL,
                    operation::cancel(scope, target),
                    ROOM,
                )
            }
            Operation::Version(handle) => (handle, ioctl::QUERY_VERSION, Vec::new(), ROOM),
            Operation::Statistics(handle) => (handle, ioctl::QUERY_STATISTICS, Vec::new(), ROOM),
            Operation::Raw {
                handle,
                code,
                ref input,
                room,
            } => {
                // A row of these bytes means memory that nobody has written.
                let differs = |byte: &u8| if *byte == 0xa5 { 0x5a } else { *byte };
                let input = input.iter().map(differs).collect();
                (handle, code.code(), input, usize::from(room))
            }
            Operation::Spoiled {
                handle,
                code,
                spoil,
            } => {
                let code = operation::known(code);
                let (mut input, mut room) = (operation::sample(code), ROOM);
                spoil.apply(&mut input, &mut room);
                (handle, code, input, room)
            }
            _ => return None,
        };
        if self.plain && code == ioctl::PEND {
            let timeout = input.iter_mut().skip(offset_of!(wire::Pend, timeout));
            timeout.take(size_of::<u32>()).for_each(|byte| *byte = 0);
        }
        Some(Asked {
            handle: self.pick(choice)?,
            code,
            input,
            room,
        })
    }

    /// `COMPLETE`, mostly by the handle that has claimed the request.
    fn complete(&self, choice: u8, id: u8, status: Status, payload: Payload) -> Option<Asked> {
        const OWN: u8 = 200;
        let status = if self.plain { Status::Success } else { status };
        let told = newest(&self.told, id).copied();
        let (id, server) = told.unwrap_or((u64::from(id), usize::MAX));
        let handle = match self.handles.get(server) {
            Some(Some(_)) if choice < OWN => server,
            _ => self.pick(choice)?,
        };
        Some(Asked {
            handle,
            code: ioctl::COMPLETE,
            input: operation::complete(id, status.code(), &payload.bytes()),
            room: ROOM,
        })
    }
}
