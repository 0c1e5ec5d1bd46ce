//! Google rejects our client, fails for now, or does not answer: the connection stays as it is.

use std::time::Duration;

use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Effect, Endpoint, Fault},
};

use super::world::*;

fn always(effect: Effect) -> Fault {
    Fault { times: None, effect }
}

fn status(status: u16, retry_after: Option<&str>) -> Effect {
    let headers = retry_after.map(|wait| ("retry-after".to_owned(), wait.to_owned()));
    Effect::Status { status, body: None, headers: headers.into_iter().collect() }
}

fn token_error(error: &str) -> Effect {
    Effect::TokenError { error: error.to_owned(), subtype: None }
}

#[tokio::test]
async fn a_client_secret_that_was_changed_is_read_afresh_and_works() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let instance = world.instance();
    // The instance reads the secret that works no longer in a moment.
    instance.warm().await;
    world.google.set_client_secret(CLIENT_ID, "the-new-secret-of-the-app");
    world.store_client_secret();
    let before = world.aws.faults().calls("SecretsManager.BatchGetSecretValue");
    let access = instance.obtain(ANNA).await.unwrap();
    assert!(world.works(&access.token).await);
    assert_eq!(world.refreshes(), 2);
    assert_eq!(world.aws.faults().calls("SecretsManager.BatchGetSecretValue") - before, 1);
}

#[tokio::test]
async fn a_rejected_client_is_not_the_users_fault() {
    for error in ["invalid_client", "unauthorized_client"] {
        let world = World::start().await;
        world.connect_and_expire(ANNA).await;
        let row = world.row(ANNA);
        let instance = world.instance();
        instance.warm().await;
        let before = world.aws.faults().calls("SecretsManager.BatchGetSecretValue");
        world.google.faults().inject(Endpoint::Token, always(token_error(error)));
        assert_eq!(outcome(&instance.obtain(ANNA).await), "client rejected");
        assert_eq!(world.refreshes(), 1);
        assert_eq!(world.aws.faults().calls("SecretsManager.BatchGetSecretValue") - before, 1);
        assert_eq!(world.row(ANNA), row);
        world.google.faults().clear_all();
        world.instance().obtain(ANNA).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_is_rejected_with_its_new_secret_too_is_rejected() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let row = world.row(ANNA);
    let instance = world.instance();
    instance.warm().await;
    world.google.set_client_secret(CLIENT_ID, "the-second-secret");
    world.store_client_secret();
    world.google.set_client_secret(CLIENT_ID, "the-third-secret");
    let readings = world.aws.faults().calls("SecretsManager");
    assert_eq!(outcome(&instance.obtain(ANNA).await), "client rejected");
    assert_eq!(world.refreshes(), 2);
    assert_eq!(world.aws.faults().calls("SecretsManager"), readings + 1, "it is read afresh once");
    assert_eq!(world.row(ANNA), row);
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_and_works() {
    for effect in [status(503, None), status(500, None), status(429, None), status(408, None), Effect::Disconnect] {
        let world = World::start().await;
        world.connect_and_expire(ANNA).await;
        world.google.faults().inject_times(Endpoint::Token, 2, effect.clone());
        let access = world.instance().obtain(ANNA).await.unwrap();
        assert!(world.works(&access.token).await, "{effect:?}");
        assert_eq!(world.refreshes(), 3, "{effect:?}");
    }
}

#[tokio::test]
async fn what_keeps_failing_ends_as_google_unavailable_and_harms_nothing() {
    for (effect, tries) in [
        (status(503, None), 4),
        (status(429, None), 4),
        (Effect::Disconnect, 4),
        (Effect::Malformed, 1),
        (status(302, None), 1),
        (token_error("invalid_request"), 1),
    ] {
        let world = World::start().await;
        world.connect_and_expire(ANNA).await;
        let row = world.row(ANNA);
        world.google.faults().inject(Endpoint::Token, always(effect.clone()));
        assert_eq!(outcome(&world.instance().obtain(ANNA).await), "google unavailable", "{effect:?}");
        assert_eq!(world.refreshes(), tries, "{effect:?}");
        assert_eq!(world.row(ANNA), row, "{effect:?}");
        world.google.faults().clear_all();
        world.instance().obtain(ANNA).await.unwrap();
    }
}

#[tokio::test]
async fn an_organization_that_forbids_the_application_is_told_from_a_revoked_access() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let row = world.row(ANNA);
    world.google.faults().inject_times(Endpoint::Token, 1, token_error("admin_policy_enforced"));
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "blocked by policy");
    assert_eq!(world.row(ANNA), row);
}

#[tokio::test]
async fn no_answer_until_the_deadline_is_google_unavailable_and_the_lease_is_gone() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let row = world.row(ANNA);
    world.google.faults().inject(Endpoint::Token, always(Effect::Hang(PATIENCE)));
    let answer = world.instance().obtain_within(ANNA, Duration::from_millis(500)).await;
    assert_eq!(outcome(&answer), "google unavailable");
    assert_eq!(world.row(ANNA), row);
}

#[tokio::test]
async fn a_wait_that_google_asks_for_is_kept_to_or_passed_on() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    world.google.faults().inject_times(Endpoint::Token, 1, status(503, Some("1")));
    let before = tokio::time::Instant::now();
    world.instance().obtain(ANNA).await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(1));

    world.clock.pass(TOKEN_LIFE);
    world.google.faults().inject_times(Endpoint::Token, 1, status(503, Some("77")));
    let error = world.instance().obtain(ANNA).await.unwrap_err();
    let said = matches!(&error, shared::vault::access_tokens::AccessError::GoogleUnavailable { retry_after }
        if *retry_after == Duration::from_secs(77));
    assert!(said, "{error:?}");
}

#[tokio::test]
async fn a_store_or_key_that_cannot_be_used_is_unavailable_and_nothing_is_marked() {
    for operation in ["DynamoDB.GetItem", "DynamoDB.UpdateItem", "KMS.Decrypt"] {
        let world = World::start().await;
        world.connect_and_expire(ANNA).await;
        let row = world.row(ANNA);
        let denied = AwsEffect::Error { code: "AccessDeniedException".to_owned() };
        world.aws.faults().fail(operation, AwsFault::always(denied));
        assert_eq!(outcome(&world.instance().obtain(ANNA).await), "unavailable", "{operation}");
        world.aws.faults().clear(operation);
        assert_eq!(world.row(ANNA).map(without_lease), row.map(without_lease), "{operation}");
        world.clock.pass(Duration::from_mins(1));
        world.instance().obtain(ANNA).await.unwrap();
    }
}

#[tokio::test]
async fn a_disabled_key_is_unavailable_and_works_again_when_it_is_enabled() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    world.aws.kms().disable(world.kms_key()).unwrap();
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "unavailable");
    world.aws.kms().enable(world.kms_key()).unwrap();
    world.instance().obtain(ANNA).await.unwrap();
}

#[tokio::test]
async fn a_new_token_that_cannot_be_shared_is_used_all_the_same() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let mut at_the_lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let instance = world.instance();
    let asked = tokio::spawn(async move { instance.obtain(ANNA).await });
    at_the_lease.reached().await;
    let mut at_the_share = world.aws.faults().hold("DynamoDB.UpdateItem");
    at_the_lease.release();
    at_the_share.reached().await;
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::times(3, AwsEffect::Status(500)));
    at_the_share.release();
    assert!(world.works(&asked.await.unwrap().unwrap().token).await);
}

#[tokio::test]
async fn a_connection_of_a_newer_client_makes_the_secret_be_read_afresh() {
    let world = World::start().await;
    let stale = world.instance();
    stale.warm().await;
    world.clock.pass(Duration::from_mins(1));
    world.connect(ANNA).await;
    world.edit_row(ANNA, |row| row["client_id"]["S"] = "another-client".into());
    let before = world.aws.faults().calls("SecretsManager.BatchGetSecretValue");
    assert_eq!(outcome(&stale.obtain(ANNA).await), "reauthorization required");
    assert_eq!(world.aws.faults().calls("SecretsManager.BatchGetSecretValue") - before, 1);
    assert_eq!(outcome(&stale.obtain(ANNA).await), "reauthorization required");
    assert_eq!(world.aws.faults().calls("SecretsManager.BatchGetSecretValue") - before, 1, "not with every request");
}

#[tokio::test]
async fn a_token_index_key_that_no_longer_unwraps_is_replaced() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let mut kept = world.aws.item(TABLE, "key#token-index").unwrap().unwrap();
    let damaged = format!("AAAA{}", &kept["value"]["B"].as_str().unwrap()[4..]);
    kept["value"]["B"] = damaged.clone().into();
    world.aws.put_item(TABLE, &kept).unwrap();
    world.connect(ANNA).await;
    let replaced = world.aws.item(TABLE, "key#token-index").unwrap().unwrap();
    assert_ne!(replaced["value"]["B"], damaged);
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "token");
}
