//! The harness does what the tests that stand on it believe.

mod harness {
    mod browser;
    mod events;
    mod processes;
    mod secrets;
}
