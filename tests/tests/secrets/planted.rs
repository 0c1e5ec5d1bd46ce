//! The search finds what it looks for: each kind of secret, in each place, in each encoding.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use flate2::{Compression, write::GzEncoder};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use tests::{
    answer::Answer,
    wire::Asked,
    world::{ANNA, TABLE},
};
use url::form_urlencoded::byte_serialize;

use super::{
    deployment::{Deployment, FUNCTIONS, Secret},
    places::{self, PLACES, Place},
};

/// The encodings, by their names.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let json = json!({"of": secret}).to_string();
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    vec![
        ("plain", secret.to_owned()),
        ("percent", percent.clone()),
        ("every byte in percent", secret.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()),
        ("form", byte_serialize(secret.as_bytes()).collect()),
        ("JSON", json.clone()),
        ("JSON in JSON", json!({"body": json}).to_string()),
        ("JSON in percent", utf8_percent_encode(&json, NON_ALPHANUMERIC).to_string()),
        ("Unicode escapes", secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()),
        ("Base64", STANDARD.encode(secret)),
        ("Base64, one further", STANDARD.encode(format!("x{secret}yz"))),
        ("Base64, two further", STANDARD.encode(format!("xx{secret}y"))),
        ("base64url", URL_SAFE_NO_PAD.encode(secret)),
        ("base64url of JSON", URL_SAFE_NO_PAD.encode(&json)),
        ("base64url of percent", URL_SAFE_NO_PAD.encode(&percent)),
        ("Base64 in percent", utf8_percent_encode(&STANDARD.encode(secret), NON_ALPHANUMERIC).to_string()),
        ("hexadecimal", hexadecimal.to_uppercase()),
        ("small hexadecimal", hexadecimal),
        ("byte list", format!("{:?}", secret.as_bytes())),
    ]
}

/// One secret of each kind, of a deployment that has been used.
async fn one_of_each() -> (Deployment, BTreeMap<&'static str, String>) {
    let mut deployment = Deployment::with_anna(&FUNCTIONS, "info").await;
    assert_eq!(deployment.get("/messages").await.status(), 200);
    let secrets = deployment.secrets().into_iter().collect();
    (deployment, secrets)
}

const KINDS: [&str; 15] = [
    "AWS secret access key",
    "ID token",
    "access token",
    "address",
    "client secret",
    "code",
    "code verifier",
    "cookie key",
    "data key",
    "nonce",
    "pending cookie",
    "refresh token",
    "session cookie",
    "state",
    "subject",
];

fn only(kind: &'static str, secret: &str) -> BTreeSet<Secret> {
    BTreeSet::from([(kind, secret.to_owned())])
}

#[tokio::test]
async fn a_secret_of_any_kind_is_found_in_any_place_in_any_encoding() {
    let (deployment, secrets) = one_of_each().await;
    assert_eq!(secrets.keys().copied().collect::<Vec<_>>(), KINDS);
    let found = places::found(&deployment).await;
    assert_eq!(found.iter().map(|(place, ..)| *place).collect::<BTreeSet<_>>(), BTreeSet::from(PLACES));
    let mut planted = 0;
    for (place, name, text) in &found {
        // Something to stand beside, and not all of it: the search is quicker so.
        let beside: String = text.chars().take(200).collect();
        for (kind, secret) in &secrets {
            let may_be = ["address", "subject"].contains(kind) && !matches!(place, Place::Output | Place::ToGoogle);
            for (encoding, text) in encodings(secret) {
                let with = vec![(*place, name.clone(), format!("{beside} {text}"))];
                let leaks = places::leaks(&with, &only(kind, secret));
                assert_eq!(leaks.is_empty(), may_be, "{kind} in {name} in {encoding}");
                planted += 1;
            }
        }
    }
    assert!(planted >= KINDS.len() * PLACES.len() * encodings("").len());
}

/// What the table holds is opened as far as it can be.
#[tokio::test]
async fn a_secret_is_found_in_an_item_whatever_type_its_attribute_has() {
    let (mut deployment, secrets) = one_of_each().await;
    let secret = &secrets["refresh token"];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(secret.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let data_key = STANDARD.decode(format!("{}=", secrets["data key"])).unwrap();
    for (kind, attribute) in [
        ("refresh token", json!({"S": secret})),
        ("refresh token", json!({"S": &secret[..16]})),
        ("refresh token", json!({"B": STANDARD.encode(secret)})),
        ("refresh token", json!({"B": STANDARD.encode(gzip)})),
        ("refresh token", json!({"SS": ["other", secret]})),
        ("refresh token", json!({"M": {"inner": {"L": [{"BS": [STANDARD.encode(secret)]}]}}})),
        ("data key", json!({"B": STANDARD.encode(data_key)})),
    ] {
        let world = &deployment.wired.world;
        world.aws.put_item(TABLE, &json!({"pk": {"S": "connection#planted"}, "planted": attribute})).unwrap();
        deployment.items = world.items().iter().map(ToString::to_string).collect();
        let mut found = places::found(&deployment).await;
        found.retain(|(place, ..)| *place == Place::Item);
        let leaks = places::leaks(&found, &only(kind, &secrets[kind]));
        assert!(!leaks.is_empty(), "{attribute}");
    }
}

/// A token is found in the URL of a request, and where it is but does not belong.
#[tokio::test]
async fn a_secret_is_found_in_a_request_wherever_it_does_not_belong() {
    let (_, secrets) = one_of_each().await;
    let (token, refresh_token) = (&secrets["access token"], &secrets["refresh token"]);
    let bearer = ("authorization".to_owned(), format!("Bearer {token}"));
    let asked = |target: &str, headers: &[&(String, String)], body: &str| Asked {
        method: "POST".to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|header| (*header).clone()).collect(),
        body: body.as_bytes().to_vec(),
    };
    let list = "/gmail/v1/users/me/messages?maxResults=500";
    let other = ("x-token".to_owned(), token.clone());
    for (kind, request, leaks) in [
        ("access token", asked(list, &[&bearer], ""), false),
        ("access token", asked(list, &[&other], ""), true),
        ("access token", asked(&format!("{list}&access_token={token}"), &[&bearer], ""), true),
        ("access token", asked("/batch/gmail/v1", &[&bearer], &format!("Authorization: Bearer {token}")), true),
        ("access token", asked("/oauth2/v3/certs", &[&bearer], ""), true),
        ("refresh token", asked("/revoke", &[], &format!("token={refresh_token}")), false),
        ("refresh token", asked(&format!("/revoke?token={refresh_token}"), &[], ""), true),
        (
            "refresh token",
            asked("/token?grant_type=refresh_token", &[], &format!("refresh_token={refresh_token}")),
            true,
        ),
    ] {
        let found = vec![(Place::ToGoogle, String::new(), places::of_request_to_google(&request))];
        let found = places::leaks(&found, &only(kind, &secrets[kind]));
        assert_eq!(!found.is_empty(), leaks, "{kind} {}", request.target);
    }
}

/// A cookie's value is where it is set, and nowhere else in an answer.
#[tokio::test]
async fn a_secret_is_found_in_an_answer_wherever_it_does_not_belong() {
    let (_, secrets) = one_of_each().await;
    let (session, state, email) = (&secrets["session cookie"], &secrets["state"], ANNA);
    let set = format!("__Host-session={session}; Secure");
    for (kind, answer, leaks) in [
        ("session cookie", json!({"statusCode": 200, "cookies": [set]}), false),
        (
            "session cookie",
            json!({"statusCode": 200, "cookies": [format!("__Host-session=x; Comment={session}")]}),
            true,
        ),
        ("session cookie", json!({"statusCode": 200, "headers": {"x-session": session}}), true),
        ("session cookie", json!({"statusCode": 200, "body": format!("{email} {session}")}), true),
        (
            "state",
            json!({"statusCode": 302, "headers": {"location": format!("https://a.example/o/oauth2/v2/auth?state={state}")}}),
            false,
        ),
        (
            "state",
            json!({"statusCode": 302, "headers": {"location": format!("https://a.example/?state={state}")}}),
            true,
        ),
    ] {
        let text = places::of_answer(&Answer::read(answer.clone()).unwrap());
        let found = vec![(Place::Answer, String::new(), text)];
        let found = places::leaks(&found, &only(kind, &secrets[kind]));
        assert_eq!(!found.is_empty(), leaks, "{answer}");
    }
}
