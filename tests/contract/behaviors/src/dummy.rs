//! Targets that do not behave, to see that this is noticed. None of them is a driver.

use crate::target::{
    Answer, Begun, Call, Capability, Ending, OpenError, POISON, Packet, Parameter, Removal,
    Submitted, Target,
};
use csq_protocol::ioctl::Rights;
use csq_protocol::wire::Statistics;
use csq_protocol::{ioctl, status};
use zerocopy::IntoBytes;

/// What a [`Dummy`] does with every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Success at once, without an answer.
    Nods,
    /// Success at once, the whole output buffer zero.
    Zeroes,
    /// Pends, and has succeeded when asked again; the output buffer is zero.
    Pends,
    /// A refusal.
    Refuses,
    /// Pends for ever.
    Sleeps,
}

/// A target with one manner, apart from an account that it may have.
pub struct Dummy {
    manner: Manner,
    account: Option<Statistics>,
}

impl Dummy {
    pub fn new(manner: Manner) -> Self {
        Self {
            manner,
            account: None,
        }
    }

    /// A target whose account always says this.
    pub fn with_account(manner: Manner, account: Statistics) -> Self {
        Self {
            manner,
            account: Some(account),
        }
    }

    fn answer(status: u32, information: usize, output: Vec<u8>) -> Answer {
        Answer {
            status,
            information,
            output,
        }
    }
}

impl Target for Dummy {
    type Handle = ();
    type Request = Answer;
    type Port = ();
    type Process = ();

    fn lacks(&self, _: Capability) -> Option<String> {
        None
    }

    fn rounds(&self) -> usize {
        1
    }

    fn open(&self, _: Rights) -> Result<(), OpenError> {
        Ok(())
    }

    fn open_synchronous(&self, _: Rights) -> Result<(), OpenError> {
        Ok(())
    }

    fn open_below(&self, _: &str) -> Result<(), OpenError> {
        Ok(())
    }

    fn duplicate(&self, (): &()) -> Result<(), OpenError> {
        Ok(())
    }

    fn close(&self, (): ()) {}

    fn control(&self, handle: &(), call: Call<'_>) -> Ending {
        match self.submit(handle, call) {
            Submitted::Pending(request) => self.wait(&request),
            Submitted::Ended(answer) => Ending::Answer(answer),
        }
    }

    fn submit(&self, (): &(), call: Call<'_>) -> Submitted<Answer> {
        let length = call.output_length;
        if let (ioctl::QUERY_STATISTICS, Some(account)) = (call.code, &self.account) {
            let output = account.as_bytes().to_vec();
            return Submitted::Ended(Self::answer(status::SUCCESS, output.len(), output));
        }
        let zeroes = Self::answer(status::SUCCESS, length, vec![0; length]);
        let untouched = vec![POISON; length];
        match self.manner {
            Manner::Nods => Submitted::Ended(Self::answer(status::SUCCESS, 0, untouched)),
            Manner::Zeroes => Submitted::Ended(zeroes),
            Manner::Pends | Manner::Sleeps => Submitted::Pending(zeroes),
            Manner::Refuses => {
                Submitted::Ended(Self::answer(status::INVALID_DEVICE_REQUEST, 0, untouched))
            }
        }
    }

    fn bind(&self, (): &()) -> Result<(), String> {
        Ok(())
    }

    fn begin(&self, (): &(), handle: &(), call: Call<'_>) -> Result<Begun<Answer>, String> {
        let (Submitted::Pending(request) | Submitted::Ended(request)) = self.submit(handle, call);
        Ok(Begun {
            error: 0,
            overlapped: 1,
            request,
        })
    }

    fn packet(&self, (): &()) -> Option<Packet> {
        None
    }

    fn wait(&self, request: &Answer) -> Ending {
        match self.manner {
            Manner::Sleeps => Ending::Never,
            _ => Ending::Answer(request.clone()),
        }
    }

    fn poll(&self, _: &Answer) -> Option<Answer> {
        None
    }

    fn cancel(&self, _: &Answer) -> u32 {
        status::SUCCESS
    }

    fn cancel_handle(&self, (): &()) -> u32 {
        status::SUCCESS
    }

    fn cancel_thread(&self, (): &()) -> u32 {
        status::SUCCESS
    }

    fn beside<A: Send, B>(
        &self,
        other: impl FnOnce() -> A + Send,
        here: impl FnOnce() -> B,
    ) -> (A, B) {
        (other(), here())
    }

    fn wait_until(&self, condition: &mut dyn FnMut() -> bool) -> bool {
        (0..3).any(|_| condition())
    }

    fn start_process(&self, _: usize) -> Result<(), String> {
        Ok(())
    }

    fn start_server(&self, _: usize) -> Result<(), String> {
        Ok(())
    }

    fn kill(&self, (): ()) {}

    fn remove(&self) -> Result<Removal, String> {
        Ok(Removal::Removed)
    }

    fn install_with(&self, _: &[Parameter]) -> Result<(), String> {
        Ok(())
    }
}
