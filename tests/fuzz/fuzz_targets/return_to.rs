//! Fuzzes `fuzz::return_to`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::return_to::hold(input));
