//! How often Google is asked: documents are kept, and whatever comes in, it is not asked again for each.

use std::time::Duration;

use futures_util::future::join_all;

use super::{super::endpoint::*, world::*};

#[tokio::test]
async fn keys_that_moved_are_fetched_from_where_they_are() {
    let world = World::start().await;
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    let set = jwks(&world).await;
    let elsewhere = Google::answering(Answer::ok(&set.to_string())).await;
    world.configuration.answer(leading_to(elsewhere.url.as_str()));
    world.clock.advance(Duration::from_hours(1));
    let before = world.keys.calls();
    assert_eq!(world.verify(&world.sign()).await, "ok");
    assert_eq!((world.keys.calls() - before, elsewhere.calls()), (0, 1));
}

#[tokio::test]
async fn an_answer_that_does_not_say_how_long_is_kept_for_an_hour() {
    let world = World::start().await;
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    world.clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.outcome().await, outcome("ok", 2, 2));
}

#[tokio::test]
async fn an_answer_is_kept_for_a_minute_whatever_it_says() {
    for headers in [
        &[("cache-control", "no-store")][..],
        &[("cache-control", "max-age=0, must-revalidate")],
        &[("cache-control", "max-age=59")],
        &[("cache-control", "max-age=-1")],
        &[("cache-control", "")],
    ] {
        let world = World::start().await;
        let set = jwks(&world).await.to_string();
        let fetched = world.keys.calls();
        world.keys.answer(Answer::Of(200, headers, set));
        assert_eq!(world.outcome().await, outcome("ok", 1, fetched + 1), "{headers:?}");
        world.clock.advance(Duration::from_millis(59_999));
        assert_eq!(world.outcome().await, outcome("ok", 1, fetched + 1), "{headers:?}");
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(world.outcome().await, outcome("ok", 1, fetched + 2), "{headers:?}");
    }
}

#[tokio::test]
async fn many_tokens_at_once_share_what_is_fetched() {
    let world = World::start().await;
    let token = world.sign();
    for outcome in join_all((0..20).map(|_| world.verify(&token))).await {
        assert_eq!(outcome, "ok");
    }
    assert_eq!((world.configuration.calls(), world.keys.calls()), (1, 1));
}

#[tokio::test]
async fn many_unknown_keys_at_once_and_after_each_other_are_looked_for_once_a_minute() {
    let world = World::start().await;
    assert_eq!(world.verify(&world.sign()).await, "ok");
    for minute in 1..=3 {
        let tokens: Vec<_> = (0..20).map(|number| world.of_nobody(&format!("{minute}-{number}"))).collect();
        for outcome in join_all(tokens.iter().map(|token| world.verify(token))).await {
            assert_eq!(outcome, "unknown key");
        }
        world.clock.advance(Duration::from_millis(59_999));
        assert_eq!(world.verify(&world.of_nobody("late")).await, "unknown key");
        assert_eq!((world.configuration.calls(), world.keys.calls()), (1, 1 + minute));
        world.clock.advance(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_failure_is_not_repeated_for_ten_seconds() {
    let world = World::start().await;
    world.configuration.answer(Answer::status(503));
    for calls in 1..=3 {
        assert_eq!(world.outcome().await, outcome("no keys", calls, 0));
        world.clock.advance(Duration::from_millis(9_999));
        assert_eq!(world.outcome().await, outcome("no keys", calls, 0));
        world.clock.advance(Duration::from_millis(1));
    }
    world.configuration.answer(leading_to(world.keys.url.as_str()));
    assert_eq!(world.outcome().await, outcome("ok", 4, 1));
}

#[tokio::test]
async fn while_google_is_away_many_tokens_at_once_ask_once() {
    let world = World::start().await;
    world.configuration.answer(Answer::status(503));
    let token = world.sign();
    for outcome in join_all((0..20).map(|_| world.verify(&token))).await {
        assert_eq!(outcome, "no keys");
    }
    assert_eq!(world.configuration.calls(), 1);
}
