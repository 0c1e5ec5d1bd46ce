//! The state: only the browser that began an attempt ends it, once and in time.

use std::time::Duration;

use local::google::Decision;
use tests::{
    answer::Answer,
    world::{ANNA, DAVID, Visitor, World},
};

use super::{JSON, assert_connected, assert_nothing_stored, assert_problem, program};

/// An attempt that was consented to, with its browser.
async fn begun(world: &World) -> (Visitor, String) {
    let visitor = program(world);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    (visitor, location)
}

/// The `state` of a URL.
fn state(location: &str) -> &str {
    location.split("state=").nth(1).unwrap().split('&').next().unwrap()
}

#[track_caller]
fn assert_refused(world: &World, answer: &Answer) {
    assert_problem(answer, 400, "invalid_state");
    assert_eq!(world.google_calls(), 0, "nothing is sent to Google");
    assert_nothing_stored(world);
}

#[tokio::test]
async fn without_a_state_there_is_no_attempt() {
    let world = World::start().await;
    let (visitor, _) = begun(&world).await;
    for target in ["/callback?code=4%2Fx", "/callback", "/callback?state=&code=4%2Fx"] {
        assert_refused(&world, &visitor.get(target).await);
    }
}

#[tokio::test]
async fn without_its_cookie_a_state_is_not_known() {
    let world = World::start().await;
    let (_, location) = begun(&world).await;
    assert_refused(&world, &program(&world).get(&location).await);
}

#[tokio::test]
async fn the_state_of_another_browser_is_refused() {
    let world = World::start().await;
    let (victim, _) = begun(&world).await;
    let (_, attackers) = begun(&world).await;
    assert_refused(&world, &victim.get(&attackers).await);
}

#[tokio::test]
async fn a_state_that_only_begins_like_the_cookies_name_is_refused() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    let state = state(&location);
    let other = format!("{}{}", &state[..8], "A".repeat(35));
    assert_refused(&world, &visitor.get(&location.replace(state, &other)).await);
    assert_refused(&world, &visitor.get(&location.replace(state, &state[..8])).await);
    assert_refused(&world, &visitor.get(&location.replace(state, &format!("{state}A"))).await);
}

#[tokio::test]
async fn a_state_of_no_form_of_ours_is_refused() {
    let world = World::start().await;
    let (visitor, _) = begun(&world).await;
    let long = "A".repeat(5_000);
    for state in
        [&long, "x", "%00%00%00%00%00%00%00%00", "%D7%A9%D7%A9%D7%A9%D7%A9%D7%A9", "========", "a%3Bb%3Dcccccc"]
    {
        assert_refused(&world, &visitor.get(&format!("/callback?code=4%2Fx&state={state}")).await);
    }
}

#[tokio::test]
async fn a_state_that_is_repeated_or_not_utf_8_is_a_bad_parameter() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    for query in [format!("{location}&state=x"), "/callback?state=%FF&code=x".to_owned()] {
        let answer = visitor.get(&query).await;
        assert_problem(&answer, 400, "invalid_request");
        assert!(answer.body().contains("state"));
    }
    assert_eq!(world.google_calls(), 0);
}

#[tokio::test]
async fn a_cookie_that_is_damaged_or_garbage_does_not_open() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    let name = format!("__Host-pending-{}", &state(&location)[..8]);
    let value = visitor.jar().value(&name).unwrap().to_owned();
    let (first, rest) = value.split_at(1);
    let flipped = format!("{}{rest}", if first == "A" { "B" } else { "A" });
    for damaged in [&flipped, "", "x", "%%%", &value[..value.len() - 1], &format!("{value}A")] {
        let event = program(&world).event(&location).cookie(format!("{name}={damaged}"));
        assert_refused(&world, &world.instance.send(&event).await);
    }
}

#[tokio::test]
async fn a_cookie_does_not_open_under_the_name_of_another_attempt() {
    let world = World::start().await;
    let (visitor, mine) = begun(&world).await;
    let (_, other) = begun(&world).await;
    let cookie = visitor.jar().cookies()[0].replace(&state(&mine)[..8], &state(&other)[..8]);
    let event = program(&world).event(&other).cookie(cookie);
    assert_refused(&world, &world.instance.send(&event).await);
}

#[tokio::test]
async fn a_session_cookie_is_no_pending_authorization() {
    let world = World::start().await;
    let session = world.connect(DAVID).await;
    let calls = world.google_calls();
    let (_, location) = begun(&world).await;
    let name = format!("__Host-pending-{}", &state(&location)[..8]);
    let event = program(&world).event(&location).cookie(session.replace("__Host-session", &name));
    assert_problem(&world.instance.send(&event).await, 400, "invalid_state");
    assert_eq!(world.google_calls(), calls);
}

#[tokio::test]
async fn an_attempt_lives_600_seconds_by_our_clock() {
    let world = World::start().await;
    let (early, late) = (program(&world), program(&world));
    let urls = [early.begin("").await, late.begin("").await];
    world.clock.advance(Duration::from_mins(5));
    let all = Decision::all(ANNA);
    let [in_time, too_late] = urls.map(|url| world.consent(&url, &all));
    world.clock.advance(Duration::from_mins(5));
    assert_connected(&early.get(&in_time).await);
    world.clock.advance(Duration::from_millis(1));
    let calls = world.google_calls();
    assert_problem(&late.get(&too_late).await, 400, "invalid_state");
    assert_eq!(world.google_calls(), calls);
}

#[tokio::test]
async fn a_state_is_used_once_for_its_cookie_is_cleared() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    let first = visitor.get(&location).await;
    assert_connected(&first);
    let name = format!("__Host-pending-{}", &state(&location)[..8]);
    let cleared = first.cookies().find(|cookie| cookie.starts_with(&name)).unwrap();
    for attribute in ["Max-Age=0", "Path=/", "Secure"] {
        assert!(cleared.contains(attribute), "{cleared}");
    }
    let calls = world.google_calls();
    assert_problem(&visitor.get(&location).await, 400, "invalid_state");
    assert_eq!(world.google_calls(), calls);
}

#[tokio::test]
async fn a_code_that_was_used_is_rejected_also_with_its_cookie() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    let replayed = visitor.duplicate();
    assert_connected(&visitor.get(&location).await);
    let stored = world.items();
    assert_problem(&replayed.get(&location).await, 400, "code_rejected");
    assert_eq!(world.items(), stored);
}

#[tokio::test]
async fn another_instance_ends_what_one_began() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    let instance = world.another_instance().await;
    assert_connected(&visitor.accepting(JSON).at(&instance).get(&location).await);
}

#[tokio::test]
async fn cookies_in_a_cookie_header_are_read_too() {
    let world = World::start().await;
    let (visitor, location) = begun(&world).await;
    let event = program(&world).event(&location).header("cookie", &visitor.jar().cookies().join("; "));
    assert_connected(&world.instance.send(&event).await);
}
