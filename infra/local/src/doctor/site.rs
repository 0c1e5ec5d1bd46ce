//! Hosts as browsers and Google see them: public suffixes, and what is the same site
//! ([RFC 6265 §5.3](https://www.rfc-editor.org/rfc/rfc6265#section-5.3)).

use shared::domain::origin::Origin;
use url::{Host, Url};

/// What a host is, as far as cookies and Google's rules go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// This machine.
    Loopback,
    /// An address without a name.
    Address,
    /// A name below none of the known suffixes, such as `mail.internal`.
    NoPublicSuffix,
    /// A suffix itself, under which strangers have names, such as `co.uk`.
    PublicSuffix,
    /// A name of somebody's own.
    Registrable,
}

impl Kind {
    pub(super) fn of(url: &Url) -> Self {
        match url.host() {
            Some(Host::Domain(name)) => Self::of_name(name.trim_end_matches('.')),
            Some(Host::Ipv4(address)) if address.is_loopback() => Self::Loopback,
            Some(Host::Ipv6(address)) if address.is_loopback() => Self::Loopback,
            _ => Self::Address,
        }
    }

    fn of_name(name: &str) -> Self {
        if name == "localhost" || name.ends_with(".localhost") {
            return Self::Loopback;
        }
        match psl::suffix(name.as_bytes()) {
            Some(suffix) if !suffix.is_known() => Self::NoPublicSuffix,
            Some(suffix) if suffix == name => Self::PublicSuffix,
            Some(_) => Self::Registrable,
            None => Self::NoPublicSuffix,
        }
    }
}

/// The URL of an origin.
pub(super) fn url(origin: &Origin) -> Option<Url> {
    Url::parse(origin.as_str()).ok()
}

/// Whether `SameSite` cookies of one go with requests that the other's pages make: the scheme and the registrable domain
/// are the same; the port does not matter.
pub(super) fn is_same_site(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && site(one) == site(other)
}

fn site(url: &Url) -> Option<&str> {
    let host = url.host_str()?.trim_end_matches('.');
    match url.host() {
        Some(Host::Domain(_)) => Some(psl::domain_str(host).unwrap_or(host)),
        _ => Some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        for (host, kind) in [
            ("localhost:8787", Kind::Loopback),
            ("127.0.0.1", Kind::Loopback),
            ("[::1]", Kind::Loopback),
            ("192.0.2.1", Kind::Address),
            ("[2001:db8::1]", Kind::Address),
            ("mail.internal", Kind::NoPublicSuffix),
            ("intranet", Kind::NoPublicSuffix),
            ("co.uk", Kind::PublicSuffix),
            ("github.io", Kind::PublicSuffix),
            ("mail.example.com", Kind::Registrable),
            ("example.co.uk", Kind::Registrable),
        ] {
            assert_eq!(Kind::of(&Url::parse(&format!("https://{host}")).unwrap()), kind, "{host}");
        }
    }

    #[test]
    fn a_site_is_a_scheme_and_a_registrable_domain() {
        for (one, other, same) in [
            ("https://mail.example.com", "https://app.example.com:8443", true),
            ("https://mail.example.com", "https://example.com", true),
            ("https://mail.example.com", "http://app.example.com", false),
            ("https://mail.example.com", "https://app.example.org", false),
            ("https://a.github.io", "https://b.github.io", false),
            ("http://localhost:8787", "http://localhost:3000", true),
            ("http://localhost:8787", "http://127.0.0.1:3000", false),
        ] {
            let same_site = is_same_site(&Url::parse(one).unwrap(), &Url::parse(other).unwrap());
            assert_eq!(same_site, same, "{one} {other}");
        }
    }
}
