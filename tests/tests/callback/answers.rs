//! The answers: the way back to the caller, a page, or JSON.

use local::google::{Decision, Effect, Endpoint};
use serde_json::json;
use shared::domain::time::Clock;
use tests::{
    answer::Answer,
    event::Event,
    world::{ANNA, NAVIGATION, READONLY, Settings, Visitor, World, sub},
};

use super::{assert_problem, break_aws, connect, fault, program, restart, status, token_error};

/// A visitor begins with a query, the user decides, and it comes back.
async fn attempt(world: &World, visitor: &Visitor, query: &str, decision: &Decision) -> Answer {
    visitor.get(&world.consent(&visitor.begin(query).await, decision)).await
}

fn location(answer: &Answer) -> (u16, &str) {
    (answer.status(), answer.header("location").unwrap_or_default())
}

#[tokio::test]
async fn a_program_is_told_of_the_connection_in_json() {
    let world = World::start().await;
    let answer = connect(&world, "").await;
    let scopes = [READONLY, "https://www.googleapis.com/auth/userinfo.email", "openid"];
    let expected = json!({"user_id": sub(ANNA), "email": ANNA, "scopes": scopes,
        "connected_at": world.clock.now().to_string()});
    assert_eq!(answer.json().unwrap(), expected);
}

#[tokio::test]
async fn a_person_sees_a_page_with_the_accounts_address() {
    let world = World::start().await;
    for accept in ["", "*/*", NAVIGATION, "text/html"] {
        let visitor = world.visitor().accepting(accept);
        let answer = attempt(&world, &visitor, "prompt=consent", &Decision::all(ANNA)).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(answer.body().contains("Gmail is connected") && answer.body().contains(ANNA), "{accept}");
    }
    assert!(attempt(&world, &world.visitor, "", &Decision::all(ANNA)).await.body().contains("Gmail is connected"));
}

#[tokio::test]
async fn with_return_to_success_leads_there_with_the_callers_state() {
    let settings = Settings::default().variable("ALLOWED_RETURN_ORIGINS", "https://app.example.com");
    let world = settings.start().await;
    for (query, expected) in [
        ("return_to=%2Fmessages", "/messages"),
        ("return_to=%2Fmessages&state=a%26b%3Dc%20%D7%A9", "/messages?state=a%26b%3Dc+%D7%A9"),
        ("return_to=%2Fmessages%3Fq%3Dx%23top&state=s", "/messages?q=x&state=s#top"),
        ("return_to=https%3A%2F%2Fapp.example.com%2Fdone%3Fa%3D1&state=s", "https://app.example.com/done?a=1&state=s"),
    ] {
        let answer = connect(&world, query).await;
        assert_eq!(location(&answer), (303, expected));
        assert!(answer.cookie_value(super::SESSION).is_some());
    }
}

#[tokio::test]
async fn without_return_to_the_callers_state_goes_nowhere() {
    let world = World::start().await;
    let answer = connect(&world, "state=the-callers").await;
    assert!(!answer.body().contains("the-callers"));
}

#[tokio::test]
async fn with_return_to_each_error_leads_there_with_its_code_and_the_callers_state() {
    let all = Decision::all(ANNA);
    let id_token = Effect::IdToken(local::google::IdTokenFault::WrongNonce);
    for (code, effect, decision) in [
        ("access_denied", None, Decision::deny(ANNA)),
        ("insufficient_scope", None, Decision::only(ANNA, &[])),
        ("code_rejected", Some(token_error("invalid_grant")), all.clone()),
        ("misconfigured", Some(token_error("invalid_client")), all.clone()),
        ("google_unavailable", Some(status(404)), all.clone()),
        ("invalid_id_token", Some(id_token), all.clone()),
        ("no_refresh_token", Some(Effect::NoRefreshToken), all.clone()),
    ] {
        let world = World::start().await;
        if let Some(effect) = effect {
            fault(&world, Endpoint::Token, 9, effect);
        }
        let query = "return_to=%2Fdone%3Fx%3D1&state=s%26t&prompt=consent";
        let answer = attempt(&world, &program(&world), query, &decision).await;
        assert_eq!(location(&answer), (303, format!("/done?x=1&error={code}&state=s%26t").as_str()));
        assert_eq!(answer.cookie_value(super::SESSION), None);
    }
}

#[tokio::test]
async fn with_return_to_a_store_that_is_down_leads_there_too() {
    let world = World::start().await;
    break_aws(&world, "DynamoDB");
    assert_eq!(location(&connect(&world, "return_to=%2Fdone").await), (303, "/done?error=unavailable"));
}

#[tokio::test]
async fn with_return_to_googles_own_error_leads_there_as_our_code() {
    let world = World::start().await;
    let visitor = program(&world);
    let url = visitor.begin("return_to=%2Fdone").await;
    let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let answer = visitor.get(&format!("/callback?state={state}&error=org_internal")).await;
    assert_eq!(location(&answer), (303, "/done?error=authorization_failed"));
}

#[tokio::test]
async fn without_a_valid_attempt_nobody_is_sent_anywhere() {
    let world = World::start().await;
    let visitor = program(&world);
    visitor.begin("return_to=%2Fdone&state=s").await;
    let answer = visitor.get("/callback?state=another&error=access_denied&return_to=%2Fdone").await;
    assert_problem(&answer, 400, "invalid_state");
    assert_eq!(answer.header("location"), None);
}

#[tokio::test]
async fn a_return_to_whose_origin_is_no_longer_allowed_is_not_gone_to() {
    let settings = Settings::default().variable("ALLOWED_RETURN_ORIGINS", "https://app.example.com");
    let world = settings.start().await;
    let visitor = program(&world);
    let url = visitor.begin("return_to=https%3A%2F%2Fapp.example.com%2F").await;
    let strict = world.instance_with(&[("ALLOWED_RETURN_ORIGINS", "")]).await.unwrap();
    let answer = visitor.at(&strict).get(&world.consent(&url, &Decision::all(ANNA))).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn an_error_is_a_page_with_a_button_for_people_and_a_problem_for_programs() {
    let world = World::start().await;
    for accept in ["", "*/*", NAVIGATION] {
        let visitor = world.visitor().accepting(accept);
        let answer = attempt(&world, &visitor, "", &Decision::deny(ANNA)).await;
        assert_eq!((answer.status(), answer.header("content-type")), (403, Some("text/html; charset=utf-8")));
        assert_eq!(restart(&answer).as_deref(), Some("/authorize"));
    }
    for accept in ["application/json", "application/problem+json", "application/json, text/html;q=0.5"] {
        let visitor = world.visitor().accepting(accept);
        assert_problem(&attempt(&world, &visitor, "", &Decision::deny(ANNA)).await, 403, "access_denied");
    }
}

#[tokio::test]
async fn the_button_begins_again_with_a_cookie_of_its_own() {
    let world = World::start().await;
    let page = world.callback("/callback?state=unknown&code=4%2Fx").await;
    assert_eq!(page.status(), 400);
    let at_google = world.visitor.get(&restart(&page).unwrap()).await;
    let back = world.consent(at_google.header("location").unwrap(), &Decision::all(ANNA));
    assert_eq!(world.callback(&back).await.status(), 200);
}

#[tokio::test]
async fn a_page_shows_googles_error_as_text_whatever_is_in_it() {
    let world = World::start().await;
    let visitor = world.visitor();
    let url = visitor.begin("").await;
    let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let answer = visitor.get(&format!("/callback?state={state}&error=%3Cimg%20src%3Dx%3E")).await;
    assert!(answer.status() == 400 && !answer.body().contains("<img"));
}

#[tokio::test]
async fn a_page_speaks_the_language_of_the_browser() {
    let world = World::start().await;
    for (header, language) in [("de-AT,de;q=0.9", "de"), ("he", "he"), ("fr", "en"), ("", "en")] {
        let event = Event::get("/callback").header("accept-language", header);
        let answer = world.instance.send(&event).await;
        assert_eq!(answer.header("content-language"), Some(language));
        assert!(answer.body().contains(&format!("<html lang=\"{language}\"")));
    }
}

#[tokio::test]
async fn there_is_nothing_at_other_paths_and_for_other_methods() {
    let world = World::start().await;
    for event in [Event::post("/callback"), Event::get("/callback/"), Event::get("/"), Event::delete("/callback")] {
        let answer = world.instance.send_raw("callback", &event.json().to_string()).await;
        assert_eq!(answer.status(), 404);
    }
}
