//! Scopes: what we ask for, and what the user really allowed.

use std::collections::BTreeSet;

/// The scopes of an authorization request or a token response, in their order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads the space-separated list of [RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// Each scope, as it was written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The list as it goes on the wire.
    pub fn to_wire(&self) -> String {
        self.0.join(" ")
    }

    /// The scopes of this list that `granted` lacks, compared as sets: order does not matter, and Google's two names
    /// of `email` and of `profile` are the same.
    pub fn missing_from(&self, granted: &Self) -> Vec<String> {
        let granted: BTreeSet<_> = granted.iter().map(canonical).collect();
        self.0.iter().filter(|scope| !granted.contains(canonical(scope))).cloned().collect()
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(Into::into).collect())
    }
}

/// Google answers `email` and `profile` by their long names
/// ([scopes of Google Sign-in](https://developers.google.com/identity/protocols/oauth2/scopes#google-sign-in)).
fn canonical(scope: &str) -> &str {
    match scope {
        "https://www.googleapis.com/auth/userinfo.email" => "email",
        "https://www.googleapis.com/auth/userinfo.profile" => "profile",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";

    #[test]
    fn scopes_are_compared_as_sets_with_googles_long_names() {
        let required = Scopes::parse(&format!("openid email {READONLY}"));
        let granted =
            Scopes::parse(&format!("{READONLY}  https://www.googleapis.com/auth/userinfo.email openid extra"));
        assert_eq!(required.missing_from(&granted), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_is_named_as_it_was_asked_for() {
        let required = Scopes::parse(&format!("openid email {READONLY}"));
        assert_eq!(required.missing_from(&Scopes::parse("openid")), ["email", READONLY]);
    }

    #[test]
    fn a_longer_scope_does_not_stand_for_a_shorter_one() {
        let required = Scopes::parse("https://www.googleapis.com/auth/gmail");
        assert_eq!(required.missing_from(&Scopes::parse(READONLY)).len(), 1);
    }
}
