//! Ke: device queues.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::exports;
use crate::finding;
use crate::guest;
use crate::nt::DISPATCH_LEVEL;
use crate::rule;
use crate::schedule;
use crate::world;

exports! {
    KeInitializeDeviceQueue, KeInsertDeviceQueue, KeInsertByKeyDeviceQueue, KeRemoveDeviceQueue,
    KeRemoveByKeyDeviceQueue, KeRemoveByKeyDeviceQueueIfBusy, KeRemoveEntryDeviceQueue,
}

/// `KDEVICE_QUEUE`.
pub const SIZE: usize = 0x28;
const TYPE: usize = 0x00;
const SIZE_FIELD: usize = 0x02;
const HEAD: usize = 0x08;
const BUSY: usize = 0x20;
/// `DeviceQueueObject`.
const KIND: u16 = 20;

/// `KDEVICE_QUEUE_ENTRY`.
mod entry {
    pub const KEY: usize = 0x10;
    pub const INSERTED: usize = 0x14;
}

/// `LIST_ENTRY.Blink`.
const BACK: usize = 8;

pub extern "win64" fn KeInitializeDeviceQueue(queue: usize) {
    guest::fill(queue, SIZE, 0);
    guest::write(queue + TYPE, KIND);
    guest::write(queue + SIZE_FIELD, SIZE as u16);
    for link in [0, BACK] {
        guest::write(queue + HEAD + link, queue + HEAD);
    }
}

/// These are called at `DISPATCH_LEVEL`: who is interrupted between two of them would let others wait.
fn require(what: &str, queue: usize) {
    let irql = world::with(|world| world.thread().irql);
    if irql != DISPATCH_LEVEL {
        finding::raise(
            &rule::irql::TOO_LOW,
            format!("{what} was called at IRQL {irql}"),
        );
    }
    if guest::read::<u16>(queue + TYPE) != KIND {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{what} was called for {queue:#x}, where no device queue was initialized"),
        );
    }
}

fn unlink(entry: usize) {
    let (next, before): (usize, usize) = (guest::read(entry), guest::read(entry + BACK));
    guest::write(before, next);
    guest::write(next + BACK, before);
    guest::write(entry + self::entry::INSERTED, 0u8);
}

fn link(next: usize, entry: usize) {
    let before: usize = guest::read(next + BACK);
    guest::write(entry, next);
    guest::write(entry + BACK, before);
    guest::write(before, entry);
    guest::write(next + BACK, entry);
    guest::write(entry + self::entry::INSERTED, 1u8);
}

/// Puts an entry into a busy queue: `true`. A queue that is not busy becomes so, without the entry.
pub fn insert(what: &'static str, queue: usize, entry: usize, key: Option<u32>) -> bool {
    require(what, queue);
    schedule::object_point(what, queue, SIZE);
    if guest::read::<u8>(queue + BUSY) == 0 {
        guest::write(queue + BUSY, 1u8);
        guest::write(entry + self::entry::INSERTED, 0u8);
        return false;
    }
    let head = queue + HEAD;
    let mut next = head;
    if let Some(key) = key {
        guest::write(entry + self::entry::KEY, key);
        next = guest::read(head);
        while next != head && guest::read::<u32>(next + self::entry::KEY) <= key {
            next = guest::read(next);
        }
    }
    link(next, entry);
    true
}

/// Takes the first entry with this key or a higher one, or the first at all; 0 if there is none, and then the queue is not
/// busy any more.
pub fn remove(what: &'static str, queue: usize, key: Option<u32>) -> usize {
    require(what, queue);
    schedule::object_point(what, queue, SIZE);
    let head = queue + HEAD;
    let first: usize = guest::read(head);
    if first == head {
        guest::write(queue + BUSY, 0u8);
        return 0;
    }
    let mut found = first;
    if let Some(key) = key {
        while found != head && guest::read::<u32>(found + entry::KEY) < key {
            found = guest::read(found);
        }
        if found == head {
            found = first;
        }
    }
    unlink(found);
    found
}

pub extern "win64" fn KeInsertDeviceQueue(queue: usize, entry: usize) -> u8 {
    u8::from(insert("KeInsertDeviceQueue", queue, entry, None))
}

pub extern "win64" fn KeInsertByKeyDeviceQueue(queue: usize, entry: usize, key: u32) -> u8 {
    u8::from(insert("KeInsertByKeyDeviceQueue", queue, entry, Some(key)))
}

pub extern "win64" fn KeRemoveDeviceQueue(queue: usize) -> usize {
    remove("KeRemoveDeviceQueue", queue, None)
}

pub extern "win64" fn KeRemoveByKeyDeviceQueue(queue: usize, key: u32) -> usize {
    remove("KeRemoveByKeyDeviceQueue", queue, Some(key))
}

pub extern "win64" fn KeRemoveByKeyDeviceQueueIfBusy(queue: usize, key: u32) -> usize {
    if guest::read::<u8>(queue + BUSY) == 0 {
        return 0;
    }
    remove("KeRemoveByKeyDeviceQueueIfBusy", queue, Some(key))
}

pub extern "win64" fn KeRemoveEntryDeviceQueue(queue: usize, entry: usize) -> u8 {
    // Called by cancel routines, at the IRQL of a spin lock.
    schedule::object_point("KeRemoveEntryDeviceQueue", queue, SIZE);
    let inserted = guest::read::<u8>(entry + self::entry::INSERTED) != 0;
    if inserted {
        unlink(entry);
    }
    u8::from(inserted)
}
