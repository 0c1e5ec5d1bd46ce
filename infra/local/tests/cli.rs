//! Runs the program's subcommands, and the doctor in them, against servers of the tests' own and local stacks.

#![cfg(test)]

mod cli {
    mod in_time;
    mod program;
    mod refusals;
    pub(crate) mod risc;
    mod security_events;
}

mod doctor {
    mod aws;
    mod google;
    mod program;
    mod secrets;
    mod stack;
    mod stream;
    mod support;
    mod table;
}
