//! Google's configuration and keys: fetched when they are needed, kept as long as Google says, and missed for a while
//! only.

use std::time::Duration;

use local::google::{Effect, Endpoint};

use super::*;

/// What the emulated Google's `Cache-Control` allows, in seconds.
const MAX_AGE: u64 = 23_474;
/// Longer than nothing is fetched after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(11);

fn harmless(world: &World) -> String {
    saying(world, "risc", "account-enabled", &about(ANNA))
}

/// How often the configuration and the keys were fetched since a count.
fn fetches(world: &World, since: (usize, usize)) -> (usize, usize) {
    let (configuration, keys) = counts(world);
    (configuration - since.0, keys - since.1)
}

fn counts(world: &World) -> (usize, usize) {
    (world.google.calls(Endpoint::Risc), world.google.calls(Endpoint::Certs))
}

fn break_down(world: &World, endpoint: Endpoint, effect: Effect) {
    world.google.faults().inject_times(endpoint, u32::MAX, effect);
}

fn answer(status: u16, body: &str, headers: &[(&str, &str)]) -> Effect {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Effect::Status { status, body: Some(body.to_owned()), headers }
}

#[tokio::test]
async fn nothing_is_fetched_before_the_first_token_and_each_once_for_many() {
    let world = connected().await;
    let before = counts(&world);
    let instance = world.another_instance().await;
    assert_eq!(fetches(&world, before), (0, 0));
    for _ in 0..5 {
        assert_taken(&deliver_to(&instance, &harmless(&world)).await);
    }
    assert_eq!(fetches(&world, before), (1, 1));
}

#[tokio::test]
async fn documents_are_kept_as_long_as_their_cache_control_says() {
    let world = connected().await;
    assert_taken(&deliver(&world, &harmless(&world)).await);
    let before = counts(&world);
    world.clock.advance(Duration::from_millis(MAX_AGE * 1_000 - 1));
    assert_taken(&deliver(&world, &harmless(&world)).await);
    assert_eq!(fetches(&world, before), (0, 0));
    world.clock.advance(Duration::from_millis(1));
    assert_taken(&deliver(&world, &harmless(&world)).await);
    assert_eq!(fetches(&world, before), (1, 1));
}

#[tokio::test]
async fn a_document_that_may_not_be_kept_is_kept_for_a_minute() {
    for headers in
        [&[("Cache-Control", "no-store")][..], &[("Cache-Control", "max-age=0")], &[("Cache-Control", "private")]]
    {
        let world = connected().await;
        let configuration = json!({
            "issuer": "https://accounts.google.com/",
            "jwks_uri": format!("{}/oauth2/v3/certs", world.google.origin()),
        });
        break_down(&world, Endpoint::Risc, answer(200, &configuration.to_string(), headers));
        let before = counts(&world);
        for expected in [1, 1, 2] {
            assert_taken(&deliver(&world, &harmless(&world)).await);
            assert_eq!(fetches(&world, before).0, expected, "{headers:?}");
            world.clock.advance(Duration::from_secs(31));
        }
    }
}

#[tokio::test]
async fn while_a_document_cannot_be_had_google_sends_again_and_then_it_is_taken() {
    for endpoint in [Endpoint::Risc, Endpoint::Certs] {
        for effect in [
            Effect::Disconnect,
            Effect::Malformed,
            answer(200, "", &[]),
            answer(200, "[]", &[]),
            answer(200, "{}", &[]),
            answer(500, "", &[]),
            answer(404, "", &[]),
            answer(302, "", &[("Location", "/oauth2/v3/certs")]),
            answer(429, "", &[("Retry-After", "60")]),
        ] {
            let world = connected().await;
            let token = end(&world);
            break_down(&world, endpoint, effect.clone());
            for _ in 0..3 {
                assert_put_off(&deliver(&world, &token).await);
            }
            assert_eq!(seen(&world).len(), 0);
            assert_status(&world, "active", None);
            world.google.faults().clear_all();
            world.clock.advance(AFTER_FAILURE);
            assert_taken(&deliver(&world, &token).await);
            assert_status(&world, "revoked", Some("tokens_revoked"));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_asked_for_again_every_ten_seconds_at_most() {
    for endpoint in [Endpoint::Risc, Endpoint::Certs] {
        let world = connected().await;
        break_down(&world, endpoint, Effect::Disconnect);
        let before = world.google.calls(endpoint);
        for _ in 0..60 {
            assert_put_off(&deliver(&world, &harmless(&world)).await);
            world.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(world.google.calls(endpoint) - before, 6, "{endpoint:?}");
    }
}

#[tokio::test]
async fn documents_that_were_fetched_serve_while_google_is_away() {
    let world = connected().await;
    assert_taken(&deliver(&world, &harmless(&world)).await);
    break_down(&world, Endpoint::Risc, Effect::Disconnect);
    break_down(&world, Endpoint::Certs, Effect::Disconnect);
    world.clock.advance(Duration::from_secs(MAX_AGE - 1));
    assert_taken(&deliver(&world, &end(&world)).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn an_outage_that_an_unknown_key_ran_into_stops_no_known_key() {
    let world = connected().await;
    assert_taken(&deliver(&world, &harmless(&world)).await);
    break_down(&world, Endpoint::Certs, Effect::Disconnect);
    let unknown = with_header(&harmless(&world), &json!({ "alg": "RS256", "kid": "of-nobody" }));
    assert_ne!(deliver(&world, &unknown).await.status(), 202);
    assert_taken(&deliver(&world, &end(&world)).await);
}

#[tokio::test]
async fn a_new_key_that_could_not_be_fetched_at_first_is_not_called_unknown_when_google_sends_again() {
    for wait in [Duration::ZERO, Duration::from_secs(1), AFTER_FAILURE, Duration::from_secs(59)] {
        let world = connected().await;
        assert_taken(&deliver(&world, &harmless(&world)).await);
        world.google.rotate_keys();
        let token = end(&world);
        world.google.faults().inject_times(Endpoint::Certs, 1, Effect::Disconnect);
        assert_put_off(&deliver(&world, &token).await);
        world.clock.advance(wait);
        let again = deliver(&world, &token).await;
        if again.status() != 202 {
            assert_put_off(&again);
        }
        world.clock.advance(AFTER_FAILURE);
        assert_taken(&deliver(&world, &token).await);
        assert_status(&world, "revoked", Some("tokens_revoked"));
    }
}

#[tokio::test]
async fn a_new_key_is_known_a_minute_after_somebody_named_one_that_nobody_has() {
    let world = connected().await;
    let unknown = with_header(&harmless(&world), &json!({ "alg": "RS256", "kid": "of-nobody" }));
    assert_refused(&deliver(&world, &unknown).await, "invalid_key");
    world.google.rotate_keys();
    world.clock.advance(Duration::from_mins(1));
    assert_taken(&deliver(&world, &end(&world)).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn keys_at_a_place_without_tls_are_not_fetched() {
    for uri in
        ["http://keys.example.com/certs", "ftp://localhost/certs", "not a url", "", "file:///etc/passwd", "https://"]
    {
        let world = connected().await;
        let configuration = json!({ "issuer": "https://accounts.google.com/", "jwks_uri": uri });
        break_down(&world, Endpoint::Risc, answer(200, &configuration.to_string(), &[]));
        let before = counts(&world);
        assert_put_off(&deliver(&world, &end(&world)).await);
        assert_eq!(fetches(&world, before), (1, 0), "{uri}");
    }
}

#[tokio::test]
async fn a_google_that_hangs_is_given_up_in_time() {
    for endpoint in [Endpoint::Risc, Endpoint::Certs] {
        let world = connected().await;
        break_down(&world, endpoint, Effect::Hang(Duration::from_mins(1)));
        let started = std::time::Instant::now();
        let answer = world.instance.send_within(&post(&end(&world)), Duration::from_millis(500)).await;
        assert_put_off(&answer);
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        world.google.faults().clear_all();
        world.clock.advance(AFTER_FAILURE);
        assert_taken(&deliver(&world, &end(&world)).await);
    }
}
