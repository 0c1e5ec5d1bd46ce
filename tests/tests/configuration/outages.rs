//! While AWS cannot be reached, requests are told so, and the next one tries again.

use std::time::{Duration, Instant};

use local::aws::{AwsFault, Effect};
use tests::{event::Event, world::World};

use super::code;

const SECRETS: &str = "SecretsManager";

#[tokio::test]
async fn while_secrets_manager_fails_requests_are_unavailable_and_the_next_one_tries_again() {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect, denied] {
        let world = World::start().await;
        world.aws.faults().fail(SECRETS, AwsFault::always(effect.clone()));
        let instance = world.another_instance().await;
        let callback = Event::get("/callback").header("accept", "application/json");
        for event in [Event::get("/authorize-url"), Event::get("/authorize"), callback] {
            let answer = instance.send(&event).await;
            assert_eq!(code(&answer), (503, "unavailable".into()), "{effect:?}");
        }
        world.aws.faults().clear(SECRETS);
        assert_eq!(instance.send(&Event::get("/authorize-url")).await.status(), 200);
        assert_eq!(instance.send(&Event::get("/callback")).await.status(), 400);
    }
}

#[tokio::test]
async fn where_nobody_listens_a_function_starts_and_is_unavailable() {
    let world = World::start().await;
    for (function, path) in [("authorize-url", "/authorize-url"), ("callback", "/callback")] {
        let process = world.process(function, &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]).await;
        assert_eq!(process.ask(&Event::get(path)).await.status(), 503);
    }
}

#[tokio::test]
async fn a_secrets_manager_that_never_answers_keeps_no_function_from_starting() {
    let world = World::start().await;
    world.aws.faults().fail(SECRETS, AwsFault::always(Effect::Hang));
    let process = world.process("authorize-url", &[]).await;
    assert_eq!(process.ask(&Event::get("/nowhere")).await.status(), 404);
}

#[tokio::test]
async fn a_reading_beside_a_request_that_never_ends_does_not_slow_every_request() {
    let world = World::start().await;
    world.clock.advance(Duration::from_mins(5));
    world.aws.faults().fail(SECRETS, AwsFault::always(Effect::Hang));
    assert_eq!(world.authorize("").await.status(), 200);
    let started = Instant::now();
    assert_eq!(world.authorize("").await.status(), 200);
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_reading_that_failed_is_not_tried_with_every_request() {
    let world = World::start().await;
    world.clock.advance(Duration::from_mins(5));
    world.aws.faults().fail(SECRETS, AwsFault::always(Effect::Status(500)));
    world.authorize("").await;
    let calls = world.aws_calls();
    for _ in 0..5 {
        assert_eq!(world.authorize("").await.status(), 200);
    }
    assert_eq!(world.aws_calls(), calls);
}

#[tokio::test]
async fn a_function_that_needs_the_table_and_the_key_starts_without_them() {
    let world = World::start().await;
    for service in ["DynamoDB", "KMS"] {
        world.aws.faults().fail(service, AwsFault::always(Effect::Status(500)));
    }
    let instance = world.another_instance().await;
    assert_eq!(instance.send(&Event::get("/callback")).await.status(), 400);
}
