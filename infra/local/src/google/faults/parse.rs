//! Faults as text, for a command line: `token=503x2,list=userRateLimitExceeded,certs=delay:200ms`.

use std::time::Duration;

use super::{Effect, Endpoint, Fault, Faults, GmailError, IdTokenFault};
use crate::fault_text::{counted, duration, names};

/// A text that does not say what shall go wrong.
#[derive(Debug, thiserror::Error)]
pub enum InvalidFault {
    /// Not of the form `endpoint=effect`.
    #[error("'{0}' is not a fault: write endpoint=effect or endpoint=effectxTIMES, such as token=503x2")]
    Form(String),
    /// No such endpoint.
    #[error("there is no endpoint '{0}'; there are {names}", names = names(&Endpoint::NAMES))]
    Endpoint(String),
    /// An effect that only the token endpoint can have.
    #[error("'{0}' can only happen at the endpoint token")]
    OnlyToken(String),
    /// No such effect.
    #[error(
        "there is no effect '{0}'; there are a status (503), malformed, disconnect, lose-answer, hang, hang:5s, \
         delay:200ms, no_refresh_token, scope:SCOPES, id_token:FAULT ({id_token}), an error of the token endpoint (invalid_grant, \
         invalid_grant:invalid_rapt) and those of Gmail ({gmail})",
        id_token = names(&ID_TOKEN),
        gmail = names(&GmailError::NAMES)
    )]
    Effect(String),
}

const ID_TOKEN: [(&str, IdTokenFault); 11] = [
    ("bad_signature", IdTokenFault::BadSignature),
    ("unknown_kid", IdTokenFault::UnknownKid),
    ("wrong_iss", IdTokenFault::WrongIssuer),
    ("wrong_aud", IdTokenFault::WrongAudience),
    ("wrong_azp", IdTokenFault::WrongAzp),
    ("wrong_nonce", IdTokenFault::WrongNonce),
    ("expired", IdTokenFault::Expired),
    ("issued_in_future", IdTokenFault::IssuedInFuture),
    ("alg_none", IdTokenFault::AlgNone),
    ("missing", IdTokenFault::Missing),
    ("no_sub", IdTokenFault::NoSubject),
];

const TOKEN_ERRORS: [&str; 8] = [
    "invalid_client",
    "unauthorized_client",
    "redirect_uri_mismatch",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unsupported_grant_type",
    "admin_policy_enforced",
];

/// Longer than anyone waits.
const FOREVER: Duration = Duration::from_hours(24);

impl Faults {
    /// Reads rules separated by commas. Without a count a rule stays until it is cleared.
    ///
    /// # Errors
    /// If a rule has another form, or names an endpoint or effect that does not exist; the error lists those that do.
    pub fn parse(text: &str) -> Result<Vec<(Endpoint, Fault)>, InvalidFault> {
        text.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(rule).collect()
    }
}

fn rule(text: &str) -> Result<(Endpoint, Fault), InvalidFault> {
    let (endpoint, effect) = text.split_once('=').ok_or_else(|| InvalidFault::Form(text.to_owned()))?;
    let endpoint = named(&Endpoint::NAMES, endpoint).ok_or_else(|| InvalidFault::Endpoint(endpoint.to_owned()))?;
    let (effect, times) = counted(effect);
    let effect = self::effect(effect).ok_or_else(|| InvalidFault::Effect(effect.to_owned()))?;
    if is_of_token(&effect) && endpoint != Endpoint::Token {
        return Err(InvalidFault::OnlyToken(text.to_owned()));
    }
    Ok((endpoint, Fault { times, effect }))
}

fn is_of_token(effect: &Effect) -> bool {
    matches!(effect, Effect::IdToken(_) | Effect::TokenError { .. } | Effect::NoRefreshToken | Effect::Scope(_))
}

fn effect(text: &str) -> Option<Effect> {
    match text.split_once(':') {
        Some(("hang", time)) => duration(time).map(Effect::Hang),
        Some(("delay", time)) => duration(time).map(Effect::Delay),
        Some(("scope", scopes)) => Some(Effect::Scope(scopes.to_owned())),
        Some(("id_token", fault)) => named(&ID_TOKEN, fault).map(Effect::IdToken),
        Some((error, subtype)) => token_error(error, Some(subtype)),
        None => plain(text),
    }
}

fn plain(text: &str) -> Option<Effect> {
    match text {
        "malformed" => Some(Effect::Malformed),
        "disconnect" => Some(Effect::Disconnect),
        "lose-answer" => Some(Effect::LoseAnswer),
        "hang" => Some(Effect::Hang(FOREVER)),
        "no_refresh_token" => Some(Effect::NoRefreshToken),
        _ => status(text)
            .or_else(|| named(&GmailError::NAMES, text).map(Effect::Gmail))
            .or_else(|| token_error(text, None)),
    }
}

fn status(text: &str) -> Option<Effect> {
    let status = text.parse().ok().filter(|status| (200..600).contains(status))?;
    Some(Effect::Status { status, body: None, headers: Vec::new() })
}

fn token_error(error: &str, subtype: Option<&str>) -> Option<Effect> {
    let known = TOKEN_ERRORS.contains(&error);
    known.then(|| Effect::TokenError { error: error.to_owned(), subtype: subtype.map(str::to_owned) })
}

fn named<T: Copy>(names: &[(&str, T)], name: &str) -> Option<T> {
    names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_with_a_count_strikes_that_often() {
        let faults = Faults::parse("token=503x2, certs=delay:200ms").unwrap();
        let (endpoint, fault) = &faults[0];
        assert_eq!((*endpoint, fault.times), (Endpoint::Token, Some(2)));
        assert_eq!(fault.effect, Effect::Status { status: 503, body: None, headers: Vec::new() });
        assert_eq!(faults[1].1.effect, Effect::Delay(Duration::from_millis(200)));
        assert_eq!(faults[1].1.times, None);
    }

    #[test]
    fn every_kind_of_effect_can_be_written() {
        let text = "token=invalid_grant:invalid_rapt,token=id_token:no_subx1,token=scope:openid email,\
                    list=userRateLimitExceeded,batch-part=tooManyConcurrentRequestsx3,get=hang:2s,revoke=lose-answer,\
                    certs=hang,userinfo=disconnect";
        assert_eq!(Faults::parse(text).unwrap().len(), 9);
    }

    #[test]
    fn a_wrong_text_is_refused_with_what_would_be_right() {
        let error = |text| Faults::parse(text).unwrap_err().to_string();
        assert!(error("token").contains("token=503x2"));
        assert!(error("tokens=503").contains("there is no endpoint 'tokens'; there are authorization, token"));
        assert!(error("list=invalid_grant").contains("only happen at the endpoint token"));
        assert!(error("list=slow").contains("userRateLimitExceeded"));
    }
}
