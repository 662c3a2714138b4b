#![no_main]

mod reached;

libfuzzer_sys::fuzz_target!(init: reached::begin(), |bytes: &[u8]| {
    properties::ioctl(bytes);
    reached::count();
});
