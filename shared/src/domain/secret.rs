//! Values that must not be seen: they print `[redacted]` and wipe themselves from memory.
//!
//! They cannot be compared but in constant time, so that nothing is learnt from how long it takes:
//!
//! ```compile_fail,E0369
//! use shared::domain::secret::AccessToken;
//! assert!(AccessToken::new("ya29.a") == AccessToken::new("ya29.a"));
//! ```
//!
//! ```
//! use shared::domain::secret::AccessToken;
//! assert!(AccessToken::new("ya29.a").is_same_as(&AccessToken::new("ya29.a")));
//! ```
//!
//! Nor can they be written down by accident:
//!
//! ```compile_fail,E0277
//! use shared::domain::secret::RefreshToken;
//! println!("{}", RefreshToken::new("1//secret"));
//! ```

use std::fmt;

use serde::Deserialize;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text into custody.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself. Never log it, never put it into an error, never keep it in a `String`.
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// Whether both hold the same text, in time that tells nothing of where they differ.
            pub fn is_same_as(&self, other: &Self) -> bool {
                self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

secret! {
    /// The credential that Gmail asks for ([RFC 6749 §1.4](https://www.rfc-editor.org/rfc/rfc6749#section-1.4)).
    AccessToken
}
secret! {
    /// The credential that brings new access tokens
    /// ([RFC 6749 §1.5](https://www.rfc-editor.org/rfc/rfc6749#section-1.5)).
    RefreshToken
}
secret! {
    /// The one-time credential of the callback
    /// ([RFC 6749 §1.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-1.3.1)).
    AuthorizationCode
}
secret! {
    /// What proves to the token endpoint that we made the authorization request
    /// ([RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
    CodeVerifier
}
secret! {
    /// The signed statement of who consented
    /// ([OpenID Connect Core §2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
    IdToken
}
secret! {
    /// The password of our OAuth client ([RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    ClientSecret
}
secret! {
    /// The random text that the cookie keys are derived from.
    CookieKeySecret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_its_kind_and_not_its_text() {
        let printed = format!("{:?}", RefreshToken::new("1//secret"));
        assert_eq!(printed, "RefreshToken([redacted])");
    }

    #[test]
    fn secrets_are_the_same_only_if_every_byte_is() {
        let token = AccessToken::new("ya29.a");
        assert!(token.is_same_as(&AccessToken::new("ya29.a")));
        assert!(!token.is_same_as(&AccessToken::new("ya29.b")));
        assert!(!token.is_same_as(&AccessToken::new("ya29.aa")));
    }
}
