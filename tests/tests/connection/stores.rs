//! Our own store or key fails while a connection is told or ended.

use local::{
    aws::{AwsFault, Effect},
    google::Endpoint,
};
use tests::world::{ANNA, World};

use super::*;

/// As often as the SDK tries one call.
const TRIES: u32 = 3;

fn ways_to_fail() -> [Effect; 4] {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    [Effect::Status(500), Effect::Throttle, Effect::Disconnect, denied]
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    problem(answer, 503, "unavailable");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.cookies().count(), 0);
}

/// Disconnects while the call of that step, and perhaps more after it, fail.
async fn disconnect_failing(world: &World, step: (&str, usize), fault: AwsFault) -> Answer {
    let fail = async { world.aws.faults().fail(step.0, fault) };
    interrupted(world, disconnection(world).await, step, fail).await
}

/// The store works again: what is left is finished by the next request.
async fn assert_finished_by_a_repeat(world: &World, operation: &str) {
    world.aws.faults().clear(operation);
    let (instance, event) = disconnection(world).await;
    let answer = instance.send(&event).await;
    if answer.status() == 404 {
        problem(&answer, 404, "connection_not_found");
    } else {
        assert_disconnected(&answer, true);
    }
    assert_gone(world, ANNA);
    assert_eq!(living_refresh_tokens(world).await, 0);
}

#[tokio::test]
async fn while_the_table_cannot_be_read_callers_are_told_and_google_is_not_asked() {
    let world = connected().await;
    let row = world.connection(ANNA);
    for effect in ways_to_fail() {
        world.aws.faults().fail("DynamoDB", AwsFault::always(effect.clone()));
        let calls = world.google_calls();
        for event in [asked(ANNA), ended(ANNA), ended_by(&world.visitor), world.visitor.event("/connection"), users("")]
        {
            assert_unavailable(&world.instance.send(&event).await);
        }
        assert_eq!(world.google_calls(), calls, "{effect:?}");
        world.aws.faults().clear("DynamoDB");
        assert_eq!((status(&world).await["status"].as_str(), world.connection(ANNA)), (Some("active"), row.clone()));
    }
}

#[tokio::test]
async fn what_is_told_needs_no_key() {
    let world = connected().await;
    world.aws.faults().fail("KMS", AwsFault::always(Effect::Status(500)));
    let instance = world.another_instance().await;
    assert_eq!(told(&instance.send(&asked(ANNA)).await)["status"], "active");
    assert_eq!(told(&instance.send(&users("")).await)["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn while_the_key_cannot_be_used_the_access_is_over_and_a_repeat_finishes() {
    for effect in ways_to_fail() {
        let world = connected().await;
        let (instance, event) = disconnection(&world).await;
        world.aws.faults().fail("KMS", AwsFault::always(effect.clone()));
        assert_unavailable(&instance.send(&event).await);
        assert_eq!(world.google.calls(Endpoint::Revoke), 0, "{effect:?}");
        assert_eq!(world.attribute(ANNA, "status_reason").unwrap(), "disconnected_by_user");
        assert_eq!(world.attribute(ANNA, "access_token"), None);
        world.aws.faults().clear("KMS");
        assert!(!gives_access(&world, ANNA).await);
        assert_finished_by_a_repeat(&world, "KMS").await;
    }
}

#[tokio::test]
async fn a_disabled_key_ends_the_access_too() {
    let world = connected().await;
    let key = &world.variables()["TOKEN_KMS_KEY_ID"];
    let (instance, event) = disconnection(&world).await;
    world.aws.kms().disable(key).unwrap();
    assert_unavailable(&instance.send(&event).await);
    world.aws.kms().enable(key).unwrap();
    assert!(!gives_access(&world, ANNA).await);
    assert_finished_by_a_repeat(&world, "KMS").await;
}

#[tokio::test]
async fn one_try_that_fails_at_any_step_is_got_over() {
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect, Effect::LoseAnswer] {
        for step in STEPS {
            let world = connected().await;
            let answer = disconnect_failing(&world, step, AwsFault::times(1, effect.clone())).await;
            assert_disconnected(&answer, true);
            assert_eq!(answer.cookie_value(SESSION), Some(""), "{step:?} {effect:?}");
            assert_gone(&world, ANNA);
            assert_eq!(living_refresh_tokens(&world).await, 0);
        }
    }
}

#[tokio::test]
async fn a_call_that_fails_for_a_while_is_made_again_once_the_end_has_begun() {
    for effect in [Effect::Status(500), Effect::LoseAnswer] {
        for step in STEPS.into_iter().skip(1) {
            let world = connected().await;
            let answer = disconnect_failing(&world, step, AwsFault::times(TRIES, effect.clone())).await;
            assert_disconnected(&answer, true);
            let of_anna = world.connection(ANNA);
            assert_eq!(of_anna, None, "{step:?} {effect:?}");
            assert_eq!(living_refresh_tokens(&world).await, 0, "{step:?} {effect:?}");
        }
    }
}

/// A world with a row that does not say its index.
async fn connected_without_index() -> World {
    let world = connected().await;
    world.change_connection(ANNA, |item| drop(item.as_object_mut().unwrap().remove("token_index")));
    world
}

#[tokio::test]
async fn an_index_whose_key_cannot_be_read_for_a_while_is_deleted_with_the_connection() {
    for step in [("DynamoDB.GetItem", 2), ("KMS.Decrypt", 2)] {
        let world = connected_without_index().await;
        let answer = disconnect_failing(&world, step, AwsFault::times(TRIES, Effect::Status(500))).await;
        assert_disconnected(&answer, true);
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn an_index_whose_key_cannot_be_read_at_all_is_not_forgotten() {
    let world = connected_without_index().await;
    let answer = disconnect_failing(&world, ("KMS.Decrypt", 2), AwsFault::always(Effect::Status(500))).await;
    assert_unavailable(&answer);
    assert_finished_by_a_repeat(&world, "KMS.Decrypt").await;
}

#[tokio::test]
async fn a_store_that_fails_for_good_at_any_step_leaves_an_active_connection_or_one_that_works_no_more() {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    for effect in [Effect::Status(500), denied] {
        for (place, step) in STEPS.into_iter().enumerate() {
            let world = connected().await;
            let row = world.connection(ANNA);
            let answer = disconnect_failing(&world, step, AwsFault::always(effect.clone())).await;
            assert_unavailable(&answer);
            world.aws.faults().clear(step.0);
            if place <= 1 {
                assert_eq!(world.connection(ANNA), row, "{step:?} {effect:?}");
                assert_eq!(world.google.calls(Endpoint::Revoke), 0, "{step:?} {effect:?}");
            } else {
                assert_eq!(world.attribute(ANNA, "status").unwrap(), "revoked", "{step:?} {effect:?}");
                assert!(!gives_access(&world, ANNA).await, "{step:?} {effect:?}");
            }
            assert_finished_by_a_repeat(&world, step.0).await;
        }
    }
}

#[tokio::test]
async fn a_deletion_none_of_whose_answers_came_is_success() {
    let world = connected().await;
    world.aws.faults().fail("DynamoDB.TransactWriteItems", AwsFault::always(Effect::LoseAnswer));
    let answer = world.instance.send(&ended_by(&world.visitor)).await;
    assert_disconnected(&answer, true);
    assert_eq!(answer.cookie_value(SESSION), Some(""));
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn a_mark_none_of_whose_answers_came_is_made_once() {
    let world = connected().await;
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::always(Effect::LoseAnswer));
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn a_deletion_that_meets_another_transaction_is_made_again() {
    let world = connected().await;
    let effect = Effect::Error { code: "TransactionInProgressException".to_owned() };
    world.aws.faults().fail("DynamoDB.TransactWriteItems", AwsFault::times(1, effect));
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    let effect = Effect::Error { code: "TransactionConflictException".to_owned() };
    consent_again(&world).await;
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::times(1, effect));
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn a_store_that_never_answers_is_given_up_by_the_deadline() {
    for operation in ["DynamoDB.GetItem", "DynamoDB.UpdateItem", "DynamoDB.TransactWriteItems", "KMS"] {
        let world = connected().await;
        let (instance, event) = disconnection(&world).await;
        world.aws.faults().fail(operation, AwsFault::always(Effect::Hang));
        let (started, limit) = (std::time::Instant::now(), std::time::Duration::from_secs(2));
        assert_unavailable(&instance.send_within(&event, limit).await);
        let late = started.elapsed().saturating_sub(limit);
        assert!(late < std::time::Duration::from_millis(400), "{operation}: {late:?} late");
        assert_finished_by_a_repeat(&world, operation).await;
    }
}
