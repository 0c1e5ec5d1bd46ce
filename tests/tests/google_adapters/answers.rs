//! What becomes of answers: one request each, and an error instead of a panic.

use std::time::Duration;

use super::endpoint::*;

/// What each adapter makes of an answer, in the order of [`CALLS`].
async fn assert_outcomes(answer: &Answer, timeout: Duration, expected: [&str; 7]) {
    for (call, expected) in CALLS.into_iter().zip(expected) {
        // The keys have a time-out of their own, longer than a test should wait.
        if matches!(answer, Answer::Silence) && call == Call::Keys {
            continue;
        }
        let google = Google::answering(answer.clone()).await;
        assert_eq!(call.run(&google, timeout).await, expected, "{call:?} {answer:.60?}");
        assert_eq!(google.calls(), 1, "{call:?} {answer:.60?}");
    }
}

#[tokio::test]
async fn every_adapter_succeeds_with_one_request() {
    for call in CALLS {
        let google = Google::answering(call.success()).await;
        assert!(call.run(&google, PATIENCE).await.starts_with("ok"), "{call:?}");
        assert_eq!(google.calls(), 1);
    }
}

#[tokio::test]
async fn a_server_error_is_one_for_now() {
    for status in [500_u16, 502, 503, 504, 408] {
        let token = format!("for now {status}");
        let gmail = format!("{status}  TryAgain");
        assert_outcomes(&Answer::status(status), PATIENCE, [&token, &token, &token, &token, "no keys", &gmail, &gmail])
            .await;
    }
    let outcomes =
        ["for now 429", "for now 429", "for now 429", "for now 429", "no keys", "429  SlowDown", "429  SlowDown"];
    assert_outcomes(&Answer::status(429), PATIENCE, outcomes).await;
}

#[tokio::test]
async fn a_server_error_is_one_for_now_however_large_its_page_is() {
    let huge = Answer::Huge(503, 26 * 1024 * 1024);
    let outcomes =
        ["for now 503", "for now 503", "for now 503", "for now 503", "no keys", "503  TryAgain", "503  TryAgain"];
    assert_outcomes(&huge, PATIENCE, outcomes).await;
}

#[tokio::test]
async fn a_client_error_is_none_for_now() {
    for (status, gmail) in
        [(400, "400  CorrectRequest"), (401, "401  Refresh"), (403, "403  GiveUp"), (404, "404  Gone")]
    {
        let token = format!("malformed {status}");
        assert_outcomes(&Answer::status(status), PATIENCE, [&token, &token, &token, "none", "no keys", gmail, gmail])
            .await;
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for status in [301_u16, 302, 303, 307, 308] {
        let redirect = Answer::Of(status, &[("location", "/elsewhere")], String::new());
        let token = format!("malformed {status}");
        let gmail = format!("{status}  GiveUp");
        assert_outcomes(&redirect, PATIENCE, [&token, &token, &token, "none", "no keys", &gmail, &gmail]).await;
    }
}

#[tokio::test]
async fn silence_ends_in_time() {
    let gmail = "0 noAnswer TryAgain";
    let outcomes = ["no answer", "no answer", "no answer", "no answer", "", gmail, gmail];
    assert_outcomes(&Answer::Silence, Duration::from_millis(100), outcomes).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let gmail = "0 noAnswer TryAgain";
    let outcomes = ["no answer", "no answer", "no answer", "no answer", "no keys", gmail, gmail];
    assert_outcomes(&Answer::Truncated, PATIENCE, outcomes).await;
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_an_error() {
    let gmail = "0 malformedAnswer TryAgain";
    let outcomes = ["malformed 200", "malformed 200", "ok", "none", "no keys", gmail, gmail];
    for body in
        ["", "{", "null", "<html>", "\u{0}\u{ffff}", "{\"access_token\":7,\"sub\":[],\"keys\":7,\"messages\":1}"]
    {
        assert_outcomes(&Answer::ok(body), PATIENCE, outcomes).await;
    }
    // A body that claims to be compressed and is not.
    let gzip = Answer::Of(200, &[("content-encoding", "gzip")], "not compressed".to_owned());
    let gmail = "0 noAnswer TryAgain";
    let outcomes = ["no answer", "no answer", "ok", "no answer", "no keys", gmail, gmail];
    assert_outcomes(&gzip, PATIENCE, outcomes).await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error() {
    let gmail = "413 responseTooLarge GiveUp";
    let outcomes = ["malformed 200", "malformed 200", "ok", "malformed 200", "no keys", gmail, gmail];
    assert_outcomes(&Answer::Huge(200, 26 * 1024 * 1024), PATIENCE, outcomes).await;
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_no_further() {
    const KIB: usize = 1024;
    for (call, limit, beyond) in [
        (Call::Exchange, 64 * KIB, "malformed 200"),
        (Call::Refresh, 64 * KIB, "malformed 200"),
        (Call::UserInfo, 64 * KIB, "malformed 200"),
        (Call::Keys, 256 * KIB, "no keys"),
        (Call::List, KIB * KIB, "413 responseTooLarge GiveUp"),
        (Call::Batch, KIB * KIB, "413 responseTooLarge GiveUp"),
    ] {
        let padded = |size| match call.success() {
            Answer::Of(status, headers, body) => {
                Answer::Of(status, headers, [body.as_str(), &" ".repeat(size - body.len())].concat())
            }
            other => other,
        };
        let at_limit = Google::answering(padded(limit)).await;
        assert!(call.run(&at_limit, PATIENCE).await.starts_with("ok"), "{call:?}");
        let over_it = Google::answering(padded(limit + 1)).await;
        assert_eq!(call.run(&over_it, PATIENCE).await, beyond, "{call:?}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_told_from_one_without_an_answer() {
    let nobody = Google::away().await;
    for call in [Call::Exchange, Call::Refresh, Call::Revoke, Call::UserInfo] {
        assert_eq!(call.run(&nobody, PATIENCE).await, "not sent", "{call:?}");
    }
    assert_eq!(Call::List.run(&nobody, PATIENCE).await, "0 noAnswer TryAgain");
    assert_eq!(Call::Keys.run(&nobody, PATIENCE).await, "no keys");
}

#[tokio::test]
async fn a_token_that_is_dead_already_is_revoked() {
    for status in [400, 401, 404] {
        for error in ["invalid_token", "invalid_grant"] {
            for body in [
                format!("{{\"error\":\"{error}\"}}"),
                format!("\n {{\"error_description\":\"Token expired or revoked\",\"error\":\"{error}\",\"x\":[]}}"),
            ] {
                let google = Google::answering(Answer::Of(status, &[], body.clone())).await;
                assert_eq!(Call::Revoke.run(&google, PATIENCE).await, "ok", "{status} {body}");
                assert_eq!(google.calls(), 1);
            }
        }
    }
}

#[tokio::test]
async fn a_revocation_that_is_refused_in_any_other_way_is_an_error() {
    for (status, body, outcome) in [
        (400, "{\"error\":\"invalid_request\"}", "malformed 400"),
        (400, "{\"error\":\"unsupported_token_type\"}", "malformed 400"),
        (400, "{\"error\":\"INVALID_TOKEN\"}", "malformed 400"),
        (400, "{\"error\":[\"invalid_token\"]}", "malformed 400"),
        (400, "[\"invalid_token\"]", "malformed 400"),
        (400, "\"invalid_token\"", "malformed 400"),
        (400, "invalid_token", "malformed 400"),
        (400, "{\"error_description\":\"invalid_token\"}", "malformed 400"),
        (403, "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\"}}", "malformed 403"),
        (400, "{\"error\":\"temporarily_unavailable\"}", "for now 400"),
        (500, "{\"error\":\"internal_failure\"}", "for now 500"),
    ] {
        let google = Google::answering(Answer::Of(status, &[], body.to_owned())).await;
        assert_eq!(Call::Revoke.run(&google, PATIENCE).await, outcome, "{status} {body}");
    }
    let slow = Google::answering(Answer::Of(429, &[("retry-after", "7")], String::new())).await;
    assert_eq!(Call::Revoke.run(&slow, PATIENCE).await, "for now 429");
}

#[tokio::test]
async fn a_batch_keeps_what_it_got_and_names_what_it_did_not() {
    let body = "--b\r\nContent-Type: application/http\r\nContent-ID: <response-1>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"id\":\"18c2\"}\r\n\
                --b\r\nContent-Type: application/http\r\nContent-ID: <response-9>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--b--";
    let google =
        Google::answering(Answer::Of(200, &[("content-type", "multipart/mixed; boundary=b")], body.to_owned())).await;
    let outcomes = fetch(&google).await;
    assert_eq!(outcomes["18c2"].as_ref().unwrap().get(), "{\"id\":\"18c2\"}");
    assert_eq!(outcomes["18c1"].as_ref().unwrap_err().reason, "malformedAnswer");
    assert_eq!(outcomes.len(), 2);
}

async fn fetch(
    google: &Google,
) -> std::collections::HashMap<String, Result<Box<serde_json::value::RawValue>, shared::domain::mailbox::GmailError>> {
    use shared::domain::{
        mailbox::{Mailbox, MessageFormat},
        secret::AccessToken,
    };
    let gmail = shared::google::gmail::GmailMailbox::new(shared::google::http::client().unwrap(), google.url.clone());
    gmail.fetch(&AccessToken::new("ya29.token"), &["18c1", "18c2"], &MessageFormat::Full, PATIENCE).await.unwrap()
}
