//! Ex: interlocked lists and numbers.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::exports;
use crate::ddi::ke::spin_lock;
use crate::finding;
use crate::guest;
use crate::rule::fault::LIST_CORRUPTION;
use crate::schedule;

exports! {
    ExInterlockedInsertHeadList, ExInterlockedInsertTailList, ExInterlockedRemoveHeadList, ExInterlockedPushEntryList,
    ExInterlockedPopEntryList, ExInterlockedAddLargeInteger, ExInterlockedAddUlong, InitializeSListHead,
    ExpInterlockedPopEntrySList, ExpInterlockedPushEntrySList, ExpInterlockedFlushSList, ExQueryDepthSList,
}

/// `LIST_ENTRY.Blink`.
const BACK: usize = 8;

/// Does something with a spin lock held.
fn locked<R>(lock: usize, work: impl FnOnce() -> R) -> R {
    let irql = spin_lock::acquire(lock);
    let result = work();
    spin_lock::release(lock, Some(irql));
    result
}

/// The links of a list's neighbors point at each other.
fn check(entry: usize, next: usize) {
    if guest::read::<usize>(next + BACK) != entry {
        finding::raise(
            &LIST_CORRUPTION,
            format!("the entry after {entry:#x} of a list does not point back at it"),
        );
    }
}

/// Puts an entry behind another one.
fn insert_after(before: usize, entry: usize) {
    let next: usize = guest::read(before);
    check(before, next);
    guest::write(entry, next);
    guest::write(entry + BACK, before);
    guest::write(next + BACK, entry);
    guest::write(before, entry);
}

/// 0 if `entry` is the list itself.
const fn unless_empty(head: usize, entry: usize) -> usize {
    if entry == head { 0 } else { entry }
}

pub extern "win64" fn ExInterlockedInsertHeadList(head: usize, entry: usize, lock: usize) -> usize {
    locked(lock, || {
        let first: usize = guest::read(head);
        insert_after(head, entry);
        unless_empty(head, first)
    })
}

pub extern "win64" fn ExInterlockedInsertTailList(head: usize, entry: usize, lock: usize) -> usize {
    locked(lock, || {
        let last: usize = guest::read(head + BACK);
        insert_after(last, entry);
        unless_empty(head, last)
    })
}

pub extern "win64" fn ExInterlockedRemoveHeadList(head: usize, lock: usize) -> usize {
    locked(lock, || {
        let first: usize = guest::read(head);
        if first != head {
            let next: usize = guest::read(first);
            check(first, next);
            guest::write(head, next);
            guest::write(next + BACK, head);
        }
        unless_empty(head, first)
    })
}

/// Puts an entry in front of a singly linked list and returns the one that was.
fn push(head: usize, entry: usize) -> usize {
    let first: usize = guest::read(head);
    guest::write(entry, first);
    guest::write(head, entry);
    first
}

/// Takes the first entry of a singly linked list; 0 if it is empty.
fn pop(head: usize) -> usize {
    let first: usize = guest::read(head);
    if first != 0 {
        let next: usize = guest::read(first);
        guest::write(head, next);
    }
    first
}

pub extern "win64" fn ExInterlockedPushEntryList(head: usize, entry: usize, lock: usize) -> usize {
    locked(lock, || push(head, entry))
}

pub extern "win64" fn ExInterlockedPopEntryList(head: usize, lock: usize) -> usize {
    locked(lock, || pop(head))
}

pub extern "win64" fn ExInterlockedAddLargeInteger(
    addend: usize,
    increment: i64,
    lock: usize,
) -> i64 {
    locked(lock, || {
        let old: i64 = guest::read(addend);
        guest::write(addend, old.wrapping_add(increment));
        old
    })
}

pub extern "win64" fn ExInterlockedAddUlong(addend: usize, increment: u32, lock: usize) -> u32 {
    locked(lock, || {
        let old: u32 = guest::read(addend);
        guest::write(addend, old.wrapping_add(increment));
        old
    })
}

/// `SLIST_HEADER`: here, its depth and its first entry.
const SLIST_SIZE: usize = 0x10;
const FIRST: usize = 0x08;

pub extern "win64" fn InitializeSListHead(head: usize) {
    guest::fill(head, SLIST_SIZE, 0);
}

fn change_depth(head: usize, change: i16) {
    let depth: u16 = guest::read(head);
    guest::write(head, depth.wrapping_add_signed(change));
}

pub extern "win64" fn ExpInterlockedPushEntrySList(head: usize, entry: usize) -> usize {
    schedule::object_point("push to a list", head, SLIST_SIZE);
    change_depth(head, 1);
    push(head + FIRST, entry)
}

pub extern "win64" fn ExpInterlockedPopEntrySList(head: usize) -> usize {
    schedule::object_point("pop from a list", head, SLIST_SIZE);
    let first = pop(head + FIRST);
    if first != 0 {
        change_depth(head, -1);
    }
    first
}

pub extern "win64" fn ExpInterlockedFlushSList(head: usize) -> usize {
    schedule::object_point("flush a list", head, SLIST_SIZE);
    let first: usize = guest::read(head + FIRST);
    guest::fill(head, SLIST_SIZE, 0);
    first
}

pub extern "win64" fn ExQueryDepthSList(head: usize) -> u16 {
    guest::read(head)
}
