//! What callers may ask, and what they are told where they may not.

use tests::{
    answer::problem,
    world::{Settings, World},
};

const APP: &str = "https://app.example.com";

async fn world() -> World {
    Settings::default().variable("ALLOWED_RETURN_ORIGINS", &format!("{APP},http://localhost:3000")).start().await
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

#[tokio::test]
async fn a_bad_parameter_is_an_invalid_request_that_names_it() {
    let world = world().await;
    for (name, query) in [
        ("login_hint", format!("login_hint={}", long(321))),
        ("login_hint", "login_hint=a&login_hint=a".to_owned()),
        ("login_hint", "login_hint=%FF".to_owned()),
        ("return_to", format!("return_to=%2F{}", long(512))),
        ("return_to", "return_to=%2Fa&return_to=%2Fb".to_owned()),
        ("return_to", "return_to=%2F%C3%28".to_owned()),
        ("state", format!("state={}", long(513))),
        ("state", "state=&state=a".to_owned()),
        ("state", "state=%E2%82".to_owned()),
        ("prompt", "prompt=none".to_owned()),
        ("prompt", "prompt=login".to_owned()),
        ("prompt", "prompt=consent%20none".to_owned()),
        ("prompt", "prompt=consent,select_account".to_owned()),
        ("prompt", "prompt=CONSENT".to_owned()),
        ("prompt", "prompt=consent&prompt=consent".to_owned()),
        ("prompt", format!("prompt={}", long(65))),
    ] {
        for path in ["/authorize-url", "/authorize"] {
            let answer = world.visitor.get(&format!("{path}?{query}")).await;
            problem(&answer, 400, "invalid_request");
            let detail = answer.json().unwrap()["detail"].to_string();
            assert!(detail.contains(&format!("parameter {name} ")), "{query}: {detail}");
            assert_eq!(answer.cookies().count(), 0, "{query}");
        }
    }
}

#[tokio::test]
async fn the_longest_values_are_accepted_counted_in_characters() {
    let world = world().await;
    for query in [
        format!("login_hint={}", "%C3%A9".repeat(320)),
        format!("return_to=%2F{}", "%C3%A9".repeat(511)),
        format!("state={}", "%D7%A9".repeat(512)),
    ] {
        assert_eq!(world.authorize(&query).await.status(), 200, "{query}");
    }
}

#[tokio::test]
async fn unknown_parameters_are_of_no_account() {
    let world = world().await;
    assert_eq!(world.authorize("utm_source=mail&utm_source=web&x=%FF").await.status(), 200);
}

#[tokio::test]
async fn a_return_to_is_a_path_here_or_an_address_on_an_allowed_origin() {
    let world = world().await;
    for return_to in [
        "/messages",
        "/messages?q=a#b",
        "/",
        "https://app.example.com",
        "https://app.example.com/a?b",
        "http://localhost:3000/",
    ] {
        assert_eq!(world.authorize(&query(return_to)).await.status(), 200, "{return_to}");
    }
}

#[tokio::test]
async fn a_return_to_that_leads_anywhere_else_is_refused_by_name() {
    let world = world().await;
    for return_to in [
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\r\n/evil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/%2e%2e//evil.example",
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com:444",
        "http://app.example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "messages",
        "https://user:pass@app.example.com/",
        "?x",
        "#x",
        " /messages",
        "/messages\u{0}",
    ] {
        let answer = world.authorize(&query(return_to)).await;
        problem(&answer, 400, "invalid_request");
        assert!(answer.body().contains("return_to"), "{return_to}");
    }
}

#[tokio::test]
async fn by_default_no_other_origin_is_returned_to() {
    let world = World::start().await;
    problem(&world.authorize(&query(APP)).await, 400, "invalid_request");
}

fn query(return_to: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish()
}
