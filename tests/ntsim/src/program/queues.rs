//! The lists of a driver's cancel-safe queues, as they lie in its memory.
//!
//! Only for csq.sys. Its IRPs in a queue are linked through `Tail.Overlay.ListEntry`. All IRPs of a handle
//! that are in the same list of that handle are linked through the first two words of
//! `Tail.Overlay.DriverContext`; the third leads to the slot, which has a number and leads to the queues,
//! and those to a column with a serving for each slot. What a server has claimed is linked through two
//! words there, and the word behind them is the server's `FsContext`. A device has three `IO_CSQ`s, and the
//! heads of their lists lie together, in the opposite order.

use std::collections::BTreeSet;

use csq_protocol::ioctl;

use crate::guest;
use crate::machine;
use crate::nt::{csq, file_object, irp};
use crate::world;

/// How many queues a device has.
const QUEUES: usize = 3;
/// How far behind its first `IO_CSQ` the heads of a device's lists are.
const HEADS: usize = 392;
/// Where the slot of an IRP is found.
const SLOT: usize = irp::DRIVER_CONTEXT + 2 * size_of::<usize>();
/// Where in the slot its number is, in 32 bits.
const SLOT_NUMBER: usize = 24;
/// Where in the slot the queues are found.
const SLOT_QUEUES: usize = 56;
/// Where the column with the servings is found in those.
const SERVINGS: usize = 288;
/// How far from each other servings are. Each begins with the link in the server's list.
const SERVING: usize = 24;
/// Where in a serving the server's `FsContext` is.
const SERVER: usize = 2 * size_of::<usize>();

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
    for (queue, head) in queues() {
        let members = members(queue);
        check_ring(head, &links(&members, irp::LIST_ENTRY))?;
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
    check_servers(lengths.claimed)?;
    Ok(lengths)
}

/// The `IO_CSQ`s of all devices, each with the head of its list.
fn queues() -> Vec<(usize, usize)> {
    let queues: Vec<usize> = world::with(|world| world.queues.iter().copied().collect());
    let of_device = |queues: &[usize]| {
        let heads = queues.first().map_or(0, |first| first + HEADS);
        let head = |number: usize| heads + (QUEUES - 1 - number) * 2 * size_of::<usize>();
        let pairs = queues.iter().enumerate();
        pairs
            .map(|(number, &queue)| (queue, head(number)))
            .collect::<Vec<_>>()
    };
    queues.chunks(QUEUES).flat_map(of_device).collect()
}

/// How many requests the handle of this file object has claimed.
///
/// # Errors
/// As above.
pub fn served(file: usize) -> Result<usize, String> {
    server_links(file).map(|links| links.len())
}

/// The links of the requests that a file object's handle has claimed.
fn server_links(file: usize) -> Result<BTreeSet<usize>, String> {
    let address = world::with(|world| world.files.get(file).map(|file| file.address));
    let Some(address) = address else {
        return Ok(BTreeSet::new());
    };
    let context = read(address + file_object::FS_CONTEXT)?;
    let mut links = BTreeSet::new();
    let is_claimed = |queue: usize| csq::kind(queue) == csq::TYPE_CSQ_EX;
    for claimed in queued(|irp| irp.queued.is_some_and(|it| is_claimed(it.csq))) {
        let serving = serving(read(claimed + SLOT)?)?;
        if read(serving + SERVER)? == context {
            links.insert(serving);
        }
    }
    Ok(links)
}

/// Where the serving of a slot is.
fn serving(slot: usize) -> Result<usize, String> {
    let number = read(slot + SLOT_NUMBER)? & 0xFFFF_FFFF;
    Ok(read(read(slot + SLOT_QUEUES)? + SERVINGS)? + number * SERVING)
}

/// Each handle has a ring of what it has claimed, and all that is claimed is in one.
fn check_servers(claimed: usize) -> Result<(), String> {
    let files = world::with(|world| {
        let open = world
            .files
            .iter()
            .enumerate()
            .filter(|(_, it)| !it.closed && !it.refused);
        open.map(|(number, _)| number).collect::<Vec<_>>()
    });
    let mut found = 0;
    for file in files {
        let own = server_links(file)?;
        found += own.len();
        check_ring_around(&own)?;
    }
    if found == claimed {
        Ok(())
    } else {
        Err(format!(
            "{claimed} requests are claimed, and servers have {found}"
        ))
    }
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
