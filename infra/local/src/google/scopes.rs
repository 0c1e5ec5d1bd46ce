//! Scopes: the short names of Google and their long forms, and what goes without asking.

use std::collections::BTreeSet;

/// A set of scopes in their long form.
pub(super) type Scopes = BTreeSet<String>;

pub(super) const OPENID: &str = "openid";
pub(super) const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
pub(super) const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";

/// Reads a list of scopes. `email` and `profile` become their long forms and bring `openid` with them.
pub(super) fn parse(text: &str) -> Scopes {
    let mut scopes: Scopes = text.split_whitespace().map(long_form).map(str::to_owned).collect();
    if scopes.iter().any(|scope| is_identity(scope)) {
        scopes.insert(OPENID.to_owned());
    }
    scopes
}

fn long_form(scope: &str) -> &str {
    match scope {
        "email" => EMAIL,
        "profile" => PROFILE,
        other => other,
    }
}

/// Whether the scope only says who somebody is: it needs no tick box.
pub(super) fn is_identity(scope: &str) -> bool {
    matches!(scope, OPENID | EMAIL | PROFILE)
}

/// Whether Google has such a scope, as far as its form tells.
pub(super) fn exists(scope: &str) -> bool {
    let named = scope.strip_prefix("https://www.googleapis.com/auth/").is_some_and(|name| !name.is_empty());
    is_identity(scope) || named || scope == "https://mail.google.com/"
}

/// The scopes of a token response: in the long form, in alphabetical order.
pub(super) fn print(scopes: &Scopes) -> String {
    scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The scopes of an authorization response: as in a token response, with the short names before them.
pub(super) fn print_for_redirect(scopes: &Scopes) -> String {
    let short = [(EMAIL, "email"), (PROFILE, "profile")];
    let short = short.into_iter().filter(|(long, _)| scopes.contains(*long)).map(|(_, short)| short);
    short.chain(scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}
