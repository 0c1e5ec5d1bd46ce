//! Fuzzes `fuzz::query`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::query::hold(input));
