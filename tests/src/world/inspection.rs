//! What a world holds, looked at from behind.

use local::google::Endpoint;
use serde_json::Value;

use super::{TABLE, World, sub};
use crate::secrets_search::assert_no_secrets;

impl World {
    /// The stored connection of an account, in DynamoDB's JSON.
    pub fn connection(&self, email: &str) -> Option<Value> {
        self.aws.item(TABLE, &connection_key(email)).unwrap()
    }

    /// An attribute of the stored connection: its string, number or Base64, whatever it is.
    pub fn attribute(&self, email: &str, name: &str) -> Option<String> {
        let item = self.connection(email)?;
        let typed = item.get(name)?.as_object()?.values().next()?.clone();
        typed.as_str().map(str::to_owned)
    }

    /// Changes the stored connection of an account behind the functions' backs.
    pub fn change_connection(&self, email: &str, change: impl FnOnce(&mut Value)) {
        let mut item = self.connection(email).unwrap();
        change(&mut item);
        self.aws.put_item(TABLE, &item).unwrap();
    }

    /// Every item of the table.
    pub fn items(&self) -> Vec<Value> {
        self.aws.items(TABLE).unwrap()
    }

    /// Every code and token that Google ever issued and still knows.
    pub fn issued_tokens(&self) -> Vec<String> {
        let mut tokens = Vec::new();
        collect_tokens(&self.google.snapshot(), &mut tokens);
        assert!(!tokens.is_empty());
        tokens
    }

    /// Asserts that no code or token, and neither secret, can be read in a text.
    #[track_caller]
    pub fn assert_nothing_readable(&self, name: &str, text: &str) {
        let tokens = self.issued_tokens();
        let secrets = tokens.iter().map(|token| ("a token of Google's", token.as_str()));
        let own = [("the client secret", super::CLIENT_SECRET), ("the cookie key", super::COOKIE_KEY)];
        assert_no_secrets(&[(name, text)], &secrets.chain(own).collect::<Vec<_>>());
    }

    /// How many calls came in at the embedded AWS.
    pub fn aws_calls(&self) -> u64 {
        ["DynamoDB", "KMS", "SecretsManager"].iter().map(|service| self.aws.faults().calls(service)).sum()
    }

    /// How many requests came in at the emulated Google.
    pub fn google_calls(&self) -> usize {
        use Endpoint::{Authorization, Batch, BatchPart, Certs, Get, List, Other, Revoke, Risc, Token, UserInfo};
        let endpoints = [Authorization, Token, Certs, UserInfo, Revoke, List, Get, Batch, BatchPart, Risc, Other];
        endpoints.iter().map(|endpoint| self.google.calls(*endpoint)).sum()
    }
}

/// The partition key of an account's connection.
pub fn connection_key(email: &str) -> String {
    format!("connection#{}", sub(email))
}

fn collect_tokens(value: &Value, tokens: &mut Vec<String>) {
    let is_token = |text: &str| ["1//", "4/0", "ya29."].iter().any(|prefix| text.starts_with(prefix));
    match value {
        Value::String(text) if is_token(text) => tokens.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect_tokens(value, tokens)),
        Value::Object(members) => {
            tokens.extend(members.keys().filter(|name| is_token(name)).cloned());
            members.values().for_each(|value| collect_tokens(value, tokens));
        }
        _ => {}
    }
}
