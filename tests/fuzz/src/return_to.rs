//! `return_to`: where the browser is sent after the callback.

#![expect(clippy::unwrap_used, reason = "a location that is no address has failed")]

use shared::domain::{origin::Origin, return_to::ReturnTo};
use url::Url;

const ALLOWED: [&str; 2] = ["https://app.example.com", "http://localhost:3000"];
/// Where the API may be.
const BASES: [&str; 3] =
    ["https://mail.example.com/callback", "http://localhost:8787/callback?a=b", "https://[::1]:1/a/b/"];
/// What is added, which no caller chooses so badly.
const PARAMETERS: [(&str, &str); 2] = [("error", "access_denied"), ("state", "ü&=#?/\\\r\nX: y")];

/// What is accepted leads a browser to this API or to an allowed origin, also with parameters, and puts nothing else into a
/// header.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let allowed = ALLOWED.map(|origin| Origin::parse(origin).unwrap());
    let Some(place) = ReturnTo::parse(&text, &allowed) else { return };
    assert!(text.chars().count() <= ReturnTo::MAX_CHARACTERS);
    let (bare, with) = (place.location(&[]), place.location(&PARAMETERS));
    for location in [place.as_str(), &bare, &with] {
        leads_home(location);
    }
    for location in [&bare, &with] {
        assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?} is no header's value");
    }
    let added: Vec<_> = Url::parse(BASES[0]).unwrap().join(&with).unwrap().query_pairs().into_owned().collect();
    assert!(added.ends_with(&PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()))), "{with}");
    if let Some(again) = ReturnTo::parse(&bare, &allowed) {
        assert_eq!(again.location(&[]), bare);
    } else {
        assert!(bare.chars().count() > ReturnTo::MAX_CHARACTERS, "{bare}");
    }
}

fn leads_home(location: &str) {
    assert!(!location.contains(char::is_control), "{location:?}");
    for base in BASES {
        let base = Url::parse(base).unwrap();
        let url = base.join(location).unwrap();
        let origin = url.origin().ascii_serialization();
        let own = url.origin() == base.origin();
        assert!(own || ALLOWED.contains(&origin.as_str()), "{location} leads from {base} to {origin}");
        assert!(url.username().is_empty() && url.password().is_none(), "{location}");
    }
}
