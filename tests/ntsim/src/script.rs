//! Scenarios for any driver, written in a file.
//!
//! ```toml
//! # Done one after the other, before the threads begin.
//! before = [
//!     { do = "open", handle = "client" },
//!     { do = "open", handle = "server" },
//!     { do = "ioctl", handle = "client", code = 0x226000, output = 64, name = "A" },
//! ]
//!
//! # At once, in every order that matters.
//! [[thread]]
//! steps = [{ do = "cancel", request = "A" }]
//!
//! [[thread]]
//! steps = [{ do = "ioctl", handle = "server", code = 0x22a004, input = "01020304" }]
//! ```
//!
//! Afterwards the steps of `after` are done, if there are any, all handles are closed, the device is removed and the driver unloaded. The rules need no expectations;
//! `{ do = "wait", request = "A", status = 0, output = "0102" }` has some.

pub mod play;
mod sets;

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;

pub use sets::Code;

/// A scenario.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// For reports; a file's name, if it says nothing.
    #[serde(default)]
    pub name: String,
    /// What is done before the threads begin.
    #[serde(default)]
    pub before: Vec<Step>,
    /// What is done one after the other when the threads have ended: what must hold then.
    #[serde(default)]
    pub after: Vec<Step>,
    /// The threads.
    #[serde(rename = "thread")]
    pub threads: Vec<Thread>,
}

/// What one thread does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Thread {
    /// One after the other.
    pub steps: Vec<Step>,
    /// Whether it calls at `DISPATCH_LEVEL`, as another driver may.
    #[serde(default)]
    pub at_dispatch_level: bool,
}

/// One thing to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "do")]
pub enum Step {
    /// Opens the device.
    Open {
        /// How the handle is called.
        handle: String,
    },
    /// `DeviceIoControl`.
    Ioctl {
        /// The handle to send it by.
        handle: String,
        /// The control code.
        code: u32,
        /// The input, in hexadecimal digits.
        #[serde(default)]
        input: Hex,
        /// The length of the output buffer, in bytes.
        #[serde(default)]
        output: usize,
        /// What the addresses are that a code for `METHOD_NEITHER` gives to the driver.
        #[serde(default)]
        buffers: Buffers,
        /// How the request is called, for `cancel`.
        #[serde(default)]
        name: Option<String>,
    },
    /// `ReadFile`.
    Read {
        /// The handle to send it by.
        handle: String,
        /// How many bytes are asked for.
        length: usize,
        /// As for an IOCTL.
        #[serde(default)]
        name: Option<String>,
    },
    /// `WriteFile`.
    Write {
        /// The handle to send it by.
        handle: String,
        /// The data, in hexadecimal digits.
        data: Hex,
        /// As for an IOCTL.
        #[serde(default)]
        name: Option<String>,
    },
    /// `CancelIoEx` for one request.
    Cancel {
        /// Its name.
        request: String,
    },
    /// The program frees the buffers of a request whose addresses the driver has: one for `METHOD_NEITHER`, or a read or
    /// write that is neither buffered nor direct.
    Free {
        /// Its name.
        request: String,
    },
    /// Waits until a request is complete, and looks at what came of it.
    Wait {
        /// Its name.
        request: String,
        /// The NTSTATUS it has to end with.
        #[serde(default)]
        status: Option<u32>,
        /// What it has to be answered with, in hexadecimal digits.
        #[serde(default)]
        output: Option<Hex>,
    },
    /// Closes the last handle: `IRP_MJ_CLEANUP`, and `IRP_MJ_CLOSE` when no request is left.
    Close {
        /// The handle.
        handle: String,
    },
    /// The thread ends: its requests are canceled and waited for.
    ExitThread,
    /// The device is pulled out.
    SurpriseRemove,
    /// The Plug and Play manager asks whether the device may be removed, and takes it back.
    QueryRemove,
    /// The device is removed.
    Remove,
    /// The device is stopped and started again.
    Rebalance,
    /// The system sleeps and wakes up.
    Sleep,
}

/// What the addresses of a program's buffers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Buffers {
    /// Those of its buffers.
    #[default]
    Valid,
    /// Those of what it has freed before.
    Freed,
    /// Addresses of the kernel.
    Kernel,
}

/// Bytes, written as hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Hex {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits: Option<Vec<u32>> = text
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '_')
            .map(|letter| letter.to_digit(16))
            .collect();
        match digits {
            Some(digits) if digits.len().is_multiple_of(2) => Ok(Self(
                digits
                    .chunks(2)
                    .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8))
                    .collect(),
            )),
            _ => Err(format!(
                "{text:?} is no row of bytes: two hexadecimal digits for each, such as \"01ff\""
            )),
        }
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Step {
    /// Whether the Plug and Play manager does it, one thing at a time.
    const fn is_plug_and_play(&self) -> bool {
        matches!(
            self,
            Self::SurpriseRemove | Self::QueryRemove | Self::Remove | Self::Rebalance | Self::Sleep
        )
    }

    /// The handle that it uses.
    fn handle(&self) -> Option<&str> {
        match self {
            Self::Ioctl { handle, .. }
            | Self::Read { handle, .. }
            | Self::Write { handle, .. }
            | Self::Close { handle } => Some(handle),
            _ => None,
        }
    }

    /// The name of the request that it sends.
    fn sends(&self) -> Option<&str> {
        match self {
            Self::Ioctl { name, .. } | Self::Read { name, .. } | Self::Write { name, .. } => {
                name.as_deref()
            }
            _ => None,
        }
    }
}

impl Script {
    /// Reads a scenario from the text of a file.
    ///
    /// # Errors
    /// What is wrong, with line and column if the text is no such file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let script: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        script.check()?;
        Ok(script)
    }

    /// Says what cannot be played.
    fn check(&self) -> Result<(), String> {
        let all = || {
            let threads = self.threads.iter().flat_map(|thread| &thread.steps);
            self.before.iter().chain(threads).chain(&self.after)
        };
        let opened: HashSet<&str> = self
            .before
            .iter()
            .filter_map(|step| match step {
                Step::Open { handle } => Some(handle.as_str()),
                _ => None,
            })
            .collect();
        if let Some(handle) = all()
            .filter_map(Step::handle)
            .find(|handle| !opened.contains(handle))
        {
            return Err(format!(
                "the handle {handle:?} is not opened: add {{ do = \"open\", handle = {handle:?} }} to `before`"
            ));
        }
        let in_threads = self.threads.iter().flat_map(|thread| &thread.steps);
        if in_threads
            .chain(&self.after)
            .any(|step| matches!(step, Step::Open { .. }))
        {
            return Err("handles are opened in `before`, not by a thread or in `after`".to_owned());
        }
        let mut sent = HashSet::new();
        for name in all().filter_map(Step::sends) {
            if !sent.insert(name) {
                return Err(format!("two requests have the name {name:?}"));
            }
        }
        for step in all() {
            if let Step::Cancel { request } | Step::Free { request } | Step::Wait { request, .. } =
                step
                && !sent.contains(request.as_str())
            {
                return Err(format!(
                    "no request has the name {request:?}: the step that sends it says `name = {request:?}`"
                ));
            }
        }
        let managers = self
            .threads
            .iter()
            .filter(|thread| thread.steps.iter().any(Step::is_plug_and_play));
        if managers.count() > 1 {
            return Err(
                "the Plug and Play manager does one thing at a time: put its steps into one thread"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Script::parse(text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let error = refused("[[thread]]\nsteps = [{ do = \"sing\" }]");
        assert!(
            error.contains("line 2") && error.contains("sing"),
            "{error}"
        );
        let error = refused("[[thread]]\nsteps = [{ do = \"cancel\", reqest = \"A\" }]");
        assert!(
            error.contains("line 2") && error.contains("reqest"),
            "{error}"
        );
        let error = refused("[[thread]]\nsteps = [{ do = \"cancel\", request = \"A\" }]");
        assert!(error.contains("no request has the name \"A\""), "{error}");
        let error = refused("[[thread]]\nsteps = [{ do = \"close\", handle = \"h\" }]");
        assert!(error.contains("is not opened"), "{error}");
        let input = "before = [{ do = \"open\", handle = \"h\" }]\n[[thread]]\n\
                     steps = [{ do = \"ioctl\", handle = \"h\", code = 1, input = \"0g\" }]";
        let error = refused(input);
        assert!(
            error.contains("line 3") && error.contains("no row of bytes"),
            "{error}"
        );
    }

    #[test]
    fn bytes_are_read() {
        assert_eq!("01 fF_00".parse(), Ok(Hex(vec![1, 255, 0])));
        assert!("012".parse::<Hex>().is_err());
    }
}
