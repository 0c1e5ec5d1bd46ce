//! ID tokens, the keys that sign them, userinfo and discovery.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::google::{Decision, Effect, Endpoint, IdTokenFault};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::support::*;

async fn id_token(world: &World) -> String {
    world.tokens(ANNA, &[]).await["id_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_id_token_says_who_signed_in_where() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let token = tokens["id_token"].as_str().unwrap();
    assert!(verifies(token, &jwks(&world).await));
    let claims = claims(token);
    assert_eq!(claims["iss"], "https://accounts.google.com");
    assert_eq!((&claims["aud"], &claims["azp"], &claims["nonce"]), (&json!("app"), &json!("app"), &json!("the nonce")));
    assert_eq!((&claims["sub"], &claims["email"]), (&json!(sub(ANNA)), &json!(ANNA)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    let hash = digest(&SHA256, tokens["access_token"].as_str().unwrap().as_bytes());
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
    assert!(claims["name"].is_null(), "profile was not asked for");
}

#[tokio::test]
async fn keys_may_be_kept_for_a_while_and_rotate_by_key_id() {
    let world = world().await;
    let cache = world.get("/oauth2/v3/certs").await.headers()["cache-control"].to_str().unwrap().to_owned();
    assert!(cache.starts_with("public, max-age="));
    let (old_token, old_keys) = (id_token(&world).await, jwks(&world).await);
    for _ in 0..3 {
        world.google.rotate_keys();
        assert!(!verifies(&id_token(&world).await, &old_keys), "a kept set does not know the new key");
        assert!(verifies(&id_token(&world).await, &jwks(&world).await));
    }
    assert!(!verifies(&old_token, &jwks(&world).await));
}

#[tokio::test]
async fn the_key_before_stays_published_for_one_rotation() {
    let world = world().await;
    let token = id_token(&world).await;
    world.google.rotate_keys();
    assert!(verifies(&token, &jwks(&world).await));
}

#[tokio::test]
async fn an_id_token_can_be_wrong_in_every_way() {
    let world = world().await;
    let right = claims(&id_token(&world).await);
    let faults = [
        (IdTokenFault::WrongIssuer, "iss"),
        (IdTokenFault::WrongAudience, "aud"),
        (IdTokenFault::WrongAzp, "azp"),
        (IdTokenFault::WrongNonce, "nonce"),
        (IdTokenFault::Expired, "exp"),
        (IdTokenFault::IssuedInFuture, "iat"),
        (IdTokenFault::NoSubject, "sub"),
    ];
    for (fault, claim) in faults {
        world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(fault));
        let token = id_token(&world).await;
        assert!(verifies(&token, &jwks(&world).await), "{fault:?}");
        assert_ne!(claims(&token)[claim], right[claim], "{fault:?}");
    }
    for fault in [IdTokenFault::BadSignature, IdTokenFault::UnknownKid, IdTokenFault::AlgNone] {
        world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(fault));
        let token = id_token(&world).await;
        assert_eq!(claims(&token)["sub"], right["sub"]);
        assert!(!verifies(&token, &jwks(&world).await), "{fault:?}");
    }
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(IdTokenFault::Missing));
    assert!(world.tokens(ANNA, &[]).await["id_token"].is_null());
}

#[tokio::test]
async fn userinfo_tells_what_the_scopes_allow() {
    let world = world().await;
    let url = format!("{}/v1/userinfo", world.origin);
    let token = world.access_token(ANNA).await;
    let (status, body) = answer(world.http.get(&url).bearer_auth(&token)).await;
    let expected = json!({ "sub": sub(ANNA), "email": ANNA, "email_verified": true });
    assert_eq!((status, body), (200, expected));
    let code = world.consent(&[("scope", READONLY)], &Decision::all(ANNA))["code"].clone();
    let tokens = world.exchange(&code, &[]).await.1;
    assert!(tokens["id_token"].is_null());
    assert_eq!(answer(world.http.get(&url).bearer_auth(tokens["access_token"].as_str().unwrap())).await.0, 401);
    assert_eq!(answer(world.http.get(&url)).await.0, 401);
}

#[tokio::test]
async fn security_events_are_signed_with_the_published_keys() {
    let world = world().await;
    let configuration = world.get("/.well-known/risc-configuration").await.text().await.unwrap();
    let configuration: Value = serde_json::from_str(&configuration).unwrap();
    assert_eq!(configuration["issuer"], "https://accounts.google.com/");
    let cache = world.get("/.well-known/risc-configuration").await.headers()["cache-control"].clone();
    assert_eq!(cache, world.get("/oauth2/v3/certs").await.headers()["cache-control"]);
    assert_eq!(world.google.calls(Endpoint::Risc), 2);
    assert_eq!(configuration["jwks_uri"], format!("{}/oauth2/v3/certs", world.origin));
    let event = world.google.security_event(&json!({ "jti": "1" }));
    assert!(verifies(&event, &jwks(&world).await));
    assert_eq!(claims(&event), json!({ "jti": "1" }));
}

#[tokio::test]
async fn discovery_names_the_endpoints() {
    let world = world().await;
    let body = world.get("/.well-known/openid-configuration").await.text().await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["issuer"], "https://accounts.google.com");
    assert_eq!(body["token_endpoint"], format!("{}/token", world.origin));
}

#[tokio::test]
async fn the_client_secret_file_leads_to_the_emulator() {
    let world = world().await;
    world.google.set_client_secret("app", "new");
    let file = world.google.client_secret_file("app").unwrap();
    assert_eq!(file["web"]["client_secret"], "new");
    assert_eq!(file["web"]["token_uri"], format!("{}/token", world.origin));
    assert_eq!(file["web"]["redirect_uris"], json!([REDIRECT_URI]));
    assert!(world.google.client_secret_file("nobody").is_none());
}
