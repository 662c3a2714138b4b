//! Rtl: the registry. And Mm, Etw, and work items.

use std::path::Path;

use super::{image, memory};
use crate::ddi::etw::{EtwRegister, EtwUnregister, EtwWriteTransfer};
use crate::ddi::io::create_device;
use crate::ddi::io::work_item::{IoAllocateWorkItem, IoFreeWorkItem, IoQueueWorkItem};
use crate::ddi::mm::MmGetSystemRoutineAddress;
use crate::ddi::rtl::registry::RtlQueryRegistryValues;
use crate::explore::{Limits, explore};
use crate::guest;
use crate::machine::Machine;
use crate::manager::loader::REGISTRY_PATH;
use crate::nt::query_table::{self, flag};
use crate::nt::status::{OBJECT_NAME_NOT_FOUND, OBJECT_TYPE_MISMATCH, SUCCESS};
use crate::nt::unicode_string;
use crate::schedule::sleep_set::SleepSet;
use crate::settings::{Settings, Value};
use crate::world;

const NUMBER: u32 = 4;
const CHECKED: u32 = flag::DIRECT | flag::TYPECHECK;

fn broken_rule_with(settings: Settings, body: fn()) -> Option<&'static str> {
    Machine::install(&image::driver(), Path::new("sample.sys"), settings).unwrap();
    let outcome = explore(SleepSet::default(), Limits::default(), |_| {}, body);
    assert_eq!(outcome.broken, None);
    outcome.found.map(|found| found.finding.rule.name)
}

fn with_registry(values: &[(&str, Value)], body: fn()) {
    let value = |(name, value): &(&str, Value)| {
        (("Parameters".to_owned(), (*name).to_owned()), value.clone())
    };
    let settings = Settings {
        registry: values.iter().map(value).collect(),
        ..Settings::default()
    };
    assert_eq!(broken_rule_with(settings, body), None);
}

fn text(text: &str) -> usize {
    let bytes = unicode_string::zero_terminated_bytes(text);
    let place = memory(bytes.len());
    guest::store(place, &bytes);
    place
}

/// Asks for the value `Limit` below Parameters, and returns the status and what is stored.
fn query(flags: u32, default: Option<u32>) -> (u32, u32) {
    let table = memory(query_table::SIZE * 3);
    let answer = memory(4);
    guest::write(answer, 99u32);
    guest::write(table + query_table::FLAGS, flag::SUBKEY);
    guest::write(table + query_table::NAME, text("parameters"));
    let entry = table + query_table::SIZE;
    guest::write(entry + query_table::FLAGS, flags);
    guest::write(entry + query_table::NAME, text("LIMIT"));
    guest::write(entry + query_table::CONTEXT, answer);
    guest::write(entry + query_table::DEFAULT_TYPE, NUMBER << 24);
    if let Some(default) = default {
        let data = memory(4);
        guest::write(data, default);
        guest::write(entry + query_table::DEFAULT_TYPE, NUMBER << 24 | NUMBER);
        guest::write(entry + query_table::DEFAULT_DATA, data);
        guest::write(entry + query_table::DEFAULT_LENGTH, 4u32);
    }
    let status = RtlQueryRegistryValues(0, text(REGISTRY_PATH), table, 0, 0);
    (status, guest::read(answer))
}

#[test]
fn a_value_that_is_there_is_read() {
    with_registry(&[("Limit", Value::Number(7))], || {
        assert_eq!(query(CHECKED, None), (SUCCESS, 7));
        assert_eq!(query(CHECKED, Some(5)), (SUCCESS, 7));
    });
}

#[test]
fn a_value_that_is_not_there_has_its_default() {
    with_registry(&[], || {
        assert_eq!(query(CHECKED, None), (SUCCESS, 99));
        assert_eq!(query(CHECKED, Some(5)), (SUCCESS, 5));
        assert_eq!(
            query(CHECKED | flag::REQUIRED, None).0,
            OBJECT_NAME_NOT_FOUND
        );
    });
}

#[test]
fn a_value_of_another_type_is_refused() {
    with_registry(&[("Limit", Value::Text("seven".into()))], || {
        assert_eq!(query(CHECKED, Some(5)), (OBJECT_TYPE_MISMATCH, 99));
    });
}

extern "win64" fn collect(
    _name: usize,
    kind: u32,
    data: usize,
    length: u32,
    context: usize,
    entry: usize,
) -> u32 {
    assert_eq!((kind, length, entry), (NUMBER, 4, 3));
    let value: u32 = guest::read(data);
    guest::write(context, value);
    SUCCESS
}

#[test]
fn a_routine_gets_the_value() {
    with_registry(&[("Limit", Value::Number(7))], || {
        let table = memory(query_table::SIZE * 2);
        let answer = memory(4);
        guest::write(table + query_table::ROUTINE, collect as *const () as usize);
        guest::write(table + query_table::NAME, text("Limit"));
        guest::write(table + query_table::CONTEXT, 3usize);
        let key = text(&format!("{REGISTRY_PATH}\\Parameters"));
        assert_eq!(RtlQueryRegistryValues(0, key, table, answer, 0), SUCCESS);
        assert_eq!(guest::read::<u32>(answer), 7);
    });
}

#[test]
fn a_routine_is_found_by_name() {
    let broken = super::broken_rule(|| {
        let find = |name: &str| {
            let string = memory(unicode_string::SIZE);
            let length = (name.len() * 2) as u16;
            unicode_string::set(string, length, length, text(name));
            MmGetSystemRoutineAddress(string)
        };
        assert_eq!(
            find("IoCancelIrp"),
            crate::ddi::find("IoCancelIrp").unwrap()
        );
        assert_eq!(find("NoSuchRoutine"), 0);
    });
    assert_eq!(broken, None);
}

extern "win64" fn enabled(
    _provider: usize,
    control: u32,
    _level: u8,
    _any: u64,
    _all: u64,
    _filter: usize,
    context: usize,
) {
    guest::write(context, control);
}

fn write_an_event() -> u32 {
    let place = memory(0x40);
    EtwRegister(
        place,
        enabled as *const () as usize,
        place + 0x20,
        place + 0x28,
    );
    let handle: u64 = guest::read(place + 0x28);
    guest::write(place, 5u16);
    assert_eq!(EtwWriteTransfer(handle, place, 0, 0, 0, 0), SUCCESS);
    assert_eq!(EtwUnregister(handle), SUCCESS);
    guest::read(place + 0x20)
}

#[test]
fn events_are_written_when_somebody_listens() {
    let broken = super::broken_rule(|| {
        assert_eq!(write_an_event(), 0);
        assert!(world::with(|world| world.providers.written.is_empty()));
    });
    assert_eq!(broken, None);
    let settings = Settings {
        tracing: true,
        ..Settings::default()
    };
    let broken = broken_rule_with(settings, || {
        assert_eq!(write_an_event(), 1);
        let ids: Vec<u16> =
            world::with(|world| world.providers.written.iter().map(|it| it.id).collect());
        assert_eq!(ids, [5]);
    });
    assert_eq!(broken, None);
    assert_eq!(
        super::broken_rule(|| _ = EtwUnregister(1)),
        Some("bad-handle")
    );
}

extern "win64" fn work(_device: usize, context: usize) {
    crate::ddi::ke::dispatcher::KeSetEvent(context, 0, 0);
}

#[test]
fn a_work_item_runs_and_is_freed() {
    fn start(wait: bool) {
        let device = create_device(0, 0, 0, 0, true).unwrap();
        let event = memory(0x18);
        crate::ddi::ke::dispatcher::KeInitializeEvent(event, 0, 0);
        let item = IoAllocateWorkItem(device);
        IoQueueWorkItem(item, work as *const () as usize, 1, event);
        if wait {
            crate::ddi::ke::dispatcher::wait(event, false);
        }
        IoFreeWorkItem(item);
    }
    assert_eq!(super::broken_rule(|| start(true)), None);
    assert_eq!(
        super::broken_rule(|| start(false)),
        Some("work-item-queued")
    );
}
