//! Authorization requests: what is refused, what is asked, what comes back.

use local::google::{ConsentError, Decision, Endpoint};

use super::support::*;

fn refusal(world: &World, parameters: &[(&str, &str)]) -> (u16, &'static str) {
    match world.google.consent(&world.authorization_url(parameters), &Decision::all(ANNA)) {
        Err(ConsentError::Refused { status, error, .. }) => (status, error),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_request_with_a_mistake_is_refused_and_never_redirected() {
    let world = world().await;
    let cases = [
        ("client_id", "nobody", (401, "invalid_client")),
        ("client_id", "", (400, "invalid_request")),
        ("redirect_uri", "https://app.example.com/callback/", (400, "redirect_uri_mismatch")),
        ("redirect_uri", "http://app.example.com/callback", (400, "redirect_uri_mismatch")),
        ("response_type", "token", (400, "unsupported_response_type")),
        ("scope", "", (400, "invalid_request")),
        ("scope", "openid gmail.readonly", (400, "invalid_scope")),
        ("access_type", "Offline", (400, "invalid_request")),
        ("prompt", "login", (400, "invalid_request")),
        ("prompt", "none consent", (400, "invalid_request")),
        ("code_challenge", "short", (400, "invalid_request")),
        ("code_challenge_method", "S256", (400, "invalid_request")),
        ("code_challenge_method", "s256", (400, "invalid_request")),
    ];
    for (name, value, expected) in cases {
        assert_eq!(refusal(&world, &[(name, value)]), expected, "{name}={value}");
        let response = world.http.get(world.authorization_url(&[(name, value)])).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected.0);
        assert!(response.text().await.unwrap().contains(expected.1));
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let world = world().await;
    let url = world.authorization_url(&[]) + "&state=another";
    let error = world.google.consent(&url, &Decision::all(ANNA)).unwrap_err().to_string();
    assert!(error.contains("can only have a single value: state"), "{error}");
}

#[tokio::test]
async fn the_response_carries_state_and_scopes_in_both_forms() {
    let world = world().await;
    let response = world.consent(&[], &Decision::all(ANNA));
    assert_eq!(response["state"], "the state");
    assert_eq!(set(&response["scope"]), set(&format!("email openid {LONG_EMAIL} {READONLY}")));
    assert!(response["code"].starts_with("4/"));
    assert_eq!(response["prompt"], "consent");
}

#[tokio::test]
async fn cancel_returns_access_denied_with_the_state() {
    let world = world().await;
    let response = world.consent(&[], &Decision::deny(ANNA));
    assert_eq!((response["error"].as_str(), response["state"].as_str()), ("access_denied", "the state"));
    assert!(!response.contains_key("code"));
}

#[tokio::test]
async fn a_box_left_empty_is_a_scope_not_granted() {
    let world = world().await;
    let response = world.consent(&[], &Decision::only(ANNA, &[]));
    let (_, tokens) = world.exchange(&response["code"], &[]).await;
    assert_eq!(set(tokens["scope"].as_str().unwrap()), set(&format!("openid {LONG_EMAIL}")));
    let (status, body) = world.gmail(tokens["access_token"].as_str().unwrap(), "").await;
    assert_eq!((status, reason(&body)), (403, "insufficientPermissions"));
    assert_eq!(body["error"]["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
}

#[tokio::test]
async fn an_empty_answer_to_a_request_without_identity_is_access_denied() {
    let world = world().await;
    let response = world.consent(&[("scope", READONLY)], &Decision::only(ANNA, &[]));
    assert_eq!(response["error"], "access_denied");
}

#[tokio::test]
async fn email_alone_brings_openid_along() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[("scope", "email")]).await;
    assert_eq!(set(tokens["scope"].as_str().unwrap()), set(&format!("openid {LONG_EMAIL}")));
    assert!(tokens["id_token"].is_string());
}

#[tokio::test]
async fn granted_scopes_are_included_only_when_asked_for() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    let without = world.tokens(ANNA, &[("scope", "openid")]).await;
    assert_eq!(without["scope"], "openid");
    let with = world.tokens(ANNA, &[("scope", "openid"), ("include_granted_scopes", "true")]).await;
    assert!(set(with["scope"].as_str().unwrap()).contains(READONLY));
}

#[tokio::test]
async fn prompt_none_answers_with_an_error_in_place_of_a_page() {
    let world = world().await;
    let ask = |hint: &str| world.consent(&[("prompt", "none"), ("login_hint", hint)], &Decision::all(ANNA));
    assert_eq!(ask("")["error"], "account_selection_required");
    assert_eq!(ask("stranger@example.com")["error"], "login_required");
    assert_eq!(ask(ANNA)["error"], "interaction_required");
    world.tokens(ANNA, &[]).await;
    assert!(ask(&sub(ANNA)).contains_key("code"));
}

#[tokio::test]
async fn every_request_is_counted_and_recorded() {
    let world = world().await;
    world.get("/o/oauth2/v2/auth?state=1").await;
    world.refresh("1//nothing").await;
    assert_eq!((world.google.calls(Endpoint::Authorization), world.google.calls(Endpoint::Token)), (1, 1));
    let recorded = world.google.requests(Endpoint::Token).remove(0);
    assert!(String::from_utf8_lossy(&recorded.body).contains("refresh_token=1%2F%2Fnothing"));
    assert!(!format!("{recorded:?}").contains("nothing"));
}
