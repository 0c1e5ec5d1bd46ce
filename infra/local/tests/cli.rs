//! Runs the program's subcommands against servers of the tests' own.

#![cfg(test)]

mod cli {
    mod in_time;
    mod program;
    mod refusals;
    mod risc;
    mod security_events;
}
