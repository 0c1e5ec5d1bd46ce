//! Fuzzes `fuzz::records`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::records::hold(input));
