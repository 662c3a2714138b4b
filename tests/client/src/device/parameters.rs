//! The driver's parameters: values under `Parameters` of its service key, which it reads when it is
//! loaded.

use super::install::SERVICE;
use crate::Error;
use behaviors::target::{Parameter, Setting};
use std::error;
use std::io;
use windows_registry::{Key, LOCAL_MACHINE, Type};

/// All of them.
const NAMES: [&str; 2] = ["DeviceLimit", "HandleLimit"];

/// A value as it is stored.
type Stored = (Type, Vec<u8>);

/// The parameters as an administrator has set them. Dropping this sets them so again.
#[derive(Debug)]
pub struct Saved {
    values: Vec<(&'static str, Option<Stored>)>,
}

impl Saved {
    /// Notes what is set.
    ///
    /// # Errors
    /// Windows refused.
    pub fn new() -> Result<Self, Error> {
        let key = key()?;
        let value = |name| {
            let value = key.get_value(name).ok();
            (name, value.map(|value| (value.ty(), value.to_vec())))
        };
        Ok(Self {
            values: NAMES.map(value).into(),
        })
    }

    /// Sets these parameters and no others.
    ///
    /// # Errors
    /// Windows refused.
    pub fn replace(&self, parameters: &[Parameter]) -> Result<(), Error> {
        let key = key()?;
        for (name, _) in &self.values {
            // What is not there need not be removed.
            let _ = key.remove_value(name);
        }
        for (name, setting) in parameters {
            let set = match setting {
                Setting::Number(number) => key.set_u32(name, *number),
                Setting::Text(text) => key.set_string(name, text),
            };
            set.map_err(failed)?;
        }
        Ok(())
    }

    /// Sets what was set.
    fn restore(&self) -> Result<(), Error> {
        self.replace(&[])?;
        let key = key()?;
        for (name, value) in &self.values {
            if let Some((kind, bytes)) = value {
                key.set_bytes(name, *kind, bytes).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        if let Err(error) = self.restore() {
            eprintln!("csqctl: the parameters are not what they were: {error}");
        }
    }
}

fn key() -> Result<Key, Error> {
    let path = format!(r"SYSTEM\CurrentControlSet\Services\{SERVICE}\Parameters");
    LOCAL_MACHINE.create(path).map_err(failed)
}

fn failed(error: impl error::Error + Send + Sync + 'static) -> Error {
    Error::system("setting the driver's parameters", io::Error::other(error))
}
