//! Something in Google's place that answers as it is told and remembers what it was asked, and the adapters.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use shared::{
    config::{GoogleEndpoints, Variables},
    domain::{
        authorization_server::{AuthorizationServer, CodeGrant, TokenError},
        mailbox::{GmailError, Mailbox, MessageFormat, MessageQuery, PageRequest},
        oauth_client::OAuthClient,
        secret::{AccessToken, AuthorizationCode, CodeVerifier, RefreshToken},
        time::SystemClock,
    },
    google::{
        authorization_server::GoogleAuthorizationServer, gmail::GmailMailbox, http as google_http, keys::GoogleKeys,
    },
};
pub(super) use tests::PATIENCE;
use tokio::{net::TcpListener, time::sleep};
use url::{Url, form_urlencoded};

/// An answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Status, headers, body.
    Of(u16, &'static [(&'static str, &'static str)], String),
    /// The headers, the beginning of a body, and then nothing: the connection breaks.
    Truncated,
    /// Nothing, for longer than any patience.
    Silence,
    /// So many bytes of body.
    Huge(u16, usize),
}

impl Answer {
    pub(super) fn ok(body: &str) -> Self {
        Self::Of(200, &[], body.to_owned())
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Of(status, &[], String::new())
    }

    async fn into_response(self) -> Response {
        match self {
            Self::Of(status, headers, body) => {
                let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
                for (name, value) in headers {
                    response.headers_mut().insert(*name, value.parse().unwrap());
                }
                response
            }
            Self::Truncated => {
                let begun = stream::iter([Ok(Bytes::from_static(b"{\"access_token\":"))]);
                let broken = stream::iter([Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
                Response::new(Body::from_stream(begun.chain(broken)))
            }
            Self::Silence => {
                sleep(Duration::from_mins(1)).await;
                Response::default()
            }
            Self::Huge(status, size) => (StatusCode::from_u16(status).unwrap(), " ".repeat(size)).into_response(),
        }
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body's form.
    pub(super) fn form(&self) -> BTreeMap<String, String> {
        pairs(&self.body).into_iter().collect()
    }
}

pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

#[derive(Clone)]
pub(super) struct Google {
    pub(super) url: Url,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Google {
    pub(super) async fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let google = Self { url, answer: Arc::new(Mutex::new(answer)), asked: Arc::default() };
        let router = Router::new().fallback(receive).with_state(google.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        google
    }

    /// An address at which nobody listens.
    pub(super) async fn away() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        Self { url, answer: Arc::new(Mutex::new(Answer::Silence)), asked: Arc::default() }
    }

    pub(super) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn calls(&self) -> usize {
        self.asked().len()
    }

    fn path(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    pub(super) fn keys(&self, clock: Arc<dyn shared::domain::time::Clock>) -> GoogleKeys {
        GoogleKeys::new(google_http::client().unwrap(), self.path("/certs"), clock)
    }
}

async fn receive(State(google): State<Google>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    google.asked.lock().unwrap().push(Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let answer = google.answer.lock().unwrap().clone();
    answer.into_response().await
}

/// One request of an adapter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Call {
    Exchange,
    Refresh,
    Revoke,
    UserInfo,
    Keys,
    List,
    Batch,
}

pub(super) const CALLS: [Call; 7] =
    [Call::Exchange, Call::Refresh, Call::Revoke, Call::UserInfo, Call::Keys, Call::List, Call::Batch];

impl Call {
    /// Runs it against Google; what became of it, in a word.
    pub(super) async fn run(self, google: &Google, timeout: Duration) -> String {
        let lookup = |name: &str| match name {
            "GOOGLE_USERINFO_URI" => Some(google.path("/v1/userinfo").into()),
            "GOOGLE_REVOKE_URI" => Some(google.path("/revoke").into()),
            _ => None,
        };
        let endpoints = GoogleEndpoints::read(&Variables::new(&lookup)).unwrap();
        let server = GoogleAuthorizationServer::new(google_http::client().unwrap(), &endpoints);
        let gmail = GmailMailbox::new(google_http::client().unwrap(), google.url.clone());
        let (client, token) = (oauth_client(google), AccessToken::new("ya29.token"));
        match self {
            Self::Exchange => {
                let grant = CodeGrant {
                    code: &AuthorizationCode::new("4/0code+/="),
                    code_verifier: &CodeVerifier::new("the-verifier"),
                    redirect_uri: "https://app.example.com/callback?a=b&c",
                };
                token_outcome(server.exchange_code(&client, &grant, timeout).await)
            }
            Self::Refresh => token_outcome(server.refresh(&client, &RefreshToken::new("1//0re+fresh"), timeout).await),
            Self::Revoke => token_outcome(server.revoke(&RefreshToken::new("1//0re+voke"), timeout).await),
            Self::UserInfo => match server.user_info(&token, timeout).await {
                Ok(Some(user)) => format!("ok {}", user.user_id),
                Ok(None) => "none".to_owned(),
                Err(error) => token_outcome::<()>(Err(error)),
            },
            Self::Keys => match google.keys(Arc::new(SystemClock)).prefetch().await {
                Ok(()) => "ok".to_owned(),
                Err(_) => "no keys".to_owned(),
            },
            Self::List => {
                let query = MessageQuery {
                    q: Some("from:a b&c".to_owned()),
                    label_ids: vec!["INBOX".to_owned(), "UNREAD".to_owned()],
                    include_spam_trash: true,
                };
                let page = PageRequest { query: &query, max_results: 500, page_token: Some("to+ken/=") };
                gmail_outcome(gmail.list(&token, &page, timeout).await)
            }
            Self::Batch => {
                let format = MessageFormat::Metadata { headers: vec!["Subject".to_owned(), "X-A&B".to_owned()] };
                gmail_outcome(gmail.fetch(&token, &["18c1", "18c2"], &format, timeout).await)
            }
        }
    }

    /// A body that the adapter is content with, and its media type.
    pub(super) fn success(self) -> Answer {
        let json = |value: serde_json::Value| Answer::ok(&value.to_string());
        match self {
            Self::Exchange | Self::Refresh => json(json!({"access_token": "ya29.new", "expires_in": 3599})),
            Self::UserInfo => json(json!({"sub": "118", "email": "a@example.com"})),
            Self::Revoke => Answer::ok(""),
            Self::Keys => json(json!({"keys": []})),
            Self::List => json(json!({"messages": [{"id": "1", "threadId": "2"}]})),
            Self::Batch => Answer::Of(200, &[("content-type", "multipart/mixed; boundary=b")], batch()),
        }
    }
}

fn batch() -> String {
    let part = |index: usize, id: &str| {
        format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <response-{index}>\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{{\"id\":\"{id}\"}}\r\n"
        )
    };
    format!("{}{}--b--\r\n", part(0, "18c1"), part(1, "18c2"))
}

pub(super) fn oauth_client(google: &Google) -> OAuthClient {
    let file = json!({"web": {
        "client_id": "app", "client_secret": "s3cret & more", "redirect_uris": ["https://app.example.com/callback"],
        "auth_uri": google.path("/auth").as_str(), "token_uri": google.path("/token").as_str(),
    }});
    OAuthClient::parse(&file.to_string()).unwrap()
}

fn token_outcome<T>(outcome: Result<T, TokenError>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(TokenError::NotSent) => "not sent".to_owned(),
        Err(TokenError::NoAnswer) => "no answer".to_owned(),
        Err(TokenError::ForNow { status, .. }) => format!("for now {status}"),
        Err(TokenError::Malformed { status }) => format!("malformed {status}"),
        Err(error) => error.to_string(),
    }
}

fn gmail_outcome<T>(outcome: Result<T, GmailError>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{} {} {:?}", error.status, error.reason, error.action()),
    }
}
