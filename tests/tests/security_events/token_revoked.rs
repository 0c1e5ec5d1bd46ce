//! `token-revoked`: the connection is found by what Google tells of its refresh token, and by nothing else.

use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use local::google::TokenName;
use ring::digest::{SHA512, digest};
use tests::world::DAVID;

use super::*;

const REASON: Option<&str> = Some("token_revoked");

/// The refresh tokens that Google ever gave, oldest first.
fn refresh_tokens(world: &World) -> Vec<String> {
    let mut tokens = world.issued_tokens();
    tokens.retain(|token| token.starts_with("1//"));
    tokens
}

fn prefix(token: &str) -> String {
    token.chars().take(16).collect()
}

fn twice_hashed(token: &str) -> Vec<u8> {
    digest(&SHA512, digest(&SHA512, token.as_bytes()).as_ref()).as_ref().to_vec()
}

fn subject(algorithm: &str, token: &str) -> Value {
    json!({
        "subject_type": "oauth_token",
        "token_type": "refresh_token",
        "token_identifier_alg": algorithm,
        "token": token,
    })
}

fn by_prefix(token: &str) -> Value {
    subject("prefix", &prefix(token))
}

fn by_hash(token: &str) -> Value {
    subject("hash_base64_sha512_sha512", &STANDARD.encode(twice_hashed(token)))
}

/// The subject that names a refresh token.
pub(super) fn named(name: TokenName, token: &str) -> Value {
    match name {
        TokenName::Prefix => by_prefix(token),
        TokenName::Hash => by_hash(token),
    }
}

async fn revoke(world: &World, family: &str, subject: &Value) -> Answer {
    deliver(world, &saying(world, family, "token-revoked", &json!({ "subject": subject }))).await
}

/// Every way in which Google may name a token.
fn writings(token: &str) -> Vec<Value> {
    let hash = twice_hashed(token);
    let by = |text: String| subject("hash_base64_sha512_sha512", &text);
    let mut renamed = with(by_prefix(token), "token", Value::Null);
    renamed["token_identifier"] = json!(prefix(token));
    vec![
        by_prefix(token),
        by(STANDARD.encode(&hash)),
        by(STANDARD_NO_PAD.encode(&hash)),
        by(URL_SAFE.encode(&hash)),
        by(URL_SAFE_NO_PAD.encode(&hash)),
        with(by_prefix(token), "token_type", Value::Null),
        with(by_prefix(token), "subject_type", Value::Null),
        renamed,
    ]
}

#[tokio::test]
async fn a_token_is_known_by_its_prefix_and_by_its_hash_in_every_writing() {
    for family in FAMILIES {
        for index in 0..writings("").len() {
            let world = connected().await;
            let named = writings(&refresh_tokens(&world)[0]).swap_remove(index);
            assert_taken(&revoke(&world, family, &named).await);
            assert_status(&world, "revoked", REASON);
        }
    }
}

#[tokio::test]
async fn an_instance_that_knows_nothing_yet_finds_it_too() {
    let world = connected().await;
    let token = refresh_tokens(&world).remove(0);
    let set = saying(&world, "oauth", "token-revoked", &json!({ "subject": by_hash(&token) }));
    assert_taken(&deliver_to(&*world.another_instance().await, &set).await);
    assert_status(&world, "revoked", REASON);
}

#[tokio::test]
async fn sessions_go_on_and_others_keep_their_tokens() {
    let world = World::start().await;
    let davids = connect_apart(&world, DAVID).await;
    let davids_row = world.connection(DAVID).unwrap();
    let annas = connect_apart(&world, ANNA).await;
    let token = refresh_tokens(&world).pop().unwrap();
    assert_taken(&revoke(&world, "oauth", &by_prefix(&token)).await);
    assert_status(&world, "revoked", REASON);
    assert_eq!(annas.get("/connection").await.status(), 200, "the session says who asks");
    assert_eq!(world.connection(DAVID).unwrap(), davids_row);
    assert_eq!(davids.get("/messages").await.status(), 200);
}

#[tokio::test]
async fn a_token_that_was_replaced_ends_nothing() {
    let world = connected().await;
    let query = "prompt=consent";
    let location = world.consent(&world.visitor.begin(query).await, &Decision::all(ANNA));
    assert_eq!(world.callback(&location).await.status(), 200);
    let tokens = refresh_tokens(&world);
    assert_eq!(tokens.len(), 2);
    let before = stored(&world);
    let newest = by_prefix(&tokens[1]);
    for named in [by_prefix(&tokens[0]), by_hash(&tokens[0])] {
        assert_taken(&revoke(&world, "oauth", &named).await);
        assert_eq!(stored(&world), before);
    }
    assert_taken(&revoke(&world, "oauth", &newest).await);
    assert_status(&world, "revoked", REASON);
}

#[tokio::test]
async fn an_entry_that_a_replaced_token_left_behind_ends_nothing() {
    let world = connected().await;
    let entries: Vec<_> = stored(&world).into_iter().filter(is_entry).collect();
    assert_eq!(entries.len(), 2, "the prefix and the hash");
    let location = world.consent(&world.visitor.begin("prompt=consent").await, &Decision::all(ANNA));
    assert_eq!(world.callback(&location).await.status(), 200);
    for entry in &entries {
        world.aws.put_item(tests::world::TABLE, entry).unwrap();
    }
    let before = stored(&world);
    let replaced = refresh_tokens(&world).remove(0);
    for named in [by_prefix(&replaced), by_hash(&replaced)] {
        assert_taken(&revoke(&world, "oauth", &named).await);
        assert_eq!(stored(&world), before);
    }
}

fn is_entry(item: &Value) -> bool {
    item["pk"]["S"].as_str().unwrap().starts_with("token#")
}

#[tokio::test]
async fn a_token_that_is_named_in_a_way_we_do_not_know_ends_nothing() {
    let world = connected().await;
    let before = stored(&world);
    let token = refresh_tokens(&world).remove(0);
    let mut access_token = by_prefix(&token);
    access_token["token_type"] = json!("access_token");
    let mut unsaid = by_prefix(&token);
    unsaid.as_object_mut().unwrap().remove("token_identifier_alg");
    let other_hash = STANDARD.encode(twice_hashed("1//another"));
    for named in [
        access_token,
        unsaid,
        subject("plain", &token),
        subject("hash_sha256", &prefix(&token)),
        subject("PREFIX", &prefix(&token)),
        subject("prefix", &token),
        subject("prefix", &token[..15]),
        subject("prefix", ""),
        subject("prefix", "1//0000000000000"),
        subject("hash_base64_sha512_sha512", &other_hash),
        subject("hash_base64_sha512_sha512", &STANDARD.encode(digest(&SHA512, token.as_bytes()))),
    ] {
        assert_taken(&revoke(&world, "oauth", &named).await);
        assert_eq!(stored(&world), before, "{named}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_named_at_all_is_refused() {
    let world = connected().await;
    let before = world.items();
    for named in [
        json!({}),
        json!({ "token_identifier_alg": "prefix" }),
        json!({ "token_identifier_alg": "prefix", "token": 7 }),
        subject("hash_base64_sha512_sha512", ""),
        subject("hash_base64_sha512_sha512", "no base64!"),
        subject("hash_base64_sha512_sha512", &STANDARD.encode([7; 63])),
        subject("hash_base64_sha512_sha512", &STANDARD.encode([7; 65])),
    ] {
        assert_refused(&revoke(&world, "oauth", &named).await, "invalid_request");
    }
    assert_eq!(world.items(), before);
}

#[tokio::test]
async fn nothing_of_a_token_can_be_read_in_the_table() {
    let world = connected().await;
    let token = refresh_tokens(&world).remove(0);
    assert_taken(&revoke(&world, "oauth", &by_prefix("1//another-token-that-nobody-has")).await);
    let table = |world: &World| serde_json::to_string(&world.items()).unwrap();
    let check = |table: &str| {
        world.assert_nothing_readable("the table", table);
        for readable in [prefix(&token), STANDARD.encode(&token), STANDARD.encode(prefix(&token))] {
            assert!(!table.contains(&readable), "{readable}");
        }
        let (once, twice) = (digest(&SHA512, token.as_bytes()), twice_hashed(&token));
        for hash in [once.as_ref(), &twice] {
            assert!(!table.contains(&STANDARD.encode(hash)) && !table.contains(&URL_SAFE_NO_PAD.encode(hash)));
        }
    };
    check(&table(&world));
    assert_taken(&revoke(&world, "oauth", &by_hash(&token)).await);
    check(&table(&world));
}
