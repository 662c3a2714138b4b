//! The lists of a driver's cancel-safe queues, as they lie in its memory.
//!
//! Only for csq.sys. Its IRPs in a queue are linked through `Tail.Overlay.ListEntry`, and those of a handle
//! through the first two words of `Tail.Overlay.DriverContext`, too. The third word leads to the slot, where the PDB
//! says in which field the head of the list is found that the IRP is in: of the device, or of the handle that has claimed
//! it.

use std::collections::{BTreeMap, BTreeSet};

use super::layout;
use csq_protocol::ioctl;

use ntsim::guest;
use ntsim::machine;
use ntsim::nt::{file_object, irp};
use ntsim::world;

/// Where the slot of an IRP is found.
const SLOT: usize = irp::DRIVER_CONTEXT + 2 * size_of::<usize>();

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
    let contexts = contexts()?;
    let mut lengths = Lengths::default();
    for (head, members) in lists()? {
        check_ring(head, &links(&members, irp::LIST_ENTRY))?;
        let is_handles = contexts.iter().any(|context| same_object(*context, head));
        for &address in &members {
            *match (is_handles, control_code(address)) {
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

/// The IRPs in queues, by the heads of their lists.
fn lists() -> Result<BTreeMap<usize, BTreeSet<usize>>, String> {
    let list = layout::list()?;
    let mut lists = BTreeMap::<usize, BTreeSet<usize>>::new();
    for address in queued(|_| true) {
        let head = read(read(address + SLOT)? + list)?;
        lists.entry(head).or_default().insert(address);
    }
    Ok(lists)
}

/// What the driver keeps for each open handle.
fn contexts() -> Result<Vec<usize>, String> {
    let open = world::with(|world| {
        let open = world.files.iter().filter(|it| !it.closed && !it.refused);
        open.map(|file| file.address).collect::<Vec<_>>()
    });
    open.into_iter()
        .map(|file| read(file + file_object::FS_CONTEXT))
        .collect()
}

/// How many requests the handle of this file object has claimed.
///
/// # Errors
/// As above.
pub fn served(file: usize) -> Result<usize, String> {
    let address = world::with(|world| world.files.get(file).map(|file| file.address));
    let Some(address) = address else {
        return Ok(0);
    };
    let context = read(address + file_object::FS_CONTEXT)?;
    let lists = lists()?.into_iter();
    let own = lists.filter(|(head, _)| same_object(context, *head));
    Ok(own.map(|(_, members)| members.len()).sum())
}

/// Whether two addresses are in the same pool block.
fn same_object(first: usize, second: usize) -> bool {
    let object = |address| machine::with(|machine| machine.arena.object_at(address));
    first != 0 && object(first).is_some_and(|it| object(second) == Some(it))
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
            check_ring_around(&links(&own, irp::DRIVER_CONTEXT))?;
        }
    }
    Ok(())
}

/// These links, and one more, which is the head, are a ring.
fn check_ring_around(links: &BTreeSet<usize>) -> Result<(), String> {
    let Some(&first) = links.first() else {
        return Ok(());
    };
    let mut link = first;
    for _ in 0..links.len() {
        if !links.contains(&link) {
            break;
        }
        link = read(link)?;
    }
    check_ring(link, links)
}

fn links(irps: &BTreeSet<usize>, offset: usize) -> BTreeSet<usize> {
    irps.iter().map(|address| address + offset).collect()
}

/// The ring with this head consists of these links.
fn check_ring(head: usize, members: &BTreeSet<usize>) -> Result<(), String> {
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
        if !members.contains(&next) || !seen.insert(next) {
            return Err(format!(
                "the entry at {next:#x} is none of the {} of the list, or twice in it",
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
