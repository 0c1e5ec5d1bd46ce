//! How much is measured.

use std::env;

const USAGE: &str = "usage: cargo bench -p tests --bench functions -- [--rounds NUMBER] [--warm NUMBER]

  --rounds NUMBER  cold starts of every row, each in a world of its own [default: 7]
  --warm NUMBER    warm invocations after each of them; more of what is quick, fewer of what is slow [default: 20]";

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Cold starts of every row.
    pub(crate) rounds: u32,
    /// Warm invocations after each.
    pub(crate) warm: u32,
}

impl Options {
    /// Reads the arguments; what is wrong with them, with how it is right.
    pub(crate) fn read() -> Result<Self, &'static str> {
        let mut options = Self { rounds: 7, warm: 20 };
        // Cargo adds its own.
        let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().and_then(|value| value.parse().ok()).filter(|value| *value > 0);
            match name.as_str() {
                "--rounds" => options.rounds = value.ok_or(USAGE)?,
                "--warm" => options.warm = value.ok_or(USAGE)?,
                _ => return Err(USAGE),
            }
        }
        Ok(options)
    }
}
