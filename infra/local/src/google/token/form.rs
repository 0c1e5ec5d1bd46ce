//! The form of a request: each parameter at most once (RFC 6749 §3.2).

use std::collections::HashMap;

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use url::form_urlencoded;

use crate::google::token_failure::TokenFailure;

pub(super) struct Form(HashMap<String, String>);

impl Form {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, TokenFailure> {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(TokenFailure::new("invalid_request", format!("Invalid content type: {kind}")));
        }
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                let description = format!("OAuth 2 parameters can only have a single value: {name}");
                return Err(TokenFailure::new("invalid_request", description));
            }
        }
        Ok(Self(fields))
    }

    /// A parameter that is there and not empty.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, TokenFailure> {
        self.find(name).ok_or_else(|| TokenFailure::missing(name))
    }
}
