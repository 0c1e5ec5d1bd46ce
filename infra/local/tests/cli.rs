//! Runs the program's subcommands against servers of the tests' own and against local stacks.

#[cfg(test)]
mod cli {
    mod doctor;
    mod in_time;
    mod program;
    mod refusals;
    mod risc;
    mod security_events;
}
