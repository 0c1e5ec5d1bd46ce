//! The token endpoint, revocation, and how tokens die.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::support::*;

/// Fields of a form.
type Form = &'static [(&'static str, &'static str)];

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_code_is_good_for_one_exchange() {
    let world = world().await;
    let code = world.code(&[]);
    let (status, tokens) = world.exchange(&code, &[]).await;
    assert_eq!((status, &tokens["expires_in"], &tokens["token_type"]), (200, &json!(3599), &json!("Bearer")));
    let (status, body) = world.exchange(&code, &[]).await;
    assert_eq!((status, reason(&body)), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let world = world().await;
    let (in_time, late) = (world.code(&[]), world.code(&[("prompt", "consent")]));
    world.clock.pass(Duration::from_secs(599));
    assert_eq!(world.exchange(&in_time, &[]).await.0, 200);
    world.clock.pass(Duration::from_secs(1));
    assert_eq!(reason(&world.exchange(&late, &[]).await.1), "invalid_grant");
}

#[tokio::test]
async fn a_failed_client_or_redirect_uri_leaves_the_code_good() {
    let world = world().await;
    let code = world.code(&[]);
    let (status, body) = world.exchange(&code, &[("client_secret", "wrong")]).await;
    assert_eq!((status, reason(&body)), (401, "invalid_client"));
    let (status, body) = world.exchange(&code, &[("redirect_uri", "https://app.example.com/")]).await;
    assert_eq!((status, reason(&body)), (400, "redirect_uri_mismatch"));
    let (status, body) = world.exchange(&code, &[("client_id", "other"), ("client_secret", "0ther")]).await;
    assert_eq!((status, reason(&body)), (400, "invalid_grant"));
    assert_eq!(world.exchange(&code, &[]).await.0, 200);
}

#[tokio::test]
async fn pkce_binds_the_code_to_its_verifier() {
    let world = world().await;
    let verifier = "a-verifier-of-at-least-forty-three-characters-0123456789";
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let ask = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256"), ("prompt", "consent")];
    let description = |body: serde_json::Value| body["error_description"].as_str().unwrap().to_owned();
    let (_, missing) = world.exchange(&world.code(&ask), &[]).await;
    assert_eq!(description(missing), "Missing code verifier.");
    let (_, wrong) = world.exchange(&world.code(&ask), &[("code_verifier", &challenge)]).await;
    assert_eq!(description(wrong), "Invalid code verifier.");
    assert_eq!(world.exchange(&world.code(&ask), &[("code_verifier", verifier)]).await.0, 200);
}

#[tokio::test]
async fn a_client_may_show_its_secret_by_basic_but_not_twice() {
    let world = world().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "1//none")];
    let request = || world.http.post(format!("{}/token", world.origin)).basic_auth("app", Some("s3cret"));
    assert_eq!(reason(&answer(request().form(&form)).await.1), "invalid_grant");
    let twice = [form[0], form[1], ("client_secret", "s3cret")];
    assert_eq!(reason(&answer(request().form(&twice)).await.1), "invalid_request");
}

#[tokio::test]
async fn a_bad_token_request_gets_the_error_of_its_kind() {
    let world = world().await;
    let cases: [(Form, u16, &str); 6] = [
        (&[], 400, "unsupported_grant_type"),
        (&[("grant_type", "password")], 400, "unsupported_grant_type"),
        (&[("grant_type", "authorization_code")], 400, "invalid_request"),
        (&[("grant_type", "refresh_token")], 400, "invalid_request"),
        (&[("grant_type", "refresh_token"), ("client_id", "nobody")], 401, "invalid_client"),
        (&[("grant_type", "refresh_token"), ("client_secret", "")], 400, "invalid_request"),
    ];
    for (form, status, error) in cases {
        let (got, body) = world.token(form).await;
        assert_eq!((got, reason(&body)), (status, error), "{form:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_comes_with_the_first_consent_only() {
    let world = world().await;
    assert!(world.tokens(ANNA, &[]).await["refresh_token"].is_string());
    assert!(world.tokens(ANNA, &[]).await["refresh_token"].is_null());
    assert!(world.tokens(ANNA, &[("prompt", "consent")]).await["refresh_token"].is_string());
    let wider = format!("openid {READONLY} {METADATA}");
    assert!(world.tokens(ANNA, &[("scope", &wider)]).await["refresh_token"].is_string());
}

#[tokio::test]
async fn online_access_brings_no_refresh_token() {
    let world = world().await;
    assert!(world.tokens(ANNA, &[("access_type", "")]).await["refresh_token"].is_null());
    assert!(world.tokens(ANNA, &[]).await["refresh_token"].is_string(), "offline access is a new consent");
}

#[tokio::test]
async fn a_refresh_returns_no_refresh_token_but_an_id_token() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let (status, refreshed) = world.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    assert!(refreshed["refresh_token"].is_null() && refreshed["id_token"].is_string());
    assert_eq!(refreshed["scope"], tokens["scope"]);
    assert_ne!(refreshed["access_token"], tokens["access_token"]);
}

#[tokio::test]
async fn a_refresh_cannot_widen_the_scopes() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let (status, body) = world.token(&[form[0], form[1], ("scope", METADATA)]).await;
    assert_eq!((status, reason(&body)), (400, "invalid_scope"));
    assert_eq!(world.token(&[form[0], form[1], ("scope", READONLY)]).await.1["scope"], READONLY);
}

#[tokio::test]
async fn another_client_cannot_use_a_refresh_token() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let (status, body) = world.token(&[form[0], form[1], ("client_id", "other"), ("client_secret", "0ther")]).await;
    assert_eq!((status, reason(&body)), (401, "unauthorized_client"));
}

#[tokio::test]
async fn the_oldest_of_more_than_a_hundred_refresh_tokens_dies_without_a_word() {
    let world = world().await;
    let mut tokens = Vec::new();
    for _ in 0..101 {
        let minted = world.tokens(ANNA, &[("prompt", "consent")]).await;
        tokens.push(minted["refresh_token"].as_str().unwrap().to_owned());
    }
    let (status, body) = world.refresh(&tokens[0]).await;
    assert_eq!((status, reason(&body)), (400, "invalid_grant"));
    assert_eq!(world.refresh(&tokens[1]).await.0, 200);
    assert_eq!(world.refresh(&tokens[100]).await.0, 200);
}

#[tokio::test]
async fn in_testing_a_refresh_token_lives_seven_days_and_says_so() {
    let world = world_in_testing().await;
    let tokens = world.tokens(ANNA, &[]).await;
    assert_eq!(tokens["refresh_token_expires_in"], 7 * 86_400 - 1);
    let token = tokens["refresh_token"].as_str().unwrap();
    world.clock.pass(6 * DAY);
    assert_eq!(world.refresh(token).await.0, 200);
    world.clock.pass(DAY);
    assert_eq!(reason(&world.refresh(token).await.1), "invalid_grant");
    let identity = world.tokens(EMPTY, &[("scope", "openid email")]).await;
    assert!(identity["refresh_token"].is_string() && identity["refresh_token_expires_in"].is_null());
}

#[tokio::test]
async fn a_refresh_token_unused_for_half_a_year_is_dead() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    world.clock.pass(181 * DAY);
    assert_eq!(world.refresh(token).await.0, 200);
    world.clock.pass(181 * DAY);
    assert_eq!(world.refresh(token).await.0, 200);
    world.clock.pass(182 * DAY);
    assert_eq!(reason(&world.refresh(token).await.1), "invalid_grant");
}

#[tokio::test]
async fn session_control_answers_invalid_grant_with_a_subtype_until_the_next_consent() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    world.google.require_reauthentication(&sub(ANNA));
    let (status, body) = world.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!((status, reason(&body), &body["error_subtype"]), (400, "invalid_grant", &json!("invalid_rapt")));
    let again = world.tokens(ANNA, &[("prompt", "consent")]).await;
    assert_eq!(world.refresh(again["refresh_token"].as_str().unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_rotated_client_secret_is_the_clients_failure_and_not_the_tokens() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    world.google.set_client_secret("app", "new");
    let (status, body) = world.refresh(token).await;
    assert_eq!((status, reason(&body)), (401, "invalid_client"));
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_secret", "new")];
    assert_eq!(world.token(&form).await.0, 200);
}

#[tokio::test]
async fn revoking_either_token_ends_the_whole_grant() {
    for kind in ["access_token", "refresh_token"] {
        let world = world().await;
        let tokens = world.tokens(ANNA, &[]).await;
        let revoke = || world.http.post(format!("{}/revoke", world.origin)).form(&[("token", tokens[kind].as_str())]);
        assert_eq!(answer(revoke()).await.0, 200);
        assert_eq!(reason(&world.refresh(tokens["refresh_token"].as_str().unwrap()).await.1), "invalid_grant");
        assert_eq!(world.gmail(tokens["access_token"].as_str().unwrap(), "").await.0, 401);
        let (status, body) = answer(revoke()).await;
        assert_eq!((status, reason(&body)), (400, "invalid_token"));
        assert!(world.tokens(ANNA, &[]).await["refresh_token"].is_string(), "the next consent is a first one");
    }
}

#[tokio::test]
async fn what_the_user_removes_is_gone_for_that_account_only() {
    let world = world().await;
    let (anna, other) = (world.tokens(ANNA, &[]).await, world.tokens(EMPTY, &[]).await);
    world.google.revoke(&sub(ANNA));
    let (_, body) = world.refresh(anna["refresh_token"].as_str().unwrap()).await;
    assert_eq!(body["error_description"], "Token has been expired or revoked.");
    assert_eq!(world.refresh(other["refresh_token"].as_str().unwrap()).await.0, 200);
}

#[tokio::test]
async fn access_tokens_end_by_the_clock_or_when_told() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    world.clock.pass(Duration::from_secs(3598));
    assert_eq!(world.gmail(&token, "").await.0, 200);
    world.clock.pass(Duration::from_secs(1));
    let (status, body) = world.gmail(&token, "").await;
    assert_eq!((status, reason(&body), &body["error"]["status"]), (401, "authError", &json!("UNAUTHENTICATED")));
    let fresh = world.access_token(ANNA).await;
    world.google.expire_access_tokens(&sub(ANNA));
    assert_eq!(world.gmail(&fresh, "").await.0, 401);
    assert_eq!(world.gmail(&world.access_token(ANNA).await, "").await.0, 200);
}

#[tokio::test]
async fn a_snapshot_carries_everything_into_another_process() {
    let (before, after) = (world().await, world().await);
    let tokens = before.tokens(ANNA, &[]).await;
    before.google.deliver(&sub(ANNA), 3);
    before.google.rotate_keys();
    let newest = ids(&before.gmail(tokens["access_token"].as_str().unwrap(), "").await.1);
    after.google.restore(before.google.snapshot()).unwrap();
    assert_eq!(after.refresh(tokens["refresh_token"].as_str().unwrap()).await.0, 200);
    assert_eq!(ids(&after.gmail(tokens["access_token"].as_str().unwrap(), "").await.1), newest);
    let certs = |world: World| async move { world.get("/oauth2/v3/certs").await.text().await.unwrap() };
    assert_eq!(certs(before).await, certs(after).await);
    assert!(world().await.google.restore(json!({ "grants": 1 })).is_err());
}
