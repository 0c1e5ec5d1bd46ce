//! Who signed a token: Google with a key that it publishes, or nobody that counts.

use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaEncoding,
    },
};

use super::*;

/// The id of the key that signs now.
fn kid(world: &World) -> Value {
    json_of(&parts(&end(world))[0])["kid"].clone()
}

/// A key that is not one of those that Google publishes.
fn foreign_key(world: &World) -> KeyPair {
    let file = world.google.service_account_key();
    let pem = file["private_key"].as_str().unwrap();
    let inside: String = pem.split("-----").nth(2).unwrap().split_whitespace().collect();
    KeyPair::from_pkcs8(&STANDARD.decode(inside).unwrap()).unwrap()
}

fn signed_with(key: &KeyPair, encoding: &'static dyn RsaEncoding, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header(algorithm: &str, kid: &Value) -> Value {
    json!({ "alg": algorithm, "kid": kid, "typ": "secevent+jwt" })
}

/// Asserts that a token is refused with one of those words, and that nothing came of it.
async fn assert_not_believed(world: &World, token: &str, words: &[&str]) {
    let before = (world.items(), world.aws.faults().calls("DynamoDB"), world.aws.faults().calls("KMS"));
    let answer = deliver(world, token).await;
    let err = answer.json().unwrap()["err"].as_str().unwrap().to_owned();
    assert!(words.contains(&err.as_str()), "{err}: {token}");
    assert_refused(&answer, &err);
    let after = (world.items(), world.aws.faults().calls("DynamoDB"), world.aws.faults().calls("KMS"));
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_token_that_was_changed_is_not_believed() {
    let world = connected().await;
    let [head, payload, signature] = parts(&end(&world));
    let other = part(&claims(&world, &one("risc", "account-disabled", &about(ANNA))));
    let flipped = |text: &str| format!("{}{}", if text.starts_with('A') { 'B' } else { 'A' }, &text[1..]);
    for token in [
        format!("{head}.{other}.{signature}"),
        format!("{head}.{payload}.{}", flipped(&signature)),
        format!("{head}.{payload}.{}", &signature[..signature.len() - 4]),
        format!("{head}.{payload}."),
        format!("{head}.{payload}.{signature}AAAA"),
        format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 256])),
    ] {
        assert_not_believed(&world, &token, &["authentication_failed", "invalid_request"]).await;
    }
    assert_taken(&deliver(&world, &format!("{head}.{payload}.{signature}")).await);
}

#[tokio::test]
async fn a_key_that_is_not_googles_signs_nothing() {
    let world = connected().await;
    let (key, claims, kid) = (foreign_key(&world), ending(&world), kid(&world));
    let sign = |header: &Value| signed_with(&key, &RSA_PKCS1_SHA256, header, &claims);
    assert_not_believed(&world, &sign(&header("RS256", &kid)), &["authentication_failed"]).await;
    let with = |name: &str, value: Value| {
        let mut header = header("RS256", &kid);
        header[name] = value;
        header
    };
    let public = key.public();
    let components = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(public);
    let jwk = json!({ "kty": "RSA", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(components.n),
        "e": URL_SAFE_NO_PAD.encode(components.e) });
    for header in [
        with("jwk", jwk),
        with("jku", json!("https://evil.example.com/jwks")),
        with("x5u", json!("https://evil.example.com")),
    ] {
        assert_not_believed(&world, &sign(&header), &["authentication_failed", "invalid_request"]).await;
    }
}

#[tokio::test]
async fn the_algorithm_is_rs256_and_the_token_does_not_choose_it() {
    let world = connected().await;
    let (claims, kid) = (ending(&world), kid(&world));
    let words = ["authentication_failed", "invalid_request"];
    for none in ["none", "None", "NONE", "nOnE", "", "RS256 "] {
        let unsigned = format!("{}.{}.", part(&header(none, &kid)), part(&claims));
        assert_not_believed(&world, &unsigned, &words).await;
    }
    for algorithm in ["RS384", "RS512", "PS256", "ES256", "HS256", "EdDSA"] {
        assert_not_believed(&world, &with_header(&end(&world), &header(algorithm, &kid)), &words).await;
    }
    let key = foreign_key(&world);
    for (algorithm, encoding) in [("RS384", &RSA_PKCS1_SHA384 as &dyn RsaEncoding), ("PS256", &RSA_PSS_SHA256)] {
        let token = signed_with(&key, encoding, &header(algorithm, &kid), &claims);
        assert_not_believed(&world, &token, &words).await;
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret_to_sign_with() {
    let world = connected().await;
    let (claims, kid, jwks) = (ending(&world), kid(&world), jwks(&world).await.unwrap());
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    let n = key["n"].as_str().unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(n).unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&modulus));
    for secret in [n.as_bytes(), &modulus, pem.as_bytes(), key.to_string().as_bytes(), b""] {
        let signed = format!("{}.{}", part(&header("HS256", &kid)), part(&claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_not_believed(&world, &token, &["authentication_failed"]).await;
    }
}

#[tokio::test]
async fn a_signature_on_an_elliptic_curve_is_none_of_googles() {
    let world = connected().await;
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let signed = format!("{}.{}", part(&header("ES256", &kid(&world))), part(&ending(&world)));
    let signature = key.sign(&random, signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_not_believed(&world, &token, &["authentication_failed"]).await;
}

#[tokio::test]
async fn a_token_names_the_key_that_signed_it() {
    let world = connected().await;
    let signed = end(&world);
    let before = kid(&world);
    for (kid, words) in [
        (json!(null), &["invalid_key"][..]),
        (json!("of-nobody"), &["invalid_key"]),
        (json!(""), &["invalid_key"]),
        (json!("k".repeat(10_000)), &["invalid_key"]),
        (json!(7), &["invalid_request", "invalid_key"]),
        (json!(["a"]), &["invalid_request", "invalid_key"]),
    ] {
        assert_not_believed(&world, &with_header(&signed, &header("RS256", &kid)), words).await;
    }
    assert_not_believed(&world, &with_header(&signed, &json!({ "alg": "RS256" })), &["invalid_key"]).await;
    world.google.rotate_keys();
    let other = with_header(&end(&world), &header("RS256", &before));
    assert_not_believed(&world, &other, &["authentication_failed"]).await;
}

#[tokio::test]
async fn after_a_rotation_the_new_key_counts_at_once_and_the_old_one_while_it_is_published() {
    let world = connected().await;
    let harmless = |world: &World| saying(world, "risc", "account-enabled", &about(ANNA));
    let (first, second) = (harmless(&world), harmless(&world));
    assert_taken(&deliver(&world, &first).await);
    world.google.rotate_keys();
    assert_taken(&deliver(&world, &harmless(&world)).await);
    assert_taken(&deliver(&world, &second).await);
    let third = with_header(&second, &header("RS256", &kid(&world)));
    assert_not_believed(&world, &third, &["authentication_failed"]).await;
    world.clock.advance(Duration::from_mins(1));
    world.google.rotate_keys();
    assert_taken(&deliver(&world, &harmless(&world)).await);
    let of_first_turn = with(json_of(&parts(&first)[1]), "jti", json!(fresh_jti()));
    let forged = format!("{}.{}.{}", parts(&first)[0], part(&of_first_turn), parts(&first)[2]);
    assert_not_believed(&world, &forged, &["invalid_key"]).await;
}

#[tokio::test]
async fn a_token_of_a_key_that_is_no_longer_published_is_refused() {
    let world = connected().await;
    let old = end(&world);
    world.google.rotate_keys();
    world.google.rotate_keys();
    assert_not_believed(&world, &old, &["invalid_key"]).await;
}
