//! What Google sends the browser back with: an error, or a code.

use local::google::{Decision, Endpoint};
use tests::world::{ANNA, World};

use super::{assert_nothing_stored, assert_problem, attempt, program};

/// A program comes back with these parameters and the state of its attempt.
async fn come_back(world: &World, parameters: &str) -> tests::answer::Answer {
    let visitor = program(world);
    let url = visitor.begin("").await;
    let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap();
    visitor.get(&format!("/callback?state={state}&{parameters}")).await
}

#[tokio::test]
async fn who_cancels_has_declined() {
    let world = World::start().await;
    let answer = attempt(&world, "", &Decision::deny(ANNA)).await;
    assert_problem(&answer, 403, "access_denied");
    assert_eq!(world.google.calls(Endpoint::Token), 0);
    assert_nothing_stored(&world);
}

#[tokio::test]
async fn any_other_error_is_a_failed_authorization_with_googles_code() {
    let world = World::start().await;
    for error in ["temporarily_unavailable", "server_error", "admin_policy_enforced", "org_internal", "invalid_scope"] {
        let answer = come_back(&world, &format!("error={error}")).await;
        assert_problem(&answer, 400, "authorization_failed");
        assert!(answer.body().contains(error), "{}", answer.body());
    }
    assert_eq!(world.google_calls(), 0);
}

#[tokio::test]
async fn an_error_that_is_no_plain_token_is_not_repeated() {
    let world = World::start().await;
    for error in [
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "call%20me%20at%20555",
        "%D7%A9%D7%9C%D7%95%D7%9D",
        "%FF",
        "a%0Ab",
        "a%22b",
        "https%3A%2F%2Fevil.example",
    ] {
        let answer = come_back(&world, &format!("error={error}&error_description=call-me")).await;
        assert_problem(&answer, 400, "authorization_failed");
        let detail = answer.json().unwrap()["detail"].as_str().unwrap().to_owned();
        assert_eq!(detail, "Google ended the authorization with an error.", "{error}");
    }
}

#[tokio::test]
async fn a_code_that_is_missing_or_too_long_is_an_invalid_request() {
    let world = World::start().await;
    for parameters in ["", "code=", &format!("code={}", "x".repeat(2_049)), "code=a&code=b", "code=%FF"] {
        let answer = come_back(&world, parameters).await;
        assert_problem(&answer, 400, "invalid_request");
        assert!(answer.body().contains("parameter code "), "{}", answer.body());
    }
    assert_eq!(world.google_calls(), 0);
}

#[tokio::test]
async fn a_code_of_2048_characters_is_sent_to_google() {
    let world = World::start().await;
    assert_problem(&come_back(&world, &format!("code={}", "x".repeat(2_048))).await, 400, "code_rejected");
    assert_eq!(world.google.calls(Endpoint::Token), 1);
}
