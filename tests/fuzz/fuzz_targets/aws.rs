//! Fuzzes `fuzz::aws`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::aws::hold(input));
