#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::h2_engine::check(data));
