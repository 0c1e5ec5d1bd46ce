//! The pages, as a browser without script uses them.

use local::google::Decision;

use super::support::*;

impl World {
    async fn page(&self, url: &str, language: &str) -> String {
        let response = self.http.get(url).header("Accept-Language", language).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response.text().await.unwrap()
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> reqwest::Response {
        self.http.post(url).form(form).send().await.unwrap()
    }
}

/// Where a page's form goes, as a browser reads it.
fn action(world: &World, html: &str) -> String {
    let action = html.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    format!("{}{}", world.origin, action.replace("&#38;", "&").replace("&amp;", "&"))
}

#[tokio::test]
async fn a_user_chooses_an_account_ticks_a_box_and_comes_back_with_a_code() {
    let world = world().await;
    let chooser = world.page(&world.authorization_url(&[]), "en").await;
    assert!(chooser.contains("Emulated Google") && chooser.contains(&format!("data-email=\"{ANNA}\"")));
    let consent = world.post(&action(&world, &chooser), &[("account", ANNA)]).await.text().await.unwrap();
    assert!(consent.contains(&format!("value=\"{READONLY}\"")) && !consent.contains("checked"));
    assert!(!consent.contains(&format!("value=\"{LONG_EMAIL}\"")), "identity has no box");
    assert!(consent.contains("id=\"continue\"") && consent.contains("id=\"cancel\""));
    let form = [("account", ANNA), ("scope", READONLY), ("decision", "continue")];
    let response = world.post(&action(&world, &consent), &form).await;
    assert_eq!(response.status().as_u16(), 302);
    let location = response.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(REDIRECT_URI));
    let (status, tokens) = world.exchange(&query(location)["code"], &[]).await;
    assert_eq!(status, 200);
    assert!(set(tokens["scope"].as_str().unwrap()).contains(READONLY));
}

#[tokio::test]
async fn a_hint_skips_the_chooser_unless_the_choice_is_wanted() {
    let world = world().await;
    let anna = sub(ANNA);
    let consent = world.page(&world.authorization_url(&[("login_hint", &anna)]), "en").await;
    assert!(consent.contains("id=\"continue\""));
    let both = [("login_hint", ANNA), ("prompt", "select_account")];
    assert!(world.page(&world.authorization_url(&both), "en").await.contains("data-email"));
}

#[tokio::test]
async fn what_is_already_granted_needs_no_page() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    let response = world.http.get(world.authorization_url(&[("login_hint", ANNA)])).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 302);
    let forced = world.authorization_url(&[("login_hint", ANNA), ("prompt", "consent")]);
    assert!(world.page(&forced, "en").await.contains("id=\"continue\""));
}

#[tokio::test]
async fn cancel_leads_back_with_access_denied() {
    let world = world().await;
    let form = [("account", ANNA), ("decision", "cancel")];
    let response = world.post(&world.authorization_url(&[]), &form).await;
    assert_eq!(query(response.headers()["location"].to_str().unwrap())["error"], "access_denied");
}

#[tokio::test]
async fn pages_speak_the_browsers_language_and_escape_what_they_show() {
    let world = world().await;
    let url = world.authorization_url(&[("state", "\"><script>alert(1)</script>")]) + "&x=\"><script>";
    assert!(world.page(&url, "de-DE,de;q=0.9").await.contains("Konto auswählen"));
    let hebrew = world.page(&url, "he").await;
    assert!(hebrew.contains("dir=\"rtl\"") && hebrew.contains("lang=\"he\""));
    assert!(!hebrew.contains("<script"));
    let bad = world.authorization_url(&[("redirect_uri", "https://evil.example/<script>")]);
    let error = world.http.get(bad).send().await.unwrap().text().await.unwrap();
    assert!(error.contains("redirect_uri_mismatch") && !error.contains("<script"));
}

#[tokio::test]
async fn the_page_of_connections_removes_access() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let url = format!("{}/connections", world.origin);
    assert!(world.page(&url, "en").await.contains("View your email messages"));
    world.post(&url, &[("sub", &sub(ANNA)), ("client_id", "app")]).await;
    assert!(!world.page(&url, "en").await.contains("View your email messages"));
    assert_eq!(reason(&world.refresh(tokens["refresh_token"].as_str().unwrap()).await.1), "invalid_grant");
}

#[tokio::test]
async fn removing_access_on_the_page_ends_it_and_tells_that_application_only() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    world.consent(&[("client_id", "other")], &Decision::all(ANNA));
    world.google.deliver_security_events_to("http://127.0.0.1:9/");
    let url = format!("{}/connections", world.origin);
    world.post(&url, &[("sub", &sub(ANNA)), ("client_id", "app")]).await;
    let told = world.google.deliveries();
    assert_eq!(told.len(), 1);
    assert_eq!((&*told[0].client_id, told[0].event_type.rsplit('/').next()), ("app", Some("tokens-revoked")));
}

#[tokio::test]
async fn the_page_of_connections_has_more_that_can_happen_to_an_account() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    world.google.deliver_security_events_to("http://127.0.0.1:9/");
    let url = format!("{}/connections", world.origin);
    for (language, text) in [("en", "Sign out everywhere"), ("de", "Konto deaktivieren"), ("he", "הפעלת החשבון")]
    {
        assert!(world.page(&url, language).await.contains(text), "{text}");
    }
    let refresh = async || world.refresh(tokens["refresh_token"].as_str().unwrap()).await.0;
    for (event, works) in [("sessions-revoked", 200), ("account-disabled", 400), ("account-enabled", 400)] {
        world.post(&url, &[("sub", &sub(ANNA)), ("event", event)]).await;
        let told = world.google.deliveries();
        assert!(told.last().unwrap().event_type.ends_with(&format!("/{event}")), "{event}");
        assert_eq!(refresh().await, works, "{event}");
    }
    world.post(&url, &[("sub", &sub(ANNA)), ("event", "no such event")]).await;
    assert_eq!(world.google.deliveries().len(), 3);
}
