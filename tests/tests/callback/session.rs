//! The session that a connection begins.

use serde_json::json;
use shared::{
    domain::{random::SystemRandomness, secret::CookieKeySecret, session::Session, time::Clock},
    http::{Request, cookie_jar::CookieJar, cookie_keys::CookieKeys},
};
use tests::{
    event::Event,
    world::{ANNA, COOKIE_KEY, Settings, World, sub},
};

use super::{SESSION, connect};

/// What a session cookie says, opened with the world's own key.
fn open(cookie: &str) -> Option<Session> {
    let keys = CookieKeys::derive(&CookieKeySecret::new(COOKIE_KEY), None).unwrap();
    let event = Event::get("/").cookie(cookie).json().to_string();
    let jar = CookieJar { keys: &keys, random: &SystemRandomness::default(), plain_http: false };
    jar.session(&Request::from_event(&event).unwrap())
}

#[tokio::test]
async fn the_session_says_who_connected_and_when() {
    let world = World::start().await;
    let session = open(&world.connect(ANNA).await).unwrap();
    let expected = json!({"user_id": sub(ANNA), "issued_at": world.clock.now().to_string()});
    assert_eq!(serde_json::to_value(&session).unwrap(), expected);
}

#[tokio::test]
async fn the_session_cookie_is_for_this_host_and_as_long_as_configured() {
    for (variable, age) in [("", "Max-Age=28800"), ("60", "Max-Age=60")] {
        let world = Settings::default().variable("SESSION_TTL_SECONDS", variable).start().await;
        let answer = connect(&world, "").await;
        let cookie = answer.cookies().find(|cookie| cookie.starts_with(SESSION)).unwrap();
        let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        attributes.sort_unstable();
        assert_eq!(attributes, ["HttpOnly", age, "Path=/", "SameSite=Lax", "Secure"]);
    }
}

#[tokio::test]
async fn the_session_is_sealed() {
    let world = World::start().await;
    let cookie = world.connect(ANNA).await;
    tests::secrets_search::assert_no_secrets(&[("cookie", &cookie)], &[("sub", &sub(ANNA)), ("email", ANNA)]);
}

#[tokio::test]
async fn a_new_connections_session_is_not_older_than_sessions_may_be() {
    let world = World::start().await;
    let session = open(&world.connect(ANNA).await).unwrap();
    assert!(session.issued_at.to_string() >= world.attribute(ANNA, "sessions_valid_after").unwrap());
}

#[tokio::test]
async fn on_plain_http_loopback_the_cookies_drop_secure_and_the_prefix() {
    let base = "http://localhost:8787";
    let settings = Settings { redirect_uris: vec![format!("{base}/callback")], ..Settings::default() };
    let world = settings.variable("PUBLIC_BASE_URL", base).start().await;
    let answer = connect(&world, "").await;
    assert_eq!(answer.status(), 200, "{}", answer.body());
    let mut cookies: Vec<_> = answer.cookies().collect();
    cookies.sort_unstable();
    assert!(cookies[0].starts_with("pending-") && cookies[0].contains("Max-Age=0"), "{cookies:?}");
    assert!(cookies[1].starts_with("session="), "{cookies:?}");
    assert!(cookies.iter().all(|cookie| !cookie.contains("Secure") && cookie.contains("HttpOnly")));
}
