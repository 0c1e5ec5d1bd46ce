//! The claims of a security event token, read strictly where they decide something.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{SecurityEvent, SecurityEventToken, TokenIdentifier};
use crate::domain::{time::Timestamp, user_id::UserId};

/// The most bytes of a `jti`: the key of an item that remembers it.
const MAX_JTI: usize = 512;
/// The most events of one token.
const MAX_EVENTS: usize = 16;
/// The bytes of a SHA-512.
const HASH_BYTES: usize = 64;

/// The event types' URIs. The standards put those about tokens under `oauth`; both spellings are seen.
const PREFIXES: [&str; 2] =
    ["https://schemas.openid.net/secevent/risc/event-type/", "https://schemas.openid.net/secevent/oauth/event-type/"];

/// The claims that we read. `exp` is not among them: an event stays true.
#[derive(Deserialize)]
pub struct Claims {
    iss: Value,
    aud: Value,
    #[serde(default)]
    jti: Value,
    #[serde(default)]
    iat: Value,
    #[serde(default)]
    events: Value,
}

/// What the claims are held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer that Google's configuration names.
    pub issuer: &'a str,
    /// Our OAuth client.
    pub client_id: &'a str,
}

/// Why a token is refused, by the words of [RFC 8935 §2.4](https://www.rfc-editor.org/rfc/rfc8935#section-2.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// `invalid_request`: it is no security event token.
    #[error("{0}")]
    Request(&'static str),
    /// `invalid_issuer`: it is not from Google.
    #[error("The token is not issued by Google.")]
    Issuer,
    /// `invalid_audience`: it is for somebody else.
    #[error("The token is not addressed to this OAuth client.")]
    Audience,
}

impl Claims {
    /// Holds the claims against what we expect, and reads the events.
    ///
    /// # Errors
    /// The first claim that is not as it must be.
    pub fn read(&self, expected: &Expected<'_>) -> Result<SecurityEventToken, Refused> {
        let issuer = self.iss.as_str().unwrap_or_default();
        if !is_google(issuer) && !same_issuer(issuer, expected.issuer) {
            return Err(Refused::Issuer);
        }
        if !audiences(&self.aud).any(|audience| audience == expected.client_id) {
            return Err(Refused::Audience);
        }
        let jti = self.jti.as_str().filter(|jti| is_identifier(jti));
        let jti = jti.ok_or(Refused::Request("The token has no usable jti."))?.to_owned();
        let events = self.events.as_object().filter(|events| !events.is_empty());
        let events = events.ok_or(Refused::Request("The token holds no events."))?;
        if events.len() > MAX_EVENTS {
            return Err(Refused::Request("The token holds more than 16 events."));
        }
        let events = events.iter().map(|(event_type, details)| event(event_type, details));
        let issued_at = self.iat.as_f64().filter(|seconds| *seconds > 0.0 && *seconds < 1e11);
        #[expect(clippy::cast_possible_truncation, reason = "within the bounds above")]
        let issued_at = issued_at.map(|seconds| Timestamp::from_unix_millis((seconds * 1000.0) as i64));
        Ok(SecurityEventToken { jti, issued_at, events: events.collect::<Result<_, _>>()? })
    }
}

const NO_SUBJECT: Refused = Refused::Request("An event does not say whom or what it is about.");

/// Google writes its issuer with and without a scheme and a slash.
fn is_google(issuer: &str) -> bool {
    same_issuer(issuer, "https://accounts.google.com") || same_issuer(issuer, "accounts.google.com")
}

fn same_issuer(one: &str, other: &str) -> bool {
    let bare = |issuer: &str| issuer.strip_suffix('/').unwrap_or(issuer).to_owned();
    !one.is_empty() && bare(one) == bare(other)
}

fn audiences(aud: &Value) -> impl Iterator<Item = &str> {
    let many = aud.as_array().into_iter().flatten();
    aud.as_str().into_iter().chain(many.filter_map(Value::as_str))
}

fn is_identifier(jti: &str) -> bool {
    (1..=MAX_JTI).contains(&jti.len()) && jti.bytes().all(|byte| byte.is_ascii_graphic())
}

fn event(event_type: &str, details: &Value) -> Result<SecurityEvent, Refused> {
    let name = PREFIXES.iter().find_map(|prefix| event_type.strip_prefix(prefix)).unwrap_or_default();
    let text = |key: &str| details.get(key).and_then(Value::as_str).map(str::to_owned);
    let about_user = |of: fn(UserId) -> SecurityEvent| match subject(details)? {
        Some(user_id) => Ok(of(user_id)),
        None => Ok(other(event_type)),
    };
    match name {
        "sessions-revoked" => about_user(SecurityEvent::SessionsRevoked),
        "tokens-revoked" => about_user(SecurityEvent::TokensRevoked),
        "account-enabled" => about_user(SecurityEvent::AccountEnabled),
        "account-credential-change-required" => about_user(SecurityEvent::CredentialChangeRequired),
        "account-disabled" => Ok(match subject(details)? {
            Some(user_id) => SecurityEvent::AccountDisabled { user_id, reason: text("reason") },
            None => other(event_type),
        }),
        "token-revoked" => {
            token(details).map(|token| token.map_or_else(|| other(event_type), SecurityEvent::TokenRevoked))
        }
        "verification" => Ok(SecurityEvent::Verification { state: text("state") }),
        _ => Ok(other(event_type)),
    }
}

fn other(event_type: &str) -> SecurityEvent {
    SecurityEvent::Other { event_type: event_type.to_owned() }
}

fn subject_of(details: &Value) -> Result<&Map<String, Value>, Refused> {
    details.get("subject").and_then(Value::as_object).ok_or(NO_SUBJECT)
}

/// The user whom an event is about; `None` if it is nobody of Google's, or is not named by a `sub`.
fn subject(details: &Value) -> Result<Option<UserId>, Refused> {
    let subject = subject_of(details)?;
    let of_google = subject.get("iss").is_none_or(|iss| iss.as_str().is_some_and(is_google));
    match subject.get("sub") {
        Some(sub) => {
            let user_id = sub.as_str().and_then(UserId::parse).ok_or(NO_SUBJECT)?;
            Ok(Some(user_id).filter(|_| of_google))
        }
        None if subject.contains_key("email") => Ok(None),
        None => Err(NO_SUBJECT),
    }
}

/// The refresh token that an event is about; `None` for a token of another kind or a way to name it that is not known.
fn token(details: &Value) -> Result<Option<TokenIdentifier>, Refused> {
    let subject = subject_of(details)?;
    let text = |key: &str| subject.get(key).and_then(Value::as_str);
    let identifier = text("token").or_else(|| text("token_identifier")).ok_or(NO_SUBJECT)?;
    if text("token_type").is_some_and(|token_type| token_type != "refresh_token") {
        return Ok(None);
    }
    match text("token_identifier_alg") {
        Some("prefix") => {
            let is_prefix = identifier.chars().count() == TokenIdentifier::PREFIX_CHARACTERS;
            Ok(is_prefix.then(|| TokenIdentifier::Prefix(identifier.to_owned())))
        }
        Some("hash_base64_sha512_sha512") => {
            hash(identifier).map(|hash| Some(TokenIdentifier::Hash(hash))).ok_or(NO_SUBJECT)
        }
        _ => Ok(None),
    }
}

/// Base64 in either alphabet, padded or not.
fn hash(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded =
        [&STANDARD, &URL_SAFE].into_iter().find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok());
    decoded.filter(|hash| hash.len() == HASH_BYTES)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{
        STANDARD as PADDED, STANDARD_NO_PAD, URL_SAFE as URL_PADDED, URL_SAFE_NO_PAD,
    };
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected { issuer: "https://issuer.example.com", client_id: "us" };

    fn claims(events: &Value) -> Value {
        json!({ "iss": "https://accounts.google.com/", "aud": "us", "iat": 1_763_782_652, "jti": "1", "events": events })
    }

    fn with(mut claims: Value, name: &str, value: Value) -> Value {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims
    }

    fn read(claims: Value) -> Result<SecurityEventToken, Refused> {
        serde_json::from_value::<Claims>(claims).unwrap().read(&EXPECTED)
    }

    fn anna() -> UserId {
        UserId::parse("118").unwrap()
    }

    /// What an event is read as, by both spellings of its type.
    #[track_caller]
    fn event_of(name: &str, details: &Value) -> Result<SecurityEvent, Refused> {
        let outcomes = PREFIXES.map(|prefix| event(&format!("{prefix}{name}"), details));
        let unnamed = |outcome: &Result<SecurityEvent, Refused>| match outcome {
            Ok(SecurityEvent::Other { .. }) => Ok(other("")),
            outcome => outcome.clone(),
        };
        assert_eq!(unnamed(&outcomes[0]), unnamed(&outcomes[1]), "{name}");
        unnamed(&outcomes[0])
    }

    fn request<T>(outcome: &Result<T, Refused>) -> bool {
        matches!(outcome, Err(Refused::Request(_)))
    }

    #[test]
    fn every_type_of_event_is_read_by_both_spellings() {
        let about = json!({ "subject": { "iss": "https://accounts.google.com/", "sub": "118" } });
        let because = |reason: &Value| with(about.clone(), "reason", reason.clone());
        let disabled = |reason: Option<&str>| SecurityEvent::AccountDisabled {
            user_id: anna(),
            reason: reason.map(str::to_owned),
        };
        let verification = |state: Option<&str>| SecurityEvent::Verification { state: state.map(str::to_owned) };
        for (name, details, read) in [
            ("sessions-revoked", about.clone(), SecurityEvent::SessionsRevoked(anna())),
            ("tokens-revoked", about.clone(), SecurityEvent::TokensRevoked(anna())),
            ("account-enabled", about.clone(), SecurityEvent::AccountEnabled(anna())),
            ("account-credential-change-required", about.clone(), SecurityEvent::CredentialChangeRequired(anna())),
            ("account-disabled", about.clone(), disabled(None)),
            ("account-disabled", because(&json!("hijacking")), disabled(Some("hijacking"))),
            ("account-disabled", because(&json!("bulk-account")), disabled(Some("bulk-account"))),
            ("account-disabled", because(&json!(7)), disabled(None)),
            ("verification", json!({ "state": "s" }), verification(Some("s"))),
            ("verification", json!({ "state": 7 }), verification(None)),
            ("verification", json!(null), verification(None)),
            ("account-purged", about.clone(), other("")),
            ("Tokens-Revoked", about.clone(), other("")),
            ("", json!(null), other("")),
        ] {
            assert_eq!(event_of(name, &details), Ok(read), "{name}");
        }
        let unprefixed = event("tokens-revoked", &about);
        assert_eq!(unprefixed, Ok(SecurityEvent::Other { event_type: "tokens-revoked".to_owned() }));
    }

    #[test]
    fn a_subject_is_a_user_of_googles_or_somebody_else_or_nobody() {
        let (ours, theirs) = (Ok(SecurityEvent::TokensRevoked(anna())), Ok(other("")));
        for (subject, read) in [
            (json!({ "subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": "118" }), Some(&ours)),
            (json!({ "iss": "https://accounts.google.com", "sub": "118" }), Some(&ours)),
            (json!({ "iss": "accounts.google.com", "sub": "118" }), Some(&ours)),
            (json!({ "sub": "118" }), Some(&ours)),
            (json!({ "subject_type": "id_token_claims", "sub": "118", "email": "a@example.com" }), Some(&ours)),
            (json!({ "iss": "https://accounts.google.com.evil.test/", "sub": "118" }), Some(&theirs)),
            (json!({ "iss": "", "sub": "118" }), Some(&theirs)),
            (json!({ "iss": null, "sub": "118" }), Some(&theirs)),
            (json!({ "email": "a@example.com" }), Some(&theirs)),
            (json!({ "email": null }), Some(&theirs)),
            (json!({ "email": "a@example.com", "sub": 118 }), None),
            (json!({ "sub": "" }), None),
            (json!({ "sub": "ü" }), None),
            (json!({ "iss": "https://accounts.google.com/" }), None),
            (json!({}), None),
            (json!([]), None),
            (json!("118"), None),
            (json!(null), None),
        ] {
            let event = event_of("tokens-revoked", &json!({ "subject": subject }));
            match read {
                Some(read) => assert_eq!(&event, read, "{subject}"),
                None => assert!(request(&event), "{subject}"),
            }
        }
        assert!(request(&event_of("tokens-revoked", &json!({ "sub": "118" }))));
    }

    #[test]
    fn a_refresh_token_is_named_by_its_prefix_or_its_hash() {
        let bytes: Vec<u8> = (0..64).map(|index| index * 4 + 3).collect();
        let subject = |algorithm: &str, token: &str| json!({ "token_identifier_alg": algorithm, "token": token });
        let hash = |text: String| subject("hash_base64_sha512_sha512", &text);
        let prefix = |text: &str| subject("prefix", text);
        let (by_hash, by_prefix) =
            (TokenIdentifier::Hash(bytes.clone()), TokenIdentifier::Prefix("1//03456789abcde".to_owned()));
        let named = with(prefix("1//03456789abcde"), "token_type", json!("refresh_token"));
        let renamed = with(named.clone(), "token", Value::Null);
        for (subject, read) in [
            (hash(PADDED.encode(&bytes)), Some(Some(&by_hash))),
            (hash(STANDARD_NO_PAD.encode(&bytes)), Some(Some(&by_hash))),
            (hash(URL_PADDED.encode(&bytes)), Some(Some(&by_hash))),
            (hash(URL_SAFE_NO_PAD.encode(&bytes)), Some(Some(&by_hash))),
            (prefix("1//03456789abcde"), Some(Some(&by_prefix))),
            (named.clone(), Some(Some(&by_prefix))),
            (with(renamed.clone(), "token_identifier", json!("1//03456789abcde")), Some(Some(&by_prefix))),
            (with(named.clone(), "token_type", json!("access_token")), Some(None)),
            (with(named, "token_identifier_alg", Value::Null), Some(None)),
            (subject("plain", "1//03456789abcde"), Some(None)),
            (prefix("1//03456789abcd"), Some(None)),
            (prefix("1//03456789abcdef"), Some(None)),
            (prefix(""), Some(None)),
            (renamed, None),
            (hash(PADDED.encode(&bytes[1..])), None),
            (hash("*".to_owned()), None),
            (hash(String::new()), None),
            (json!({}), None),
        ] {
            let event = event_of("token-revoked", &json!({ "subject": subject }));
            match read {
                Some(Some(token)) => assert_eq!(event, Ok(SecurityEvent::TokenRevoked(token.clone())), "{subject}"),
                Some(None) => assert_eq!(event, Ok(other("")), "{subject}"),
                None => assert!(request(&event), "{subject}"),
            }
        }
        assert!(PADDED.encode(&bytes).contains(['+', '/']), "the alphabets differ in these bytes");
    }

    #[test]
    fn the_issuer_is_google_or_the_configured_one() {
        for (issuer, taken) in [
            ("https://accounts.google.com/", true),
            ("https://accounts.google.com", true),
            ("accounts.google.com/", true),
            ("accounts.google.com", true),
            ("https://issuer.example.com", true),
            ("https://issuer.example.com/", true),
            ("https://issuer.example.com//", false),
            ("https://issuer.example.com.evil.test", false),
            ("https://accounts.google.com.evil.test", false),
            ("https://accounts.google.com/x", false),
            ("http://accounts.google.com", false),
            ("issuer.example.com", false),
            ("/", false),
            ("", false),
        ] {
            let outcome = read(with(claims(&json!({ "urn:x": {} })), "iss", json!(issuer)));
            assert_eq!(outcome.is_ok(), taken, "{issuer}");
            assert!(taken || outcome == Err(Refused::Issuer), "{issuer}");
        }
    }

    #[test]
    fn the_audience_holds_our_client() {
        for (audience, taken) in [
            (json!("us"), true),
            (json!(["us"]), true),
            (json!(["them", 7, "us"]), true),
            (json!("them"), false),
            (json!(["them"]), false),
            (json!([["us"]]), false),
            (json!({ "us": "us" }), false),
            (json!([]), false),
            (json!(""), false),
            (json!("us "), false),
        ] {
            let outcome = read(with(claims(&json!({ "urn:x": {} })), "aud", audience.clone()));
            assert_eq!(outcome.is_ok(), taken, "{audience}");
            assert!(taken || outcome == Err(Refused::Audience), "{audience}");
        }
    }

    #[test]
    fn an_identifier_is_1_to_512_visible_ascii_characters() {
        for (jti, taken) in [
            (json!("1"), true),
            (json!("x".repeat(MAX_JTI)), true),
            (json!("x".repeat(MAX_JTI + 1)), false),
            (json!(""), false),
            (json!("a b"), false),
            (json!("ü"), false),
            (json!(1), false),
            (json!(null), false),
        ] {
            let outcome = read(with(claims(&json!({ "urn:x": {} })), "jti", jti.clone()));
            assert_eq!(outcome.as_ref().map(|token| json!(token.jti)).ok(), taken.then(|| jti.clone()), "{jti:.40}");
            assert!(taken || request(&outcome));
        }
    }

    #[test]
    fn a_time_is_a_number_that_can_be_one() {
        for (iat, millis) in [
            (json!(1_763_782_652), Some(1_763_782_652_000)),
            (json!(1_763_782_652.25), Some(1_763_782_652_250)),
            (json!(0.001), Some(1)),
            (json!(99_999_999_999_i64), Some(99_999_999_999_000)),
            (json!(1e11), None),
            (json!(1e300), None),
            (json!(0), None),
            (json!(-1), None),
            (json!("1763782652"), None),
            (json!(true), None),
            (json!(null), None),
        ] {
            let token = read(with(claims(&json!({ "urn:x": {} })), "iat", iat.clone())).unwrap();
            assert_eq!(token.issued_at, millis.map(Timestamp::from_unix_millis), "{iat}");
        }
    }

    #[test]
    fn a_token_holds_one_to_sixteen_events_and_all_of_them_are_read_or_none() {
        let many = |count: usize| {
            let events = (0..count).map(|index| (format!("urn:{index}"), json!({})));
            Value::Object(events.collect())
        };
        for (events, count) in [(many(1), Some(1)), (many(MAX_EVENTS), Some(MAX_EVENTS)), (many(MAX_EVENTS + 1), None)]
        {
            assert_eq!(read(claims(&events)).ok().map(|token| token.events.len()), count);
        }
        for events in [json!({}), json!([]), json!([{}]), json!("x"), json!(7), json!(null)] {
            assert!(request(&read(with(claims(&json!({})), "events", events.clone()))), "{events}");
        }
        let mut events = many(2);
        events[format!("{}tokens-revoked", PREFIXES[0])] = json!({});
        assert!(request(&read(claims(&events))));
    }

    #[test]
    fn what_is_wrong_first_is_told_first() {
        let all_wrong = json!({ "iss": "x", "aud": "them" });
        assert_eq!(read(all_wrong.clone()), Err(Refused::Issuer));
        let google = with(all_wrong, "iss", json!("accounts.google.com"));
        assert_eq!(read(google.clone()), Err(Refused::Audience));
        assert_eq!(read(with(google, "aud", json!("us"))), Err(Refused::Request("The token has no usable jti.")));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let words = [
            "subject",
            "sub",
            "iss",
            "token",
            "token_type",
            "token_identifier_alg",
            "email",
            "reason",
            "prefix",
            "hash_base64_sha512_sha512",
            "refresh_token",
            "accounts.google.com",
            "118",
        ];
        let word = prop::sample::select(words.to_vec());
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            word.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, move |inner| {
            let key = prop_oneof![2 => word.clone().prop_map(str::to_owned), 1 => any::<String>()];
            prop_oneof![
                1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                2 => prop::collection::btree_map(key, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_claim_is_a_surprise(iss in any_json(), aud in any_json(), jti in any_json(), iat in any_json(), events in any_json()) {
            let all = json!({ "iss": iss, "aud": aud, "jti": jti, "iat": iat, "events": events });
            if let Ok(token) = read(all.clone()) {
                prop_assert!((1..=MAX_EVENTS).contains(&token.events.len()));
                prop_assert!((1..=MAX_JTI).contains(&token.jti.len()));
            }
            for (name, value) in all.as_object().unwrap() {
                let mut claims = claims(&json!({ "urn:x": {} }));
                claims[name] = value.clone();
                let outcome = read(claims);
                prop_assert!(name != "iat" || outcome.is_ok());
            }
        }

        #[test]
        fn no_event_is_a_surprise(
            family in prop::sample::select(PREFIXES.to_vec()),
            name in prop::sample::select(vec!["sessions-revoked", "tokens-revoked", "token-revoked", "account-disabled",
                "account-enabled", "account-credential-change-required", "verification", "new"]),
            details in any_json(),
            subject in any_json(),
        ) {
            let event_type = format!("{family}{name}");
            for details in [details, json!({ "subject": subject })] {
                match event(&event_type, &details) {
                    Ok(SecurityEvent::TokenRevoked(TokenIdentifier::Prefix(prefix))) => {
                        prop_assert_eq!(prefix.chars().count(), TokenIdentifier::PREFIX_CHARACTERS);
                    }
                    Ok(SecurityEvent::TokenRevoked(TokenIdentifier::Hash(hash))) => prop_assert_eq!(hash.len(), HASH_BYTES),
                    Ok(SecurityEvent::Other { event_type: told }) => prop_assert_eq!(&told, &event_type),
                    Ok(_) => prop_assert_ne!(name, "new"),
                    Err(refused) => prop_assert_eq!(refused, NO_SUBJECT),
                }
            }
        }

        #[test]
        fn any_sixty_four_bytes_are_read_in_every_writing(bytes in prop::collection::vec(any::<u8>(), HASH_BYTES)) {
            for text in
                [PADDED.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_PADDED.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
            {
                prop_assert_eq!(hash(&text), Some(bytes.clone()));
            }
        }
    }
}
