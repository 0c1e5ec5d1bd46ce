//! The order of the outcomes: the first that applies answers.

use local::google::{Decision, Effect, Endpoint, IdTokenFault};
use tests::world::{ANNA, World};

use super::{assert_problem, attempt, body, break_aws, connect, fault, program, status, token_error};

/// A program begins; gives it with its state.
async fn begun(world: &World) -> (tests::world::Visitor, String) {
    let visitor = program(world);
    let url = visitor.begin("").await;
    let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    (visitor, state)
}

#[tokio::test]
async fn an_unknown_state_comes_before_googles_error() {
    let world = World::start().await;
    assert_problem(&program(&world).get("/callback?state=x&error=access_denied").await, 400, "invalid_state");
}

#[tokio::test]
async fn googles_error_comes_before_the_code() {
    let world = World::start().await;
    for (query, status, code) in [
        ("error=access_denied&code=4%2Fx".to_owned(), 403, "access_denied"),
        ("error=server_error&code=4%2Fx".to_owned(), 400, "authorization_failed"),
        (format!("error=access_denied&code={}", "x".repeat(3_000)), 403, "access_denied"),
    ] {
        let (visitor, state) = begun(&world).await;
        assert_problem(&visitor.get(&format!("/callback?state={state}&{query}")).await, status, code);
    }
    assert_eq!(world.google_calls(), 0);
}

#[tokio::test]
async fn a_rejected_code_comes_before_what_else_is_down() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, token_error("invalid_grant"));
    fault(&world, Endpoint::Certs, 99, status(503));
    break_aws(&world, "KMS");
    assert_problem(&connect(&world, "").await, 400, "code_rejected");
}

#[tokio::test]
async fn a_bad_id_token_comes_before_missing_scopes() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, Effect::IdToken(IdTokenFault::WrongNonce));
    assert_problem(&attempt(&world, "", &Decision::only(ANNA, &[])).await, 502, "invalid_id_token");
}

#[tokio::test]
async fn no_user_id_comes_before_missing_scopes() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, Effect::IdToken(IdTokenFault::Missing));
    fault(&world, Endpoint::UserInfo, 1, body("{}"));
    assert_problem(&attempt(&world, "", &Decision::only(ANNA, &[])).await, 502, "no_user_id");
}

#[tokio::test]
async fn missing_scopes_come_before_a_store_that_is_down() {
    let world = World::start().await;
    break_aws(&world, "DynamoDB");
    assert_problem(&attempt(&world, "", &Decision::only(ANNA, &[])).await, 403, "insufficient_scope");
}

#[tokio::test]
async fn a_usable_connection_comes_before_no_refresh_token() {
    let world = World::start().await;
    world.connect(ANNA).await;
    fault(&world, Endpoint::Token, 1, Effect::NoRefreshToken);
    super::assert_connected(&connect(&world, "prompt=consent").await);
}

#[tokio::test]
async fn every_outcome_clears_the_attempts_cookie() {
    let world = World::start().await;
    for query in ["error=access_denied", "error=x", "", "code=4%2Fnone"] {
        let (visitor, state) = begun(&world).await;
        visitor.get(&format!("/callback?state={state}&{query}")).await;
        assert!(visitor.jar().cookies().is_empty(), "{query}");
    }
}
