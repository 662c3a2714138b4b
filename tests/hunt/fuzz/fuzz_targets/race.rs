#![no_main]

mod reached;

libfuzzer_sys::fuzz_target!(init: reached::begin(), |bytes: &[u8]| {
    properties::race(bytes);
    reached::count();
});
