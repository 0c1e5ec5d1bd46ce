//! Whether a caller would rather have HTML or JSON.

use std::cmp::Reverse;

/// What an `Accept` header prefers, of the two that we speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preference {
    /// `text/html`: a browser that navigates.
    Html,
    /// `application/json` or `application/problem+json`: a program.
    Json,
    /// Neither before the other: no header, `*/*`, or other media types alone.
    None,
}

impl Preference {
    /// Reads an `Accept` header ([RFC 9110 §12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)).
    ///
    /// The higher quality wins; of equal ones that which is named more exactly, then that which is named first.
    pub fn of(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        let json = rank(accept, |range| match range {
            "application/json" | "application/problem+json" => 3,
            "application/*" => 2,
            _ => wildcard(range),
        });
        let html = rank(accept, |range| match range {
            "text/html" => 3,
            "text/*" => 2,
            _ => wildcard(range),
        });
        match json.cmp(&html) {
            std::cmp::Ordering::Greater => Self::Json,
            std::cmp::Ordering::Less => Self::Html,
            std::cmp::Ordering::Equal => Self::None,
        }
    }
}

/// `*` alone is how older Java clients write `*/*`.
fn wildcard(range: &str) -> u8 {
    u8::from(matches!(range, "*/*" | "*"))
}

/// How much a header wants one of the things on offer. The order of the fields is the order of what counts.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Rank {
    /// In thousandths.
    quality: u16,
    specificity: u8,
    position: Reverse<usize>,
}

/// How much a list of ranges with weights, such as `Accept` or `Accept-Language`, wants one of the things on offer.
///
/// `specificity` says how exactly a range, given in lower case, names the thing; 0 if it does not. The most exact
/// range decides, the better one of several as exact. What is refused (`q=0`) or not named has no rank; an element
/// that cannot be read counts as absent.
pub(super) fn rank(list: &str, specificity: impl Fn(&str) -> u8) -> Option<Rank> {
    split_unquoted(list, ',')
        .enumerate()
        .filter_map(|(position, element)| {
            let (range, quality) = element_of(element)?;
            Some(Rank { quality, specificity: specificity(&range), position: Reverse(position) })
        })
        .filter(|rank| rank.specificity > 0)
        .max_by_key(|rank| (rank.specificity, *rank))
        .filter(|rank| rank.quality > 0)
}

/// The range in lower case and its quality in thousandths; parameters other than the weight are not looked at.
fn element_of(element: &str) -> Option<(String, u16)> {
    let mut parts = split_unquoted(element, ';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim_end().eq_ignore_ascii_case("q").then(|| value.trim_start())
    });
    Some((range, weight.map_or(Some(1000), thousandths)?))
}

/// A weight ([RFC 9110 §12.4.2](https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2)); also `.5`, and with more
/// than three digits, which are cut off.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match (whole, thousandths) {
        ("" | "0", _) if !weight.is_empty() => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// The parts between separators that are not within a quoted string
/// ([RFC 9110 §5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        quoted ^= character == '"' && !escaped;
        escaped = quoted && character == '\\' && !escaped;
        !quoted && character == separator
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_header_prefers_nothing() {
        assert_eq!(Preference::of(None), Preference::None);
    }

    #[test]
    fn the_higher_quality_wins_then_the_more_exact_then_the_first() {
        use Preference::{Html, Json, None};
        let rows = [
            ("", None),
            ("*/*", None),
            ("image/png, */*;q=0.1", None),
            ("text/plain", None),
            ("application/json", Json),
            ("application/problem+json", Json),
            ("APPLICATION/JSON", Json),
            ("application/json; charset=utf-8", Json),
            ("application/*", Json),
            ("text/html", Html),
            ("text/*", Html),
            ("application/json, */*", Json),
            ("application/json, text/plain, */*", Json),
            ("*/*, application/json", Json),
            ("*/*, text/html", Html),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Html),
            ("text/html, application/json", Html),
            ("application/json, text/html", Json),
            ("application/json;q=0.8, text/html;q=0.9", Html),
            ("application/json;q=0.9, text/html;q=0.8", Json),
            ("text/html;q=0.5, application/json;q=0.500", Html),
            ("text/html;q=0.8, application/json;q=0.8001", Html),
            ("application/json;q=0.5, */*", Html),
            ("application/*, text/html", Html),
            ("text/html;q=0, */*", Json),
            ("text/html;q=0.000", None),
            ("text/html;q=0, application/json;q=0", None),
            ("application/json;q=0, application/problem+json", Json),
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Html),
            ("text/html;q=0.5, image/png", Html),
            ("text/html;q=0.5;x=\"a,application/json;y=\"", Html),
            ("text/html;q=0.5; x=\"a,application/json;y=\"", Html),
        ];
        for (accept, preference) in rows {
            assert_eq!(Preference::of(Some(accept)), preference, "{accept}");
        }
    }

    #[test]
    fn an_element_that_cannot_be_read_counts_as_absent() {
        let rows = [
            ("text/html;q=2, application/json;q=0.1", Preference::Json),
            ("text/html;q=NaN, application/json;q=0.1", Preference::Json),
            ("text/html;q=-1, application/json;q=0.1", Preference::Json),
            ("text/html;q=, application/json;q=0.1", Preference::Json),
            ("text/html;q=1.001, application/json;q=0.1", Preference::Json),
            (";q=1,,;;=,application/json", Preference::Json),
            ("*/*, text/html;q=", Preference::None),
            ("text, html", Preference::None),
            ("\u{5d0}/\u{5d1};q=\u{5d2}", Preference::None),
        ];
        for (accept, preference) in rows {
            assert_eq!(Preference::of(Some(accept)), preference, "{accept}");
        }
    }

    #[test]
    fn a_quoted_string_hides_separators_and_weights() {
        let rows = [
            (r#"text/html;a="x, application/json;q=1";q=0.1, application/json;q=0.2"#, Preference::Json),
            (r#"text/plain;a="\", text/html", application/json"#, Preference::Json),
            (r#"application/json, text/plain;a="never closed, text/html"#, Preference::Json),
        ];
        for (accept, preference) in rows {
            assert_eq!(Preference::of(Some(accept)), preference, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_in_a_panic(accept in any::<String>()) {
            let _ = Preference::of(Some(&accept));
        }

        #[test]
        fn no_text_of_the_grammars_characters_ends_in_a_panic(accept in r#"[a-z*/;,=."\\q01 ]{0,80}"#) {
            let _ = Preference::of(Some(&accept));
        }

        #[test]
        fn the_order_of_two_qualities_decides(html in 1u16..=1000, json in 1u16..=1000) {
            let quality = |thousandths: u16| format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            let accept = format!("text/html;q={}, application/json;q={}", quality(html), quality(json));
            let expected = if json > html { Preference::Json } else { Preference::Html };
            prop_assert_eq!(Preference::of(Some(&accept)), expected);
        }
    }
}
