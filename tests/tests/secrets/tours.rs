//! Everything that the functions do, and that goes wrong with it.

use std::time::Duration;

use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Decision, Effect, Endpoint, Fault, GmailError, IdTokenFault},
};
use serde_json::json;
use tests::{
    event::Event,
    security_event::{OF_ACCOUNTS, about, about_token, part, post, saying},
    world::{
        ANNA, BASE_URL, CLIENT_ID, CLIENT_SECRET, COOKIE_KEY, COOKIE_KEY_SECRET_ID, DAVID, NAVIGATION, TABLE, sub,
    },
};

use super::{
    assert_clean,
    deployment::{BUS, Deployment, FUNCTIONS},
};

/// What a backend's request carries besides what API Gateway says of it.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/eu-central-1/execute-api/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
const SECURITY_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE-the-callers-session-token";
/// What a stranger brings in place of something secret: it may be somebody's.
const BROUGHT: &str = "somebodys-own-secret-in-the-wrong-place";
/// The same in place of a `user_id`, which is no secret.
const BROUGHT_AS_USER: &str = "somebodys-own-secret-in-place-of-a-user";
const STATE: &str = "the-callers-own-state";
const SEARCH: &str = "subject:the-search-of-somebody";

fn of_backend(path: &str) -> Event {
    Event::get(path).iam().header("authorization", SIGNATURE).header("x-amz-security-token", SECURITY_TOKEN)
}

fn messages(email: &str) -> Event {
    of_backend(&format!("/users/{}/messages", sub(email)))
}

fn connection(method: &str, email: &str) -> Event {
    Event::new(method, &format!("/users/{}/connection", sub(email))).iam()
}

async fn start() -> Deployment {
    let mut deployment = Deployment::start(&FUNCTIONS, "trace").await;
    let signature = SIGNATURE.rsplit('=').next().unwrap();
    let texts = [
        ("caller's signature", signature),
        ("caller's token", SECURITY_TOKEN),
        ("brought", BROUGHT),
        ("brought as a user", BROUGHT_AS_USER),
        ("caller's state", STATE),
        ("search", SEARCH),
    ];
    for (kind, text) in texts {
        deployment.keep(kind, text);
    }
    deployment
}

/// An answer of that status which repeats what it should not know, in these words.
fn repeating(status: u16, words: &str) -> Effect {
    let text = format!("{words} {CLIENT_SECRET} {COOKIE_KEY} {ANNA} {BROUGHT}");
    let error = json!({"code": status, "message": text, "status": text, "errors": [{"reason": text, "message": text}]});
    let body = if status < 300 {
        json!({"access_token": {"is": text}, "refresh_token": text, "messages": text, "sub": [text]})
    } else if status.is_multiple_of(2) {
        json!({"error": text, "error_description": text, "error_subtype": text})
    } else {
        json!({"error": error})
    };
    let headers = vec![("retry-after".to_owned(), BROUGHT.to_owned()), ("x-request".to_owned(), text)];
    Effect::Status { status, body: Some(body.to_string()), headers }
}

/// What goes wrong with an answer, whichever it is.
fn troubles(words: &str) -> Vec<Effect> {
    let statuses = [200, 302, 400, 401, 403, 404, 408, 429, 500, 503];
    let others = [Effect::Malformed, Effect::Disconnect, Effect::LoseAnswer, Effect::Hang(Duration::from_hours(1))];
    statuses.iter().map(|status| repeating(*status, words)).chain(others).collect()
}

/// What goes wrong at the token endpoint besides.
fn troubles_of_tokens(words: &str) -> Vec<Effect> {
    let errors = [
        ("invalid_client", None),
        ("unauthorized_client", None),
        ("redirect_uri_mismatch", None),
        ("invalid_grant", None),
        ("invalid_grant", Some("invalid_rapt")),
        ("invalid_request", None),
        ("invalid_scope", None),
        ("admin_policy_enforced", None),
        (BROUGHT, Some(BROUGHT)),
    ];
    let error = |(error, subtype): (&str, Option<&str>)| Effect::TokenError {
        error: error.to_owned(),
        subtype: subtype.map(str::to_owned),
    };
    errors.map(error).into_iter().chain(troubles(words)).collect()
}

/// What goes wrong with an ID token.
const ID_TOKENS: [IdTokenFault; 11] = [
    IdTokenFault::BadSignature,
    IdTokenFault::UnknownKid,
    IdTokenFault::WrongIssuer,
    IdTokenFault::WrongAudience,
    IdTokenFault::WrongAzp,
    IdTokenFault::WrongNonce,
    IdTokenFault::Expired,
    IdTokenFault::IssuedInFuture,
    IdTokenFault::AlgNone,
    IdTokenFault::Missing,
    IdTokenFault::NoSubject,
];

const GMAIL: [GmailError; 12] = [
    GmailError::RateLimitExceeded,
    GmailError::UserRateLimitExceeded,
    GmailError::TooManyRequests,
    GmailError::TooManyConcurrentRequests,
    GmailError::DailyLimitExceeded,
    GmailError::DomainPolicy,
    GmailError::AccessNotConfigured,
    GmailError::ServiceDisabled,
    GmailError::InsufficientPermissions,
    GmailError::AccessTokenScopeInsufficient,
    GmailError::AuthError,
    GmailError::BackendError,
];

/// What goes wrong at AWS.
fn troubles_of_aws() -> Vec<AwsEffect> {
    let error = |code: &str| AwsEffect::Error { code: code.to_owned() };
    vec![
        AwsEffect::Status(500),
        AwsEffect::Throttle,
        error("AccessDeniedException"),
        error("ResourceNotFoundException"),
        error("ValidationException"),
        AwsEffect::Disconnect,
        AwsEffect::LoseAnswer,
    ]
}

const AWS: [&str; 2] = ["DynamoDB", "KMS"];

impl Deployment {
    /// Asks while that goes wrong every time.
    async fn ask_while(&mut self, endpoint: Endpoint, effect: Effect, event: &Event) {
        let faults = self.wired.world.google.faults();
        faults.inject(endpoint, Fault { times: None, effect });
        self.ask_in_trouble(event).await;
        self.wired.world.google.faults().clear_all();
    }

    async fn ask_while_aws(&mut self, service: &str, effect: AwsEffect, event: &Event) {
        self.wired.world.aws.faults().fail(service, AwsFault::always(effect));
        self.ask_in_trouble(event).await;
        self.wired.world.aws.faults().clear(service);
    }

    /// What a browser sends that comes back from Google.
    async fn coming_back(&mut self, query: &str) -> (Event, String) {
        let location = self.consent(query, &Decision::all(ANNA)).await;
        let code = location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
        (self.event(&location), code)
    }
}

#[tokio::test]
async fn no_secret_is_anywhere_where_all_goes_well() {
    let mut deployment = start().await;
    // Authorization in every way, and what becomes of it.
    let query = format!("login_hint={ANNA}&state={STATE}&return_to=/messages%3Fq%3D{SEARCH}");
    let location = deployment.consent(&query, &Decision::all(ANNA)).await;
    assert_eq!(deployment.get(&location).await.status(), 303);
    for (query, decision) in [
        ("prompt=consent", Decision::all(DAVID)),
        ("", Decision::all(DAVID)),
        (query.as_str(), Decision::deny(ANNA)),
        ("", Decision::deny(DAVID)),
    ] {
        let location = deployment.consent(query, &decision).await;
        deployment.get(&location).await;
        deployment.get(&location).await;
    }
    let begun = deployment.get("/authorize?prompt=select_account").await;
    assert_eq!(begun.status(), 302);
    deployment.connect(ANNA).await;
    // Mail, for a browser, a navigation and a backend.
    for query in ["", "format=full&maxResults=3", "format=metadata&metadataHeaders=From", &format!("q={SEARCH}")] {
        assert_eq!(deployment.get(&format!("/messages?{query}")).await.status(), 200);
        assert_eq!(deployment.ask(&messages(DAVID).query(query)).await.status(), 200);
    }
    let page = deployment.get("/messages?maxResults=3&format=minimal").await.json().unwrap();
    let token = page["nextPageToken"].as_str().unwrap().to_owned();
    deployment.keep("page token", &token);
    assert_eq!(deployment.get(&format!("/messages?maxResults=3&pageToken={token}")).await.status(), 200);
    let navigation = Event::get("/messages").header("accept", NAVIGATION);
    assert_eq!(deployment.ask(&navigation).await.status(), 302);
    // A token that is over, and one that is dead.
    deployment.wired.world.google.expire_access_tokens(&sub(ANNA));
    assert_eq!(deployment.get("/messages").await.status(), 200);
    deployment.wired.world.google.revoke(&sub(DAVID));
    assert_eq!(deployment.ask(&messages(DAVID)).await.status(), 401);
    // Connections.
    assert_eq!(deployment.get("/connection").await.status(), 200);
    let users = deployment.ask(&of_backend("/users").query("max_results=1&status=active")).await;
    assert_eq!(users.status(), 200);
    for method in ["GET", "DELETE"] {
        assert_eq!(deployment.ask(&connection(method, DAVID)).await.status(), 200);
    }
    let disconnect = Event::delete("/connection").cookies(deployment.jar.cookies()).header("origin", BASE_URL);
    assert_eq!(deployment.ask(&disconnect).await.status(), 200);
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_secrets_are_rotated() {
    let mut deployment = start().await;
    deployment.connect(ANNA).await;
    let (begun, _) = deployment.coming_back("").await;
    for (kind, secret) in [
        ("client secret", "GOCSPX-the-next-secret"),
        ("cookie key", "the second cookie key, which is long enough, too"),
    ] {
        deployment.keep(kind, secret);
    }
    let world = &deployment.wired.world;
    world.google.set_client_secret(CLIENT_ID, "GOCSPX-the-next-secret");
    deployment.wired.put_client_secret();
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, "the second cookie key, which is long enough, too").unwrap();
    // The warm process learns of the new client secret by Google's refusal; a new one reads both cookie keys.
    assert_eq!(deployment.ask(&begun).await.status(), 200);
    for function in ["callback", "list-messages", "connection", "authorize-url"] {
        deployment.replace(function, "trace").await;
    }
    assert_eq!(deployment.get("/messages").await.status(), 200);
    assert_eq!(deployment.get("/connection").await.status(), 200);
    let (back, _) = deployment.coming_back("prompt=consent").await;
    deployment.replace("callback", "trace").await;
    assert_eq!(deployment.ask(&back).await.status(), 200);
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_an_exchange_fails() {
    let mut deployment = start().await;
    deployment.connect(ANNA).await;
    let faults = troubles_of_tokens("").len();
    for index in 0..faults {
        let (back, code) = deployment.coming_back("prompt=consent").await;
        let effect = troubles_of_tokens(&code).remove(index);
        deployment.ask_while(Endpoint::Token, effect, &back).await;
    }
    let tokens = ID_TOKENS.map(Effect::IdToken).into_iter();
    for effect in tokens.chain([Effect::NoRefreshToken, Effect::Scope("openid".to_owned())]) {
        let (back, _) = deployment.coming_back("prompt=consent").await;
        deployment.ask_while(Endpoint::Token, effect, &back).await;
    }
    for effect in troubles("") {
        let (back, _) = deployment.coming_back("prompt=consent").await;
        deployment.wired.world.google.faults().inject_times(Endpoint::Token, 1, Effect::IdToken(IdTokenFault::Missing));
        deployment.ask_while(Endpoint::UserInfo, effect, &back).await;
    }
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_aws_fails_a_callback_or_google_its_keys() {
    let mut deployment = start().await;
    for service in ["DynamoDB", "KMS", "SecretsManager"] {
        for effect in troubles_of_aws() {
            let (back, _) = deployment.coming_back("prompt=consent").await;
            let refused = Effect::TokenError { error: "invalid_client".to_owned(), subtype: None };
            if service == "SecretsManager" {
                deployment.wired.world.google.faults().inject_times(Endpoint::Token, 9, refused);
            }
            deployment.ask_while_aws(service, effect, &back).await;
            deployment.wired.world.google.faults().clear_all();
        }
    }
    for effect in [repeating(200, ""), repeating(503, ""), Effect::Malformed, Effect::Disconnect] {
        deployment.replace("callback", "trace").await;
        let (back, _) = deployment.coming_back("prompt=consent").await;
        deployment.ask_while(Endpoint::Certs, effect, &back).await;
    }
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_a_listing_fails() {
    let mut deployment = start().await;
    deployment.connect(ANNA).await;
    let listing = messages(ANNA).query(&format!("format=minimal&maxResults=3&q={SEARCH}"));
    let tokens = deployment.wired.world.issued_tokens().join(" ");
    for endpoint in [Endpoint::List, Endpoint::Batch, Endpoint::BatchPart] {
        for effect in GMAIL.map(Effect::Gmail).into_iter().chain(troubles(&tokens)) {
            deployment.ask_while(endpoint, effect, &listing).await;
            deployment.connect_if_ended().await;
        }
    }
    for effect in troubles_of_tokens(&tokens) {
        deployment.wired.world.google.expire_access_tokens(&sub(ANNA));
        deployment.ask_while(Endpoint::Token, effect, &messages(ANNA)).await;
        deployment.connect_if_ended().await;
    }
    for (service, effect) in AWS.iter().flat_map(|service| troubles_of_aws().into_iter().map(move |it| (service, it))) {
        deployment.replace("list-messages", "trace").await;
        deployment.ask_while_aws(service, effect, &messages(ANNA)).await;
    }
    assert_clean(&mut deployment).await;
}

impl Deployment {
    /// Connects Anna again, if what went wrong has ended her connection.
    async fn connect_if_ended(&mut self) {
        if self.wired.world.attribute(ANNA, "status").as_deref() != Some("active") {
            self.connect(ANNA).await;
        }
    }
}

#[tokio::test]
async fn no_secret_is_anywhere_where_a_disconnection_fails() {
    let mut deployment = start().await;
    for index in 0..troubles("").len() {
        deployment.connect(ANNA).await;
        let tokens = deployment.wired.world.issued_tokens().join(" ");
        deployment.ask_while(Endpoint::Revoke, troubles(&tokens).remove(index), &connection("DELETE", ANNA)).await;
    }
    for (service, effect) in AWS.iter().flat_map(|service| troubles_of_aws().into_iter().map(move |it| (service, it))) {
        for method in ["GET", "DELETE"] {
            deployment.connect(ANNA).await;
            deployment.ask_while_aws(service, effect.clone(), &connection(method, ANNA)).await;
        }
        deployment.ask_while_aws(service, effect, &of_backend("/users")).await;
    }
    deployment.connect(ANNA).await;
    deployment.wired.world.change_connection(ANNA, |item| item["refresh_token"] = item["data_key"].clone());
    assert_eq!(deployment.ask(&connection("DELETE", ANNA)).await.status(), 200);
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_google_tells_of_accounts_and_tokens() {
    let mut deployment = start().await;
    for (family, name) in OF_ACCOUNTS {
        deployment.connect(ANNA).await;
        let mut said = about(ANNA);
        said["subject"]["email"] = BROUGHT.into();
        said["more"] = BROUGHT.into();
        let token = saying(&deployment.wired.world, family, name, &said);
        deployment.keep("security event token", &token);
        assert_eq!(deployment.ask(&post(&token)).await.status(), 202);
    }
    deployment.connect(ANNA).await;
    let tokens = deployment.wired.world.issued_tokens();
    let newest = tokens.iter().rfind(|token| token.starts_with("1//")).unwrap();
    let mut whole = about_token(newest);
    whole["subject"]["token"] = newest.as_str().into();
    for said in [whole, about_token(newest)] {
        for effect in troubles_of_aws() {
            let token = saying(&deployment.wired.world, "oauth", "token-revoked", &said);
            deployment.ask_while_aws("DynamoDB", effect, &post(&token)).await;
        }
        let token = saying(&deployment.wired.world, "oauth", "token-revoked", &said);
        deployment.ask(&post(&token)).await;
        deployment.ask(&post(&format!("{token}{BROUGHT}"))).await;
        deployment.ask(&post(&format!("{}.{}.x", part(&json!({"alg": BROUGHT, "kid": newest})), part(&said)))).await;
    }
    assert_eq!(deployment.wired.world.attribute(ANNA, "status").as_deref(), Some("revoked"));
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_callers_bring_it_to_the_wrong_place() {
    let mut deployment = start().await;
    deployment.connect(ANNA).await;
    let (back, code) = deployment.coming_back("").await;
    let pending = deployment.jar.cookies().iter().find(|cookie| cookie.contains("pending-")).unwrap().clone();
    let (name, _) = pending.split_once('=').unwrap();
    for brought in [BROUGHT.to_owned(), code] {
        let anywhere = |path: &str| {
            Event::get(path)
                .query(&format!(
                    "state={brought}&code={brought}&code={brought}&pageToken={brought}&page_token={brought}"
                ))
                .cookie(format!("__Host-session={brought}"))
                .cookie(format!("{name}={brought}"))
                .header("authorization", &format!("Bearer {brought}"))
                .header("x-amzn-trace-id", &format!("Root={brought}"))
                .header("user-agent", &brought)
                .header("origin", &format!("https://{brought}"))
        };
        for path in ["/authorize-url", "/authorize", "/callback", "/messages", "/connection", "/users"] {
            for event in [anywhere(path), anywhere(path).iam(), anywhere(path).query(&format!("{brought}=%ff&q=%ff"))] {
                deployment.ask(&event).await;
            }
        }
        for path in [format!("/users/{BROUGHT_AS_USER}/messages"), format!("/users/{BROUGHT_AS_USER}/connection")] {
            deployment.ask(&Event::get(&path).iam()).await;
        }
        deployment
            .ask(&Event::delete("/connection").cookies(deployment.jar.cookies()).header("origin", &brought))
            .await;
        for (media_type, body) in
            [("application/secevent+jwt", brought.as_str()), (&brought, "x"), ("text/plain", &brought)]
        {
            deployment.ask(&Event::post("/security-events").body(media_type, body)).await;
        }
        // What API Gateway and Lambda never send.
        for event in [
            json!({"cookies": brought}),
            json!({"headers": {"cookie": [brought]}}),
            json!({"headers": brought}),
            json!({"rawQueryString": [brought]}),
            json!({"body": brought, "isBase64Encoded": true}),
            json!({"isBase64Encoded": brought}),
            json!({"Records": brought}),
            json!({"Records": [brought, {"dynamodb": brought}, {"dynamodb": {"NewImage": brought}}]}),
            json!({"Records": [{"eventID": {"S": brought}, "dynamodb": {"SequenceNumber": [brought]}}]}),
            json!([brought]),
            json!(brought),
        ] {
            for function in FUNCTIONS {
                deployment.process(function).invoke(&event, Duration::from_secs(5)).await.unwrap();
            }
        }
    }
    deployment.ask(&back).await;
    assert_clean(&mut deployment).await;
}

#[tokio::test]
async fn no_secret_is_anywhere_where_the_bus_fails() {
    let mut deployment = start().await;
    for effect in troubles_of_aws() {
        deployment.wired.world.aws.faults().fail("EventBridge", AwsFault::times(1, effect));
        deployment.connect(ANNA).await;
        deployment.drained().await;
    }
    assert!(!deployment.wired.world.aws.event_bus().events(BUS).is_empty());
    assert!(deployment.wired.world.items().len() > 1, "{TABLE}");
    assert_clean(&mut deployment).await;
}
