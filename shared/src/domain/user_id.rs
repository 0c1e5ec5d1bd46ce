//! Who a connection belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Google's `sub`: the account's identifier that never changes and is never given to another
/// ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)). Not the e-mail address,
/// which can change.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String")]
pub struct UserId(String);

impl UserId {
    /// The most characters that OpenID Connect allows.
    pub const MAX_LENGTH: usize = 255;

    /// Accepts 1 to 255 visible ASCII characters; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The identifier's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a subject identifier")
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_1_to_255_visible_ascii_characters() {
        for (text, accepted) in [
            ("118234567890123456789", true),
            ("", false),
            ("with space", false),
            ("é", false),
            ("a\n", false),
            (&"9".repeat(255), true),
            (&"9".repeat(256), false),
        ] {
            assert_eq!(UserId::parse(text).is_some(), accepted, "{text:?}");
        }
        assert_eq!(UserId::parse("118234567890123456789").unwrap().to_string(), "118234567890123456789");
    }
}
