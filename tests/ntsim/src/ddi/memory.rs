//! The C runtime's memory routines, which ntoskrnl.exe exports.

use super::exports;
use crate::guest;
use crate::race;
use crate::schedule;
use crate::trap;
use crate::world::step::{Effect, Span, Touches};

exports! { memcpy, memmove, memset, memcmp, RtlCompareMemory, RtlCopyMemory, RtlMoveMemory, RtlZeroMemory, RtlFillMemory }

/// Before a routine reads the bytes `from`, and the bytes `also`, or writes `to`.
fn touch(from: &[Span], to: &[Span]) {
    from.iter().chain(to).copied().for_each(trap::check_end);
    if !race::is_active() {
        return;
    }
    if race::copies_are_points() {
        let shared = |span: &&Span| guest::is_shared(span.start);
        let reads = from.iter().filter(shared).map(|span| (*span, Effect::Read));
        let writes = to.iter().filter(shared).map(|span| (*span, Effect::Write));
        let touches = reads
            .chain(writes)
            .fold(Touches::OWN, |touches, (span, effect)| {
                touches.and(span, effect)
            });
        if !touches.is_own() {
            schedule::step("copy or compare memory", 0, touches);
        }
        return;
    }
    for span in from {
        race::copied(*span, false);
    }
    for span in to {
        race::copied(*span, true);
    }
}

pub extern "win64" fn memmove(to: usize, from: usize, length: usize) -> usize {
    if length != 0 {
        touch(&[Span::new(from, length)], &[Span::new(to, length)]);
        guest::copy(from, to, length);
    }
    to
}

pub extern "win64" fn memcpy(to: usize, from: usize, length: usize) -> usize {
    memmove(to, from, length)
}

pub extern "win64" fn memset(to: usize, value: i32, length: usize) -> usize {
    if length != 0 {
        touch(&[], &[Span::new(to, length)]);
        guest::fill(to, length, value as u8);
    }
    to
}

fn compare<R>(one: usize, two: usize, length: usize, work: impl FnOnce(&[u8], &[u8]) -> R) -> R {
    guest::with_bytes(one, length, |one| {
        guest::with_bytes(two, length, |two| work(one, two))
    })
}

pub extern "win64" fn memcmp(one: usize, two: usize, length: usize) -> i32 {
    if length == 0 {
        return 0;
    }
    touch(&[Span::new(one, length), Span::new(two, length)], &[]);
    compare(one, two, length, Ord::cmp) as i32
}

#[expect(non_snake_case, reason = "the name that drivers import")]
pub extern "win64" fn RtlCompareMemory(one: usize, two: usize, length: usize) -> usize {
    if length == 0 {
        return 0;
    }
    touch(&[Span::new(one, length), Span::new(two, length)], &[]);
    compare(one, two, length, |one, two| {
        one.iter().zip(two).take_while(|(a, b)| a == b).count()
    })
}

#[expect(non_snake_case, reason = "the name that drivers import")]
pub extern "win64" fn RtlCopyMemory(to: usize, from: usize, length: usize) {
    memmove(to, from, length);
}

#[expect(non_snake_case, reason = "the name that drivers import")]
pub extern "win64" fn RtlMoveMemory(to: usize, from: usize, length: usize) {
    memmove(to, from, length);
}

#[expect(non_snake_case, reason = "the name that drivers import")]
pub extern "win64" fn RtlZeroMemory(to: usize, length: usize) {
    memset(to, 0, length);
}

#[expect(non_snake_case, reason = "the name that drivers import")]
pub extern "win64" fn RtlFillMemory(to: usize, length: usize, value: u8) {
    memset(to, i32::from(value), length);
}
