//! Fuzzes `fuzz::gmail_list`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::gmail_list::hold(input));
