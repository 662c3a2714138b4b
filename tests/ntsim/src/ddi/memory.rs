//! The C runtime's memory routines, which ntoskrnl.exe exports.

use super::exports;
use crate::guest;
use crate::race;

exports! { memcpy, memmove, memset, memcmp, RtlCompareMemory, RtlCopyMemory, RtlMoveMemory, RtlZeroMemory, RtlFillMemory }

pub extern "win64" fn memmove(to: usize, from: usize, length: usize) -> usize {
    if length != 0 {
        race::touched(from, length, false);
        race::touched(to, length, true);
        guest::copy(from, to, length);
    }
    to
}

pub extern "win64" fn memcpy(to: usize, from: usize, length: usize) -> usize {
    memmove(to, from, length)
}

pub extern "win64" fn memset(to: usize, value: i32, length: usize) -> usize {
    if length != 0 {
        race::touched(to, length, true);
        guest::fill(to, length, value as u8);
    }
    to
}

pub extern "win64" fn memcmp(one: usize, two: usize, length: usize) -> i32 {
    if length == 0 {
        return 0;
    }
    race::touched(one, length, false);
    race::touched(two, length, false);
    guest::load(one, length).cmp(&guest::load(two, length)) as i32
}

#[expect(non_snake_case, reason = "the name that drivers import")]
pub extern "win64" fn RtlCompareMemory(one: usize, two: usize, length: usize) -> usize {
    if length == 0 {
        return 0;
    }
    race::touched(one, length, false);
    race::touched(two, length, false);
    let (one, two) = (guest::load(one, length), guest::load(two, length));
    one.iter().zip(&two).take_while(|(a, b)| a == b).count()
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
