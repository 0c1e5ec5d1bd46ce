//! Fuzzes `fuzz::batch`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::batch::hold(input));
