#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::connect_reply::check(data));
