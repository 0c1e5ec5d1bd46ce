//! Whatever Google answers: tokens, errors, pages, batches, keys.

#![expect(clippy::unwrap_used, reason = "what is fixed is in order")]

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Client, Proxy};
use serde_json::{Value, value::RawValue};
use shared::{
    config::{GoogleEndpoints, Variables},
    domain::{
        authorization_server::{AuthorizationServer, CodeGrant, TokenError, TokenResponse},
        id_token::Expected,
        mailbox::{GmailError, Mailbox, MessageFormat, MessageQuery, PageRequest},
        oauth_client::OAuthClient,
        secret::{AccessToken, AuthorizationCode, CodeVerifier, IdToken, RefreshToken},
    },
    google::{
        authorization_server::GoogleAuthorizationServer, gmail::GmailMailbox, http, keys::GoogleKeys,
        security_event_tokens::SecurityEventTokens,
    },
    http::problem::whole_seconds,
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::{
    at_hand::{NOW, Standing},
    fake_google::{self, Answer},
    genuine::{CLIENT_ID, NONCE, SECURITY_EVENT, id_token},
    world::client_secret,
};

const TIMEOUT: Duration = Duration::from_secs(10);
const STATUSES: [u16; 12] = [200, 200, 200, 302, 400, 401, 403, 404, 408, 429, 500, 503];
const HEADERS: [&str; 5] = ["cache-control", "content-encoding", "content-type", "date", "retry-after"];
const IDS: [&str; 3] = ["18c0000000000001", "18c0000000000002", "a b"];

static GOOGLE: LazyLock<Mutex<Google>> = LazyLock::new(|| Mutex::new(Google::new()));

struct Google {
    runtime: Runtime,
    answer: Arc<Mutex<Answer>>,
    client: OAuthClient,
    server: GoogleAuthorizationServer,
    mailbox: GmailMailbox,
    origin: Url,
    http: Client,
}

/// The first byte chooses the call, the second the status; then come headers, an empty line, and the body. A call ends as its
/// port says, and what it gives keeps the port's promises.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let [call, status, rest @ ..] = input else { return };
    let google = GOOGLE.lock().unwrap_or_else(PoisonError::into_inner);
    *google.answer.lock().unwrap() = answer(*status, rest);
    google.runtime.block_on(google.call(*call));
}

fn answer(status: u8, rest: &[u8]) -> Answer {
    let at = rest.windows(2).position(|window| window == b"\n\n");
    let (head, body) = at.and_then(|at| rest.split_at_checked(at)).unwrap_or((b"", rest));
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let fields = fields.filter(|(name, value)| {
        HEADERS.contains(name) && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    });
    let headers = fields.fold(String::new(), |headers, (name, value)| format!("{headers}{name}: {value}\r\n"));
    let body = if at.is_some() { body.get(2..).unwrap_or_default() } else { body };
    Answer { status: STATUSES.iter().copied().cycle().nth(status.into()).unwrap(), headers, body: body.to_vec() }
}

impl Google {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let answer = Arc::new(Mutex::new(Answer::json("")));
        let given = answer.clone();
        let origin = runtime.block_on(fake_google::serve(move |_, _| given.lock().unwrap().clone()));
        let lookup = |name: &str| name.starts_with('G').then(|| origin.clone());
        let endpoints = GoogleEndpoints::read(&Variables::new(&lookup)).unwrap();
        // Also what an answer leads to is asked for here.
        let http = http::builder().unwrap().proxy(Proxy::all(&origin).unwrap()).build().unwrap();
        Self {
            runtime,
            answer,
            client: OAuthClient::parse(&client_secret(&origin)).unwrap(),
            server: GoogleAuthorizationServer::new(http.clone(), &endpoints),
            mailbox: GmailMailbox::new(http.clone(), endpoints.gmail),
            origin: Url::parse(&origin).unwrap(),
            http,
        }
    }

    async fn call(&self, call: u8) {
        match call % 8 {
            0 => {
                let (code, code_verifier) = (AuthorizationCode::new("code"), CodeVerifier::new("verifier"));
                let grant =
                    CodeGrant { code: &code, code_verifier: &code_verifier, redirect_uri: "https://a/callback" };
                token(self.server.exchange_code(&self.client, &grant, TIMEOUT).await);
            }
            1 => token(self.server.refresh(&self.client, &RefreshToken::new("1//0"), TIMEOUT).await),
            2 => {
                let _ = self.server.revoke(&RefreshToken::new("1//0"), TIMEOUT).await.map_err(|error| wait(&error));
            }
            3 => {
                if let Ok(Some(info)) = self.server.user_info(&AccessToken::new("ya29"), TIMEOUT).await {
                    assert!((1..=255).contains(&info.user_id.as_str().len()));
                }
            }
            4 => self.list().await,
            5 => self.fetch().await,
            6 => self.keys().await,
            _ => self.configuration().await,
        }
    }

    async fn list(&self) {
        let query = MessageQuery::default();
        let page = PageRequest { query: &query, max_results: 500, page_token: None };
        if let Err(error) = self.mailbox.list(&AccessToken::new("ya29"), &page, TIMEOUT).await {
            assert_told(&error);
        }
    }

    async fn fetch(&self) {
        let format = MessageFormat::Full;
        match self.mailbox.fetch(&AccessToken::new("ya29"), &IDS, &format, TIMEOUT).await {
            Ok(outcomes) => assert_outcomes(&outcomes),
            Err(error) => assert_told(&error),
        }
    }

    async fn keys(&self) {
        let keys = GoogleKeys::new(self.http.clone(), self.origin.clone(), Arc::new(Standing));
        let _ = keys.prefetch().await;
        let expected = Expected { client_id: CLIENT_ID, nonce: NONCE, now: NOW };
        let forged = id_token().replace("sub", "bus").replace('.', ".A");
        assert!(keys.verify(&IdToken::new(forged), &expected).await.is_err());
        let _ = keys.verify(&IdToken::new(id_token()), &expected).await;
    }

    async fn configuration(&self) {
        let tokens = SecurityEventTokens::new(self.http.clone(), self.origin.clone(), Arc::new(Standing));
        if let Ok(signed) = tokens.verify(&SECURITY_EVENT).await {
            let _ = signed.read(CLIENT_ID);
        }
    }
}

fn token(answered: Result<TokenResponse, TokenError>) {
    match answered {
        Ok(token) => {
            assert!(!token.access_token.reveal().is_empty());
            assert!(token.refresh_token.is_none_or(|token| !token.reveal().is_empty()));
            let _ = (NOW.after(token.expires_in), token.refresh_token_expires_in.map(|life| NOW.after(life)));
        }
        Err(error) => wait(&error),
    }
}

fn wait(error: &TokenError) {
    if let TokenError::ForNow { retry_after: Some(wait), .. } = error {
        let _ = whole_seconds(*wait);
    }
}

fn assert_told(error: &GmailError) {
    let is_word = |reason: &str| reason.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    assert!(error.reason.len() <= 64 && is_word(&error.reason), "{error:?}");
    assert!(error.message.chars().count() <= 1_000);
    let _ = (error.action(), error.retry_after.map(whole_seconds));
}

fn assert_outcomes(outcomes: &HashMap<String, Result<Box<RawValue>, GmailError>>) {
    assert_eq!(outcomes.len(), IDS.len());
    for (id, outcome) in outcomes {
        match outcome {
            Ok(message) => {
                let message: Value = serde_json::from_str(message.get()).unwrap();
                assert_eq!(message.get("id").and_then(Value::as_str), Some(id.as_str()));
            }
            Err(error) => {
                assert!(error.of_part);
                assert_told(error);
            }
        }
    }
}
