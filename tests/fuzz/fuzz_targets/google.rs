//! Fuzzes `fuzz::google`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::google::hold(input));
