//! The emulated Google over HTTP: each trap that Google sets is a test.

#[cfg(test)]
mod google {
    mod authorization;
    mod batch;
    mod faults;
    mod identity;
    mod messages;
    mod pages;
    mod risc;
    mod security_events;
    mod stops;
    mod support;
    mod tokens;
}
