//! Types are checked against a registry that behaves as Wine's.

use super::*;
use std::collections::BTreeMap;

const REG_SZ: u32 = 1;
const REG_DWORD: u32 = 4;
const REG_QWORD: u32 = 11;
const DATA_OVERRUN: Status = 0xC000_003C_u32.cast_signed();
const NAME_NOT_FOUND: Status = 0xC000_0034_u32.cast_signed();

/// Values by the address of their name, which stands for the name.
type Key = BTreeMap<usize, (u32, Vec<u8>)>;

/// What Wine 8 does with a table: no types are checked, and an absent value needs a default.
fn wine(key: &Key, mut entry: *const Entry) -> Status {
    loop {
        // SAFETY: the table has an end.
        let this = unsafe { *entry };
        if this.is_end() {
            return STATUS_SUCCESS;
        }
        assert_eq!(this.flags & TYPE_CHECK, 0, "Wine does not know it");
        let (kind, data, length) = match key.get(&this.name.addr()) {
            Some((kind, data)) => (*kind, data.as_ptr().cast(), data.len()),
            None if this.flags & REQUIRED != 0 => return NAME_NOT_FOUND,
            None if this.default_data.is_null() => return DATA_OVERRUN,
            None => (
                this.default_type,
                this.default_data,
                this.default_length as usize,
            ),
        };
        if let Some(routine) = this.routine {
            let length = u32::try_from(length).unwrap();
            // SAFETY: the tables of these tests have routines that take this.
            unsafe {
                routine(
                    this.name,
                    kind,
                    data,
                    length,
                    null_mut(),
                    this.entry_context,
                )
            };
        } else {
            let to = this.entry_context.cast::<u8>();
            // SAFETY: what the tests query directly has room for eight bytes.
            unsafe { core::ptr::copy(data.cast::<u8>(), to, length) };
        }
        // SAFETY: not the end.
        entry = unsafe { entry.add(1) };
    }
}

static NAMES: [u16; 4] = [1, 2, 3, 4];

fn name(index: usize) -> *const u16 {
    &raw const NAMES[index]
}

/// A number that must be a `REG_DWORD`.
fn number(index: usize, to: &mut u64, default: Option<&u32>) -> Entry {
    Entry {
        flags: DIRECT | TYPE_CHECK,
        name: name(index),
        entry_context: (&raw mut *to).cast(),
        default_type: REG_DWORD << SHIFT
            | if default.is_some() {
                REG_DWORD
            } else {
                REG_NONE
            },
        default_data: default.map_or(null(), |default| (&raw const *default).cast()),
        default_length: if default.is_some() { 4 } else { 0 },
        ..Entry::END
    }
}

fn key(values: &[(usize, u32, &[u8])]) -> Key {
    let value =
        |(index, kind, data): &(usize, u32, &[u8])| (name(*index).addr(), (*kind, data.to_vec()));
    values.iter().map(value).collect()
}

fn query(key: &Key, entries: &[Entry]) -> Status {
    let table = [entries, &[Entry::END]].concat();
    // SAFETY: it has an end.
    unsafe { query_values(table.as_ptr(), |table| wine(key, table)) }
}

#[test]
fn a_value_of_the_right_type_arrives() {
    let mut to = 0;
    let key = key(&[(0, REG_DWORD, &[1, 2, 3, 4])]);
    assert_eq!(query(&key, &[number(0, &mut to, None)]), STATUS_SUCCESS);
    assert_eq!(to, 0x0403_0201);
}

#[test]
fn a_value_of_another_type_fails_the_call_and_is_not_copied() {
    for (kind, data) in [
        (REG_SZ, &[65, 0, 0, 0][..]),
        (REG_QWORD, &[9; 8]),
        (REG_NONE, &[]),
    ] {
        let (mut first, mut second, mut third) = (0, 5, 6);
        let key = key(&[
            (0, REG_DWORD, &[1, 0, 0, 0]),
            (1, kind, data),
            (2, REG_DWORD, &[3; 4]),
        ]);
        let table = [
            number(0, &mut first, None),
            number(1, &mut second, Some(&7)),
            number(2, &mut third, None),
        ];
        assert_eq!(query(&key, &table), STATUS_OBJECT_TYPE_MISMATCH);
        assert_eq!((first, second, third), (1, 5, 6));
    }
}

#[test]
fn an_absent_value_is_its_default_or_left_out() {
    let (mut with, mut without, mut there) = (1, 2, 3);
    let key = key(&[(2, REG_DWORD, &[8, 0, 0, 0])]);
    let default = 7;
    let table = [
        number(0, &mut with, Some(&default)),
        number(1, &mut without, None),
        number(2, &mut there, Some(&default)),
    ];
    assert_eq!(query(&key, &table), STATUS_SUCCESS);
    assert_eq!((with, without, there), (7, 2, 8));
}

#[test]
fn an_absent_value_that_is_required_fails_the_call() {
    let mut to = 0;
    let mut entry = number(0, &mut to, None);
    entry.flags |= REQUIRED;
    assert_eq!(query(&Key::new(), &[entry]), NAME_NOT_FOUND);
}

#[test]
fn a_missing_key_is_told() {
    let mut to = 0;
    let table = [number(0, &mut to, None), Entry::END];
    // SAFETY: it has an end.
    let status = unsafe { query_values(table.as_ptr(), |_| NAME_NOT_FOUND) };
    assert_eq!(status, NAME_NOT_FOUND);
}

#[test]
fn entries_without_a_check_are_read_once_and_as_ever() {
    unsafe extern "system" fn count(
        _: *const u16,
        kind: u32,
        _: *const c_void,
        _: u32,
        _: *mut c_void,
        seen: *mut c_void,
    ) -> Status {
        // SAFETY: the test's own number.
        unsafe { *seen.cast::<u32>() += kind };
        STATUS_SUCCESS
    }
    let key = key(&[(0, REG_SZ, &[0; 2]), (1, REG_DWORD, &[1, 0, 0, 0])]);
    let (mut seen, mut to) = (0_u32, 0);
    let unchecked = Entry {
        routine: Some(count),
        name: name(0),
        entry_context: (&raw mut seen).cast(),
        ..Entry::END
    };
    assert_eq!(query(&key, &[unchecked]), STATUS_SUCCESS);
    assert_eq!(
        query(&key, &[unchecked, number(1, &mut to, None)]),
        STATUS_SUCCESS
    );
    assert_eq!((seen, to), (2 * REG_SZ, 1));
}
