//! How long to wait before the next try: exponential, with full jitter, never past the deadline.

use std::time::Duration;

use super::random::{self, Random};

/// How often and how patiently something is tried.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The upper bound of the first wait.
    pub first: Duration,
    /// The upper bound of any wait.
    pub longest: Duration,
    /// The shortest part of the bound that is waited: 0 for full jitter.
    pub at_least: Duration,
    /// The most tries, the first included.
    pub tries: u32,
}

impl Backoff {
    /// For our own stores and keys: soon.
    pub const STORE: Self =
        Self { first: Duration::from_millis(100), longest: Duration::from_secs(2), at_least: Duration::ZERO, tries: 5 };
    /// For Google's token endpoint.
    pub const TOKEN: Self =
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(4), at_least: Duration::ZERO, tries: 4 };
    /// For Gmail, which wants waits from one second on
    /// ([exponential backoff](https://developers.google.com/workspace/gmail/api/guides/handle-errors#exponential-backoff)).
    pub const GMAIL: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(32),
        at_least: Duration::from_secs(1),
        tries: 5,
    };

    /// The wait before the try after the one numbered `tried` (from 1), or `None` if it is not to be tried again: the
    /// tries are used up, or the wait would not end before the time that is left. A `Retry-After` is kept to.
    pub fn wait(
        &self,
        tried: u32,
        retry_after: Option<Duration>,
        left: Duration,
        random: &dyn Random,
    ) -> Option<Duration> {
        if tried >= self.tries {
            return None;
        }
        let exponent = tried.saturating_sub(1).min(16);
        let bound = self.first.saturating_mul(1 << exponent).min(self.longest);
        let wait = (self.at_least + jitter(bound, random)).max(retry_after.unwrap_or_default());
        (wait < left).then_some(wait)
    }
}

fn jitter(bound: Duration, random: &dyn Random) -> Duration {
    let fraction = random::bytes::<4>(random).map_or(u32::MAX, u32::from_le_bytes);
    bound.mul_f64(f64::from(fraction) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::random::NoRandomness;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    const PLENTY: Duration = Duration::from_hours(1);

    #[test]
    fn the_bound_of_a_wait_doubles_up_to_the_longest() {
        let waits: Vec<_> = (1..=5)
            .map(|tried| Backoff { tries: 9, ..Backoff::STORE }.wait(tried, None, PLENTY, &Fixed(255)))
            .collect();
        let millis = [100, 200, 400, 800, 1600].map(|millis| Some(Duration::from_millis(millis)));
        assert_eq!(waits, millis);
        assert_eq!(Backoff { tries: 99, ..Backoff::STORE }.wait(50, None, PLENTY, &Fixed(255)).unwrap().as_secs(), 2);
    }

    #[test]
    fn gmail_is_left_alone_for_a_second_at_least() {
        assert_eq!(Backoff::GMAIL.wait(1, None, PLENTY, &Fixed(0)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_retry_after_is_kept_to() {
        let wait = Backoff::GMAIL.wait(1, Some(Duration::from_secs(7)), PLENTY, &Fixed(0));
        assert_eq!(wait, Some(Duration::from_secs(7)));
    }

    #[test]
    fn there_is_no_try_past_the_deadline_or_past_the_number_of_tries() {
        assert_eq!(Backoff::GMAIL.wait(1, Some(PLENTY), PLENTY, &Fixed(0)), None);
        assert_eq!(Backoff::GMAIL.wait(5, None, PLENTY, &Fixed(0)), None);
    }

    proptest! {
        #[test]
        fn a_wait_is_within_its_bound(tried in 1u32..5, byte in any::<u8>()) {
            let wait = Backoff::TOKEN.wait(tried, None, PLENTY, &Fixed(byte)).or(Some(Duration::ZERO));
            prop_assert!(wait <= Some(Backoff::TOKEN.longest));
        }
    }
}
