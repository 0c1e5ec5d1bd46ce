//! What is known of the end of an access before it comes.

use std::time::Duration;

use local::google::Decision;
use serde_json::json;
use tests::world::{ANNA, OTHER_CLIENT_ID, Settings, World, sub};

use super::{asked, connected, connected_with, consent_again, status, told, warnings};

const DAY: Duration = Duration::from_hours(24);
const NONE: [&str; 0] = [];

async fn testing() -> World {
    connected_with(Settings { testing: true, ..Settings::default() }).await
}

#[tokio::test]
async fn a_sound_connection_has_none() {
    assert_eq!(warnings(&connected().await).await, NONE);
}

#[tokio::test]
async fn each_warning_has_a_code_and_a_sentence() {
    let world = testing().await;
    let told = status(&world).await;
    let warning = told["warnings"][0].as_object().unwrap();
    assert_eq!(warning.keys().collect::<Vec<_>>(), ["code", "detail"]);
    let detail = warning["detail"].as_str().unwrap();
    assert!(detail.contains(told["refresh_token_expires_at"].as_str().unwrap()) && detail.ends_with('.'), "{detail}");
}

#[tokio::test]
async fn an_application_in_testing_is_told_of_the_seven_days() {
    let world = testing().await;
    assert_eq!(warnings(&world).await, ["testing_state"]);
    let told = told(&world.visitor.get("/connection").await);
    assert_eq!(told["warnings"][0]["code"], "testing_state");
}

#[tokio::test]
async fn an_application_in_testing_is_told_why_the_access_is_over() {
    let world = testing().await;
    world.clock.advance(DAY * 7);
    assert_eq!(warnings(&world).await, ["testing_state"], "nobody has used it");
    assert_eq!(world.instance.send(&super::messages(ANNA)).await.status(), 401);
    assert_eq!(world.attribute(ANNA, "status_reason").unwrap(), "expired");
    assert_eq!(warnings(&world).await, ["testing_state"], "somebody has tried to");
}

#[tokio::test]
async fn an_access_of_testing_that_is_found_over_late_is_explained_too() {
    let world = testing().await;
    world.clock.advance(DAY * 20);
    assert_eq!(world.instance.send(&super::messages(ANNA)).await.status(), 401);
    assert_eq!(warnings(&world).await, ["testing_state"]);
}

#[tokio::test]
async fn five_months_without_use_are_told_until_it_is_used() {
    let world = connected().await;
    world.clock.advance(DAY * 151);
    assert_eq!(warnings(&world).await, NONE);
    world.clock.advance(DAY);
    assert_eq!(warnings(&world).await, ["unused"]);
    assert_eq!(world.instance.send(&super::messages(ANNA)).await.status(), 200);
    assert_eq!(warnings(&world).await, NONE);
}

#[tokio::test]
async fn fifty_consents_are_many() {
    let world = connected().await;
    for _ in 1..49 {
        world.clock.advance(Duration::from_secs(1));
        consent_again(&world).await;
    }
    assert_eq!(warnings(&world).await, NONE);
    consent_again(&world).await;
    assert_eq!(warnings(&world).await, ["many_consents"]);
    assert!(status(&world).await["warnings"][0]["detail"].as_str().unwrap().starts_with("50 "));
    // Half a year later they do not count any more.
    world.clock.advance(DAY * 100);
    assert_eq!(world.instance.send(&super::messages(ANNA)).await.status(), 200);
    world.clock.advance(DAY * 82);
    assert_eq!(warnings(&world).await, NONE);
}

#[tokio::test]
async fn a_sign_in_without_a_new_refresh_token_is_no_consent() {
    let world = connected().await;
    for _ in 0..50 {
        world.connect(ANNA).await;
    }
    assert_eq!(warnings(&world).await, NONE);
}

#[tokio::test]
async fn another_client_is_told() {
    let world = connected().await;
    let file = world.google.client_secret_file(OTHER_CLIENT_ID).unwrap();
    world.aws.secrets().put(tests::world::CLIENT_SECRET_ID, &file.to_string()).unwrap();
    let instance = world.another_instance().await;
    let told = told(&instance.send(&asked(ANNA)).await);
    assert_eq!((&told["status"], &told["warnings"][0]["code"]), (&json!("active"), &json!("another_client")));
    assert_eq!(told["warnings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn scopes_that_are_asked_for_now_and_were_not_allowed_are_told() {
    let world = connected().await;
    let modify = "https://www.googleapis.com/auth/gmail.modify";
    let instance = world.instance_with(&[("SCOPES", &format!("openid email profile {modify}"))]).await.unwrap();
    let told = told(&instance.send(&asked(ANNA)).await);
    assert_eq!(told["warnings"][0]["code"], "missing_scopes");
    let detail = told["warnings"][0]["detail"].as_str().unwrap();
    assert!(detail.contains(modify) && detail.contains("profile") && !detail.contains("openid"), "{detail}");
}

#[tokio::test]
async fn several_warnings_stand_beside_one_another() {
    let world = connected().await;
    world.clock.advance(DAY * 160);
    let instance = world.instance_with(&[("SCOPES", "openid email profile")]).await.unwrap();
    let told = told(&instance.send(&asked(ANNA)).await);
    let codes: Vec<_> = told["warnings"].as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
    assert_eq!(codes, ["unused", "missing_scopes"]);
}

#[tokio::test]
async fn consents_before_a_disconnection_do_not_count() {
    let world = connected().await;
    for _ in 0..49 {
        consent_again(&world).await;
    }
    assert_eq!(warnings(&world).await, ["many_consents"]);
    super::assert_disconnected(&world.instance.send(&super::ended(ANNA)).await, true);
    let location = world.consent(&world.visitor.begin("").await, &Decision::all(ANNA));
    assert_eq!(world.callback(&location).await.status(), 200);
    assert_eq!(warnings(&world).await, NONE, "{}", sub(ANNA));
}
