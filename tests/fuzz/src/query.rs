//! The query of a request.

use shared::http::query::Query;
use url::form_urlencoded;

const NAMES: [&str; 5] = ["labelIds", "maxResults", "p", "q", "state"];

/// A parameter is what the URL standard's own parser finds, or an error.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let query = Query::parse(&text);
    for name in NAMES {
        let found = values(&text, name);
        match query.single(name, 64) {
            Ok(Some(value)) => {
                assert_eq!(found, [value], "{name}");
                assert!(value.chars().count() <= 64, "{name}");
            }
            Ok(None) => assert!(found.is_empty() || found == [""], "{name}: {found:?}"),
            Err(bad) => assert!(!found.is_empty() && bad.name == name, "{name}: {found:?}"),
        }
        match query.many(name, 3, 64) {
            Ok(values) => {
                assert_eq!(values, found, "{name}");
                assert!(values.len() <= 3 && values.iter().all(|value| value.chars().count() <= 64), "{name}");
            }
            Err(_) => assert!(!found.is_empty(), "{name}"),
        }
        if let Ok(Some(number)) = query.positive_number(name) {
            assert!(number > 0 && found.iter().all(|value| value.bytes().all(|byte| byte.is_ascii_digit())), "{name}");
        }
    }
    same_again(&text, &query);
}

fn values(text: &str, name: &str) -> Vec<String> {
    form_urlencoded::parse(text.as_bytes())
        .filter(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// What is read is the same once written and read again.
fn same_again(text: &str, query: &Query) {
    let written: String =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(form_urlencoded::parse(text.as_bytes())).finish();
    for name in NAMES {
        if let Ok(value) = query.single(name, usize::MAX) {
            assert_eq!(Query::parse(&written).single(name, usize::MAX), Ok(value), "{name}");
        }
    }
}
