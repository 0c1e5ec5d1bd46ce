//! Client authentication by Basic or by the body (RFC 6749 §2.3.1).

use std::borrow::Cow;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use super::Form;
use crate::google::{EmulatedGoogle, token_failure::TokenFailure};

impl EmulatedGoogle {
    /// The id of the client that shows its secret.
    pub(super) fn authenticate_client(&self, headers: &HeaderMap, form: &Form) -> Result<String, TokenFailure> {
        let (client_id, secret) = credentials(headers, form)?;
        let client = self.client(&client_id);
        let client = client.ok_or_else(|| TokenFailure::new("invalid_client", "The OAuth client was not found."))?;
        let secret = secret.ok_or_else(|| TokenFailure::new("invalid_request", "client_secret is missing."))?;
        if client.client_secret != secret {
            return Err(TokenFailure::new("invalid_client", "The provided client secret is invalid."));
        }
        Ok(client_id)
    }
}

fn credentials(headers: &HeaderMap, form: &Form) -> Result<(String, Option<String>), TokenFailure> {
    let in_body = (form.find("client_id"), form.find("client_secret"));
    match (headers.get(AUTHORIZATION), in_body) {
        (Some(_), (_, Some(_))) => {
            Err(TokenFailure::new("invalid_request", "Only one method of client authentication can be used."))
        }
        (Some(header), _) => basic(header.to_str().unwrap_or_default())
            .map(|(client_id, secret)| (client_id, Some(secret)))
            .ok_or_else(|| TokenFailure::new("invalid_client", "The OAuth client was not found.")),
        (None, (Some(client_id), secret)) => Ok((client_id.to_owned(), secret.map(str::to_owned))),
        (None, (None, _)) => Err(TokenFailure::new("invalid_request", "Could not determine client ID from request.")),
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some((form_decoded(client_id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Cow::into_owned)
}
