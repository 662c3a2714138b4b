//! Whether the driver's trace tells what happened.

use std::collections::{BTreeMap, BTreeSet};

use csq_protocol::ioctl;
use event_decoder::Description;

use crate::rule::account::TRACE_UNTRUE;
use ntsim::finding;
use ntsim::machine;
use ntsim::nt::status;
use ntsim::world;
use ntsim::world::tracing;

/// An event that csq.sys has written.
struct Event {
    name: String,
    fields: Vec<(String, u64)>,
}

/// Everything the driver has written in this run, up to its unloading.
///
/// # Errors
///
/// What is wrong with an event that cannot be read.
fn read() -> Result<Vec<Event>, String> {
    world::with(|world| world.providers.written.iter().map(Event::read).collect())
}

/// Compares the trace of a run that is over with what the I/O manager saw, if there is one.
pub fn check() {
    if machine::with(|machine| machine.settings.tracing)
        && let Err(lie) = read().and_then(|events| compare(&events))
    {
        finding::raise(&TRACE_UNTRUE, lie);
    }
}

impl Event {
    /// Reads an event as a decoder on Windows does: from its description.
    fn read(event: &tracing::Event) -> Result<Self, String> {
        let [provider, description, payload] = event.data.as_slice() else {
            return Err(format!("an event has {} pieces", event.data.len()));
        };
        let unreadable = |error| format!("an event cannot be read: {error}");
        let provider = event_decoder::provider(provider).map_err(unreadable)?;
        if provider != "csq" {
            return Err(format!("there is an event of {provider:?}"));
        }
        let description = Description::read(description).map_err(unreadable)?;
        let values = description.values(payload).map_err(unreadable)?;
        Ok(Self {
            fields: values
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            name: description.name,
        })
    }

    /// The value of a field.
    fn get(&self, field: &str) -> Result<u64, String> {
        let found = self.fields.iter().find(|(name, _)| name == field);
        let missing = || format!("{self} has no {field}");
        found.map(|(_, value)| *value).ok_or_else(missing)
    }
}

/// `Cancel device=1 id=4294967296 tag=1 status=STATUS_CANCELLED`
impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in &self.fields {
            match u32::try_from(*value) {
                Ok(code) if name == "status" => write!(f, " {name}={}", status::name(code))?,
                _ => write!(f, " {name}={value}")?,
            }
        }
        Ok(())
    }
}

/// The state of a device that is removed, as `PnpState` has it.
const REMOVED: u64 = 6;

/// Where the trace says that a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Pending,
    Claimed,
}

/// Follows every request and every device through the trace, and compares how the requests ended
/// with how their IRPs did.
fn compare(events: &[Event]) -> Result<(), String> {
    let mut requests: BTreeMap<(u64, u64), Place> = BTreeMap::new();
    let mut devices: BTreeMap<u64, u64> = BTreeMap::new();
    let mut ended = Vec::new();
    let mut known = BTreeSet::new();
    for event in events {
        let device = event.get("device")?;
        if event.name == "PnpState" {
            let number = devices.len() as u64 + 1;
            let before = devices.insert(device, event.get("to")?);
            if before.is_none() && device != number {
                return Err(format!("{event}: but this is device {number}"));
            }
            if before.unwrap_or_default() != event.get("from")? {
                return Err(format!("{event}: but it was in state {before:?}"));
            }
            continue;
        }
        if event.name == "Refused" {
            event.get("status")?;
            continue;
        }
        let request = (device, event.get("id")?);
        if event.name == "Pend" && !known.insert(request) {
            return Err(format!("{event}: but an earlier request had this id"));
        }
        let before = requests.remove(&request);
        let after = match (event.name.as_str(), before) {
            ("Pend", None) | ("GiveBack", Some(Place::Claimed)) => Some(Place::Pending),
            ("Claim", Some(Place::Pending)) => Some(Place::Claimed),
            ("Complete" | "Cancel" | "Timeout" | "Flush", Some(_)) => None,
            _ => return Err(format!("{event}: but before it was {before:?}")),
        };
        match after {
            Some(place) => _ = requests.insert(request, place),
            None => ended.push(event.get("status")?),
        }
    }
    if let Some(((_, id), place)) = requests.first_key_value() {
        return Err(format!("request {id} is {place:?} at the end of the trace"));
    }
    // Every device is removed before the driver is unloaded.
    let left = devices.iter().find(|(_, state)| **state != REMOVED);
    if left.is_some() || devices.is_empty() {
        return Err(format!("the trace ends with a device in state {left:?}"));
    }
    let mut completed = completed();
    completed.sort_unstable();
    ended.sort_unstable();
    if ended != completed {
        return Err(format!(
            "requests ended with {completed:x?}, but in the trace with {ended:x?}"
        ));
    }
    Ok(())
}

/// What the pended requests ended with.
fn completed() -> Vec<u64> {
    world::with(|world| {
        world
            .irps
            .iter()
            .filter(|(_, irp)| irp.control_code == ioctl::PEND)
            .filter(|(_, irp)| irp.dispatch_status == Some(status::PENDING))
            .map(|(_, irp)| irp.status.into())
            .collect()
    })
}
