//! Rules about what is in the image: its size, and the functions that its map names.

use object::LittleEndian as LE;

use super::Outcome;
use crate::Image;

/// The most bytes that the driver may have.
const LARGEST: usize = 24 * 1024;

/// What only code that can panic contains, by parts of the names. The functions of `core` that
/// panic are never inlined, so an image without these has no such code.
const PANIC: [&str; 9] = [
    "core::panicking::",
    "rust_begin_unwind",
    "rust_panic",
    "unwrap_failed",
    "expect_failed",
    "_index_fail",
    "slice_error_fail",
    "handle_alloc_error",
    "wdk_panic::",
];

/// A small driver is one that can be read.
pub fn size(image: &Image<'_>) -> Outcome {
    let size = image.bytes.len();
    if size > LARGEST {
        return Err(format!(
            "{size} bytes, more than {LARGEST}: look in csq.map for what is new, or raise the limit in tests/image"
        ));
    }
    Ok(format!("{size} of at most {LARGEST} bytes"))
}

/// The map is this image's: else the rules that read it say nothing.
pub fn map(image: &Image<'_>) -> Outcome {
    let optional = &image.pe.nt_headers().optional_header;
    let start = optional.image_base.get(LE) + u64::from(optional.address_of_entry_point.get(LE));
    let mapped = image.map.symbols.get("DriverEntry");
    if mapped != Some(&start) {
        return Err(format!(
            "csq.map is of another image: it does not have DriverEntry at {start:#x}. Build both again"
        ));
    }
    for import in &image.imports {
        if !image
            .map
            .symbols
            .contains_key(&format!("__imp_{}", import.name))
        {
            return Err(format!(
                "csq.map is of another image: it has no {}. Build both again",
                import.name
            ));
        }
    }
    Ok(format!("{} symbols", image.map.symbols.len()))
}

/// A driver that panics stops the machine, or hangs it (TR-102, TR-103).
pub fn panic(image: &Image<'_>) -> Outcome {
    for name in image.map.symbols.keys() {
        if PANIC.iter().any(|part| name.contains(part)) {
            return Err(format!(
                "{name} is in the image: something in src/ indexes, unwraps, divides or asserts where the \
                 compiler cannot rule the panic out"
            ));
        }
    }
    Ok("no function that panics".to_owned())
}
