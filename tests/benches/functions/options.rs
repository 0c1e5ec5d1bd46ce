//! How much is measured.

use std::{env, path::PathBuf};

const USAGE: &str =
    "usage: cargo bench -p tests --bench functions -- [--rounds NUMBER] [--warm NUMBER] [--binaries FOLDER]

  --rounds NUMBER    cold starts of every row, each in a world of its own [default: 7]
  --warm NUMBER      warm invocations after each of them; more of what is quick, fewer of what is slow [default: 20]
  --binaries FOLDER  where the functions' binaries are, if they are built already; those that are not there are built";

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Options {
    /// Cold starts of every row.
    pub(crate) rounds: u32,
    /// Warm invocations after each.
    pub(crate) warm: u32,
    /// Where binaries are that are not to be built.
    pub(crate) binaries: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments; what is wrong with them, with how it is right.
    pub(crate) fn read() -> Result<Self, &'static str> {
        let mut options = Self { rounds: 7, warm: 20, binaries: None };
        // Cargo adds its own.
        let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            let number = value.parse().ok().filter(|number| *number > 0).ok_or(USAGE);
            match name.as_str() {
                "--rounds" => options.rounds = number?,
                "--warm" => options.warm = number?,
                "--binaries" => options.binaries = Some(value.into()),
                _ => return Err(USAGE),
            }
        }
        Ok(options)
    }
}
