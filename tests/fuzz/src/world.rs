//! The functions, connected to an AWS and a Google that are in order and answer at once.

#![expect(clippy::unwrap_used, reason = "what is fixed is in order")]

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use authorize_url::AuthorizeUrl;
use aws_types::SdkConfig;
use callback::Callback;
use connection::ConnectionFunction;
use connection_events::ConnectionEvents;
use list_messages::ListMessages;
use security_events::SecurityEvents;
use serde_json::json;
use shared::{
    function::{Deadline, Environment, Function, invoke},
    http::{Request, Response, route::matching},
    records,
};
use tokio::runtime::{Builder, Runtime};

use crate::{
    at_hand::{LIMIT, Repeating, Standing},
    fake_aws,
    fake_google::{self, Answer},
    genuine::{CLIENT_ID, KEYS, id_token},
};

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(|| Mutex::new(World::new()));

/// How many answers come from the same functions: they remember what was spent of the user's quota, and time stands.
const ANSWERS: u32 = 5_000;

/// The functions, and the runtime in which they answer.
pub(crate) struct World {
    answers: u32,
    runtime: Runtime,
    functions: Vec<Box<dyn Function>>,
    connection_events: ConnectionEvents,
}

impl World {
    /// The one world; whoever has it is alone in it.
    pub(crate) fn get() -> MutexGuard<'static, Self> {
        let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        world.answers += 1;
        if world.answers > ANSWERS {
            *world = Self::new();
        }
        world
    }

    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (functions, connection_events) = runtime.block_on(async {
            let keys = fake_google::serve(|_, _| Answer::json(KEYS)).await;
            let google = fake_google::serve(move |path, body| google_in_order(&keys, path, body)).await;
            let client_secret = client_secret(&google);
            let aws =
                fake_aws::config(move |operation, request| fake_aws::in_order(&client_secret, operation, request));
            let environment = || environment(&google, &aws);
            let functions: Vec<Box<dyn Function>> = vec![
                Box::new(AuthorizeUrl::connect(environment()).await.unwrap()),
                Box::new(Callback::connect(environment()).await.unwrap()),
                Box::new(ListMessages::connect(environment()).await.unwrap()),
                Box::new(ConnectionFunction::connect(environment()).await.unwrap()),
                Box::new(SecurityEvents::connect(environment()).await.unwrap()),
            ];
            (functions, ConnectionEvents::connect(environment()).await.unwrap())
        });
        Self { answers: 0, runtime, functions, connection_events }
    }

    /// The response to an event, by the function that has its route; by the first if none has.
    pub(crate) fn answer(&self, event: &str) -> Response {
        let request = Request::from_event(event).unwrap_or_default();
        let has_route =
            |function: &&dyn Function| matching(function.routes(), &request.method, &request.path).is_some();
        let mut functions = self.functions.iter().map(AsRef::as_ref);
        let function = functions.clone().find(has_route).or(functions.next()).unwrap();
        self.runtime.block_on(async { invoke(function, event, Deadline::after(LIMIT)).await })
    }

    /// What Lambda is answered to a batch of a stream.
    pub(crate) fn take(&self, event: &str) -> String {
        self.runtime.block_on(async { records::invoke(&self.connection_events, event, Deadline::after(LIMIT)).await })
    }
}

/// The file of a client whose token endpoint is that Google's.
pub(crate) fn client_secret(google: &str) -> String {
    json!({"web": {"client_id": CLIENT_ID, "client_secret": "GOCSPX-no-secret-of-anyone",
        "auth_uri": "https://accounts.google.com/o/oauth2/v2/auth", "token_uri": format!("{google}/token"),
        "redirect_uris": ["https://mail.example.com/callback"]}})
    .to_string()
}

fn environment(google: &str, aws: &SdkConfig) -> Environment {
    let own = |name: &str, path: &str| (name.to_owned(), format!("{google}{path}"));
    let fixed = [
        ("CLIENT_SECRET_ID", "client"),
        ("COOKIE_KEY_SECRET_ID", "cookie-key"),
        ("CONNECTIONS_TABLE", "connections"),
        ("TOKEN_KMS_KEY_ID", "key"),
        ("EVENT_BUS_NAME", "bus"),
        ("GMAIL_QUOTA_UNITS_PER_MINUTE", "1000000"),
        ("PUBLIC_BASE_URL", "https://mail.example.com"),
        ("ALLOWED_RETURN_ORIGINS", "https://app.example.com"),
    ];
    let variables: HashMap<_, _> = fixed
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .chain([
            own("GMAIL_BASE_URL", ""),
            own("GOOGLE_JWKS_URI", "/keys"),
            own("GOOGLE_REVOKE_URI", "/revoke"),
            own("GOOGLE_RISC_CONFIGURATION_URI", "/risc"),
            own("GOOGLE_USERINFO_URI", "/userinfo"),
        ])
        .collect();
    Environment {
        lookup: Box::new(move |name| variables.get(name).cloned()),
        aws: aws.clone(),
        clock: Arc::new(Standing),
        random: Arc::new(Repeating),
    }
}

fn google_in_order(keys: &str, path: &str, body: &[u8]) -> Answer {
    match path.split('?').next().unwrap_or_default() {
        "/token" => Answer::json(
            json!({"access_token": "ya29.new", "expires_in": 3599, "refresh_token": "1//0new", "token_type": "Bearer",
                "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.readonly",
                "id_token": id_token()})
            .to_string(),
        ),
        "/keys" => Answer::json(KEYS),
        "/risc" => Answer::json(json!({"issuer": "https://accounts.google.com/", "jwks_uri": keys}).to_string()),
        "/gmail/v1/users/me/messages" if path.contains("pageToken") => Answer::json("{\"resultSizeEstimate\":3}"),
        "/gmail/v1/users/me/messages" => Answer::json(
            r#"{"messages":[{"id":"18c0000000000001","threadId":"18c0000000000001"},{"id":"18c0000000000002","threadId":"18c0000000000001"},
                {"id":"x","threadId":"y"}],"nextPageToken":"09876","resultSizeEstimate":3}"#,
        ),
        "/batch/gmail/v1" => batch(&String::from_utf8_lossy(body)),
        _ => Answer::json("{}"),
    }
}

/// Each message that is asked for, besides those that Gmail would not name so.
fn batch(request: &str) -> Answer {
    let ids = request.split("GET /gmail/v1/users/me/messages/").skip(1).filter_map(|part| part.split('?').next());
    let part = |(index, id): (usize, &str)| {
        let status = if id.len() == 16 { 200 } else { 404 };
        format!("--b\r\nContent-ID: <response-{index}>\r\n\r\nHTTP/1.1 {status} -\r\n\r\n{{\"id\":\"{id}\"}}\r\n")
    };
    let parts: String = ids.enumerate().map(part).collect();
    let headers = "content-type: multipart/mixed; boundary=b\r\n".to_owned();
    Answer { headers, ..Answer::json(format!("{parts}--b--\r\n")) }
}
