//! Drives the embedded AWS with the AWS SDKs.

#[cfg(test)]
mod aws {
    mod crash_points;
    mod event_bus;
    mod event_source;
    mod faults;
    mod keys;
    mod roles;
    mod secrets;
    mod storage;
    mod streams;
    mod support;
    mod table;
}
