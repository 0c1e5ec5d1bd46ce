//! Where a secret could be, and where it may be.

use std::{collections::BTreeSet, io::Read};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde_json::Value;
use tests::{
    answer::Answer,
    secrets_search::{self, SHORTEST, hexadecimal},
    wire::Asked,
    world::{ANNA, sub},
};
use url::{Url, form_urlencoded};

use super::deployment::{BUS, Deployment, Secret};

/// What a place is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Place {
    /// What a process prints, to either stream: its log, its metrics, its panics.
    Output,
    /// An answer to a caller, without the cookies that it sets.
    Answer,
    /// An item of the table.
    Item,
    /// A batch of the table's stream.
    Batch,
    /// An event on the bus.
    Event,
    /// Method, URL and headers of a request to Google, and the body, but of a form for a token.
    ToGoogle,
    /// Method, URL, headers and body of a call to AWS.
    ToAws,
}

/// Every place.
pub(super) const PLACES: [Place; 7] =
    [Place::Output, Place::Answer, Place::Item, Place::Batch, Place::Event, Place::ToGoogle, Place::ToAws];

/// What may be where, for the contract puts it there; all else may be nowhere.
const MAY_BE: [(&str, &[Place]); 6] = [
    ("address", &[Place::Answer, Place::Item, Place::Batch, Place::Event, Place::ToAws]),
    ("brought as a user", &[Place::Answer, Place::ToAws]),
    ("caller's state", &[Place::Answer]),
    ("page token", &[Place::Answer, Place::ToGoogle]),
    ("subject", &[Place::Answer, Place::Item, Place::Batch, Place::Event, Place::ToAws]),
    ("search", &[Place::Answer, Place::ToGoogle]),
];

/// A place and what is there.
pub(super) type Found = (Place, String, String);

/// Everything that is to be searched.
pub(super) async fn found(deployment: &Deployment) -> Vec<Found> {
    deployment.drained().await;
    let mut found = Vec::new();
    let mut add = |place, name: &str, text: String| found.push((place, name.to_owned(), text));
    let replaced = deployment.replaced.iter().map(|(name, output)| (*name, output.clone()));
    for (name, output) in deployment.processes().map(|(name, process)| (name, process.output())).chain(replaced) {
        // It names the account that Google tells of.
        let output = if name == "security-events" { output.replace(&sub(ANNA), "") } else { output };
        add(Place::Output, name, output);
    }
    let lines = |lines: Vec<String>| lines.join("\n");
    add(Place::Answer, "the answers", lines(deployment.answers.iter().map(|(_, answer)| of_answer(answer)).collect()));
    add(Place::Item, "the table", lines(deployment.items.iter().map(|item| opened(item)).collect()));
    let batches = deployment.batches.lock().unwrap().clone();
    add(Place::Batch, "the stream", lines(batches.iter().map(|batch| opened(batch)).collect()));
    let events = deployment.wired.world.aws.event_bus().events(BUS);
    add(Place::Event, "the bus", lines(events.iter().map(|event| format!("{event:?} {}", event.detail)).collect()));
    let asked = |wire: &tests::wire::Wire| -> Vec<Asked> {
        wire.transcripts().iter().flat_map(|transcript| transcript.requests()).collect()
    };
    let to_google = asked(&deployment.wired.google);
    add(Place::ToGoogle, "the requests to Google", lines(to_google.iter().map(of_request_to_google).collect()));
    let to_aws = asked(&deployment.wired.aws);
    add(Place::ToAws, "the calls to AWS", lines(to_aws.iter().map(text_of).collect()));
    found
}

/// Each secret that is where it may not be.
pub(super) fn leaks(found: &[Found], secrets: &BTreeSet<Secret>) -> Vec<String> {
    let secrets: Vec<_> = secrets.iter().flat_map(forms).collect();
    let of_place = |(place, name, text): &Found| {
        let forbidden = secrets.iter().filter(|(kind, _)| !may_be(kind, *place));
        let forbidden: Vec<_> = forbidden.map(|(kind, secret)| (*kind, secret.as_str())).collect();
        secrets_search::leaks(&[(name, text)], &forbidden)
    };
    found.iter().flat_map(of_place).map(|leak| leak.to_string()).collect()
}

fn may_be(kind: &str, place: Place) -> bool {
    MAY_BE.iter().any(|(known, places)| *known == kind && places.contains(&place))
}

/// A secret in the forms that are none of the search's own: the bytes of a key, and the part by which Google names a token.
fn forms((kind, secret): &Secret) -> Vec<Secret> {
    let mut forms = vec![(*kind, secret.clone())];
    match *kind {
        "data key" => {
            let key = STANDARD.decode(format!("{secret}=")).unwrap();
            forms.push((kind, latin(&key)));
            forms.push((kind, hexadecimal(&key)));
            forms.push((kind, key.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")));
        }
        "refresh token" => forms.push((kind, secret.chars().take(16).collect())),
        "ID token" => {
            let parts = secret.split('.').skip(1).filter(|part| part.len() >= SHORTEST);
            forms.extend(parts.map(|part| (*kind, part.to_owned())));
        }
        _ => {}
    }
    forms
}

/// Bytes, each as the character of its number.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// An item or a batch, in plain and with its binary values opened as far as anyone can.
fn opened(json: &str) -> String {
    let mut all = json.to_owned();
    open(&serde_json::from_str(json).unwrap(), &mut all);
    all
}

fn open(value: &Value, all: &mut String) {
    match value {
        Value::String(text) => {
            let Ok(bytes) = STANDARD.decode(text) else { return };
            let mut unzipped = Vec::new();
            // What is no gzip gives nothing.
            let _ = GzDecoder::new(bytes.as_slice()).read_to_end(&mut unzipped);
            all.extend(["\n", &latin(&bytes), "\n", &latin(&unzipped)]);
        }
        Value::Array(values) => values.iter().for_each(|value| open(value, all)),
        Value::Object(members) => members.values().for_each(|value| open(value, all)),
        _ => {}
    }
}

/// An answer without what it has to hold: the values of our cookies, and the `state` and `nonce` of an authorization URL.
pub(super) fn of_answer(answer: &Answer) -> String {
    let mut text = answer.body();
    for (name, value) in answer.headers() {
        text.extend(["\n", name, ": ", value]);
    }
    for cookie in answer.cookies() {
        let (name, rest) = cookie.split_once('=').unwrap();
        let (_, attributes) = rest.split_once(';').unwrap();
        text.extend(["\nset-cookie: ", name, attributes]);
    }
    let in_body = answer.json().ok().and_then(|body| Some(body.get("authorization_url")?.as_str()?.to_owned()));
    for url in [in_body, answer.header("location").map(str::to_owned)].into_iter().flatten() {
        let Ok(parsed) = Url::parse(&url) else { continue };
        if parsed.path() == "/o/oauth2/v2/auth" {
            for (_, value) in parsed.query_pairs().filter(|(name, _)| name == "state" || name == "nonce") {
                text = text.replace(&*value, "");
            }
        }
    }
    text
}

fn text_of(Asked { method, target, headers, body }: &Asked) -> String {
    let headers: String = headers.iter().flat_map(|(name, value)| [name, ": ", value, "\n"]).collect();
    format!("{method} {target}\n{headers}\n{}\n", opened_body(body))
}

fn opened_body(body: &[u8]) -> String {
    let text = latin(body);
    if serde_json::from_str::<Value>(&text).is_ok() { opened(&text) } else { text }
}

/// A request to Google without what it has to hold: the form of a token or revocation request, which names what it may hold
/// and goes to where it may go, and the bearer token of a request to Gmail or userinfo, in its header and nowhere else.
pub(super) fn of_request_to_google(asked: &Asked) -> String {
    let mut asked = asked.clone();
    let path = asked.target.clone();
    if let Some(fields) = form_of(&path) {
        assert_eq!(asked.method, "POST");
        for (name, _) in form_urlencoded::parse(&asked.body) {
            assert!(fields.contains(&&*name), "{name} is in a form for {path}");
        }
        asked.body.clear();
    } else {
        let of_bearers = path.starts_with("/gmail/v1/users/me/") || path == "/batch/gmail/v1" || path == "/v1/userinfo";
        let is_bearer = |(name, value): &(String, String)| name == "authorization" && value.starts_with("Bearer ya29.");
        if of_bearers {
            asked.headers.retain(|header| !is_bearer(header));
        }
    }
    text_of(&asked)
}

/// The fields that a form may have, by its path.
fn form_of(path: &str) -> Option<&'static [&'static str]> {
    match path {
        "/token" => Some(&[
            "client_id",
            "client_secret",
            "grant_type",
            "code",
            "redirect_uri",
            "code_verifier",
            "refresh_token",
        ]),
        "/revoke" => Some(&["token"]),
        _ => None,
    }
}
