//! Our own stores: while one fails, Google is asked to send again, and what it sends again has its effect.

use std::time::Duration;

use local::aws::{AwsFault, Effect};

use super::*;

fn ways_to_fail() -> [Effect; 4] {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    [Effect::Status(500), Effect::Throttle, Effect::Disconnect, denied]
}

/// A token of each kind that changes something, and the reason that it leaves.
fn tokens(world: &World) -> [(String, Option<&'static str>); 4] {
    let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
    let subject = json!({ "token_type": "refresh_token", "token_identifier_alg": "prefix", "token": &token[..16] });
    [
        (saying(world, "risc", "sessions-revoked", &about(ANNA)), None),
        (saying(world, "oauth", "tokens-revoked", &about(ANNA)), Some("tokens_revoked")),
        (saying(world, "oauth", "token-revoked", &json!({ "subject": subject })), Some("token_revoked")),
        (
            saying(world, "risc", "account-disabled", &about_because(ANNA, "hijacking")),
            Some("account_disabled:hijacking"),
        ),
    ]
}

/// Asserts that the redelivery of a token has its effect.
async fn assert_taken_at_last(world: &World, token: &str, reason: Option<&str>) {
    assert_taken(&deliver(world, token).await);
    assert_status(world, if reason.is_some() { "revoked" } else { "active" }, reason);
    assert_eq!(seen(world).len(), 1);
}

#[tokio::test]
async fn while_an_operation_of_the_table_fails_nothing_is_remembered_and_the_redelivery_counts() {
    for operation in ["DynamoDB", "DynamoDB.GetItem", "DynamoDB.UpdateItem", "DynamoDB.PutItem"] {
        for effect in ways_to_fail() {
            for index in 0..4 {
                let world = connected().await;
                let (token, reason) = tokens(&world)[index].clone();
                world.aws.faults().fail(operation, AwsFault::always(effect.clone()));
                assert_put_off(&deliver(&world, &token).await);
                assert_eq!(seen(&world).len(), 0, "{operation} {effect:?}");
                world.aws.faults().clear(operation);
                assert_taken_at_last(&world, &token, reason).await;
            }
        }
    }
}

#[tokio::test]
async fn a_store_that_fails_at_any_one_call_for_good_is_survived_by_the_redelivery() {
    for index in 0..4 {
        for nth in 1..8 {
            let world = connected().await;
            let (token, reason) = tokens(&world)[index].clone();
            let Some(answer) = deliver_failing_at(&world, &token, nth).await else { break };
            if answer.status() == 202 {
                assert_eq!(seen(&world).len(), 1);
            } else {
                assert_put_off(&answer);
                assert_eq!(seen(&world).len(), 0, "call {nth}");
            }
            assert_taken_at_last(&world, &token, reason).await;
        }
    }
}

/// Delivers a token while the `nth` call of the table from now is denied; `None` if there are not so many.
async fn deliver_failing_at(world: &World, token: &str, nth: usize) -> Option<Answer> {
    let faults = world.aws.faults();
    let mut gates: Vec<_> = (0..nth).map(|_| faults.hold("DynamoDB")).collect();
    let reached = async {
        let last = gates.pop()?;
        for mut gate in gates {
            gate.reached().await;
            gate.release();
        }
        let mut last = last;
        last.reached().await;
        faults.fail("DynamoDB", AwsFault::times(1, Effect::Error { code: "AccessDeniedException".to_owned() }));
        last.release();
        Some(())
    };
    let delivered = deliver(world, token);
    tokio::pin!(delivered);
    tokio::select! {
        answer = &mut delivered => { drop(answer); None }
        _ = reached => Some(delivered.await),
    }
}

#[tokio::test]
async fn a_store_that_stumbles_is_asked_again_at_once() {
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect, Effect::LoseAnswer] {
        for operation in ["DynamoDB.GetItem", "DynamoDB.UpdateItem", "DynamoDB.PutItem"] {
            for index in 0..4 {
                let world = connected().await;
                let (token, reason) = tokens(&world)[index].clone();
                world.aws.faults().fail(operation, AwsFault::times(1, effect.clone()));
                assert_taken_at_last(&world, &token, reason).await;
            }
        }
    }
}

#[tokio::test]
async fn while_the_key_cannot_be_used_a_revoked_token_is_put_off_and_found_later() {
    for effect in ways_to_fail() {
        let world = connected().await;
        let (token, reason) = tokens(&world)[2].clone();
        world.aws.faults().fail("KMS", AwsFault::always(effect.clone()));
        assert_put_off(&deliver(&world, &token).await);
        assert_status(&world, "active", None);
        assert_eq!(seen(&world).len(), 0, "{effect:?}");
        world.aws.faults().clear("KMS");
        assert_taken_at_last(&world, &token, reason).await;
    }
}

#[tokio::test]
async fn what_is_said_of_a_user_needs_no_key() {
    for index in [0, 1, 3] {
        let world = connected().await;
        let (token, reason) = tokens(&world)[index].clone();
        let calls = world.aws.faults().calls("KMS");
        world.aws.faults().fail("KMS", AwsFault::always(Effect::Disconnect));
        assert_taken_at_last(&world, &token, reason).await;
        assert_eq!(world.aws.faults().calls("KMS"), calls);
    }
}

#[tokio::test]
async fn of_several_events_none_is_forgotten_when_one_fails() {
    let world = connected().await;
    let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
    let subject = json!({ "token_type": "refresh_token", "token_identifier_alg": "prefix", "token": &token[..16] });
    let events = json!({
        uri("risc", "sessions-revoked"): about(ANNA),
        uri("oauth", "token-revoked"): { "subject": subject },
    });
    let set = world.google.security_event(&claims(&world, &events));
    world.aws.faults().fail("KMS", AwsFault::always(Effect::Status(500)));
    assert_put_off(&deliver(&world, &set).await);
    assert_eq!(seen(&world).len(), 0);
    world.aws.faults().clear("KMS");
    assert_taken_at_last(&world, &set, Some("token_revoked")).await;
    problem(&world.visitor.get("/connection").await, 401, "session_required");
}

#[tokio::test]
async fn a_table_that_hangs_is_given_up_in_time() {
    for operation in ["DynamoDB.GetItem", "DynamoDB.UpdateItem", "DynamoDB.PutItem"] {
        let world = connected().await;
        let token = end(&world);
        // The keys are fetched before, so that the time is the table's.
        assert_taken(&deliver(&world, &saying(&world, "risc", "verification", &json!({}))).await);
        world.aws.faults().fail(operation, AwsFault::always(Effect::Hang));
        let started = std::time::Instant::now();
        let limit = Duration::from_millis(500);
        assert_put_off(&world.instance.send_within(&post(&token), limit).await);
        assert!(started.elapsed() < limit + Duration::from_millis(600), "{:?}", started.elapsed());
        world.aws.faults().clear(operation);
        assert_taken(&deliver(&world, &token).await);
        assert_status(&world, "revoked", Some("tokens_revoked"));
    }
}

#[tokio::test]
async fn while_the_secrets_cannot_be_read_at_first_google_sends_again() {
    for effect in ways_to_fail() {
        let world = connected().await;
        let token = end(&world);
        world.aws.faults().fail("SecretsManager", AwsFault::always(effect.clone()));
        let instance = world.another_instance().await;
        assert_put_off(&deliver_to(&instance, &token).await);
        assert_eq!(seen(&world).len(), 0, "{effect:?}");
        world.aws.faults().clear("SecretsManager");
        assert_taken(&deliver_to(&instance, &token).await);
        assert_status(&world, "revoked", Some("tokens_revoked"));
    }
}

#[tokio::test]
async fn a_secret_that_is_no_client_is_our_fault_and_google_sends_again() {
    let world = connected().await;
    let file = world.google.client_secret_file(CLIENT_ID).unwrap().to_string();
    world.aws.secrets().put(tests::world::CLIENT_SECRET_ID, "{}").unwrap();
    let (instance, token) = (world.another_instance().await, end(&world));
    problem(&deliver_to(&instance, &token).await, 500, "misconfigured");
    world.aws.secrets().put(tests::world::CLIENT_SECRET_ID, &file).unwrap();
    assert_taken(&deliver_to(&instance, &token).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}
