//! Fuzzes `fuzz::security_event`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::security_event::hold(input));
