//! What the texts of all faults have in common: how often, and how long.

use std::time::Duration;

/// An effect and how often it happens: `503x2` is twice; without a number, until it is cleared.
pub(crate) fn counted(text: &str) -> (&str, Option<u32>) {
    match text.rsplit_once('x').map(|(effect, times)| (effect, times.parse())) {
        Some((effect, Ok(times))) => (effect, Some(times)),
        _ => (text, None),
    }
}

/// A time in milliseconds or seconds: `200ms`, `5s`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => millis.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}

/// The names of a table, for a sentence.
pub(crate) fn names<T>(table: &[(&str, T)]) -> String {
    table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_behind_an_x_is_how_often() {
        for (text, expected) in [
            ("503x2", ("503", Some(2))),
            ("503", ("503", None)),
            ("InvalidExceptionx1", ("InvalidException", Some(1))),
            ("x", ("x", None)),
        ] {
            assert_eq!(counted(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(duration("5s"), Some(Duration::from_secs(5)));
        assert_eq!((duration("5"), duration("s"), duration("-1s")), (None, None, None));
    }
}
