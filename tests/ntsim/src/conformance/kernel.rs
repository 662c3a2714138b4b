//! Versions, strings, formats, the registry, objects, what is registered, and the `StartIo` routine.

use super::{broken_rule, memory};
use crate::ddi::crt::{_snprintf, strstr, wcscpy, wcslen};
use crate::ddi::ke::dispatcher::{KeReadStateEvent, KeSetEvent};
use crate::ddi::ke::queue::{
    KeInitializeDeviceQueue, KeInsertByKeyDeviceQueue, KeInsertDeviceQueue, KeRemoveDeviceQueue,
    KeRemoveEntryDeviceQueue,
};
use crate::ddi::ke::time::{RtlTimeFieldsToTime, RtlTimeToTimeFields};
use crate::ddi::ob::{ObReferenceObjectByHandle, ObfDereferenceObject};
use crate::ddi::registration::{PsSetCreateProcessNotifyRoutine, PsSetLoadImageNotifyRoutine};
use crate::ddi::rtl::string::{
    RtlAnsiStringToUnicodeString, RtlAppendUnicodeStringToString, RtlInitAnsiString,
    RtlIntegerToUnicodeString, RtlPrefixUnicodeString, RtlUnicodeStringToInteger,
};
use crate::ddi::rtl::version::{RtlGetVersion, RtlVerifyVersionInfo, VerSetConditionMask};
use crate::ddi::rtl::{RtlFreeUnicodeString, RtlInitUnicodeString};
use crate::ddi::zw::ZwClose;
use crate::ddi::zw::file::{ZwCreateFile, ZwReadFile, ZwWriteFile};
use crate::ddi::zw::key::{ZwCreateKey, ZwOpenKey, ZwQueryValueKey, ZwSetValueKey};
use crate::guest;
use crate::machine;
use crate::nt::DISPATCH_LEVEL;
use crate::nt::status::{
    BUFFER_OVERFLOW, INVALID_HANDLE, OBJECT_NAME_NOT_FOUND, OBJECT_TYPE_MISMATCH,
    REVISION_MISMATCH, SUCCESS,
};
use crate::nt::unicode_string;
use crate::world;

fn text(bytes: &[u8]) -> usize {
    let place = memory(bytes.len() + 1);
    guest::store(place, bytes);
    place
}

fn wide(text: &str) -> usize {
    let bytes = unicode_string::zero_terminated_bytes(text);
    let place = memory(bytes.len());
    guest::store(place, &bytes);
    place
}

fn unicode(text: &str) -> usize {
    let string = memory(unicode_string::SIZE);
    RtlInitUnicodeString(string, wide(text));
    string
}

#[test]
fn the_version_is_told() {
    let broken = broken_rule(|| {
        let information = memory(0x114);
        guest::write(information, 0x114u32);
        assert_eq!(RtlGetVersion(information), SUCCESS);
        assert_eq!(guest::read::<u32>(information + 4), 10);
        // VER_MAJORVERSION, VER_GREATER_EQUAL.
        let mask = VerSetConditionMask(0, 2, 3);
        assert_eq!(RtlVerifyVersionInfo(information, 2, mask), SUCCESS);
        guest::write(information + 4, 11u32);
        assert_eq!(
            RtlVerifyVersionInfo(information, 2, mask),
            REVISION_MISMATCH
        );
    });
    assert_eq!(broken, None);
    assert_eq!(
        broken_rule(|| {
            world::with(|world| world.thread().irql = DISPATCH_LEVEL);
            RtlGetVersion(memory(0x114));
        }),
        Some("irql-too-high")
    );
}

#[test]
fn strings_are_converted() {
    let broken = broken_rule(|| {
        let (ansi, both) = (memory(16), memory(16));
        RtlInitAnsiString(ansi, text(b"abc"));
        assert_eq!(RtlAnsiStringToUnicodeString(both, ansi, 1), SUCCESS);
        assert_eq!(unicode_string::text(both), "abc");
        RtlFreeUnicodeString(both);
        let room = memory(32);
        unicode_string::set(both, 0, 32, room);
        assert_eq!(RtlIntegerToUnicodeString(255, 16, both), SUCCESS);
        assert_eq!(RtlAppendUnicodeStringToString(both, unicode("-x")), SUCCESS);
        assert_eq!(unicode_string::text(both), "FF-x");
        assert_eq!(RtlPrefixUnicodeString(unicode("ff"), both, 1), 1);
        assert_eq!(RtlPrefixUnicodeString(unicode("ff"), both, 0), 0);
        let number = memory(4);
        assert_eq!(
            RtlUnicodeStringToInteger(unicode("0x1f"), 0, number),
            SUCCESS
        );
        assert_eq!(guest::read::<u32>(number), 31);
    });
    assert_eq!(broken, None);
}

#[test]
fn formats_are_those_of_c() {
    let broken = broken_rule(|| {
        let to = memory(64);
        let template = text(b"%5d|%-4x|%04X|%s|%ws|%wZ|%c|%I64u|%%|%.2s");
        let length = _snprintf(
            to,
            64,
            template,
            -3isize as usize,
            255,
            171,
            text(b"narrow"),
            wide("wide"),
            unicode("counted"),
            usize::from(b'c'),
            1 << 40,
            text(b"cut"),
            0,
            0,
            0,
            0,
            0,
        );
        let expected = b"   -3|ff  |00AB|narrow|wide|counted|c|1099511627776|%|cu";
        assert_eq!(guest::load(to, expected.len()), expected);
        assert_eq!(length as usize, expected.len());
        assert_eq!(strstr(text(b"in the middle"), text(b"cow")), 0);
        let place = text(b"in the middle");
        assert_eq!(strstr(place, text(b"the")), place + 3);
        let copy = memory(16);
        wcscpy(copy, wide("four"));
        assert_eq!(wcslen(copy), 4);
    });
    assert_eq!(broken, None);
}

#[test]
fn times_are_dates() {
    let broken = broken_rule(|| {
        let (time, fields, again) = (memory(8), memory(16), memory(8));
        // 29 February 2024, 12:34:56.789, a Thursday.
        guest::write(time, 133_536_836_967_890_000_u64);
        RtlTimeToTimeFields(time, fields);
        let all: Vec<u16> = (0..8)
            .map(|index| guest::read(fields + index * 2))
            .collect();
        assert_eq!(all, [2024, 2, 29, 12, 34, 56, 789, 4]);
        assert_eq!(RtlTimeFieldsToTime(fields, again), 1);
        assert_eq!(guest::read::<u64>(again), guest::read::<u64>(time));
    });
    assert_eq!(broken, None);
}

/// `OBJECT_ATTRIBUTES` of a name.
fn attributes(name: &str) -> usize {
    let attributes = memory(0x30);
    guest::write(attributes + 0x10, unicode(name));
    attributes
}

#[test]
fn a_key_keeps_its_values() {
    let broken = broken_rule(|| {
        let (handle, length, partial) = (memory(8), memory(4), memory(16));
        let own = r"\Registry\Machine\System\CurrentControlSet\Services\driver";
        assert_eq!(
            ZwOpenKey(handle, 0, attributes(&format!(r"{own}\None"))),
            OBJECT_NAME_NOT_FOUND
        );
        assert_eq!(ZwCreateKey(handle, 0, attributes(own), 0, 0, 0, 0), SUCCESS);
        let key: usize = guest::read(handle);
        let name = unicode("Value");
        assert_eq!(
            ZwQueryValueKey(key, name, 2, partial, 16, length),
            OBJECT_NAME_NOT_FOUND
        );
        assert_eq!(
            ZwSetValueKey(key, name, 0, 4, text(&7u32.to_le_bytes()), 4),
            SUCCESS
        );
        assert_eq!(
            ZwQueryValueKey(key, unicode("vALUE"), 2, partial, 16, length),
            SUCCESS
        );
        assert_eq!(guest::read::<u32>(partial + 12), 7);
        assert_eq!(
            ZwQueryValueKey(key, name, 2, partial, 14, length),
            BUFFER_OVERFLOW
        );
        assert_eq!(ZwClose(key), SUCCESS);
    });
    assert_eq!(broken, None);
    assert_eq!(broken_rule(|| _ = ZwClose(0x8000_1000)), Some("bad-handle"));
}

#[test]
fn a_file_keeps_what_is_written() {
    let broken = broken_rule(|| {
        let (handle, block, read) = (memory(8), memory(16), memory(8));
        let name = attributes(r"\??\C:\log");
        assert_eq!(
            ZwCreateFile(handle, 0, name, block, 0, 0, 0, 1, 0, 0, 0),
            OBJECT_NAME_NOT_FOUND
        );
        assert_eq!(
            ZwCreateFile(handle, 0, name, block, 0, 0, 0, 2, 0, 0, 0),
            SUCCESS
        );
        let file: usize = guest::read(handle);
        assert_eq!(
            ZwWriteFile(file, 0, 0, 0, block, text(b"line"), 4, 0, 0),
            SUCCESS
        );
        assert_eq!(ZwReadFile(file, 0, 0, 0, block, read, 8, 0, 0), SUCCESS);
        assert_eq!(guest::load(read, 4), b"line");
        ZwClose(file);
    });
    assert_eq!(broken, None);
}

#[test]
fn a_program_gives_a_handle_of_an_event() {
    let broken = broken_rule(|| {
        let object = memory(8);
        let kind = machine::with(|machine| machine.type_of("ExEventObjectType"));
        assert_eq!(
            ObReferenceObjectByHandle(0x44, 2, kind, 1, object, 0),
            SUCCESS
        );
        let event: usize = guest::read(object);
        KeSetEvent(event, 0, 0);
        assert_eq!(KeReadStateEvent(event), 1);
        ObfDereferenceObject(event);
        let other = machine::with(|machine| machine.type_of("PsThreadType"));
        assert_eq!(
            ObReferenceObjectByHandle(0x44, 2, other, 1, object, 0),
            OBJECT_TYPE_MISMATCH
        );
        assert_eq!(
            ObReferenceObjectByHandle(0x50, 2, kind, 1, object, 0),
            INVALID_HANDLE
        );
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_objects_is_found() {
    assert_eq!(
        broken_rule(|| _ = ObReferenceObjectByHandle(0x44, 2, 0, 0, memory(8), 0)),
        Some("user-handle-as-kernel")
    );
    assert_eq!(
        broken_rule(|| _ = ObfDereferenceObject(memory(8))),
        Some("over-dereferenced")
    );
    assert_eq!(
        broken_rule(|| {
            ObReferenceObjectByHandle(0x44, 2, 0, 1, memory(8), 0);
            crate::finding::check(world::with(|world| crate::rule::unload::check(world)));
        }),
        Some("object-reference-leak")
    );
}

#[test]
fn what_is_registered_is_unregistered() {
    let broken = broken_rule(|| {
        assert_eq!(PsSetCreateProcessNotifyRoutine(0x1000, 0), SUCCESS);
        assert_eq!(PsSetCreateProcessNotifyRoutine(0x1000, 1), SUCCESS);
        crate::finding::check(world::with(|world| crate::rule::unload::check(world)));
    });
    assert_eq!(broken, None);
    assert_eq!(
        broken_rule(|| _ = PsSetCreateProcessNotifyRoutine(0x1000, 1)),
        Some("not-registered")
    );
    assert_eq!(
        broken_rule(|| {
            PsSetLoadImageNotifyRoutine(0x1000);
            crate::finding::check(world::with(|world| crate::rule::unload::check(world)));
        }),
        Some("callback-left")
    );
}

#[test]
fn a_device_queue_is_busy_first() {
    let broken = broken_rule(|| {
        world::with(|world| world.thread().irql = DISPATCH_LEVEL);
        let queue = memory(0x28);
        KeInitializeDeviceQueue(queue);
        let entries = [memory(0x18), memory(0x18), memory(0x18)];
        assert_eq!(KeInsertDeviceQueue(queue, entries[0]), 0);
        assert_eq!(KeInsertByKeyDeviceQueue(queue, entries[1], 9), 1);
        assert_eq!(KeInsertByKeyDeviceQueue(queue, entries[2], 3), 1);
        assert_eq!(KeRemoveDeviceQueue(queue), entries[2]);
        assert_eq!(KeRemoveEntryDeviceQueue(queue, entries[1]), 1);
        assert_eq!(KeRemoveEntryDeviceQueue(queue, entries[1]), 0);
        assert_eq!(KeRemoveDeviceQueue(queue), 0);
        assert_eq!(KeInsertDeviceQueue(queue, entries[0]), 0);
        world::with(|world| world.thread().irql = 0);
    });
    assert_eq!(broken, None);
    assert_eq!(
        broken_rule(|| {
            let queue = memory(0x28);
            KeInitializeDeviceQueue(queue);
            KeInsertDeviceQueue(queue, memory(0x18));
        }),
        Some("irql-too-low")
    );
}
