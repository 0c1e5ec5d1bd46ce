//! The authorization response: a code or an error
//! ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).

use shared::{
    domain::secret::AuthorizationCode,
    http::{
        problem::{Kind, Problem},
        query::Query,
    },
};

/// The most characters of a code; Google's have at most 256 bytes.
const MAX_CODE: usize = 2_048;
/// The most characters of an error.
const MAX_ERROR: usize = 256;
/// The most characters of an error code that is passed on.
const MAX_PLAIN_ERROR: usize = 64;

/// The code, unless Google answered with an error.
pub(crate) fn authorization_code(query: &Query) -> Result<AuthorizationCode, Problem> {
    match query.single("error", MAX_ERROR).unwrap_or(Some("")) {
        None => {}
        Some("access_denied") => return Err(Kind::AccessDenied.into()),
        Some(error) => return Err(failed(error)),
    }
    let code = query.single("code", MAX_CODE)?;
    code.map(AuthorizationCode::new).ok_or_else(|| Problem::invalid_request("The parameter code is missing."))
}

fn failed(error: &str) -> Problem {
    let google_error = is_plain(error).then(|| error.to_owned());
    let detail = google_error.as_ref().map(|error| format!("Google ended the authorization with the error {error}."));
    Problem { detail, google_error, ..Kind::AuthorizationFailed.into() }
}

/// Whether an error is a word such as RFC 6749 and Google define them, and nothing that could be taken for text.
fn is_plain(error: &str) -> bool {
    (1..=MAX_PLAIN_ERROR).contains(&error.len())
        && error.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorization_response_is_a_code_or_an_error() {
        let long = format!("code={}", "x".repeat(2_049));
        let longest = format!("code={}", "x".repeat(2_048));
        for (query, code) in [
            ("code=4/abc", None),
            (longest.as_str(), None),
            (long.as_str(), Some("invalid_request")),
            ("", Some("invalid_request")),
            ("code=", Some("invalid_request")),
            ("code=a&code=b", Some("invalid_request")),
            ("code=%ff", Some("invalid_request")),
            ("error=access_denied&code=x", Some("access_denied")),
            ("error=temporarily_unavailable", Some("authorization_failed")),
            ("error=a&error=b&code=x", Some("authorization_failed")),
            ("error=%ff&code=x", Some("authorization_failed")),
        ] {
            let problem = authorization_code(&Query::parse(query)).err();
            assert_eq!(problem.as_ref().map(Problem::code), code, "{query}");
        }
    }

    #[test]
    fn googles_error_is_passed_on_only_if_it_is_a_plain_word() {
        for (error, passed) in
            [("admin_policy_enforced", true), ("<script>", false), ("a%20b", false), ("%D7%A9", false)]
        {
            let problem = authorization_code(&Query::parse(&format!("error={error}"))).unwrap_err();
            assert_eq!(problem.google_error.as_deref() == Some(error), passed, "{error}");
        }
    }
}
