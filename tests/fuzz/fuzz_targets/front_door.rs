//! Fuzzes `fuzz::front_door`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::front_door::hold(input));
