//! Our own store or key fails after the exchange succeeded: the refresh token is in danger.

use std::time::{Duration, Instant};

use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Decision, Endpoint},
};
use tests::world::{ANNA, World, sub};

use super::{assert_connected, assert_nothing_stored, assert_problem, break_aws, connect, program, restart};

const OPERATIONS: [&str; 5] =
    ["DynamoDB", "DynamoDB.GetItem", "DynamoDB.TransactWriteItems", "KMS", "KMS.GenerateDataKey"];

/// Where a lost refresh token is minted again.
fn consent_url() -> String {
    format!("https://mail.example.com/authorize?login_hint={}&prompt=consent", sub(ANNA))
}

#[tokio::test]
async fn what_fails_for_a_while_is_tried_again_without_another_exchange() {
    for operation in OPERATIONS {
        let world = World::start().await;
        break_aws(&world, operation);
        let aws = world.aws.clone();
        world.random.at_next_wait(move || aws.faults().clear(operation));
        assert_connected(&connect(&world, "").await);
        assert_eq!((world.google.calls(Endpoint::Token), world.random.waits()), (1, 1), "{operation}");
    }
}

#[tokio::test]
async fn throttling_and_lost_answers_are_got_over() {
    for effect in [AwsEffect::Throttle, AwsEffect::Disconnect, AwsEffect::LoseAnswer] {
        for operation in ["DynamoDB.TransactWriteItems", "DynamoDB.UpdateItem", "KMS.GenerateDataKey"] {
            let world = World::start().await;
            world.aws.faults().fail(operation, AwsFault::times(1, effect.clone()));
            assert_connected(&connect(&world, "").await);
            assert!(world.connection(ANNA).is_some(), "{operation} {effect:?}");
        }
    }
}

#[tokio::test]
async fn what_fails_for_good_is_unavailable_with_a_way_to_mint_the_token_again() {
    for operation in OPERATIONS {
        let world = World::start().await;
        break_aws(&world, operation);
        let answer = connect(&world, "").await;
        assert_problem(&answer, 503, "unavailable");
        assert_eq!(answer.json().unwrap()["authorization_url"], consent_url(), "{operation}");
        assert!(answer.header("retry-after").is_some());
        assert_nothing_stored(&world);
    }
}

#[tokio::test]
async fn the_page_restarts_with_consent_and_then_it_works() {
    let world = World::start().await;
    break_aws(&world, "DynamoDB");
    let page = world.callback(&world.consented("").await).await;
    assert_eq!(page.status(), 503);
    world.aws.faults().clear("DynamoDB");
    let at_google = world.visitor.get(&restart(&page).unwrap()).await;
    let url = at_google.header("location").unwrap();
    assert!(url.contains("&prompt=consent"), "{url}");
    assert_eq!(world.callback(&world.consent(url, &Decision::all(ANNA))).await.status(), 200);
    assert!(world.connection(ANNA).is_some());
}

#[tokio::test]
async fn errors_that_will_not_pass_are_unavailable_too() {
    for operation in ["DynamoDB", "DynamoDB.TransactWriteItems", "KMS"] {
        let world = World::start().await;
        let denied = AwsEffect::Error { code: "AccessDeniedException".to_owned() };
        world.aws.faults().fail(operation, AwsFault::always(denied));
        let answer = connect(&world, "").await;
        assert_problem(&answer, 503, "unavailable");
        assert_eq!(answer.json().unwrap()["authorization_url"], consent_url(), "{operation}");
    }
}

#[tokio::test]
async fn a_disabled_key_is_unavailable_and_enabled_again_it_works() {
    let world = World::start().await;
    let key = &world.variables()["TOKEN_KMS_KEY_ID"];
    world.aws.kms().disable(key).unwrap();
    assert_problem(&connect(&world, "").await, 503, "unavailable");
    world.aws.kms().enable(key).unwrap();
    assert_connected(&connect(&world, "prompt=consent").await);
}

#[tokio::test]
async fn a_stored_connection_that_cannot_be_read_is_not_given_up() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let stored = world.connection(ANNA);
    break_aws(&world, "DynamoDB.GetItem");
    assert_problem(&connect(&world, "").await, 503, "unavailable");
    assert_eq!(world.connection(ANNA), stored);
}

#[tokio::test]
async fn a_store_that_never_answers_is_given_up_by_the_deadline() {
    for operation in ["DynamoDB.TransactWriteItems", "KMS"] {
        let world = World::start().await;
        world.aws.faults().fail(operation, AwsFault::always(AwsEffect::Hang));
        let visitor = program(&world);
        let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
        let (started, limit) = (Instant::now(), Duration::from_secs(2));
        let answer = world.instance.send_within(&visitor.event(&location), limit).await;
        assert_problem(&answer, 503, "unavailable");
        let late = started.elapsed().saturating_sub(limit);
        assert!(late < Duration::from_millis(400), "{operation}: {late:?} late");
    }
}
