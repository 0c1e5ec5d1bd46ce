//! AWS, answering at once and in this process.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "what is fixed is in order")]

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::{aws::clients, sealing::SealingKey};

use crate::{
    at_hand::{NOW, Repeating},
    genuine::{CLIENT_ID, COOKIE_KEY, USER_ID},
};

const DATA_KEY: [u8; 32] = [7; 32];

/// The settings of clients whose calls are answered with a status and a body, by the name of the operation and the body of
/// the request.
pub(crate) fn config(answer: impl Fn(&str, &[u8]) -> (u16, Vec<u8>) + Send + Sync + 'static) -> SdkConfig {
    let variable = |name: &str| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("none".to_owned()),
        _ => None,
    };
    let connector = SharedHttpConnector::new(Connector(Arc::new(answer)));
    let config = clients::load(variable).unwrap().into_builder();
    config.http_client(http_client_fn(move |_, _| connector.clone())).build()
}

type Answer = dyn Fn(&str, &[u8]) -> (u16, Vec<u8>) + Send + Sync;

struct Connector(Arc<Answer>);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let (status, body) = (self.0)(operation, request.body().bytes().unwrap_or_default());
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// What an AWS in order answers, with one connection in the table. `client_secret` is the text of that secret.
pub(crate) fn in_order(client_secret: &str, operation: &str, request: &[u8]) -> (u16, Vec<u8>) {
    let request: Value = serde_json::from_slice(request).unwrap_or_default();
    let answer = match operation {
        "BatchGetSecretValue" => json!({"SecretValues": [
            {"Name": "client", "SecretString": client_secret}, {"Name": "cookie-key", "SecretString": COOKIE_KEY}]}),
        "GetSecretValue" if request["VersionStage"] == "AWSPREVIOUS" => {
            return (400, br#"{"__type":"ResourceNotFoundException"}"#.to_vec());
        }
        "GetSecretValue" => json!({"SecretString": client_secret}),
        "GetItem" if request["Key"]["pk"] == CONNECTION["pk"] => json!({"Item": *CONNECTION}),
        "Query" => json!({"Items": [*CONNECTION], "Count": 1, "ScannedCount": 1}),
        "Decrypt" | "GenerateDataKey" => {
            json!({"Plaintext": STANDARD.encode(DATA_KEY), "CiphertextBlob": "d3JhcHBlZA==", "KeyId": "key"})
        }
        "PutEvents" => {
            let entries = request["Entries"].as_array().cloned().unwrap_or_default();
            json!({"FailedEntryCount": 0, "Entries": vec![json!({"EventId": "id"}); entries.len()]})
        }
        _ => json!({}),
    };
    (200, answer.to_string().into_bytes())
}

/// The item of the connection.
static CONNECTION: LazyLock<Value> = LazyLock::new(connection);

fn connection() -> Value {
    let key = SealingKey::new(&DATA_KEY).unwrap();
    let sealed = |attribute: &str, token: &str| {
        let sealed = key.seal(&Repeating, &format!("{attribute}\0{USER_ID}"), token.as_bytes()).unwrap();
        json!({"B": STANDARD.encode(sealed)})
    };
    let text = |text: &str| json!({"S": text});
    let now = text(&NOW.to_string());
    json!({
        "pk": text(&format!("connection#{USER_ID}")), "user_id": text(USER_ID), "client_id": text(CLIENT_ID),
        "status": text("active"), "email": text("anna.schmidt@example.com"), "data_key": {"B": "d3JhcHBlZA=="},
        "refresh_token": sealed("refresh_token", "1//0refresh"), "access_token": sealed("access_token", "ya29.access"),
        "access_token_expires_at": text(&NOW.after(Duration::from_hours(1)).to_string()),
        "connected_at": now, "updated_at": now, "used_at": now,
        "sessions_valid_after": text(&NOW.before(Duration::from_hours(1)).to_string()),
        "generation": {"N": "1"}, "mints": {"NS": [NOW.unix_millis().to_string()]},
        "scopes": {"SS": ["openid", "https://www.googleapis.com/auth/userinfo.email",
            "https://www.googleapis.com/auth/gmail.readonly"]},
    })
}
