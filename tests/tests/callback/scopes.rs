//! What the user allowed has to be everything that is needed.

use local::google::{Decision, Effect, Endpoint};
use serde_json::json;
use tests::world::{ANNA, READONLY, Settings, World, sub};

use super::{assert_connected, assert_nothing_stored, assert_problem, attempt, connect, fault};

const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";

fn nothing_ticked() -> Decision {
    Decision::only(ANNA, &[])
}

#[tokio::test]
async fn a_box_that_is_not_ticked_is_a_missing_scope() {
    let world = World::start().await;
    let answer = attempt(&world, "", &nothing_ticked()).await;
    assert_problem(&answer, 403, "insufficient_scope");
    assert_eq!(answer.json().unwrap()["missing_scopes"], json!([READONLY]));
    assert_nothing_stored(&world);
}

#[tokio::test]
async fn each_missing_scope_is_listed_as_it_was_asked_for() {
    let world = Settings::default().variable("SCOPES", &format!("{LABELS} openid email {READONLY}")).start().await;
    fault(&world, Endpoint::Token, 1, Effect::Scope("openid".to_owned()));
    let answer = connect(&world, "").await;
    assert_eq!(answer.json().unwrap()["missing_scopes"], json!([LABELS, "email", READONLY]));
}

#[tokio::test]
async fn an_existing_connection_stays_untouched_byte_for_byte() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let stored = world.items();
    let answer = attempt(&world, "prompt=consent", &nothing_ticked()).await;
    assert_problem(&answer, 403, "insufficient_scope");
    assert_eq!(world.items(), stored);
}

#[tokio::test]
async fn scopes_are_compared_as_sets_with_googles_long_names() {
    let world = Settings::default().variable("SCOPES", &format!("{READONLY} profile email openid")).start().await;
    let long = "https://www.googleapis.com/auth/userinfo";
    fault(&world, Endpoint::Token, 1, Effect::Scope(format!("{long}.profile openid {READONLY} {long}.email extra")));
    assert_connected(&connect(&world, "").await);
}

#[tokio::test]
async fn what_was_granted_is_what_the_token_response_says_not_what_the_redirect_says() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, Effect::Scope("openid email".to_owned()));
    assert_problem(&connect(&world, "").await, 403, "insufficient_scope");
}

#[tokio::test]
async fn who_starts_again_is_asked_for_consent_for_the_same_account() {
    let world = World::start().await;
    let url = attempt(&world, "", &nothing_ticked()).await.json().unwrap()["authorization_url"].clone();
    let expected = format!("https://mail.example.com/authorize?login_hint={}&prompt=consent", sub(ANNA));
    assert_eq!(url, expected);
}

#[tokio::test]
async fn scopes_of_ours_other_than_gmails_default_are_all_required() {
    let world = Settings::default().variable("SCOPES", &format!("openid email {READONLY} {LABELS}")).start().await;
    let answer = attempt(&world, "", &Decision::only(ANNA, &[READONLY])).await;
    assert_eq!(answer.json().unwrap()["missing_scopes"], json!([LABELS]));
    assert_connected(&attempt(&world, "prompt=consent", &Decision::only(ANNA, &[READONLY, LABELS])).await);
}
