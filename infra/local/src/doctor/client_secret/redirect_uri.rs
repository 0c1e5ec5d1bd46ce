//! Whether the client lists the API's redirect URI, character for character, and whether Google takes what it lists
//! ([redirect URI rules](https://developers.google.com/identity/protocols/oauth2/web-server#uri-validation)).

use shared::domain::origin::Origin;
use url::Url;

use super::CHECK;
use crate::doctor::{finding::Finding, site::Kind};

pub(super) fn examine(listed: &[String], origin: Option<&Origin>) -> Vec<Finding> {
    let refused = listed.iter().filter_map(|uri| Some((uri, refusal(uri)?)));
    let refused = refused.map(|(uri, why)| {
        CHECK.warning(
            format!("It lists the redirect URI {uri}, which Google does not take: {why}."),
            "Use an https address below a domain of your own; http only on localhost.",
        )
    });
    let own = match origin {
        Some(origin) => own(listed, &format!("{origin}/callback")),
        None => CHECK.skipped("Which redirect URI it has to list is not known.", "Give --url, or set PUBLIC_BASE_URL."),
    };
    std::iter::once(own).chain(refused).collect()
}

fn own(listed: &[String], needed: &str) -> Finding {
    if listed.iter().any(|uri| uri == needed) {
        return CHECK.ok(format!("It lists the redirect URI {needed}."));
    }
    let near =
        listed.iter().find_map(|uri| Some(format!(": it lists {uri}, which differs by {}", difference(uri, needed)?)));
    CHECK.problem(
        format!("It does not list the redirect URI {needed}{}.", near.unwrap_or_default()),
        format!(
            "Add exactly {needed} to the client's authorized redirect URIs in the Google Cloud console, download its JSON \
             again and put it into the secret."
        ),
    )
}

/// By what a near miss differs; none where it is another address altogether.
fn difference(uri: &str, needed: &str) -> Option<&'static str> {
    let rules: [(&str, Normalize); 5] = [
        ("the slash at its end", without_slash),
        ("small and capital letters", |text| text.to_lowercase()),
        ("http and https", without_scheme),
        ("the port", without_port),
        ("more than one thing", |text| without_port(&without_scheme(&without_slash(&text.trim().to_lowercase())))),
    ];
    rules.into_iter().find(|(_, same)| same(uri) == same(needed)).map(|(what, _)| what)
}

type Normalize = fn(&str) -> String;

fn without_slash(uri: &str) -> String {
    uri.trim_end_matches('/').to_owned()
}

fn without_scheme(uri: &str) -> String {
    uri.split_once("://").map_or(uri, |(_, rest)| rest).to_owned()
}

fn without_port(uri: &str) -> String {
    uri.replacen(":443/", "/", 1)
}

/// Why Google does not take a redirect URI; none where it does.
fn refusal(uri: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(uri) else { return Some("it is no address") };
    let kind = Kind::of(&url);
    match (url.scheme(), kind) {
        ("http", Kind::Loopback) | ("https", Kind::Loopback | Kind::PublicSuffix | Kind::Registrable) => {}
        ("http" | "https", Kind::Address) => return Some("its host is an address without a name"),
        ("http" | "https", Kind::NoPublicSuffix) => return Some("its host is not below a public suffix"),
        _ => return Some("it is not https"),
    }
    if url.fragment().is_some() || !url.username().is_empty() || uri.contains('*') {
        return Some("it has a fragment, a user or a wildcard");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    const NEEDED: &str = "https://mail.example.com/callback";

    #[test]
    fn a_near_miss_is_named() {
        for (listed, part) in [
            ("https://mail.example.com/callback/", "slash"),
            ("http://mail.example.com/callback", "http and https"),
            ("https://Mail.example.com/callback", "capital letters"),
            ("https://mail.example.com:443/callback", "port"),
            ("http://Mail.example.com/callback/", "more than one thing"),
        ] {
            let finding = own(&[listed.to_owned()], NEEDED);
            assert_eq!(finding.status, Status::Problem);
            assert!(finding.detail.contains(listed) && finding.detail.contains(part), "{finding:?}");
            assert!(finding.remedy.unwrap().contains(NEEDED));
        }
    }

    #[test]
    fn another_address_is_no_near_miss() {
        let finding = own(&["https://other.example.com/callback".to_owned()], NEEDED);
        assert!(!finding.detail.contains("other.example.com"), "{finding:?}");
    }

    #[test]
    fn what_google_does_not_take_is_told() {
        for (uri, refused) in [
            (NEEDED, false),
            ("http://localhost:8787/callback", false),
            ("http://127.0.0.1:8787/callback", false),
            ("http://mail.example.com/callback", true),
            ("https://192.0.2.1/callback", true),
            ("https://mail.internal/callback", true),
            ("https://*.example.com/callback", true),
            ("https://mail.example.com/callback#top", true),
            ("com.example.app:/callback", true),
            ("callback", true),
        ] {
            assert_eq!(refusal(uri).is_some(), refused, "{uri}");
        }
    }

    #[test]
    fn without_an_origin_the_lists_own_faults_are_still_told() {
        let findings = examine(&["https://192.0.2.1/callback".to_owned()], None);
        let statuses: Vec<_> = findings.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [Status::Skipped, Status::Warning]);
    }
}
