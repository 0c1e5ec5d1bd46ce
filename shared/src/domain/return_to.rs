//! Where the browser goes after the callback.

use url::Url;

use super::origin::{Origin, is_secure};

/// A place that a browser may be sent to: a path on this API, or an address on an allowed origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnTo(String);

/// Stands for this API while a path is examined; it never shows.
const OWN: &str = "https://own.invalid";

impl ReturnTo {
    /// The most characters of a `return_to`.
    pub const MAX_CHARACTERS: usize = 512;

    /// Accepts a path (`/messages`; not `//host`, not `/\host`) or an absolute address on one of the origins.
    ///
    /// Browsers drop tabs and line ends and take a backslash for a slash, so a text with any of them is refused, and
    /// so is a path that only becomes `//host` when its dots are resolved.
    pub fn parse(text: &str, allowed: &[Origin]) -> Option<Self> {
        let plain = !text.contains(|character: char| character.is_control() || character == '\\' || character == ' ');
        if !plain || text.chars().count() > Self::MAX_CHARACTERS {
            return None;
        }
        let fits = if text.starts_with('/') { is_own_path(text) } else { is_on_allowed_origin(text, allowed) };
        fits.then(|| Self(text.to_owned()))
    }

    /// The place as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `Location` that leads there, with the parameters added to its query.
    pub fn location(&self, parameters: &[(&str, &str)]) -> String {
        let own = self.0.starts_with('/');
        let parsed = if own { Url::parse(OWN).and_then(|base| base.join(&self.0)) } else { Url::parse(&self.0) };
        let Ok(mut url) = parsed else { return "/".to_owned() };
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let location = String::from(url);
        if own { location.strip_prefix(OWN).unwrap_or("/").to_owned() } else { location }
    }
}

fn is_own_path(text: &str) -> bool {
    let Ok(url) = Url::parse(OWN).and_then(|base| base.join(text)) else { return false };
    !text.starts_with("//") && url.origin().ascii_serialization() == OWN && !url.path().starts_with("//")
}

fn is_on_allowed_origin(text: &str, allowed: &[Origin]) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let origin = url.origin().ascii_serialization();
    let bare = url.username().is_empty() && url.password().is_none();
    bare && is_secure(&url) && allowed.iter().any(|allowed| allowed.as_str() == origin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed() -> Vec<Origin> {
        vec![Origin::parse("https://app.example.com").unwrap(), Origin::parse("http://localhost:3000").unwrap()]
    }

    #[test]
    fn only_own_paths_and_allowed_origins_are_returned_to() {
        for (text, accepted) in [
            ("/messages", true),
            ("/messages?q=a%20b#top", true),
            ("/", true),
            ("https://app.example.com/done?x=1", true),
            ("http://localhost:3000/", true),
            ("", false),
            ("messages", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("/\t/evil.example", false),
            ("/\n/evil.example", false),
            ("/.//evil.example", false),
            ("/..//evil.example", false),
            ("/%2e//evil.example", false),
            ("/a/..//evil.example", false),
            ("\\\\evil.example", false),
            ("https://evil.example", false),
            ("https://app.example.com.evil.example/", false),
            ("https://app.example.com@evil.example/", false),
            ("https://user@app.example.com/", false),
            ("https://app.example.com:8443/", false),
            ("http://app.example.com/", false),
            ("https:/\\app.example.com", false),
            ("blob:https://app.example.com/x", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            (" /messages", false),
        ] {
            assert_eq!(ReturnTo::parse(text, &allowed()).is_some(), accepted, "{text:?}");
        }
    }

    #[test]
    fn a_return_to_has_512_characters_at_most() {
        let path = |length: usize| format!("/{}", "é".repeat(length - 1));
        assert!(ReturnTo::parse(&path(512), &[]).is_some());
        assert!(ReturnTo::parse(&path(513), &[]).is_none());
    }

    #[test]
    fn parameters_join_the_query_before_the_fragment() {
        for (return_to, location) in [
            ("/messages", "/messages?state=a%26b"),
            ("/messages?q=x#top", "/messages?q=x&state=a%26b#top"),
            ("https://app.example.com", "https://app.example.com/?state=a%26b"),
        ] {
            let return_to = ReturnTo::parse(return_to, &allowed()).unwrap();
            assert_eq!(return_to.location(&[("state", "a&b")]), location);
        }
        assert_eq!(ReturnTo::parse("/messages", &[]).unwrap().location(&[]), "/messages");
    }

    proptest! {
        #[test]
        fn no_accepted_text_leads_to_another_origin(text in "[/\\\\.%a-z0-9:@?#é\t -]{0,40}") {
            if let Some(return_to) = ReturnTo::parse(&text, &[]) {
                let location = return_to.location(&[("state", "s")]);
                let resolved = Url::parse("https://mail.example.com/callback").unwrap().join(&location).unwrap();
                prop_assert_eq!(resolved.host_str(), Some("mail.example.com"));
                prop_assert!(location.is_ascii());
            }
        }
    }
}
