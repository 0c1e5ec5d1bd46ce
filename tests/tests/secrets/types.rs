//! What the types that hold secrets print, and that none of them is forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use shared::{
    domain::{
        authorization_request::{AuthorizationRequest, Prompt},
        authorization_server::{CodeGrant, TokenResponse},
        connection::{Connection, SealedTokens, Status, TokenIndex},
        data_key::{DataKey, NewDataKey},
        oauth_client::OAuthClient,
        pending_authorization::PendingAuthorization,
        random::SystemRandomness,
        scope::Scopes,
        secret::{AccessToken, AuthorizationCode, ClientSecret, CodeVerifier, CookieKeySecret, IdToken, RefreshToken},
        time::Timestamp,
        user_id::UserId,
    },
    http::{Request, Response, cookie_keys::CookieKeys, query::Query},
    sealing::SealingKey,
    secrets::Values,
    vault::{Consent, access_tokens::Access},
};
use tests::{binaries::workspace, secrets_search::assert_no_secrets};

/// 32 bytes, as a key has them.
const PLANTED: &str = "the planted secret of 32 bytes \u{1}";
const KEY: [u8; 32] = *b"the planted secret of 32 bytes \x01";

/// What holds a secret by itself: types of libraries that do, and types of ours that hold one as a text.
const BY_THEMSELVES: [&str; 8] =
    ["Key", "LessSafeKey", "PendingAuthorization", "Query", "Request", "Response", "SecretText", "Zeroizing"];

/// A definition of a type in our sources.
#[derive(Debug)]
struct Definition {
    name: String,
    /// The words in it, but the names of its fields and variants.
    words: BTreeSet<String>,
    prints: bool,
}

fn sources() -> Vec<String> {
    let mut found = Vec::new();
    let functions = fs::read_dir(workspace().join("functions")).unwrap().map(|entry| entry.unwrap().path().join("src"));
    let mut folders: Vec<PathBuf> = functions.chain([workspace().join("shared/src")]).collect();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some(Path::new("rs").as_os_str()) {
                let source = fs::read_to_string(path).unwrap();
                found.push(source.split("#[cfg(test)]").next().unwrap().to_owned());
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty())
}

/// The definitions of structs and enums, as rustfmt lays them out.
fn definitions(source: &str) -> Vec<Definition> {
    let printing: BTreeSet<_> = source
        .lines()
        .filter(|line| line.starts_with("impl") && line.contains("Debug for "))
        .filter_map(|line| words(line.split_once("Debug for ")?.1).next())
        .collect();
    let mut found = Vec::new();
    let (mut derives, mut lines) = (false, source.lines());
    while let Some(line) = lines.next() {
        let rest = ["pub ", "pub(crate) ", "pub(super) "].iter().find_map(|prefix| line.strip_prefix(prefix));
        let rest = rest.unwrap_or(line);
        let Some(rest) = rest.strip_prefix("struct ").or_else(|| rest.strip_prefix("enum ")) else {
            derives =
                line.starts_with("#[") && (derives || line.contains("Debug")) || line.starts_with("//") && derives;
            continue;
        };
        let name = words(rest).next().unwrap().to_owned();
        let mut of_type: BTreeSet<_> = words(rest).skip(1).map(str::to_owned).collect();
        if !rest.ends_with(';') && !rest.ends_with('}') {
            for line in lines.by_ref().take_while(|line| *line != "}" && *line != ");") {
                if !line.trim_start().starts_with("//") {
                    let field = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(super) ");
                    of_type.extend(words(field).skip(1).map(str::to_owned));
                }
            }
        }
        found.push(Definition { prints: derives || printing.contains(name.as_str()), name, words: of_type });
        derives = false;
    }
    found
}

/// The names of the types that `secret!` makes.
fn made(source: &str) -> Vec<String> {
    let blocks = source.split("\nsecret! {").skip(1);
    blocks.map(|block| block.lines().take_while(|line| *line != "}").last().unwrap().trim().to_owned()).collect()
}

/// Every type of ours that holds a secret, at whatever depth, and prints.
fn printing_holders() -> BTreeSet<String> {
    let sources = sources();
    let secrets: Vec<_> = sources.iter().flat_map(|source| made(source)).collect();
    assert!(secrets.len() >= 7, "{secrets:?}");
    let all: Vec<_> = sources.iter().flat_map(|source| definitions(source)).collect();
    let mut holders: BTreeSet<String> = BY_THEMSELVES.iter().map(ToString::to_string).chain(secrets.clone()).collect();
    holders.extend(["DataKey".to_owned(), "SealingKey".to_owned()]);
    loop {
        let more: Vec<_> = all
            .iter()
            .filter(|definition| !holders.contains(&definition.name) && !definition.words.is_disjoint(&holders))
            .map(|definition| definition.name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        holders.extend(more);
    }
    let printing = all.iter().filter(|definition| definition.prints && holders.contains(&definition.name));
    printing.map(|definition| definition.name.clone()).chain(secrets).collect()
}

fn client() -> OAuthClient {
    let file = json!({"web": {
        "client_id": "1.apps.googleusercontent.com", "client_secret": PLANTED,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
        "redirect_uris": ["https://mail.example.com/callback"]}});
    OAuthClient::parse(&file.to_string()).unwrap()
}

fn pending() -> PendingAuthorization {
    let mut pending = PendingAuthorization::new(&SystemRandomness::default(), NOW).unwrap();
    pending.state = PLANTED.to_owned();
    pending.nonce = PLANTED.to_owned();
    pending.code_verifier = PLANTED.to_owned();
    pending.caller_state = Some(PLANTED.to_owned());
    pending
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_345_200);

fn tokens() -> TokenResponse {
    TokenResponse {
        access_token: AccessToken::new(PLANTED),
        expires_in: Duration::from_hours(1),
        refresh_token: Some(RefreshToken::new(PLANTED)),
        refresh_token_expires_in: None,
        scopes: None,
        id_token: Some(IdToken::new(PLANTED)),
    }
}

fn connection() -> Connection {
    Connection {
        user_id: UserId::parse("1").unwrap(),
        email: None,
        client_id: String::new(),
        scopes: BTreeSet::new(),
        status: Status::Active,
        tokens: SealedTokens { data_key: Vec::new(), refresh_token: Vec::new(), access_token: None },
        token_index: TokenIndex::default(),
        refresh_token_expires_at: None,
        connected_at: NOW,
        updated_at: NOW,
        used_at: NOW,
        mints: Vec::new(),
        generation: 1,
        sessions_valid_after: NOW,
        lease: None,
    }
}

fn cookie_keys() -> CookieKeys {
    CookieKeys::derive(&CookieKeySecret::new(PLANTED), Some(&CookieKeySecret::new(PLANTED))).unwrap()
}

fn request() -> Request {
    let event = json!({
        "rawPath": "/callback", "rawQueryString": PLANTED, "cookies": [PLANTED], "headers": {"authorization": PLANTED},
        "body": PLANTED, "requestContext": {"http": {"method": "GET"}}});
    Request::from_event(&event.to_string()).unwrap()
}

/// Each type that holds a secret and prints, as it prints with one.
fn printed() -> BTreeMap<&'static str, String> {
    fn row(name: &'static str, value: &impl Debug) -> (&'static str, String) {
        (name, format!("{value:?} {value:#?}"))
    }
    let (client, pending, tokens, user_id) = (client(), pending(), tokens(), UserId::parse("1").unwrap());
    let (code, code_verifier) = (AuthorizationCode::new(PLANTED), CodeVerifier::new(PLANTED));
    let key = || DataKey::from_slice(&KEY).unwrap();
    let asked = AuthorizationRequest {
        client: &client,
        redirect_uri: "https://mail.example.com/callback",
        scopes: &Scopes::default(),
        pending: &pending,
        login_hint: None,
        prompt: Prompt::default(),
    };
    let consent = Consent {
        user_id: &user_id,
        email: None,
        client_id: "1",
        scopes: BTreeSet::new(),
        tokens: &tokens,
        minted_at: NOW,
    };
    let response = Response::json("ok", PLANTED).with_cookie(PLANTED).with_header("location", PLANTED);
    BTreeMap::from([
        row("Access", &Access { token: AccessToken::new(PLANTED), connection: connection() }),
        row("AccessToken", &AccessToken::new(PLANTED)),
        row("AuthorizationCode", &code),
        row("AuthorizationRequest", &asked),
        row("ClientSecret", &ClientSecret::new(PLANTED)),
        row("CodeGrant", &CodeGrant { code: &code, code_verifier: &code_verifier, redirect_uri: "" }),
        row("CodeVerifier", &code_verifier),
        row("Consent", &consent),
        row("CookieKeySecret", &CookieKeySecret::new(PLANTED)),
        row("CookieKeys", &cookie_keys()),
        row("DataKey", &key()),
        row("IdToken", &IdToken::new(PLANTED)),
        // What the cookie keys are made of.
        row("KeySet", &cookie_keys()),
        row("NewDataKey", &NewDataKey { key: key(), wrapped: Vec::new() }),
        row("OAuthClient", &client),
        row("PendingAuthorization", &pending),
        row("RefreshToken", &RefreshToken::new(PLANTED)),
        row("Request", &request()),
        row("Response", &response),
        row("SealingKey", &SealingKey::new(&KEY).unwrap()),
        row("TokenResponse", &tokens),
        row("Values", &Values { client: client.clone().into(), cookie_keys: cookie_keys().into() }),
    ])
}

#[test]
fn no_type_that_holds_a_secret_prints_it() {
    for (name, printed) in printed() {
        assert_no_secrets(&[(name, &printed)], &[("the secret", PLANTED)]);
    }
}

#[test]
fn every_type_that_holds_a_secret_and_prints_has_its_row() {
    let rows: BTreeSet<_> = printed().into_keys().map(str::to_owned).collect();
    assert_eq!(printing_holders(), rows, "each type that prints needs a row in `printed`, and no other");
}

#[test]
fn a_type_that_holds_one_that_holds_a_secret_is_found() {
    let source = "/// A key.\n#[derive(Debug)]\npub struct Inner {\n    pub key: AccessToken,\n}\n\n#[derive(Clone)]\n\
                  struct Silent(Inner);\n\n#[derive(Debug)]\nenum Outer {\n    Inner(u8),\n    Other(Silent),\n}\n";
    let found = definitions(source);
    let told: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.prints, it.words.contains("AccessToken"))).collect();
    assert_eq!(told, [("Inner", true, true), ("Silent", false, false), ("Outer", true, false)]);
    assert!(found[2].words.contains("Silent") && !found[2].words.contains("Inner"));
}

/// An error and all that caused it, as they print.
fn chain(error: &dyn Error) -> String {
    let mut all = vec![format!("{error} {error:?} {error:#?}")];
    let mut next = error.source();
    while let Some(cause) = next {
        all.push(format!("{cause} {cause:?} {cause:#?}"));
        next = cause.source();
    }
    all.join("\n")
}

#[test]
fn no_error_repeats_what_was_read() {
    let mut all = String::new();
    for event in [
        json!({"cookies": PLANTED}),
        json!({"headers": [PLANTED]}),
        json!({"headers": {"cookie": {"is": PLANTED}}}),
        json!({"rawQueryString": {PLANTED: PLANTED}}),
        json!({"isBase64Encoded": PLANTED}),
        json!({"body": PLANTED, "isBase64Encoded": true}),
        json!({"requestContext": PLANTED}),
        json!([PLANTED]),
        json!(PLANTED),
    ] {
        all.push_str(&chain(&Request::from_event(&event.to_string()).unwrap_err()));
    }
    all.push_str(&chain(&Request::from_event(PLANTED).unwrap_err()));
    for file in [
        json!(PLANTED),
        json!({"web": PLANTED}),
        json!({"web": {"client_secret": [PLANTED]}}),
        json!({"web": {"client_secret": PLANTED, "client_id": PLANTED}}),
        json!({"web": {"client_secret": PLANTED, "client_id": PLANTED, "redirect_uris": PLANTED}}),
        json!({"web": {"client_secret": PLANTED, "client_id": "1", "redirect_uris": ["x"], "auth_uri": PLANTED}}),
        json!({"installed": {"client_secret": PLANTED}}),
        json!({"type": "service_account", "private_key": PLANTED}),
    ] {
        all.push_str(&chain(&OAuthClient::parse(&file.to_string()).unwrap_err()));
    }
    all.push_str(&chain(&OAuthClient::parse(PLANTED).unwrap_err()));
    all.push_str(&chain(&CookieKeys::derive(&CookieKeySecret::new(&PLANTED[..31]), None).unwrap_err()));
    let query = Query::parse("code=the+planted+secret+of+32+bytes+%01&x=1&x=2");
    all.push_str(&chain(&query.single("code", 3).unwrap_err()));
    all.push_str(&chain(&query.positive_number("code").unwrap_err()));
    assert_no_secrets(&[("the errors", &all)], &[("the secret", &PLANTED[..31])]);
}

/// An error of a library may repeat what it was made of.
#[test]
fn no_error_of_ours_carries_one_of_a_library_that_repeats_what_it_read() {
    let carried = |line: &str| line.contains("#[from]") || line.contains("#[source]");
    let carrying: Vec<_> = sources()
        .iter()
        .flat_map(|source| source.lines().filter(|line| carried(line)).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let foreign: Vec<_> = carrying.iter().filter(|line| line.contains("::")).map(|line| line.trim()).collect();
    // It names a byte and its place.
    assert_eq!(foreign, ["Body(#[from] base64::DecodeError),"]);
    assert!(carrying.len() > 5, "{carrying:?}");
}
