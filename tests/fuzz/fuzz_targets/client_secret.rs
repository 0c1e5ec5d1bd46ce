//! Fuzzes `fuzz::client_secret`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::client_secret::hold(input));
