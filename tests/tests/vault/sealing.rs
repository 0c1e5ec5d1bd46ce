//! What is stored opens for its owner, in its place, undamaged, and tells nobody else anything.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::domain::authorization_server::TokenResponse;
use tests::secrets_search::assert_no_secrets;

use super::world::*;

fn bytes(row: &Value, attribute: &str) -> Vec<u8> {
    STANDARD.decode(row[attribute]["B"].as_str().unwrap()).unwrap()
}

fn set(row: &mut Value, attribute: &str, value: &[u8]) {
    row[attribute] = json!({"B": STANDARD.encode(value)});
}

/// Everything that is stored: DynamoDB's JSON, and each binary value as it is.
fn dump(world: &World) -> (String, Vec<Vec<u8>>) {
    let items = world.aws.items(TABLE).unwrap();
    let values = items.iter().flat_map(|item| item.as_object().unwrap().values());
    let binary = values.filter_map(|value| value["B"].as_str()).map(|text| STANDARD.decode(text).unwrap()).collect();
    (json!(items).to_string(), binary)
}

/// Asks KMS to unwrap, with that context and no other.
async fn unwrap(world: &World, wrapped: &Value, context: &Value) -> Option<Vec<u8>> {
    let request = json!({"CiphertextBlob": wrapped, "EncryptionContext": context}).to_string();
    let http = shared::google::http::client().unwrap();
    let call = http.post(world.aws.endpoint()).header("x-amz-target", "TrentService.Decrypt").body(request);
    let call = call.header("authorization", format!("AWS4-HMAC-SHA256 Credential={}/", local::aws::ACCESS_KEY_ID));
    let answer: Value = serde_json::from_slice(&call.send().await.unwrap().bytes().await.unwrap()).unwrap();
    answer["Plaintext"].as_str().map(|text| STANDARD.decode(text).unwrap())
}

#[tokio::test]
async fn nothing_that_is_stored_shows_a_token_or_a_data_key() {
    let world = World::start().await;
    let consents = [world.consent(ANNA).await, world.consent(ANNA).await, world.consent(DAVID).await];
    for (email, tokens) in [ANNA, ANNA, DAVID].iter().zip(&consents) {
        world.instance().connect(email, tokens).await.unwrap();
    }
    world.clock.pass(TOKEN_LIFE);
    let refreshed = world.instance().obtain(ANNA).await.unwrap();
    let (text, binary) = dump(&world);

    let mut secrets = vec![("refreshed access token", refreshed.token.reveal()), ("client secret", CLIENT_SECRET)];
    for TokenResponse { access_token, refresh_token, id_token, .. } in &consents {
        secrets.push(("access token", access_token.reveal()));
        secrets.push(("ID token", id_token.as_ref().unwrap().reveal()));
        let refresh_token = refresh_token.as_ref().unwrap().reveal();
        // Google names a revoked token by its first characters: not even they may be there.
        secrets.extend([("refresh token", refresh_token), ("its first characters", &refresh_token[..16])]);
    }
    let keys = data_keys(&world).await;
    let encoded: Vec<_> = keys.iter().map(|key| STANDARD.encode(key).trim_end_matches('=').to_owned()).collect();
    secrets.extend(encoded.iter().map(|key| ("data key", key.as_str())));
    let opened: Vec<_> = binary.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
    let texts: Vec<_> =
        opened.iter().map(|value| ("a binary value", value.as_str())).chain([("the table", text.as_str())]).collect();
    assert_no_secrets(&texts, &secrets);
    for key in &keys {
        assert!(binary.iter().all(|value| !value.windows(key.len()).any(|window| window == key)));
    }
}

/// The data keys of all connections and of the index, in plain.
async fn data_keys(world: &World) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    for email in [ANNA, DAVID] {
        let context = json!({"purpose": "gmail-connect", "user_id": user_id(email)});
        keys.push(unwrap(world, &world.row(email).unwrap()["data_key"]["B"], &context).await.unwrap());
    }
    let index = world.aws.item(TABLE, "key#token-index").unwrap().unwrap();
    let context = json!({"purpose": "gmail-connect", "user_id": "token-index"});
    keys.push(unwrap(world, &index["value"]["B"], &context).await.unwrap());
    keys
}

#[tokio::test]
async fn a_data_key_unwraps_in_the_context_of_its_purpose_and_owner_only() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let wrapped = world.row(ANNA).unwrap()["data_key"]["B"].clone();
    let (anna, david) = (user_id(ANNA), user_id(DAVID));
    for (context, opens) in [
        (json!({"purpose": "gmail-connect", "user_id": anna}), true),
        (json!({"purpose": "gmail-connect", "user_id": david}), false),
        (json!({"purpose": "other", "user_id": anna}), false),
        (json!({"user_id": anna}), false),
        (json!({"purpose": "gmail-connect", "user_id": anna, "more": "1"}), false),
        (json!({}), false),
    ] {
        assert_eq!(unwrap(&world, &wrapped, &context).await.is_some(), opens, "{context}");
    }
}

#[tokio::test]
async fn each_connection_has_a_data_key_of_its_own() {
    let world = World::start().await;
    let (first, second) = (world.connect(ANNA).await, world.connect(ANNA).await);
    assert_ne!(first.tokens.data_key, second.tokens.data_key);
    world.connect(DAVID).await;
    let keys = data_keys(&world).await;
    assert_ne!(keys[0], keys[1]);
}

/// A way to tamper with Anna's row, by David's row.
type Tamper = fn(&mut Value, &Value);

#[tokio::test]
async fn a_row_that_was_tampered_with_does_not_open_and_is_left_as_it_is() {
    let with_either: [(&str, Tamper); 3] = [
        ("all tokens of another user", |row, other| {
            for attribute in ["data_key", "refresh_token", "access_token"] {
                row[attribute] = other[attribute].clone();
            }
        }),
        ("the data key of another user", |row, other| row["data_key"] = other["data_key"].clone()),
        ("a flipped bit in the data key", |row, _| flip(row, "data_key")),
    ];
    let with_the_access_token: [(&str, Tamper); 4] = [
        ("the access token of another user", |row, other| row["access_token"] = other["access_token"].clone()),
        ("the refresh token as access token", |row, _| row["access_token"] = row["refresh_token"].clone()),
        ("a flipped bit in the access token", |row, _| flip(row, "access_token")),
        ("an access token of no length", |row, _| set(row, "access_token", b"")),
    ];
    let with_the_refresh_token: [(&str, Tamper); 4] = [
        ("the refresh token of another user", |row, other| row["refresh_token"] = other["refresh_token"].clone()),
        ("the access token as refresh token", |row, _| row["refresh_token"] = row["access_token"].clone()),
        ("a flipped bit in the refresh token", |row, _| flip(row, "refresh_token")),
        ("a refresh token cut short", |row, _| cut(row, "refresh_token")),
    ];
    let cases = with_either.iter().flat_map(|case| [(case, false), (case, true)]);
    let cases = cases.chain(with_the_access_token.iter().map(|case| (case, false)));
    for (&(name, tamper), expired) in cases.chain(with_the_refresh_token.iter().map(|case| (case, true))) {
        let world = World::start().await;
        world.connect(ANNA).await;
        world.connect(DAVID).await;
        if expired {
            world.clock.pass(TOKEN_LIFE);
        }
        let other = world.row(DAVID).unwrap();
        world.edit_row(ANNA, |row| tamper(row, &other));
        let row = world.row(ANNA);
        let answer = world.instance().obtain(ANNA).await;
        assert_eq!(outcome(&answer), "reauthorization required", "{name}");
        assert_eq!(world.row(ANNA), row, "{name}");
        assert_eq!(world.refreshes(), 0, "{name}");
        // Who was asked again stores over it, and all is well.
        world.connect(ANNA).await;
        world.instance().obtain(ANNA).await.unwrap();
    }
}

/// Flips the last bit, wherever that is.
fn flip(row: &mut Value, attribute: &str) {
    let mut value = bytes(row, attribute);
    *value.last_mut().unwrap() ^= 1;
    set(row, attribute, &value);
}

fn cut(row: &mut Value, attribute: &str) {
    let mut value = bytes(row, attribute);
    value.pop();
    set(row, attribute, &value);
}

#[tokio::test]
async fn a_row_copied_to_another_user_does_not_open_there() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let mut row = world.row(ANNA).unwrap();
    row["pk"] = json!({"S": row_key(DAVID)});
    for user in [ANNA, DAVID] {
        row["user_id"] = json!({"S": user_id(user)});
        world.aws.put_item(TABLE, &row).unwrap();
        let answer = world.instance().obtain(DAVID).await;
        assert_eq!(outcome(&answer), "reauthorization required", "the row says that it is of {user}");
    }
}

/// The keys of the items that find a connection by its refresh token, sorted.
fn index(world: &World, email: &str) -> Vec<String> {
    let items = world.aws.items(TABLE).unwrap();
    let mine = items.iter().filter(|item| item["user_id"]["S"] == json!(user_id(email)));
    let keys = mine.map(|item| item["pk"]["S"].as_str().unwrap().to_owned());
    let mut keys: Vec<_> = keys.filter(|key| key.starts_with("token#")).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn the_index_of_a_token_goes_with_it_and_holds_nothing_but_the_user() {
    let world = World::start().await;
    world.connect(ANNA).await;
    world.connect(DAVID).await;
    let (first, davids) = (index(&world, ANNA), index(&world, DAVID));
    assert_eq!((first.len(), davids.len()), (2, 2));
    for key in &first {
        let item = world.aws.item(TABLE, key).unwrap().unwrap();
        assert_eq!(item, json!({"pk": {"S": key}, "user_id": {"S": user_id(ANNA)}}));
    }
    world.connect(ANNA).await;
    let second = index(&world, ANNA);
    assert_eq!(second.len(), 2);
    assert!(first.iter().all(|key| !second.contains(key)));
    assert_eq!(index(&world, DAVID), davids);
}

#[tokio::test]
async fn the_index_of_the_same_token_is_the_same_on_every_instance_and_in_another_table_another() {
    let (world, elsewhere) = (World::start().await, World::start().await);
    let tokens = world.consent(ANNA).await;
    world.instance().connect(ANNA, &tokens).await.unwrap();
    let first = index(&world, ANNA);
    world.instance().connect(ANNA, &tokens).await.unwrap();
    assert_eq!(index(&world, ANNA), first);
    elsewhere.instance().connect(ANNA, &tokens).await.unwrap();
    assert!(index(&elsewhere, ANNA).iter().all(|key| !first.contains(key)));
}
