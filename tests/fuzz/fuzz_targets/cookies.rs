//! Fuzzes `fuzz::cookies`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::cookies::hold(input));
