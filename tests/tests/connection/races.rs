//! Others at work on a connection while it is ended.

use local::{aws::When, google::Endpoint};
use std::time::Duration;
use tests::world::{ANNA, World};

use super::*;

/// A world in which Anna's access token is over.
async fn stale() -> World {
    let world = connected().await;
    world.clock.advance(Duration::from_hours(1));
    world
}

/// A cold instance, and what a backend sends it to list messages.
async fn listing(world: &World) -> (Arc<Instance>, Event) {
    (world.another_instance().await, messages(ANNA))
}

#[tokio::test]
async fn of_two_disconnections_at_once_each_is_told_the_truth() {
    let world = connected().await;
    let (first, (second, by_backend)) = (disconnection(&world).await, disconnection_by_backend(&world).await);
    let (browser, backend) = futures_util::join!(first.0.send(&first.1), second.send(&by_backend));
    for answer in [browser, backend] {
        if answer.status() == 404 {
            problem(&answer, 404, "connection_not_found");
        } else {
            assert_disconnected(&answer, true);
        }
    }
    assert_gone(&world, ANNA);
    assert_eq!(living_refresh_tokens(&world).await, 0);
}

#[tokio::test]
async fn a_disconnection_that_another_overtakes_at_any_step_is_success() {
    for step in STEPS {
        let world = connected().await;
        let other = async { assert_disconnected(&world.instance.send(&ended(ANNA)).await, true) };
        let answer = interrupted(&world, disconnection(&world).await, step, other).await;
        if step == STEPS[0] {
            problem(&answer, 404, "connection_not_found");
        } else {
            assert_disconnected(&answer, true);
            assert_eq!(answer.cookie_value(SESSION), Some(""), "{step:?}");
        }
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn a_refresh_under_way_brings_nothing_back() {
    for step in [("DynamoDB.GetItem", 1), ("KMS.Decrypt", 1), ("DynamoDB.UpdateItem", 1), ("DynamoDB.UpdateItem", 2)] {
        let world = stale().await;
        let end = async { assert_disconnected(&world.instance.send(&ended(ANNA)).await, true) };
        let answer = interrupted(&world, listing(&world).await, step, end).await;
        problem(&answer, 404, "connection_not_found");
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn a_refresh_under_way_finds_what_a_crash_left_over() {
    for step in [("DynamoDB.UpdateItem", 1), ("DynamoDB.UpdateItem", 2)] {
        let world = stale().await;
        let break_off = async {
            let (instance, event) = disconnection_by_backend(&world).await;
            let mut point = world.aws.faults().stop_at(3, When::After);
            tokio::select! {
                () = point.reached() => {}
                answer = instance.send(&event) => panic!("{}", answer.body()),
            }
        };
        let answer = interrupted(&world, listing(&world).await, step, Box::pin(break_off)).await;
        problem(&answer, 401, "reauthorization_required");
        let row = world.connection(ANNA).unwrap();
        assert_eq!(row["status_reason"]["S"], "disconnected", "{step:?}");
        assert!(row.get("access_token").is_none() && row.get("lease_owner").is_none(), "{step:?}");
    }
}

async fn disconnection_by_backend(world: &World) -> (Arc<Instance>, Event) {
    (world.another_instance().await, ended(ANNA))
}

#[tokio::test]
async fn a_token_that_is_shared_just_before_the_mark_does_not_keep_the_connection_alive() {
    for step in STEPS {
        let world = stale().await;
        let before_the_mark = STEPS[..2].contains(&step);
        let refreshed = async {
            let answer = world.instance.send(&messages(ANNA)).await;
            assert_eq!(answer.status(), if before_the_mark { 200 } else { 401 }, "{step:?}: {}", answer.body());
        };
        let answer = interrupted(&world, disconnection(&world).await, step, refreshed).await;
        assert_disconnected(&answer, true);
        assert_gone(&world, ANNA);
        assert_eq!(world.google.calls(Endpoint::Token), 1 + usize::from(before_the_mark), "{step:?}");
    }
}

#[tokio::test]
async fn sessions_that_end_meanwhile_do_not_stop_a_disconnection() {
    for step in STEPS {
        let world = connected().await;
        let ends = async {
            if world.connection(ANNA).is_some() {
                world.change_connection(ANNA, |item| {
                    let generation: u64 = item["generation"]["N"].as_str().unwrap().parse().unwrap();
                    item["generation"] = serde_json::json!({ "N": (generation + 1).to_string() });
                });
            }
        };
        let answer = interrupted(&world, disconnection(&world).await, step, ends).await;
        assert_disconnected(&answer, true);
        assert_gone(&world, ANNA);
    }
}
