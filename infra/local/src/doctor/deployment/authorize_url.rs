//! `GET /authorize-url`: the authorization request is this client's, and its cookie is one that browsers bring back.

use std::collections::BTreeMap;

use shared::domain::{oauth_client::OAuthClient, origin::Origin};
use url::Url;

use super::{CHECK, answer::Answer};
use crate::doctor::finding::Finding;

pub(super) fn examine(answer: &Answer, origin: &Origin, client: Option<&OAuthClient>) -> Finding {
    let faults = match Url::parse(answer.text("authorization_url")) {
        Ok(url) if answer.status == 200 => {
            [request_faults(&url, origin, client), cookie_faults(answer, origin)].concat()
        }
        _ => {
            return CHECK.problem(
                format!("GET /authorize-url answers with {} and no authorization URL.", answer.summary()),
                answer.remedy(),
            );
        }
    };
    if faults.is_empty() {
        return CHECK.ok("GET /authorize-url begins an authorization of this client, with its cookie.");
    }
    CHECK.problem(
        format!("GET /authorize-url begins an authorization that cannot end well: {}.", faults.join("; ")),
        "Check PUBLIC_BASE_URL and the client secret of the deployment, and that nothing before the API changes cookies.",
    )
}

fn request_faults(url: &Url, origin: &Origin, client: Option<&OAuthClient>) -> Vec<String> {
    let query: BTreeMap<_, _> = url.query_pairs().collect();
    let value = |name: &str| query.get(name).map_or("nothing", |it| it);
    let redirect_uri = format!("{origin}/callback");
    let mut expected = vec![("redirect_uri", redirect_uri.as_str())];
    expected.extend(client.map(|client| ("client_id", client.client_id.as_str())));
    let others = expected.into_iter().filter(|(name, it)| value(name) != *it);
    others.map(|(name, it)| format!("{name} is {}, not {it}", value(name))).collect()
}

fn cookie_faults(answer: &Answer, origin: &Origin) -> Vec<String> {
    let (prefix, secure) = if origin.is_plain_http() { ("pending-", false) } else { ("__Host-pending-", true) };
    let Some(cookie) = answer.cookies.iter().find(|it| it.starts_with(prefix)) else {
        return vec![format!("no cookie {prefix}… is set")];
    };
    let attributes: Vec<_> = cookie.split(';').skip(1).map(|it| it.trim().to_lowercase()).collect();
    let has = |name: &str| attributes.iter().any(|it| it == name);
    let mut needed = vec!["httponly", "samesite=lax", "path=/"];
    needed.extend(secure.then_some("secure"));
    let missing = needed.into_iter().filter(|it| !has(it)).map(|it| format!("its cookie is not {it}"));
    let domain = attributes.iter().filter(|it| it.starts_with("domain=")).map(|it| format!("its cookie has {it}"));
    missing.chain(domain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::Status;

    const COOKIE: &str = "__Host-pending-abcdefgh=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600";
    const REDIRECT_URI: &str = "https://mail.example.com/callback";

    fn client() -> OAuthClient {
        let file = json!({"web": {
            "client_id": "1.apps", "client_secret": "s", "redirect_uris": [REDIRECT_URI],
            "auth_uri": "https://a.example.com", "token_uri": "https://a.example.com"}});
        OAuthClient::parse(&file.to_string()).unwrap()
    }

    fn finding(status: u16, client_id: &str, redirect_uri: &str, cookie: &str) -> Finding {
        let query = [("client_id", client_id), ("redirect_uri", redirect_uri)];
        let url = Url::parse_with_params("https://accounts.google.com/o/oauth2/auth", query).unwrap();
        let json = json!({"authorization_url": url.as_str()});
        let answer =
            Answer { status, cookies: vec!["other=1".to_owned(), cookie.to_owned()], json, ..Answer::default() };
        examine(&answer, &Origin::parse("https://mail.example.com").unwrap(), Some(&client()))
    }

    #[test]
    fn a_good_answer_is_good() {
        assert_eq!(finding(200, "1.apps", REDIRECT_URI, COOKIE).status, Status::Ok);
    }

    #[test]
    fn each_fault_is_named() {
        for (client_id, redirect_uri, cookie, part) in [
            ("2.apps", REDIRECT_URI, COOKIE, "client_id is 2.apps, not 1.apps"),
            ("1.apps", "https://a.example.com/callback", COOKIE, "redirect_uri is https://a.example.com/callback"),
            ("1.apps", REDIRECT_URI, "pending-abcdefgh=x", "no cookie __Host-pending-"),
            ("1.apps", REDIRECT_URI, &COOKIE.replace("HttpOnly; ", ""), "not httponly"),
            ("1.apps", REDIRECT_URI, &COOKIE.replace("Lax", "None"), "not samesite=lax"),
            ("1.apps", REDIRECT_URI, &COOKIE.replace("Secure; ", ""), "not secure"),
            ("1.apps", REDIRECT_URI, &COOKIE.replace("Path=/", "Path=/api"), "not path=/"),
            ("1.apps", REDIRECT_URI, &format!("{COOKIE}; Domain=example.com"), "domain=example.com"),
        ] {
            let finding = finding(200, client_id, redirect_uri, cookie);
            assert_eq!(finding.status, Status::Problem);
            assert!(finding.detail.contains(part), "{finding:?}");
        }
    }

    #[test]
    fn an_answer_without_a_url_is_told_with_its_code() {
        let json = json!({"code": "misconfigured"});
        let answer = Answer { status: 500, json, ..Answer::default() };
        let finding = examine(&answer, &Origin::parse("https://mail.example.com").unwrap(), None);
        assert!(finding.detail.contains("status 500, “misconfigured”"), "{finding:?}");
        assert!(finding.remedy.unwrap().contains("log"));
    }
}
