//! Checks the signatures of IAM's callers
//! ([Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign},
    sign::v4,
};
use axum::http::{HeaderName, request::Parts};
use serde_json::{Value, json};
use shared::domain::time::Timestamp;
use subtle::ConstantTimeEq;

use super::event::joined;
use crate::aws::{ACCESS_KEY_ID, ACCOUNT, REGION, SECRET_ACCESS_KEY};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "execute-api";
/// How far the caller's clock may be from ours.
const SKEW: Duration = Duration::from_mins(5);

/// What the `Authorization` header says.
struct Authorization<'a> {
    access_key: &'a str,
    date: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// The caller's identity as IAM's authorizer puts it into events; none if the request does not bear the signature of
/// the stack's access key.
pub(super) fn verify(request: &Parts, body: &[u8], now: Timestamp) -> Option<Value> {
    let header = joined(&request.headers, "authorization");
    let authorization = Authorization::parse(&header)?;
    let date = joined(&request.headers, "x-amz-date");
    let at = signing_time(&date)?;
    let skew = now.since(at).max(at.since(now));
    let fits = authorization.access_key == ACCESS_KEY_ID && date.starts_with(authorization.date) && skew <= SKEW;
    if !fits || !authorization.covers_what_it_must(request) {
        return None;
    }
    let expected = signature(request, body, &authorization.signed_headers, at)?;
    bool::from(expected.as_bytes().ct_eq(authorization.signature.as_bytes())).then(identity)
}

impl<'a> Authorization<'a> {
    /// Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    fn parse(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let field = |name: &str| {
            let mut named = fields.split(',').filter_map(|field| field.trim().split_once('='));
            named.find(|(it, _)| *it == name).map(|(_, value)| value)
        };
        let mut scope = field("Credential")?.rsplitn(5, '/');
        let mut next = || scope.next();
        let (ending, service, region, date, access_key) = (next()?, next()?, next()?, next()?, next()?);
        if (ending, service, region) != ("aws4_request", SERVICE, REGION) || date.len() != 8 {
            return None;
        }
        let signed_headers = field("SignedHeaders")?.split(';').collect();
        Some(Self { access_key, date, signed_headers, signature: field("Signature")? })
    }

    /// The host and every header of AWS's own must be signed.
    fn covers_what_it_must(&self, request: &Parts) -> bool {
        let names = request.headers.keys().map(HeaderName::as_str);
        let mut required = names.filter(|name| *name == "host" || name.starts_with("x-amz-"));
        required.all(|name| self.signed_headers.contains(&name))
    }
}

/// The signature that the request would bear had the stack signed it.
fn signature(request: &Parts, body: &[u8], signed_headers: &[&str], at: Timestamp) -> Option<String> {
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "local-stack").into();
    let mut settings = SigningSettings::default();
    // The caller says which headers are signed; none of them may be passed over.
    settings.excluded_headers = None;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(SERVICE)
        .time(system_time(at))
        .settings(settings)
        .build()
        .ok()?;
    let headers: Vec<_> = signed_headers.iter().map(|name| (*name, joined(&request.headers, name))).collect();
    let target = request.uri.path_and_query()?;
    let uri = format!("http://{}{target}", joined(&request.headers, "host"));
    let signable = SignableRequest::new(
        request.method.as_str(),
        uri,
        headers.iter().map(|(name, value)| (*name, value.as_str())),
        SignableBody::Bytes(body),
    );
    let signed = sign(signable.ok()?, &SigningParams::from(parameters)).ok()?;
    Some(signed.signature().to_owned())
}

/// The time of a header such as `20261122T033732Z`.
fn signing_time(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (date.len(), time.len()) != (8, 6) || !digits(date) || !digits(time) {
        return None;
    }
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at.unix_seconds()).unwrap_or(0))
}

fn identity() -> Value {
    let user = "AIDALOCALSTACK000000";
    json!({
        "accessKey": ACCESS_KEY_ID,
        "accountId": ACCOUNT,
        "callerId": user,
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": format!("arn:aws:iam::{ACCOUNT}:user/local-stack"),
        "userId": user,
    })
}
