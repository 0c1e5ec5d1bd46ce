//! What is sent: all that Google needs, and nothing besides.

use std::collections::BTreeMap;

use http::Method;

use super::endpoint::*;

async fn sent(call: Call) -> Asked {
    let google = Google::answering(call.success()).await;
    let outcome = call.run(&google, PATIENCE).await;
    assert!(outcome.starts_with("ok"), "{call:?}: {outcome}");
    let asked = google.asked();
    assert_eq!(asked.len(), 1, "{call:?}");
    asked.into_iter().next().unwrap()
}

fn owned<C: FromIterator<(String, String)>>(pairs: &[(&str, &str)]) -> C {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn every_request_has_its_method_path_and_headers_and_no_others() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let multipart = ("content-type", "multipart/mixed; boundary=gmail-connect-batch");
    let bearer = ("authorization", "Bearer ya29.token");
    for (call, method, path, own) in [
        (Call::Exchange, Method::POST, "/token", vec![form]),
        (Call::Refresh, Method::POST, "/token", vec![form]),
        (Call::Revoke, Method::POST, "/revoke", vec![form]),
        (Call::UserInfo, Method::GET, "/v1/userinfo", vec![bearer]),
        (Call::Keys, Method::GET, "/certs", vec![]),
        (Call::List, Method::GET, "/gmail/v1/users/me/messages", vec![bearer]),
        (Call::Batch, Method::POST, "/batch/gmail/v1", vec![bearer, multipart]),
    ] {
        let asked = sent(call).await;
        assert_eq!((&asked.method, asked.path.as_str()), (&method, path), "{call:?}");
        assert!(asked.header("accept-encoding").contains("gzip"), "{call:?}");
        let agent = asked.header("user-agent");
        assert!(agent.starts_with("gmail-connect/") && agent.contains("gzip"), "{call:?}: {agent}");
        for (name, value) in &own {
            assert_eq!(asked.header(name), *value, "{call:?}");
        }
        let common = ["accept", "accept-encoding", "content-length", "host", "user-agent"];
        for name in asked.headers.keys().map(http::HeaderName::as_str) {
            assert!(common.contains(&name) || own.iter().any(|(own, _)| *own == name), "{call:?} sends {name}");
        }
    }
}

#[tokio::test]
async fn the_code_is_exchanged_with_the_verifier_and_the_redirect_uri() {
    let asked = sent(Call::Exchange).await;
    let expected: BTreeMap<_, _> = owned(&[
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("client_secret", "s3cret & more"),
        ("code", "4/0code+/="),
        ("code_verifier", "the-verifier"),
        ("redirect_uri", "https://app.example.com/callback?a=b&c"),
    ]);
    assert_eq!((asked.form(), asked.query), (expected, vec![]));
}

#[tokio::test]
async fn a_refresh_sends_no_scope() {
    let asked = sent(Call::Refresh).await;
    let expected: BTreeMap<_, _> = owned(&[
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("client_secret", "s3cret & more"),
        ("refresh_token", "1//0re+fresh"),
    ]);
    assert_eq!((asked.form(), asked.query), (expected, vec![]));
}

#[tokio::test]
async fn a_revocation_sends_the_token_and_no_client() {
    let asked = sent(Call::Revoke).await;
    let expected: BTreeMap<_, _> = owned(&[("token", "1//0re+voke")]);
    assert_eq!((asked.form(), asked.query), (expected, vec![]));
}

#[tokio::test]
async fn a_listing_sends_gmails_parameters_and_asks_for_the_fields_it_uses() {
    let asked = sent(Call::List).await;
    let expected: Vec<_> = owned(&[
        ("maxResults", "500"),
        ("fields", "messages(id,threadId),nextPageToken,resultSizeEstimate"),
        ("prettyPrint", "false"),
        ("q", "from:a b&c"),
        ("labelIds", "INBOX"),
        ("labelIds", "UNREAD"),
        ("includeSpamTrash", "true"),
        ("pageToken", "to+ken/="),
    ]);
    assert_eq!((asked.query, asked.body.as_str()), (expected, ""));
}

#[tokio::test]
async fn a_batch_holds_one_get_for_each_message() {
    let asked = sent(Call::Batch).await;
    let calls: Vec<_> = asked.body.lines().filter(|line| line.starts_with("GET ")).collect();
    assert_eq!(calls.len(), 2);
    for (line, id) in calls.iter().zip(["18c1", "18c2"]) {
        let target = line.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap();
        assert_eq!(path, format!("/gmail/v1/users/me/messages/{id}"));
        let expected: Vec<_> = owned(&[
            ("format", "metadata"),
            ("prettyPrint", "false"),
            ("metadataHeaders", "Subject"),
            ("metadataHeaders", "X-A&B"),
        ]);
        assert_eq!(pairs(query), expected);
    }
    assert!(!asked.body.contains("ya29.token"), "the token is on the outside only");
}
