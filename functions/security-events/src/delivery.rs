//! The delivery of a token by HTTP ([RFC 8935](https://www.rfc-editor.org/rfc/rfc8935)): what is taken for one, and what
//! Google is answered.

use serde_json::json;
use shared::{
    domain::security_event::Refused,
    front::unavailable,
    google::security_event_tokens::TokenRefused,
    http::{Request, Response},
};

/// The most bytes of a token; Google's have about a thousand.
const MAX_BYTES: usize = 64 * 1024;
/// The media types of a token; one without a type is taken too.
const MEDIA_TYPES: [&str; 2] = ["application/secevent+jwt", "application/jwt"];

/// What became of a token that is Google's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delivery {
    /// It was acted on.
    Accepted,
    /// That was done before.
    Repeat,
}

impl Delivery {
    pub(crate) fn to_response(self) -> Response {
        Response::new(
            202,
            match self {
                Self::Accepted => "accepted",
                Self::Repeat => "repeat",
            },
        )
    }
}

/// The token that a request brings.
pub(crate) fn token(request: &Request) -> Result<&str, Refused> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !media_type.is_empty() && !MEDIA_TYPES.contains(&media_type.as_str()) {
        return Err(Refused::Request("The content type is not application/secevent+jwt."));
    }
    if request.body.len() > MAX_BYTES {
        return Err(Refused::Request("The body is too large."));
    }
    let token = std::str::from_utf8(&request.body).unwrap_or_default().trim();
    if token.is_empty() { Err(Refused::Request("The body is not a security event token.")) } else { Ok(token) }
}

/// What Google is answered to a token that is not taken.
pub(crate) fn refusal(refused: &TokenRefused) -> Response {
    let Some(err) = code(refused) else { return unavailable().to_response() };
    let body = json!({ "err": err, "description": refused.to_string() }).to_string();
    Response::new(400, err).with_body("application/json", body).with_header("content-language", "en")
}

/// The word for it; none where it is not the token's fault, and Google shall send it again.
fn code(refused: &TokenRefused) -> Option<&'static str> {
    match refused {
        TokenRefused::Claims(Refused::Request(_)) => Some("invalid_request"),
        TokenRefused::Claims(Refused::Issuer) => Some("invalid_issuer"),
        TokenRefused::Claims(Refused::Audience) => Some("invalid_audience"),
        TokenRefused::UnknownKey => Some("invalid_key"),
        TokenRefused::Signature => Some("authentication_failed"),
        TokenRefused::NoKeys(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: Option<&str>, body: &[u8]) -> Request {
        let headers = content_type.map(|value| ("content-type".to_owned(), value.to_owned())).into_iter().collect();
        Request { headers, body: body.to_vec(), ..Request::default() }
    }

    #[test]
    fn a_token_comes_as_a_token_and_is_of_limited_size() {
        let largest = vec![b'a'; MAX_BYTES];
        let larger = vec![b'a'; MAX_BYTES + 1];
        for (content_type, body, taken) in [
            (Some("application/secevent+jwt"), &b"a.b.c"[..], true),
            (Some("Application/SecEvent+JWT; charset=utf-8"), b"a.b.c", true),
            (Some("application/jwt"), b"a.b.c\n", true),
            (None, b"a.b.c", true),
            (Some(""), b"a.b.c", true),
            (Some("application/json"), b"a.b.c", false),
            (Some("text/plain"), b"a.b.c", false),
            (Some("multipart/form-data; boundary=x"), b"a.b.c", false),
            (None, b"", false),
            (None, b" \n", false),
            (None, b"\xff", false),
            (None, &largest, true),
            (None, &larger, false),
        ] {
            assert_eq!(token(&request(content_type, body)).is_ok(), taken, "{content_type:?}");
        }
    }

    #[test]
    fn every_refusal_has_the_word_of_the_standard_or_asks_for_another_delivery() {
        for (refused, status, code) in [
            (Refused::Request("x").into(), 400, "invalid_request"),
            (Refused::Issuer.into(), 400, "invalid_issuer"),
            (Refused::Audience.into(), 400, "invalid_audience"),
            (TokenRefused::UnknownKey, 400, "invalid_key"),
            (TokenRefused::Signature, 400, "authentication_failed"),
            (TokenRefused::NoKeys("x"), 503, "unavailable"),
        ] {
            let response = refusal(&refused);
            assert_eq!((response.status_code, response.outcome), (status, code));
        }
    }
}
