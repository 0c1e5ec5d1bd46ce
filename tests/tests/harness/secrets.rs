//! The search for secrets in logs.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use proptest::prelude::*;
use serde_json::json;
use tests::secrets_search::{assert_no_secrets, leaks};

const SECRET: &str = "1//0g\"töken+with/all\\kinds of=characters";

fn encodings_found(text: &str) -> Vec<&'static str> {
    leaks(&[("log", text)], &[("refresh token", SECRET)]).iter().map(|leak| leak.encoding).collect()
}

#[test]
fn a_clean_text_passes() {
    assert_no_secrets(&[("log", "{\"level\":\"info\"} %zz \\x \\u12 a+b 1//0g"), ("", "")], &[("token", SECRET)]);
}

#[test]
fn a_plain_secret_is_found_with_its_line() {
    let text = format!("first\nsecond {SECRET}.\nthird");
    let found = leaks(&[("other", "clean"), ("log", &text)], &[("access token", "not in there"), ("token", SECRET)]);
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["token is in log, line 2 (plain)"]);
}

#[test]
fn a_secret_over_several_lines_is_found() {
    let found = leaks(&[("log", "a BEGIN\nKEY\nEND b")], &[("key", "BEGIN\nKEY\nEND")]);
    assert_eq!(found.iter().map(|leak| leak.line).collect::<Vec<_>>(), [None]);
}

#[test]
fn a_percent_encoded_secret_is_found() {
    let everything: Vec<_> = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(encodings_found(&everything.concat()), ["escaped"]);
    let url = url::Url::parse_with_params("https://example.com", [("token", SECRET)]).unwrap();
    assert_eq!(encodings_found(url.as_str()), ["escaped"]);
}

#[test]
fn a_json_escaped_secret_is_found_at_any_depth() {
    let once = json!({ "token": SECRET }).to_string();
    let twice = json!({ "body": once }).to_string();
    let thrice = json!({ "log": twice }).to_string();
    for text in [once, twice, thrice] {
        assert_eq!(encodings_found(&text), ["escaped"], "{text}");
    }
    let units: Vec<_> = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    assert_eq!(encodings_found(&units.concat()), ["escaped"]);
    assert_eq!(encodings_found(&SECRET.replace('\\', "\\\\").replace('/', "\\/").replace('"', "\\\"")), ["escaped"]);
}

#[test]
fn an_escaped_secret_within_base64_is_found() {
    let payload = URL_SAFE_NO_PAD.encode(json!({ "refresh_token": SECRET }).to_string());
    assert_eq!(encodings_found(&format!("header.{payload}.signature")), ["Base64"]);
}

#[test]
fn bytes_in_hexadecimal_and_in_a_debug_list_are_found() {
    let hexadecimal: Vec<_> = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(encodings_found(&hexadecimal.concat()), ["hexadecimal"]);
    assert_eq!(encodings_found(&format!("{:?}", SECRET.as_bytes())), ["byte list"]);
}

#[test]
fn the_message_names_the_secret_and_does_not_print_it() {
    let failure = std::panic::catch_unwind(|| assert_no_secrets(&[("log", SECRET)], &[("refresh token", SECRET)]));
    let message = failure.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("refresh token is in log, line 1"));
    assert!(!message.contains(SECRET));
}

#[test]
#[should_panic(expected = "state is too short to look for")]
fn a_secret_that_would_be_found_by_accident_is_refused() {
    assert_no_secrets(&[("log", "clean")], &[("state", "")]);
}

proptest! {
    #[test]
    fn base64_is_found_whatever_stands_around(
        before in proptest::collection::vec(any::<u8>(), 0..6),
        secret in "\\PC{8,40}",
        after in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        let bytes = [before.as_slice(), secret.as_bytes(), after.as_slice()].concat();
        for text in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            prop_assert_eq!(leaks(&[("log", &text)], &[("secret", &secret)]).len(), 1);
        }
    }
}
