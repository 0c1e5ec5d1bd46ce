//! The cookies that a browser keeps for one API.

use std::collections::BTreeMap;

use cookie::Cookie;

/// Cookies by name. Time does not pass in it: what was set stays until it is removed.
#[derive(Clone, Debug, Default)]
pub struct CookieJar(BTreeMap<String, String>);

impl CookieJar {
    /// Takes the values of `Set-Cookie` headers: keeps each cookie, removes those with `Max-Age=0`, and leaves out what
    /// a browser refuses, a `__Host-` cookie that is not `Secure` on `Path=/` without a domain
    /// ([RFC 6265bis §4.1.3.2](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2)).
    pub fn apply<'a>(&mut self, set_cookies: impl IntoIterator<Item = &'a str>) {
        let cookies = set_cookies.into_iter().filter_map(|cookie| Cookie::parse(cookie).ok());
        for cookie in cookies.filter(is_accepted) {
            if cookie.max_age().is_some_and(|age| !age.is_positive()) {
                self.0.remove(cookie.name());
            } else {
                self.0.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }

    /// Each cookie as `name=value`, as an event carries them.
    pub fn cookies(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// The value of the cookie of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn is_accepted(cookie: &Cookie<'_>) -> bool {
    let bound_to_host = cookie.secure() == Some(true) && cookie.path() == Some("/") && cookie.domain().is_none();
    bound_to_host || !cookie.name().starts_with("__Host-")
}
