//! What an event means for the mailbox: access that Google ended is not tried any more, and a new consent brings it back.

use std::time::Duration;

use serde_json::Value;
use tests::world::{BASE_URL, Settings};

use super::*;

#[tokio::test]
async fn messages_are_refused_at_once_and_a_warm_instance_asks_google_in_vain_once() {
    for (family, name) in [("oauth", "tokens-revoked"), ("risc", "tokens-revoked"), ("risc", "account-disabled")] {
        let world = connected().await;
        assert_eq!(list(&world.instance, ANNA).await.status(), 200);
        assert_taken(&deliver(&world, &saying(&world, family, name, &about(ANNA))).await);
        let calls = world.google_calls();
        let (warm, cold) = (world.instance.clone(), world.another_instance().await);
        // It asks while it asks the table.
        for (instance, asked) in [(&cold, 0), (&warm, 1), (&warm, 1), (&cold, 1)] {
            let answer = list(instance, ANNA).await;
            problem(&answer, 401, "reauthorization_required");
            let url = format!("{BASE_URL}/authorize?login_hint={}&prompt=consent", sub(ANNA));
            assert_eq!(answer.json().unwrap()["authorization_url"], url);
            assert_eq!(world.google_calls() - calls, asked, "{name}");
        }
        for gone in ["access_token", "access_token_expires_at", "lease_owner"] {
            assert_eq!(world.attribute(ANNA, gone), None, "{name}");
        }
    }
}

#[tokio::test]
async fn a_browser_whose_tokens_were_revoked_is_told_why_it_must_consent() {
    let world = connected().await;
    assert_taken(&deliver(&world, &end(&world)).await);
    let calls = world.google_calls();
    problem(&world.visitor.get("/messages").await, 401, "reauthorization_required");
    let told = world.visitor.get("/connection").await.json().unwrap();
    assert_eq!((&told["status"], &told["status_reason"]), (&"revoked".into(), &"tokens_revoked".into()));
    assert_eq!(world.google_calls(), calls);
}

#[tokio::test]
async fn sessions_that_were_there_are_refused_on_every_instance_and_mail_is_not() {
    let world = connected().await;
    let early = world.visitor.duplicate();
    assert_eq!(early.get("/messages").await.status(), 200);
    assert_taken(&deliver(&world, &saying(&world, "risc", "sessions-revoked", &about(ANNA))).await);
    problem(&early.get("/messages").await, 401, "session_required");
    problem(&early.get("/connection").await, 401, "session_required");
    let elsewhere = early.duplicate().at(&world.another_instance().await);
    problem(&elsewhere.get("/messages").await, 401, "session_required");
    assert_eq!(list(&world.instance, ANNA).await.status(), 200, "the access itself goes on");
}

#[tokio::test]
async fn a_new_session_works_after_the_old_ones_ended() {
    let world = connected().await;
    let early = world.visitor.duplicate();
    assert_taken(&deliver(&world, &saying(&world, "risc", "sessions-revoked", &about(ANNA))).await);
    world.clock.advance(Duration::from_secs(1));
    let later = connect_apart(&world, ANNA).await;
    assert_eq!(later.get("/messages").await.status(), 200);
    problem(&early.get("/messages").await, 401, "session_required");
}

#[tokio::test]
async fn a_session_as_old_as_the_event_to_the_millisecond_is_refused() {
    let world = World::start().await;
    let visitor = connect_apart(&world, ANNA).await;
    assert_taken(&deliver(&world, &saying(&world, "risc", "sessions-revoked", &about(ANNA))).await);
    problem(&visitor.get("/connection").await, 401, "session_required");
    world.clock.advance(Duration::from_millis(1));
    let later = connect_apart(&world, ANNA).await;
    assert_eq!(later.get("/connection").await.status(), 200);
}

#[tokio::test]
async fn whoever_consents_again_is_connected_again() {
    for (family, name) in [("oauth", "tokens-revoked"), ("risc", "account-disabled")] {
        let world = connected().await;
        let early = world.visitor.duplicate();
        let sessions_end = name == "account-disabled";
        world.google.revoke(&sub(ANNA));
        assert_taken(&deliver(&world, &saying(&world, family, name, &about(ANNA))).await);
        world.clock.advance(Duration::from_mins(1));
        world.connect(ANNA).await;
        assert_status(&world, "active", None);
        assert_eq!(world.visitor.get("/messages").await.status(), 200);
        assert_eq!(list(&*world.another_instance().await, ANNA).await.status(), 200);
        assert_eq!(early.get("/messages").await.status() == 401, sessions_end, "{name}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_but_the_event_is_written() {
    let world = Settings::default().start().await;
    for (family, name) in [("risc", "sessions-revoked"), ("oauth", "tokens-revoked"), ("risc", "account-disabled")] {
        assert_taken(&deliver(&world, &saying(&world, family, name, &about(ANNA))).await);
    }
    assert_eq!(stored(&world), Vec::<Value>::new());
    assert_eq!(seen(&world).len(), 3);
}
