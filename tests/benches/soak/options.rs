//! How much is asked, and for how long.

use std::{env, path::PathBuf, time::Duration};

const USAGE: &str =
    "usage: cargo bench -p tests --bench soak -- [--minutes NUMBER] [--instances NUMBER] [--rate NUMBER]
    [--users NUMBER] [--binaries FOLDER]

  --minutes NUMBER    how long, such as 0.5 [default: 60]
  --instances NUMBER  instances of list-messages; there are half as many of authorize-url [default: 8]
  --rate NUMBER       how often each is asked a second, at most [default: 4]
  --users NUMBER      connected users; all are to be met in the first quarter of the time [default: 20 a minute]
  --binaries FOLDER   where the functions' binaries are, if they are built already; those that are not there are built";

/// How much is asked, and for how long.
#[derive(Debug)]
pub(crate) struct Options {
    /// How long, in minutes.
    pub(crate) minutes: f64,
    /// Instances of `list-messages`.
    pub(crate) instances: usize,
    /// Requests to an instance a second.
    pub(crate) rate: f64,
    /// Connected users, if it is said how many.
    users: Option<usize>,
    /// Where binaries are that are not to be built.
    pub(crate) binaries: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments; what is wrong with them, with how it is right.
    pub(crate) fn read() -> Result<Self, &'static str> {
        let mut options = Self { minutes: 60.0, instances: 8, rate: 4.0, users: None, binaries: None };
        // Cargo adds its own.
        let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            let count = value.parse().ok().filter(|count| *count > 0).ok_or(USAGE);
            let number = value.parse().ok().filter(|number| (0.01..=10_000.0).contains(number)).ok_or(USAGE);
            match name.as_str() {
                "--minutes" => options.minutes = number?,
                "--instances" => options.instances = count?,
                "--rate" => options.rate = number?,
                "--users" => options.users = Some(count?),
                "--binaries" => options.binaries = Some(value.into()),
                _ => return Err(USAGE),
            }
        }
        Ok(options)
    }

    /// Connected users: so many that every instance meets all of them in about the first quarter of the time, at the
    /// default rate.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number that is small and above zero"
    )]
    pub(crate) fn users(&self) -> usize {
        self.users.unwrap_or((20.0 * self.minutes).ceil() as usize)
    }

    /// How long.
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }
}
