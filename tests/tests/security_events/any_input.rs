//! Any input at all: a sound answer, and nothing written unless Google said so.

use proptest::prelude::*;
use tests::world::TABLE;

use super::*;

/// JSON of any shape, with the words of security events among its keys and values.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "subject",
        "sub",
        "iss",
        "token",
        "token_type",
        "token_identifier_alg",
        "prefix",
        "hash_base64_sha512_sha512",
        "refresh_token",
        "reason",
        "state",
        "email",
        "https://accounts.google.com/",
        "118234567890123456789",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let key = prop_oneof![word.clone().prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

/// Events of known and other types.
fn any_events() -> impl Strategy<Value = Value> {
    let names = vec![
        "sessions-revoked",
        "tokens-revoked",
        "token-revoked",
        "account-disabled",
        "account-enabled",
        "verification",
    ];
    let family = prop::sample::select(FAMILIES.to_vec());
    let known = (family, prop::sample::select(names)).prop_map(|(family, name)| uri(family, name));
    let event_type = prop_oneof![3 => known, 1 => any::<String>()];
    let events = prop::collection::btree_map(event_type, any_json(), 0..4).prop_map(|events| json!(events));
    prop_oneof![4 => events, 1 => any_json()]
}

fn runner() -> proptest::test_runner::TestRunner {
    proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn whatever_google_signs_has_a_sound_answer_and_touches_no_stranger() {
    let runtime = runtime();
    let world = runtime.block_on(connected());
    let row = world.connection(ANNA);
    let claim = || prop_oneof![2 => Just(Value::Null), 1 => any_json()];
    let inputs = (any_events(), claim(), claim(), claim());
    let outcome = runner().run(&inputs, |(events, jti, iat, aud)| {
        let mut claims = claims(&world, &events);
        for (name, value) in [("jti", jti), ("iat", iat), ("aud", aud)] {
            claims = if value.is_null() { claims } else { with(claims, name, value) };
        }
        let answer = runtime.block_on(deliver(&world, &world.google.security_event(&claims)));
        prop_assert!(matches!(answer.status(), 202 | 400), "{}: {}", claims, answer.body());
        prop_assert_eq!(answer.status() == 202, answer.body().is_empty());
        prop_assert_eq!(&world.connection(ANNA), &row);
        let items = world.items();
        let keys: Vec<_> = items.iter().map(|item| item["pk"]["S"].as_str().unwrap()).collect();
        for key in keys.iter().filter(|key| key.starts_with("event#")) {
            world.aws.delete_item(TABLE, key).unwrap();
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn whatever_anybody_posts_has_a_sound_answer_and_writes_nothing() {
    let runtime = runtime();
    let world = runtime.block_on(connected());
    let before = world.items();
    let part = || {
        prop_oneof![
            any_json().prop_map(|value| part(&value)),
            any::<Vec<u8>>().prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
            "[A-Za-z0-9_-]{0,40}",
            any::<String>(),
        ]
    };
    let header = (any_json(), prop::sample::select(vec!["RS256", "none", "HS256", "ES256", "EdDSA", "x"]))
        .prop_map(|(kid, alg)| super::part(&json!({ "alg": alg, "kid": kid })));
    let jwt = (prop_oneof![header, part()], part(), part()).prop_map(|(a, b, c)| format!("{a}.{b}.{c}").into_bytes());
    let body = prop_oneof![4 => jwt, 1 => any::<Vec<u8>>()];
    let media_type = prop_oneof![3 => Just(MEDIA_TYPE.to_owned()), 1 => any::<String>()];
    let outcome = runner().run(&(media_type, body), |(media_type, body)| {
        let event = Event::post("/security-events").body(&media_type, body);
        let answer = runtime.block_on(world.instance.send(&event));
        prop_assert_eq!(answer.status(), 400, "{}", answer.body());
        prop_assert_eq!(answer.header("content-language"), Some("en"));
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(world.items(), before);
    assert_taken(&runtime.block_on(deliver(&world, &end(&world))));
}
