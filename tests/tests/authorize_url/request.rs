//! The URL that the browser is sent to.

use std::collections::BTreeSet;

use tests::{
    event::{DOMAIN_NAME, Event},
    world::{ANNA, CLIENT_ID, READONLY, REDIRECT_URI, Settings, World},
};

use super::{authorization_url, parameters};

#[tokio::test]
async fn the_url_is_the_files_auth_uri_with_exactly_these_parameters() {
    let world = World::start().await;
    let url = world.visitor.begin("").await;
    let auth_uri = world.google.client_secret_file(CLIENT_ID).unwrap()["web"]["auth_uri"].clone();
    assert_eq!(url.split('?').next(), auth_uri.as_str());
    let mut parameters = parameters(&url);
    for random in ["state", "nonce", "code_challenge"] {
        let value = parameters.remove(random).unwrap();
        assert_eq!(value.len(), 43, "{random}");
        assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{value}");
    }
    let scope = format!("openid email {READONLY}");
    let expected = [
        ("access_type", "offline"),
        ("client_id", CLIENT_ID),
        ("code_challenge_method", "S256"),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", &scope),
    ];
    assert!(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected), "{parameters:?}");
}

#[tokio::test]
async fn parameters_that_the_auth_uri_has_already_stay() {
    let world = World::start().await;
    let mut file = world.google.client_secret_file(CLIENT_ID).unwrap();
    file["web"]["auth_uri"] = "https://accounts.google.com/o/oauth2/auth?hd=example.com".into();
    world.aws.secrets().put(tests::world::CLIENT_SECRET_ID, &file.to_string()).unwrap();
    let instance = world.another_instance().await;
    let url = world.visitor().at(&instance).begin("").await;
    assert!(url.starts_with("https://accounts.google.com/o/oauth2/auth?hd=example.com&"), "{url}");
}

#[tokio::test]
async fn a_login_hint_is_passed_on() {
    let world = World::start().await;
    for (query, hint) in
        [("login_hint=anna.schmidt%40example.com", ANNA), ("login_hint=104512067890123456781", "104512067890123456781")]
    {
        assert_eq!(parameters(&world.visitor.begin(query).await)["login_hint"], hint);
    }
}

#[tokio::test]
async fn a_prompt_is_passed_on_and_absent_by_default() {
    let world = World::start().await;
    for (query, prompt) in [
        ("", None),
        ("prompt=", None),
        ("prompt=consent", Some("consent")),
        ("prompt=select_account", Some("select_account")),
        ("prompt=consent%20select_account", Some("consent select_account")),
        ("prompt=select_account+consent", Some("consent select_account")),
    ] {
        let parameters = parameters(&world.visitor.begin(query).await);
        assert_eq!(parameters.get("prompt").map(String::as_str), prompt, "{query}");
    }
}

#[tokio::test]
async fn the_callers_state_and_return_to_do_not_go_to_google() {
    let world = World::start().await;
    let url = world.visitor.begin("state=the-callers-own&return_to=%2Fthe-callers-place").await;
    assert!(!url.contains("the-callers"), "{url}");
}

#[tokio::test]
async fn every_attempt_has_random_values_of_its_own() {
    let world = World::start().await;
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let parameters = parameters(&world.visitor.begin("").await);
        seen.extend(["state", "nonce", "code_challenge"].map(|name| parameters[name].clone()));
    }
    assert_eq!(seen.len(), 15);
}

#[tokio::test]
async fn the_scopes_are_those_of_the_deployment() {
    let scopes = format!("openid {READONLY} https://www.googleapis.com/auth/gmail.labels");
    let world = Settings::default().variable("SCOPES", &scopes).start().await;
    assert_eq!(parameters(&world.visitor.begin("").await)["scope"], scopes);
}

#[tokio::test]
async fn without_public_base_url_the_redirect_uri_is_that_of_the_events_host() {
    let world = Settings::default().variable("PUBLIC_BASE_URL", "").start().await;
    let event = Event::get("/authorize-url").domain_name("mail.example.com");
    let url = authorization_url(&world.instance.send(&event).await);
    assert_eq!(parameters(&url)["redirect_uri"], REDIRECT_URI);
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_character_for_character_is_our_fault() {
    let world = World::start().await;
    for base in ["https://mail.example.com:8443", "https://www.mail.example.com", ""] {
        let instance = world.instance_with(&[("PUBLIC_BASE_URL", base)]).await.unwrap();
        let answer = instance.send(&Event::get("/authorize-url")).await;
        tests::answer::problem(&answer, 500, "misconfigured");
        assert_eq!(answer.cookies().count(), 0);
        assert!(!answer.body().contains(DOMAIN_NAME));
    }
}
