//! Whom an event is about: the forms that a subject has.

use tests::world::DAVID;

use super::*;

/// The types of event that are about a user.
const ABOUT_USERS: [&str; 5] =
    ["sessions-revoked", "tokens-revoked", "account-disabled", "account-enabled", "account-credential-change-required"];

fn ending_of(world: &World, subject: &Value) -> String {
    saying(world, "oauth", "tokens-revoked", &json!({ "subject": subject }))
}

#[tokio::test]
async fn a_user_of_googles_is_found_in_every_form() {
    let anna = sub(ANNA);
    for subject in [
        json!({ "subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": anna }),
        json!({ "subject_type": "iss-sub", "iss": "https://accounts.google.com", "sub": anna }),
        json!({ "subject_type": "iss_sub", "iss": "accounts.google.com", "sub": anna }),
        json!({ "format": "iss_sub", "iss": "accounts.google.com/", "sub": anna }),
        json!({ "subject_type": "id_token_claims", "iss": "https://accounts.google.com/", "sub": anna, "email": ANNA }),
        json!({ "subject_type": "id_token_claims", "sub": anna, "email": "other@example.com" }),
        json!({ "sub": anna }),
    ] {
        let world = connected().await;
        assert_taken(&deliver(&world, &ending_of(&world, &subject)).await);
        assert_status(&world, "revoked", Some("tokens_revoked"));
    }
}

#[tokio::test]
async fn whoever_is_not_a_known_user_of_googles_leaves_everything_as_it_was() {
    let world = connected().await;
    let before = stored(&world);
    let anna = sub(ANNA);
    for subject in [
        json!({ "iss": "https://accounts.google.com/", "sub": "109999999999999999999" }),
        json!({ "iss": "https://accounts.google.com/", "sub": format!("{anna}0") }),
        json!({ "iss": "https://accounts.example.com/", "sub": anna }),
        json!({ "iss": "https://accounts.google.com.evil.test/", "sub": anna }),
        json!({ "iss": "http://accounts.google.com/", "sub": anna }),
        json!({ "iss": "", "sub": anna }),
        json!({ "iss": null, "sub": anna }),
        json!({ "iss": ["https://accounts.google.com/"], "sub": anna }),
        json!({ "subject_type": "email", "email": ANNA }),
        json!({ "subject_type": "id_token_claims", "iss": "https://accounts.google.com/", "email": ANNA }),
    ] {
        for name in ABOUT_USERS {
            let claims = claims(&world, &one("risc", name, &json!({ "subject": subject })));
            assert_taken(&deliver(&world, &world.google.security_event(&claims)).await);
            assert_eq!(stored(&world), before, "{name} {subject}");
            assert!(seen(&world).contains(&claims["jti"].as_str().unwrap().to_owned()));
        }
    }
}

#[tokio::test]
async fn an_event_about_nobody_is_refused_and_not_remembered() {
    let world = connected().await;
    let before = world.items();
    for payload in [
        json!({}),
        json!(null),
        json!([]),
        json!("text"),
        json!({ "subject": null }),
        json!({ "subject": {} }),
        json!({ "subject": [] }),
        json!({ "subject": sub(ANNA) }),
        json!({ "subject": { "iss": "https://accounts.google.com/" } }),
        json!({ "subject": { "sub": "" } }),
        json!({ "subject": { "sub": null } }),
        json!({ "subject": { "sub": 118 } }),
        json!({ "subject": { "sub": [sub(ANNA)] } }),
        json!({ "subject": { "sub": "with space" } }),
        json!({ "subject": { "sub": "9".repeat(256) } }),
        json!({ "sub": sub(ANNA) }),
    ] {
        for name in ABOUT_USERS {
            let answer = deliver(&world, &saying(&world, "risc", name, &payload)).await;
            assert_refused(&answer, "invalid_request");
        }
    }
    assert_eq!(world.items(), before);
}

#[tokio::test]
async fn nobody_else_is_touched() {
    let world = connected().await;
    let davids = connect_apart(&world, DAVID).await;
    let row = world.connection(DAVID).unwrap();
    for (family, name) in [("risc", "sessions-revoked"), ("oauth", "tokens-revoked"), ("risc", "account-disabled")] {
        assert_taken(&deliver(&world, &saying(&world, family, name, &about(ANNA))).await);
    }
    assert_status(&world, "revoked", Some("tokens_revoked"));
    assert_eq!(world.connection(DAVID).unwrap(), row);
    assert_eq!(davids.get("/messages").await.status(), 200);
    assert_eq!(list(&world.instance, DAVID).await.status(), 200);
}

#[tokio::test]
async fn an_event_about_a_user_whose_row_is_damaged_is_taken() {
    for name in ABOUT_USERS {
        let world = connected().await;
        world.change_connection(ANNA, |item| item["generation"] = json!({ "S": "seven" }));
        assert_taken(&deliver(&world, &saying(&world, "risc", name, &about(ANNA))).await);
    }
}
