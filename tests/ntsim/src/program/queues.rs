//! The lists of a driver's cancel-safe queues, as they lie in its memory.
//!
//! Only for csq.sys: its `IO_CSQ`s are each followed by the head of the list of the queue's IRPs, which
//! are linked through `Tail.Overlay.ListEntry`, and all IRPs of a handle that are in the same list of
//! that handle through the first two words of `Tail.Overlay.DriverContext`.

use std::collections::BTreeSet;

use csq_protocol::ioctl;

use crate::guest;
use crate::machine;
use crate::nt::{csq, irp};
use crate::world;

/// How many IRPs are in the queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// Requests that are pending.
    pub pending: usize,
    /// Requests that are claimed.
    pub claimed: usize,
    /// Claims that wait.
    pub waiting: usize,
}

/// Walks all lists forwards and backwards while nothing happens: each is a ring, and has the IRPs that
/// `IoCsq*` was given and no other.
///
/// # Errors
/// A sentence on the link that is wrong.
pub fn check() -> Result<Lengths, String> {
    let mut lengths = Lengths::default();
    for queue in world::with(|world| world.queues.clone()) {
        let members = members(queue);
        let head = queue + csq::SIZE;
        check_ring(head, irp::LIST_ENTRY, &members)?;
        let is_claimed = csq::kind(queue) == csq::TYPE_CSQ_EX;
        for &address in &members {
            *match (is_claimed, control_code(address)) {
                (false, Some(ioctl::PEND)) => &mut lengths.pending,
                (true, Some(ioctl::PEND)) => &mut lengths.claimed,
                (false, Some(ioctl::CLAIM)) => &mut lengths.waiting,
                (_, code) => return Err(format!("an IRP with the code {code:x?} is in a queue")),
            } += 1;
        }
    }
    check_handles()?;
    Ok(lengths)
}

/// The IRPs that a queue has been given.
fn members(queue: usize) -> BTreeSet<usize> {
    queued(|irp| irp.queued.is_some_and(|it| it.csq == queue))
}

fn queued(which: impl Fn(&world::irp::Irp) -> bool) -> BTreeSet<usize> {
    world::with(|world| {
        let queued = world.irps.outstanding().filter(|irp| irp.queued.is_some());
        queued
            .filter(|irp| which(irp))
            .map(|irp| irp.address)
            .collect()
    })
}

fn control_code(address: usize) -> Option<u32> {
    world::with(|world| world.irps.at(address).map(|irp| irp.control_code))
}

/// Each handle has a ring of its requests and one of its claims that wait. Where the heads are is the
/// driver's business: each ring has one link that is in no IRP.
fn check_handles() -> Result<(), String> {
    for code in [ioctl::PEND, ioctl::CLAIM] {
        let files = world::with(|world| 0..world.files.len());
        for file in files {
            let own = queued(|irp| irp.file == Some(file) && irp.control_code == code);
            let Some(&first) = own.first() else { continue };
            let mut link = first + irp::DRIVER_CONTEXT;
            for _ in 0..own.len() {
                if !own.contains(&link.wrapping_sub(irp::DRIVER_CONTEXT)) {
                    break;
                }
                link = read(link)?;
            }
            check_ring(link, irp::DRIVER_CONTEXT, &own)?;
        }
    }
    Ok(())
}

/// The ring with this head consists of the links, at `offset`, of these IRPs.
fn check_ring(head: usize, offset: usize, members: &BTreeSet<usize>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut link = head;
    loop {
        let next = read(link)?;
        if read(next + size_of::<usize>())? != link {
            return Err(format!("the entry after {link:#x} does not lead back"));
        }
        if next == head {
            break;
        }
        let address = next.wrapping_sub(offset);
        if !members.contains(&address) || !seen.insert(address) {
            return Err(format!(
                "the entry at {next:#x} is none of the {} IRPs of the list, or twice in it",
                members.len()
            ));
        }
        link = next;
    }
    if seen.len() == members.len() {
        Ok(())
    } else {
        let (found, all) = (seen.len(), members.len());
        Err(format!("{found} IRPs are in a list that has {all}"))
    }
}

/// A word of the driver's memory, if it is alive.
///
/// # Errors
/// A sentence with the address.
pub fn read(address: usize) -> Result<usize, String> {
    let object = machine::with(|machine| machine.arena.object_at(address));
    let end = address.saturating_add(size_of::<usize>());
    if object.is_some_and(|(start, size, alive)| alive && address >= start && end <= start + size) {
        Ok(guest::read(address))
    } else {
        Err(format!("a link leads to {address:#x}, where nothing is"))
    }
}
