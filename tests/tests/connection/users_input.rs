//! What a backend may ask of the list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tests::world::ANNA;

use super::*;

/// The tokens for the place after Anna in each list.
/// The page token of the place behind a user.
fn place(status: &str, user_id: &str) -> String {
    token(&format!(r#"["{status}",{{"user_id":"{user_id}","key":"connection#{user_id}"}}]"#))
}

fn token(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

#[track_caller]
fn assert_names(answer: &Answer, parameter: &str) {
    let told = problem(answer, 400, "invalid_request");
    assert!(told["detail"].as_str().unwrap().contains(&format!("parameter {parameter} ")), "{told}");
}

#[tokio::test]
async fn every_bad_parameter_is_named_and_nothing_is_read() {
    let world = connected().await;
    let long = "x".repeat(600);
    let calls = calls_of(&world, async {
        for (query, parameter) in [
            ("status=Active", "status"),
            ("status=expired", "status"),
            ("status=active%20", "status"),
            ("status=active&status=active", "status"),
            ("status=%FF", "status"),
            (&format!("status={long}"), "status"),
            ("max_results=0", "max_results"),
            ("max_results=00", "max_results"),
            ("max_results=-1", "max_results"),
            ("max_results=1.5", "max_results"),
            ("max_results=ten", "max_results"),
            ("max_results=1&max_results=2", "max_results"),
            (&format!("max_results={}", "9".repeat(65)), "max_results"),
            ("page_token=x", "page_token"),
            ("page_token=%FF", "page_token"),
            (&format!("page_token={long}"), "page_token"),
            ("page_token=a&page_token=b", "page_token"),
        ] {
            assert_names(&world.instance.send(&users(query)).await, parameter);
        }
    });
    assert!(calls.await.is_empty());
}

#[tokio::test]
async fn a_number_is_written_in_digits() {
    let world = connected().await;
    for text in ["%2B5", "+5", "5+", "0x5", "%D9%A5"] {
        assert_names(&world.instance.send(&users(&format!("max_results={text}"))).await, "max_results");
    }
}

#[tokio::test]
async fn a_number_that_is_larger_than_any_page_is_the_largest_page() {
    let world = connected().await;
    for text in ["1000", "4294967295", "4294967296", "9999999999999999"] {
        told(&world.instance.send(&users(&format!("max_results={text}"))).await);
    }
}

#[tokio::test]
async fn a_page_token_of_another_list_is_refused() {
    let world = connected().await;
    let (active, revoked) = (place("active", "1"), place("revoked", "1"));
    for query in [format!("status=revoked&page_token={active}"), format!("status=active&page_token={revoked}")] {
        assert_names(&world.instance.send(&users(&query)).await, "page_token");
    }
    // The list of all goes through both.
    for token in [active, revoked] {
        told(&world.instance.send(&users(&format!("page_token={token}"))).await);
    }
}

#[tokio::test]
async fn a_forged_page_token_is_refused_or_leads_to_a_place_in_the_list() {
    let world = connected().await;
    let forged = [
        "active",
        " ",
        "",
        "[]",
        r#"["expired",null]"#,
        r#"["ACTIVE",null]"#,
        r#"["active"]"#,
        r#"["active",null,1]"#,
        r#"["active","1"]"#,
        r#"["active",{"user_id":"1"}]"#,
        r#"["active",{"user_id":"","key":"connection#1"}]"#,
        r#"{"pk":{"S":"connection#1"}}"#,
    ];
    for text in forged.map(token).iter().filter(|token| !token.is_empty()) {
        assert_names(&world.instance.send(&users(&format!("page_token={text}"))).await, "page_token");
    }
    let padded = base64::engine::general_purpose::URL_SAFE.encode(r#"["active",null ]"#);
    assert!(padded.ends_with('='));
    for text in [padded.as_str(), "\u{0}", "AA", "%00", "~", "YWN0aXZlIDE%0a"] {
        assert_names(&world.instance.send(&users(&format!("page_token={text}"))).await, "page_token");
    }
    let first = token(r#"["active",null]"#);
    let places = [(first, 1), (place("active", "~"), 0), (place("active", "!"), 1), (place("revoked", "!"), 0)];
    for (token, count) in places {
        let page = told(&world.instance.send(&users(&format!("page_token={token}"))).await);
        assert_eq!(page["users"].as_array().unwrap().len(), count, "{token}");
    }
}

#[tokio::test]
async fn the_list_is_for_backends_only() {
    let world = connected().await;
    let event = Event::get("/users").cookies(world.visitor.jar().cookies());
    let answer = problem(&world.instance.send(&event).await, 403, "forbidden");
    assert!(!answer.to_string().contains(ANNA));
}

#[tokio::test]
async fn what_is_not_a_parameter_changes_nothing() {
    let world = connected().await;
    let plain = told(&world.instance.send(&users("")).await);
    for query in ["x=1", "&&", "Status=revoked", "status", "page_token=", "%FF=%FF", "max_results=&x"] {
        assert_eq!(told(&world.instance.send(&users(query)).await), plain, "{query}");
    }
}
