//! Fuzzes `fuzz::accept`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::accept::hold(input));
