//! Runs the local stack.
fn main() {}
