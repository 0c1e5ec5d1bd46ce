//! The pending-authorization cookie: one per attempt, three at once.

use std::time::Duration;

use tests::{
    event::Event,
    world::{ANNA, REDIRECT_URI, Settings, World},
};

use local::google::Decision;

use super::{authorization_url, parameters};

fn attributes(cookie: &str) -> Vec<&str> {
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_out_of_reach_of_scripts() {
    let world = World::start().await;
    let answer = world.authorize("").await;
    let state = &parameters(&authorization_url(&answer))["state"];
    let cookies: Vec<_> = answer.cookies().collect();
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].starts_with(&format!("__Host-pending-{}=", &state[..8])));
    assert_eq!(attributes(cookies[0]), ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"]);
}

#[tokio::test]
async fn the_cookie_is_sealed() {
    let world = World::start().await;
    let answer = world.authorize("state=the-callers-state&return_to=%2Fthe-place").await;
    let parameters = parameters(&authorization_url(&answer));
    let cookie = answer.cookies().next().unwrap();
    let value = cookie.split_once('=').unwrap().1;
    let secrets = [
        ("state", parameters["state"].as_str()),
        ("nonce", parameters["nonce"].as_str()),
        ("caller's state", "the-callers-state"),
        ("return_to", "/the-place"),
    ];
    tests::secrets_search::assert_no_secrets(&[("cookie", value)], &secrets);
}

#[tokio::test]
async fn on_plain_http_loopback_the_cookie_drops_secure_and_the_prefix() {
    let world = World::start().await;
    let uri = "http://localhost:8787/callback";
    let mut file = world.google.client_secret_file(tests::world::CLIENT_ID).unwrap();
    file["web"]["redirect_uris"] = serde_json::json!([REDIRECT_URI, uri]);
    world.aws.secrets().put(tests::world::CLIENT_SECRET_ID, &file.to_string()).unwrap();
    let instance = world.instance_with(&[("PUBLIC_BASE_URL", "http://localhost:8787")]).await.unwrap();
    let answer = instance.send(&Event::get("/authorize-url")).await;
    let cookie = answer.cookies().next().unwrap();
    assert!(cookie.starts_with("pending-"), "{cookie}");
    assert_eq!(attributes(cookie), ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]);
}

/// Begins so many attempts, a second apart; gives where each leads after consent.
async fn tabs(world: &World, count: usize) -> Vec<String> {
    let mut locations = Vec::new();
    for _ in 0..count {
        let url = world.visitor.begin("prompt=consent").await;
        locations.push(world.consent(&url, &Decision::all(ANNA)));
        world.clock.advance(Duration::from_secs(1));
    }
    locations
}

#[tokio::test]
async fn three_tabs_come_back_in_any_order() {
    let world = World::start().await;
    let locations = tabs(&world, 3).await;
    for location in [&locations[1], &locations[2], &locations[0]] {
        assert_eq!(world.callback(location).await.status(), 200);
    }
    assert_eq!(world.visitor.jar().cookies().len(), 1, "the session alone is left");
}

#[tokio::test]
async fn a_fourth_tab_ends_the_oldest() {
    let world = World::start().await;
    let locations = tabs(&world, 4).await;
    let mut statuses = Vec::new();
    for location in &locations {
        statuses.push(world.callback(location).await.status());
    }
    assert_eq!(statuses, [400, 200, 200, 200]);
}

#[tokio::test]
async fn however_many_tabs_the_headers_stay_under_api_gateways_limit() {
    let world = World::start().await;
    let long = "x".repeat(512);
    for _ in 0..8 {
        world.authorize(&format!("state={long}&return_to=%2F{}&login_hint={}", &long[1..], &long[..320])).await;
        let sent: usize = world.visitor.jar().cookies().iter().map(|cookie| cookie.len() + 2).sum();
        assert!(sent < 8_000, "{sent} bytes");
        assert!(world.visitor.jar().cookies().len() <= 3);
    }
}

#[tokio::test]
async fn an_attempt_of_any_allowed_length_is_a_cookie_that_browsers_keep() {
    let world = World::start().await;
    let long = "x".repeat(511);
    let answer = world.authorize(&format!("state={long}x&return_to=%2F{long}")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.cookies().all(|cookie| cookie.len() <= 4_096));
}

#[tokio::test]
async fn cookies_of_others_are_left_alone() {
    let world = World::start().await;
    let cookies = ["theme=dark", "pending-abcdefgh=x", "__Host-session=y"].map(str::to_owned);
    let answer = world.instance.send(&Event::get("/authorize-url").cookies(cookies)).await;
    assert_eq!(answer.cookies().count(), 1);
}

#[tokio::test]
async fn garbage_in_place_of_our_cookies_makes_room() {
    let world = World::start().await;
    let garbage = (0..5).map(|number| format!("__Host-pending-garbage{number}=x"));
    let answer = world.instance.send(&Event::get("/authorize-url").cookies(garbage)).await;
    assert_eq!(answer.status(), 200);
    let ended = answer.cookies().filter(|cookie| cookie.contains("Max-Age=0")).count();
    assert!(ended >= 3, "{ended}");
}

#[tokio::test]
async fn the_cookies_of_one_world_do_not_open_in_another() {
    let world = World::start().await;
    let other = Settings::default().start().await;
    other.aws.secrets().put(tests::world::COOKIE_KEY_SECRET_ID, &"another key ".repeat(4)).unwrap();
    other.aws.secrets().put(tests::world::COOKIE_KEY_SECRET_ID, &"yet another key ".repeat(4)).unwrap();
    let location = world.consented("").await;
    let visitor = world.visitor.duplicate().at(&other.another_instance().await);
    assert_eq!(visitor.get(&location).await.status(), 400);
    assert_eq!(other.google_calls(), 0);
}
