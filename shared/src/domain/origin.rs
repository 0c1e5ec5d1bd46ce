//! Origins ([RFC 6454](https://www.rfc-editor.org/rfc/rfc6454)): ours, and those that a browser may return to.

use std::fmt;

use url::{Host, Url};

/// The scheme, host and port of a web site, and nothing behind it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin(String);

impl Origin {
    /// Accepts `https://host[:port]`, and `http://` on loopback; a slash at the end is dropped. `None` for the rest.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        (bare && is_secure(&url)).then(|| Self(url.origin().ascii_serialization()))
    }

    /// The origin of an API Gateway host name.
    pub fn of_host(host: &str) -> Option<Self> {
        Self::parse(&format!("https://{host}"))
    }

    /// Whether browsers reach it without TLS, which [`Origin::parse`] allows on loopback only.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// The origin's text, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an address may carry what is secret: https, or http that does not leave the machine.
pub fn is_secure(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host().is_some_and(|host| is_loopback(&host)),
        _ => false,
    }
}

/// Whether a host is this machine.
pub fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_https_or_loopback_and_has_nothing_behind_it() {
        for (text, origin) in [
            ("https://mail.example.com", Some("https://mail.example.com")),
            ("https://mail.example.com/", Some("https://mail.example.com")),
            ("HTTPS://Mail.Example.com:443", Some("https://mail.example.com")),
            ("https://mail.example.com:8443", Some("https://mail.example.com:8443")),
            ("http://localhost:8787", Some("http://localhost:8787")),
            ("http://127.0.0.1:8787", Some("http://127.0.0.1:8787")),
            ("http://mail.example.com", None),
            ("https://mail.example.com/base", None),
            ("https://mail.example.com?a", None),
            ("https://user@mail.example.com", None),
            ("mail.example.com", None),
            ("null", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(Origin::parse(text).as_ref().map(Origin::as_str), origin, "{text:?}");
        }
    }
}
