//! Faults, as a client meets them.

use std::time::Duration;

use local::google::{Effect, Endpoint, Fault, Faults, GmailError};
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn a_fault_strikes_as_often_as_it_says_and_nothing_is_used_up() {
    let world = world().await;
    for (endpoint, fault) in Faults::parse("token=503x2").unwrap() {
        world.google.faults().inject(endpoint, fault);
    }
    let code = world.code(&[]);
    let url = format!("{}/token", world.origin);
    for _ in 0..2 {
        assert_eq!(world.http.post(&url).send().await.unwrap().status().as_u16(), 503);
    }
    assert_eq!(world.exchange(&code, &[]).await.0, 200);
}

#[tokio::test]
async fn a_fault_without_a_count_lasts_until_it_is_cleared() {
    let world = world().await;
    let status = Effect::Status { status: 429, body: None, headers: vec![("retry-after".to_owned(), "2".to_owned())] };
    world.google.faults().inject(Endpoint::Certs, Fault { times: None, effect: status });
    for _ in 0..3 {
        let response = world.get("/oauth2/v3/certs").await;
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"2".parse().unwrap()));
    }
    world.google.faults().clear(Endpoint::Certs);
    assert_eq!(world.get("/oauth2/v3/certs").await.status().as_u16(), 200);
}

#[tokio::test]
async fn a_disconnect_comes_after_the_code_is_used_up() {
    let world = world().await;
    let code = world.code(&[]);
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::LoseAnswer);
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    let form = [&form[..], &[("client_id", "app"), ("client_secret", "s3cret")]].concat();
    let sent = world.http.post(format!("{}/token", world.origin)).form(&form).send().await;
    let broken = match sent {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    assert_eq!(reason(&world.exchange(&code, &[]).await.1), "invalid_grant");
}

#[tokio::test]
async fn a_hang_outlasts_the_clients_patience() {
    let world = world().await;
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Hang(Duration::from_mins(1)));
    let request = world.request("any", "").timeout(Duration::from_millis(50));
    assert!(request.send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_malformed_answer_is_no_json() {
    let world = world().await;
    world.google.faults().inject_times(Endpoint::UserInfo, 1, Effect::Malformed);
    let response = world.get("/v1/userinfo").await;
    assert_eq!(response.status().as_u16(), 200);
    assert!(serde_json::from_str::<serde_json::Value>(&response.text().await.unwrap()).is_err());
}

#[tokio::test]
async fn token_responses_can_lack_or_change_parts() {
    let world = world().await;
    let faults = world.google.faults();
    faults.inject_times(Endpoint::Token, 1, Effect::NoRefreshToken);
    assert!(world.tokens(ANNA, &[]).await["refresh_token"].is_null());
    faults.inject_times(Endpoint::Token, 1, Effect::Scope("openid  email".to_owned()));
    assert_eq!(world.tokens(ANNA, &[]).await["scope"], "openid  email");
    for (error, status) in [("invalid_client", 401), ("unauthorized_client", 401), ("invalid_grant", 400)] {
        faults.inject_times(Endpoint::Token, 1, Effect::TokenError { error: error.to_owned(), subtype: None });
        let (got, body) = world.refresh("1//any").await;
        assert_eq!((got, reason(&body)), (status, error));
    }
}

#[tokio::test]
async fn gmails_named_errors_have_gmails_shape() {
    let world = world().await;
    let cases = [
        (GmailError::RateLimitExceeded, 403, "rateLimitExceeded"),
        (GmailError::UserRateLimitExceeded, 403, "userRateLimitExceeded"),
        (GmailError::TooManyRequests, 429, "rateLimitExceeded"),
        (GmailError::DailyLimitExceeded, 403, "dailyLimitExceeded"),
        (GmailError::DomainPolicy, 403, "domainPolicy"),
        (GmailError::AccessNotConfigured, 403, "accessNotConfigured"),
        (GmailError::InsufficientPermissions, 403, "insufficientPermissions"),
        (GmailError::BackendError, 500, "backendError"),
    ];
    for (error, status, expected) in cases {
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(error));
        let (got, body) = world.gmail("any", "").await;
        assert_eq!((got, reason(&body), &body["error"]["code"]), (status, expected, &json!(status)));
    }
    assert_eq!(GmailError::ServiceDisabled.body()["error"]["details"][0]["reason"], "SERVICE_DISABLED");
}

#[tokio::test]
async fn many_requests_at_once_for_one_user_are_too_many() {
    let world = world().await;
    world.google.set_gmail_concurrency(50);
    let token = world.access_token(ANNA).await;
    let slow = Fault { times: None, effect: Effect::Delay(Duration::from_millis(500)) };
    world.google.faults().inject(Endpoint::List, slow);
    let asked = (0..60).map(|_| world.gmail(&token, "?maxResults=1"));
    let answers = futures_util::future::join_all(asked).await;
    let refused = answers.iter().filter(|(status, _)| *status == 429).count();
    assert!(refused > 0 && refused <= 10, "{refused}");
    assert_eq!((world.google.take_gmail_peak(), world.google.take_gmail_peak()), (50, 0));
}
