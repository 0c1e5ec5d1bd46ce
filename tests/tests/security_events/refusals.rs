//! Bodies of every kind, and what is answered to those that are none: RFC 8935's error, and nothing of the input.

use std::collections::BTreeSet;

use base64::engine::general_purpose::STANDARD;

use super::*;

/// What makes an echo visible.
const MARK: &str = "MARK-of-the-sender";

/// The event with a body as it is, whether encoded or not.
fn raw(content_type: Option<&str>, body: Option<Value>, is_base64: bool) -> Value {
    let mut event = post("").json();
    event["isBase64Encoded"] = json!(is_base64);
    match body {
        Some(body) => event["body"] = body,
        None => drop(event.as_object_mut().unwrap().remove("body")),
    }
    let headers = event["headers"].as_object_mut().unwrap();
    match content_type {
        Some(content_type) => drop(headers.insert("content-type".to_owned(), json!(content_type))),
        None => drop(headers.remove("content-type")),
    }
    event
}

async fn send(world: &World, event: &Value) -> Answer {
    world.instance.send_raw("security-events", &event.to_string()).await
}

#[tokio::test]
async fn a_token_is_taken_plain_and_encoded() {
    for content_type in [
        Some(MEDIA_TYPE),
        Some("application/jwt"),
        Some("Application/SECEVENT+JWT; charset=utf-8"),
        Some("application/secevent+jwt;"),
        Some(""),
        None,
    ] {
        for is_base64 in [false, true] {
            let world = connected().await;
            let token = end(&world);
            let body = if is_base64 { STANDARD.encode(&token) } else { token };
            assert_taken(&send(&world, &raw(content_type, Some(json!(body)), is_base64)).await);
            assert_status(&world, "revoked", Some("tokens_revoked"));
        }
    }
}

#[tokio::test]
async fn white_space_around_a_token_is_none_of_it() {
    let world = connected().await;
    let token = format!("\r\n {}\t\n", end(&world));
    assert_taken(&deliver(&world, &token).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn other_media_types_are_refused() {
    let world = connected().await;
    for content_type in [
        "application/json",
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=MARK-of-the-sender",
        "application/secevent+jwtx",
        "application/*",
        "*/*",
        "MARK-of-the-sender",
        "ü; application/secevent+jwt",
    ] {
        let answer = send(&world, &raw(Some(content_type), Some(json!(end(&world))), false)).await;
        let description = assert_refused(&answer, "invalid_request");
        assert!(!description.contains(MARK));
    }
    assert_status(&world, "active", None);
}

#[tokio::test]
async fn a_body_that_is_no_token_is_refused() {
    let world = connected().await;
    let (calls, google) = (world.aws.faults().calls("DynamoDB"), world.google_calls());
    let large = "a".repeat(64 * 1024 + 1);
    let huge = format!("{}.{}.c2ln", part(&json!({ "alg": "RS256", "kid": "k" })), "A".repeat(1_000_000));
    let deep = URL_SAFE_NO_PAD.encode("[".repeat(40_000));
    for body in [
        "",
        " ",
        "\n",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        "...",
        "....",
        MARK,
        "\u{0}",
        "é.é.é",
        "{\"a\":1}",
        "<xml/>",
        "eyJ.eyJ.sig",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.",
        "W10.W10.W10",
        "=.=.=",
        &large,
        &huge,
        &deep,
        &format!("{deep}.{deep}."),
    ] {
        let description = assert_refused(&deliver(&world, body).await, "invalid_request");
        assert!(!description.contains(MARK));
        let encoded = raw(Some(MEDIA_TYPE), Some(json!(body)), false);
        assert_refused(&send(&world, &encoded).await, "invalid_request");
    }
    for bytes in [&b"\xff\xfe"[..], &[0; 100], b"\xed\xa0\x80.b.c"] {
        let event = raw(Some(MEDIA_TYPE), Some(json!(STANDARD.encode(bytes))), true);
        assert_refused(&send(&world, &event).await, "invalid_request");
    }
    for body in [None, Some(json!(null))] {
        assert_refused(&send(&world, &raw(Some(MEDIA_TYPE), body.clone(), false)).await, "invalid_request");
        assert_refused(&send(&world, &raw(Some(MEDIA_TYPE), body, true)).await, "invalid_request");
    }
    assert_eq!((world.aws.faults().calls("DynamoDB"), world.google_calls()), (calls, google));
}

#[tokio::test]
async fn events_that_no_gateway_sends_are_answered() {
    let world = connected().await;
    for event in ["", "null", "[]", "{}", "{\"body\":7}", "{\"body\":{},\"isBase64Encoded\":\"yes\"}", "\u{0}"] {
        let answer = world.instance.send_raw("security-events", event).await;
        assert!(matches!(answer.status(), 400 | 404), "{event}: {}", answer.body());
    }
    let answer = send(&world, &raw(Some(MEDIA_TYPE), Some(json!("*not base64*")), true)).await;
    assert_eq!(answer.status(), 400);
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "post"] {
        let event = Event::new(method, "/security-events").body(MEDIA_TYPE, end(&world)).json();
        problem(&send(&world, &event).await, 404, "not_found");
    }
    assert_status(&world, "active", None);
}

#[tokio::test]
async fn nothing_of_the_input_comes_back() {
    let world = connected().await;
    let sign = |claims: &Value| world.google.security_event(claims);
    let of = |name: &str, value: Value| sign(&with(ending(&world), name, value));
    let kid = json!({ "alg": "RS256", "kid": MARK });
    let tokens = [
        of("iss", json!(MARK)),
        of("aud", json!(MARK)),
        of("jti", json!(format!("{MARK} {MARK}"))),
        of("events", json!(MARK)),
        of("events", one("oauth", "tokens-revoked", &json!({ "subject": MARK }))),
        with_header(&end(&world), &kid),
        with_header(&end(&world), &json!({ "alg": MARK, "kid": MARK })),
        format!("{MARK}.{MARK}.{MARK}"),
    ];
    let mut words = BTreeSet::new();
    for token in &tokens {
        let answer = deliver(&world, token).await;
        assert_eq!(answer.status(), 400);
        let shown = format!("{answer:?}");
        assert!(!shown.contains(MARK), "{shown}");
        words.insert(answer.json().unwrap()["err"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        words.into_iter().collect::<Vec<_>>(),
        ["invalid_audience", "invalid_issuer", "invalid_key", "invalid_request"]
    );
}

#[tokio::test]
async fn neither_cookies_nor_a_query_nor_a_signature_of_iam_matter() {
    let world = connected().await;
    let event =
        post(&end(&world)).query("a=b&%ff=%ff").cookie("__Host-session=x").header("origin", "https://evil.test");
    assert_taken(&world.instance.send(&event.iam()).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}
