//! How this machine's clock stands to Google's, by the `Date` of Google's answers
//! ([RFC 9110 §6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1)).

use reqwest::{Response, header::DATE};
use shared::domain::time::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::doctor::finding::{Check, Finding};

const CHECK: Check = Check("clock");

/// The most seconds that are no cause for thought.
const GOOD: i64 = 5;
/// The most seconds that ID tokens surely still stand; the functions allow 60.
const TOLERABLE: i64 = 30;

/// By how many seconds our clock is ahead of another's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Offset(i64);

impl Offset {
    /// The offset by an answer that was asked for and had at these times of ours; none if it does not say when it was
    /// made.
    pub(super) fn of(response: &Response, before: Timestamp, after: Timestamp) -> Option<Self> {
        let date = OffsetDateTime::parse(response.headers().get(DATE)?.to_str().ok()?, &Rfc2822).ok()?;
        Some(Self::between(date.unix_timestamp(), before.unix_seconds(), after.unix_seconds()))
    }

    /// None while the date lies between, give or take the part of a second that it does not tell.
    fn between(date: i64, before: i64, after: i64) -> Self {
        Self(if date + 1 < before {
            before - date - 1
        } else if date > after {
            after - date
        } else {
            0
        })
    }
}

/// Looks at the smallest offset: an answer out of a cache has an old date.
pub(super) fn examine(offsets: impl Iterator<Item = Offset>) -> Finding {
    let Some(Offset(seconds)) = offsets.min_by_key(|it| it.0.abs()) else {
        return CHECK.skipped("No answer of Google's told the time.", "Let this machine reach Google.");
    };
    let direction = if seconds < 0 { "behind" } else { "ahead of" };
    let detail = format!("This machine's clock is {} s {direction} Google's.", seconds.abs());
    let remedy =
        "Let the machine take its time from the network; the functions allow 60 s, and AWS keeps their clocks.";
    match seconds.abs() {
        size if size <= GOOD => CHECK.ok("This machine's clock agrees with Google's."),
        size if size <= TOLERABLE => CHECK.warning(detail, remedy),
        _ => CHECK.problem(detail, remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn the_time_that_a_request_takes_is_no_offset() {
        for (date, expected) in [(100, 0), (103, 0), (99, 0), (98, 1), (104, -1), (40, 59), (163, -60)] {
            assert_eq!(Offset::between(date, 100, 103), Offset(expected), "{date}");
        }
    }

    #[test]
    fn more_than_5_seconds_are_warned_of_and_more_than_30_are_a_problem() {
        for (seconds, status) in [
            (0, Status::Ok),
            (5, Status::Ok),
            (-5, Status::Ok),
            (6, Status::Warning),
            (-30, Status::Warning),
            (31, Status::Problem),
            (-31, Status::Problem),
        ] {
            assert_eq!(examine([Offset(seconds)].into_iter()).status, status, "{seconds}");
        }
    }

    #[test]
    fn an_answer_out_of_a_cache_does_not_matter() {
        assert_eq!(examine([Offset(20_000), Offset(1), Offset(-90)].into_iter()).status, Status::Ok);
        assert_eq!(examine(std::iter::empty()).status, Status::Skipped);
    }

    #[test]
    fn a_date_of_http_is_read() {
        let response =
            |date: &'static str| Response::from(http::Response::builder().header(DATE, date).body("").unwrap());
        let at = Timestamp::parse("2026-11-22T03:37:42Z").unwrap();
        assert_eq!(Offset::of(&response("Sun, 22 Nov 2026 03:37:32 GMT"), at, at), Some(Offset(9)));
        assert_eq!(Offset::of(&response("now"), at, at), None);
    }
}
