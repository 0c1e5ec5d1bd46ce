//! `Accept` and `Accept-Language`.

use shared::http::{language::Language, preference::Preference};

/// Neither the case of the header nor an element that says nothing changes what it asks for, and a language that is not
/// named is not spoken.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let both = |header: &str| (Preference::of(Some(header)), Language::preferred(Some(header)));
    let asked = both(&text);
    assert_eq!(both(&text.to_ascii_uppercase()), asked, "in capitals");
    if !text.contains('"') {
        assert_eq!(both(&format!("{text},;,")), asked, "with elements that say nothing");
        assert_eq!(both(&text.replace(',', "\t, ")), asked, "with room");
    }
    let lower = text.to_ascii_lowercase();
    let named = match asked.1 {
        Language::English => true,
        Language::German => lower.contains("de") || lower.contains('*'),
        Language::Hebrew => lower.contains("he") || lower.contains("iw") || lower.contains('*'),
    };
    assert!(named, "{:?} was not asked for", asked.1);
}
