//! csq.h, the protocol for clients in C, is what is said of it in Rust: `CSQ_WRITE=1 cargo test --package csq-protocol`
//! writes it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a file that cannot be read is a failure"
)]

use std::fmt::Write as _;
use std::fs;

use csq_protocol::wire::{self, Field, Structure};
use csq_protocol::{INTERFACE_CLASS, MAX_PAYLOAD, VERSION, ioctl, status};

/// Tests run in the folder of their package.
const FILE: &str = "csq.h";

/// The longest line.
const WIDTH: usize = 110;

/// `payload_length` as `PayloadLength`.
fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// `CompleteNext` as `COMPLETE_NEXT`.
fn screaming(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.chars().enumerate() {
        if index != 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// What a documentation's link to a Rust item is called in C.
fn c_name(path: &str) -> String {
    let path = path.trim_start_matches("crate::");
    match path.split_once("::") {
        Some(("ioctl", name)) => format!("IOCTL_CSQ_{name}"),
        Some(("status", "NO_ENDING")) => "the CSQ_NO_ENDING_*".to_owned(),
        Some(("status", name)) => format!("CSQ_STATUS_{name}"),
        Some(("scope", name)) => format!("CSQ_SCOPE_{name}"),
        Some(("claim", name)) => format!("CSQ_CLAIM_{name}"),
        Some((structure, field)) => format!("CSQ_{}.{}", screaming(structure), pascal(field)),
        // CSQ_VERSION is the structure.
        None if path == "VERSION" => "CSQ_PROTOCOL_VERSION".to_owned(),
        None if path == "scope" => "CSQ_SCOPE_*".to_owned(),
        None => format!("CSQ_{}", screaming_constant(path)),
    }
}

/// A constant is called as in Rust, a structure as in C.
fn screaming_constant(name: &str) -> String {
    if name.contains('_') || name.chars().all(|letter| letter.is_ascii_uppercase()) {
        name.to_owned()
    } else {
        screaming(name)
    }
}

/// Documentation with the names of C.
fn for_c(docs: &[&str]) -> String {
    let docs = docs
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join(" ");
    let mut text = String::new();
    let mut rest = docs.as_str();
    while let Some((before, (path, after))) = rest
        .split_once("[`")
        .and_then(|(before, link)| Some((before, link.split_once("`]")?)))
    {
        text.push_str(before);
        text.push_str(&c_name(path));
        rest = after;
    }
    text.push_str(rest);
    text.replace('`', "")
}

/// A comment, in lines that are not too long.
fn comment(indent: &str, docs: &[&str]) -> String {
    let mut lines = vec![String::new()];
    for word in for_c(docs).split_whitespace() {
        let last = lines.last_mut().expect("there is always one");
        if !last.is_empty() && indent.len() + 3 + last.len() + 1 + word.len() > WIDTH {
            lines.push(word.to_owned());
            continue;
        }
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{indent}// {line}");
        text
    })
}

fn c_type(field: &Field) -> &'static str {
    match field.size {
        4 => "UINT32",
        8 => "UINT64",
        size => panic!(
            "{} has {size} bytes, for which there is no type",
            field.name
        ),
    }
}

fn structure(structure: &Structure) -> String {
    let name = format!("CSQ_{}", screaming(structure.name));
    let mut text = comment("", structure.docs);
    let _ = writeln!(text, "typedef struct _{name} {{");
    for field in structure.fields {
        text += &comment("    ", field.docs);
        let _ = writeln!(text, "    {} {};", c_type(field), pascal(field.name));
    }
    let _ = writeln!(text, "}} {name}, *P{name};");
    let _ = writeln!(text, "C_ASSERT(sizeof({name}) == {});", structure.size);
    for field in structure.fields {
        let field_name = pascal(field.name);
        let _ = writeln!(
            text,
            "C_ASSERT(FIELD_OFFSET({name}, {field_name}) == {});",
            field.offset
        );
    }
    text.push('\n');
    text
}

/// The macro `CTL_CODE` for a code, and what must come out of it.
fn code((code, name, docs): (u32, &str, &[&str])) -> String {
    let access = match ioctl::access(code) {
        1 => "FILE_READ_DATA",
        2 => "FILE_WRITE_DATA",
        access => panic!("{name} asks for the access {access}, which has no name here"),
    };
    assert_eq!((code >> 16, ioctl::method(code)), (ioctl::DEVICE_TYPE, 0));
    let function = code >> 2 & 0xfff;
    let mut text = comment("", docs);
    let _ = writeln!(
        text,
        "#define IOCTL_CSQ_{name} CTL_CODE(FILE_DEVICE_UNKNOWN, {function:#x}, METHOD_BUFFERED, {access})"
    );
    let _ = writeln!(text, "C_ASSERT(IOCTL_CSQ_{name} == {code:#x});\n");
    text
}

fn header() -> String {
    let (data1, data2, data3, data4) = INTERFACE_CLASS;
    let bytes = data4.map(|byte| format!("{byte:#04x}")).join(", ");
    let mut text = format!(
        "// The protocol of csq.sys for clients in C: include it after windows.h. Written by a test of csq-protocol,
// `CSQ_WRITE=1 cargo test --package csq-protocol`, which fails if it is not what the driver is built from.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include <winioctl.h>

#ifdef __cplusplus
extern \"C\" {{
#endif

// The version of all this; each input carries it.
#define CSQ_PROTOCOL_VERSION {VERSION}

// The longest payload, in bytes, of a request or of an answer.
#define CSQ_MAX_PAYLOAD {MAX_PAYLOAD}

// The device interface class by which a program finds the device. In one file, include initguid.h before.
#ifdef DEFINE_GUID
DEFINE_GUID(GUID_DEVINTERFACE_CSQ, {data1:#x}, {data2:#x}, {data3:#x}, {bytes});
#endif

"
    );
    for described in ioctl::DESCRIBED {
        text += &code(described);
    }
    for described in wire::STRUCTURES {
        text += &structure(described);
    }
    for (module, docs, values) in wire::VALUES {
        text += &comment("", docs);
        text.push('\n');
        for (name, value, docs) in *values {
            text += &comment("", docs);
            let _ = writeln!(text, "#define CSQ_{}_{name} {value}", screaming(module));
        }
        text.push('\n');
    }
    text += "// How requests end, for CSQ_COMPLETE.Status and OVERLAPPED.Internal; GetLastError says the Win32 error instead.\n";
    for (value, name) in status::ALL {
        let win32 = status::win32_error(*value).expect("each has one");
        let _ = writeln!(
            text,
            "#define CSQ_STATUS_{name} {value:#010x}u // Win32: {win32}"
        );
    }
    text += "\n#ifdef __cplusplus\n}\n#endif\n";
    text
}

#[test]
fn the_header_says_what_the_driver_is_built_from() {
    let right = header();
    if std::env::var_os("CSQ_WRITE").is_some() {
        fs::write(FILE, &right).expect("the header can be written");
    }
    let present = fs::read_to_string(FILE).expect("the header is there");
    let lines = present.lines().zip(right.lines());
    let wrong: Vec<_> = lines.filter(|(present, right)| present != right).collect();
    assert!(
        present == right,
        "csq.h is of an older protocol; CSQ_WRITE=1 cargo test --package csq-protocol writes it: {wrong:?}"
    );
}

#[test]
fn names_are_those_of_c() {
    assert_eq!(pascal("payload_length"), "PayloadLength");
    assert_eq!(screaming("CompleteNext"), "COMPLETE_NEXT");
    let docs = [
        "The [`Pend::tag`], or [`crate::VERSION`] for [`crate::ioctl::PEND`];",
        " `status`.",
    ];
    assert_eq!(
        for_c(&docs),
        "The CSQ_PEND.Tag, or CSQ_PROTOCOL_VERSION for IOCTL_CSQ_PEND; status."
    );
}
