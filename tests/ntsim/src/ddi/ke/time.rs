//! Ke: time as exported routines tell it, and other processors.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{callback, enter, exports};
use crate::guest;
use crate::nt::status::SUCCESS;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::world;

exports! {
    KeQuerySystemTime, KeQueryTickCount, KeQueryInterruptTime, KeQueryUnbiasedInterruptTime,
    KeQueryUnbiasedInterruptTimePrecise, ExSystemTimeToLocalTime, ExLocalTimeToSystemTime, RtlTimeToTimeFields,
    RtlTimeFieldsToTime, RtlRandomEx, RtlRandom, KeIpiGenericCall, KeExpandKernelStackAndCallout,
    KeExpandKernelStackAndCalloutEx, KeSynchronizeExecution, KeAcquireInterruptSpinLock, KeReleaseInterruptSpinLock,
}

/// 100 ns in a tick of 15.625 ms, a millisecond, a second and a day.
const TICK: u64 = 156_250;
const MILLISECOND: u64 = 10_000;
const SECOND: u64 = 1000 * MILLISECOND;
const DAY: u64 = 24 * 60 * 60 * SECOND;

pub extern "win64" fn KeQuerySystemTime(time: usize) {
    guest::write(time, super::tick());
}

pub extern "win64" fn KeQueryTickCount(count: usize) {
    guest::write(count, super::tick() / TICK);
}

pub extern "win64" fn KeQueryInterruptTime() -> u64 {
    super::tick()
}

pub extern "win64" fn KeQueryUnbiasedInterruptTime() -> u64 {
    super::tick()
}

pub extern "win64" fn KeQueryUnbiasedInterruptTimePrecise(counter: usize) -> u64 {
    super::KeQueryInterruptTimePrecise(counter)
}

/// Local time is that of Greenwich.
pub extern "win64" fn ExSystemTimeToLocalTime(system: usize, local: usize) {
    guest::write(local, guest::read::<u64>(system));
}

pub extern "win64" fn ExLocalTimeToSystemTime(local: usize, system: usize) {
    guest::write(system, guest::read::<u64>(local));
}

/// Days from the beginning of 1601 to that of a year.
const fn days_to(year: u64) -> u64 {
    let before = year - 1;
    before * 365 + before / 4 - before / 100 + before / 400 - (1600 * 365 + 400 - 16 + 4)
}

const fn months(year: u64) -> [u64; 12] {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if leap { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// `TIME_FIELDS`: year, month, day, hour, minute, second, milliseconds and weekday, each of two bytes.
pub extern "win64" fn RtlTimeToTimeFields(time: usize, fields: usize) {
    let time: u64 = guest::read(time);
    let (days, rest) = (time / DAY, time % DAY);
    let mut year = 1601 + days / 366;
    while days_to(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_to(year);
    let mut month = 1;
    for length in months(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let seconds = rest / SECOND;
    let all = [
        year,
        month,
        day + 1,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        rest % SECOND / MILLISECOND,
        // The first day was a Monday.
        (days + 1) % 7,
    ];
    for (index, value) in all.into_iter().enumerate() {
        guest::write(fields + index * 2, value as u16);
    }
}

pub extern "win64" fn RtlTimeFieldsToTime(fields: usize, time: usize) -> u8 {
    let field = |index: usize| u64::from(guest::read::<u16>(fields + index * 2));
    let (year, month, day) = (field(0), field(1), field(2));
    let lengths = months(year);
    let length = lengths.get((month as usize).wrapping_sub(1));
    if year < 1601 || length.is_none_or(|length| day == 0 || day > *length) {
        return 0;
    }
    let before: u64 = lengths.iter().take(month as usize - 1).sum();
    let days = days_to(year) + before + day - 1;
    let seconds = (field(3) * 60 + field(4)) * 60 + field(5);
    guest::write(time, days * DAY + seconds * SECOND + field(6) * MILLISECOND);
    1
}

pub extern "win64" fn RtlRandomEx(seed: usize) -> u32 {
    /// Of a well-known linear generator.
    const FACTOR: u32 = 1_664_525;
    const MORE: u32 = 1_013_904_223;
    enter("RtlRandomEx", APC_LEVEL);
    let next = guest::read::<u32>(seed)
        .wrapping_mul(FACTOR)
        .wrapping_add(MORE);
    guest::write(seed, next);
    next >> 1
}

pub extern "win64" fn RtlRandom(seed: usize) -> u32 {
    RtlRandomEx(seed)
}

/// The IRQL at which processors interrupt each other.
const IPI_LEVEL: u8 = 14;

fn at_irql<R>(irql: u8, work: impl FnOnce() -> R) -> R {
    let old = world::with(|world| std::mem::replace(&mut world.thread().irql, irql));
    let result = work();
    world::with(|world| world.thread().irql = old);
    result
}

/// Each other processor does nothing at that time, so one call stands for all.
pub extern "win64" fn KeIpiGenericCall(routine: usize, context: usize) -> usize {
    enter("KeIpiGenericCall", DISPATCH_LEVEL);
    at_irql(IPI_LEVEL, || callback(routine, &[context]))
}

pub extern "win64" fn KeExpandKernelStackAndCallout(
    routine: usize,
    context: usize,
    _size: usize,
) -> u32 {
    enter("KeExpandKernelStackAndCallout", APC_LEVEL);
    callback(routine, &[context]);
    SUCCESS
}

pub extern "win64" fn KeExpandKernelStackAndCalloutEx(
    routine: usize,
    context: usize,
    _size: usize,
    _wait: u8,
    _more: usize,
) -> u32 {
    enter("KeExpandKernelStackAndCalloutEx", DISPATCH_LEVEL);
    callback(routine, &[context]);
    SUCCESS
}

/// A device's IRQL.
const DEVICE_LEVEL: u8 = 5;

pub extern "win64" fn KeSynchronizeExecution(
    _interrupt: usize,
    routine: usize,
    context: usize,
) -> u8 {
    enter("KeSynchronizeExecution", DEVICE_LEVEL);
    at_irql(DEVICE_LEVEL, || callback(routine, &[context])) as u8
}

pub extern "win64" fn KeAcquireInterruptSpinLock(_interrupt: usize) -> u8 {
    enter("KeAcquireInterruptSpinLock", DEVICE_LEVEL);
    world::with(|world| std::mem::replace(&mut world.thread().irql, DEVICE_LEVEL))
}

pub extern "win64" fn KeReleaseInterruptSpinLock(_interrupt: usize, irql: u8) {
    enter("KeReleaseInterruptSpinLock", DEVICE_LEVEL);
    world::with(|world| world.thread().irql = irql);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1601() {
        assert_eq!(days_to(1601), 0);
        assert_eq!(days_to(1602), 365);
        // Unix begins there.
        assert_eq!(days_to(1970), 134_774);
    }
}
