//! Etw: providers of events. Nobody listens, unless the run's settings say so.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{callback, enter, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::machine;
use crate::nt::event_descriptor;
use crate::nt::status::{INVALID_HANDLE, SUCCESS};
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::step::kernel;
use crate::world::tracing::{Event, Provider};

exports! {
    EtwRegister, EtwUnregister, EtwWriteTransfer, EtwWrite, EtwSetInformation, EtwEventEnabled,
    EtwProviderEnabled, EtwActivityIdControl,
}

/// Whether a session exists from the beginning.
fn is_enabled() -> bool {
    machine::with(|machine| machine.settings.tracing)
}

/// Whether what is written is kept.
fn is_recorded() -> bool {
    is_enabled() || world::with(|world| world.providers.recorded)
}

pub extern "win64" fn EtwRegister(
    provider: usize,
    routine: usize,
    context: usize,
    handle: usize,
) -> u32 {
    /// `EVENT_CONTROL_CODE_ENABLE_PROVIDER`, `TRACE_LEVEL_VERBOSE`, and any keyword.
    const ENABLE: usize = 1;
    const VERBOSE: usize = 5;
    const ALL: usize = usize::MAX;
    enter("EtwRegister", PASSIVE_LEVEL);
    if fault::fails(Point::Provider) {
        return Point::Provider.status();
    }
    let value = world::with(|world| world.providers.open(routine, context));
    guest::write(handle, value);
    if routine != 0 && is_enabled() {
        // A session exists already: the driver is told at once.
        callback(routine, &[provider, ENABLE, VERBOSE, ALL, 0, 0, context]);
    }
    SUCCESS
}

/// Works with a handle that `EtwRegister` gave.
fn with_provider<R>(handle: u64, work: impl FnOnce(&mut Provider) -> R) -> Option<R> {
    world::with(|world| world.providers.get_mut(handle).map(work))
}

pub extern "win64" fn EtwUnregister(handle: u64) -> u32 {
    enter("EtwUnregister", PASSIVE_LEVEL);
    if !world::with(|world| world.providers.close(handle)) {
        finding::raise(
            &rule::object::BAD_HANDLE,
            format!("EtwUnregister was called for {handle:#x}, which is no provider's handle"),
        );
    }
    SUCCESS
}

pub extern "win64" fn EtwWriteTransfer(
    handle: u64,
    descriptor: usize,
    _activity: usize,
    _related: usize,
    count: u32,
    data: usize,
) -> u32 {
    // Any IRQL, but where the data is pageable.
    enter("EtwWriteTransfer", DISPATCH_LEVEL);
    if fault::fails(Point::Event) {
        return Point::Event.status();
    }
    if !is_recorded() {
        let known = with_provider(handle, |_| ());
        return if known.is_some() || handle == 0 {
            SUCCESS
        } else {
            INVALID_HANDLE
        };
    }
    // Who reads the trace sees their order.
    schedule::object_point("", kernel::TRACE, 1);
    let event = Event {
        id: guest::read(descriptor),
        level: guest::read(descriptor + event_descriptor::LEVEL),
        keyword: guest::read(descriptor + event_descriptor::KEYWORD),
        data: (0..count as usize)
            .map(|index| event_descriptor::data(data, index))
            .collect(),
    };
    match with_provider(handle, |provider| provider.events.push(event)) {
        Some(()) => SUCCESS,
        None => INVALID_HANDLE,
    }
}

pub extern "win64" fn EtwWrite(
    handle: u64,
    descriptor: usize,
    activity: usize,
    count: u32,
    data: usize,
) -> u32 {
    EtwWriteTransfer(handle, descriptor, activity, 0, count, data)
}

pub extern "win64" fn EtwSetInformation(
    handle: u64,
    _class: u32,
    information: usize,
    length: u32,
) -> u32 {
    enter("EtwSetInformation", PASSIVE_LEVEL);
    if fault::fails(Point::ProviderTraits) {
        return Point::ProviderTraits.status();
    }
    let traits = if length == 0 {
        Vec::new()
    } else {
        guest::load(information, length as usize)
    };
    match with_provider(handle, |provider| provider.traits = traits) {
        Some(()) => SUCCESS,
        None => INVALID_HANDLE,
    }
}

pub extern "win64" fn EtwEventEnabled(_handle: u64, _descriptor: usize) -> u8 {
    u8::from(is_recorded())
}

pub extern "win64" fn EtwProviderEnabled(_handle: u64, _level: u8, _keyword: u64) -> u8 {
    u8::from(is_recorded())
}

pub extern "win64" fn EtwActivityIdControl(_code: u32, id: usize) -> u32 {
    /// An id as good as any: it only has to be different from the others.
    const SEED: u64 = 0x4e54_5349_4d00_0000;
    schedule::driver_point();
    let number = world::with(|world| world.trace.len() as u64);
    guest::write(id, SEED);
    guest::write(id + size_of::<u64>(), number);
    SUCCESS
}
