//! What the program says when something is wrong: with its options, the key, the network or at Google.

use serde_json::json;

use super::{
    program::{KeyFile, security_events},
    risc::{self, Instead, Risc},
};

#[tokio::test]
async fn a_bad_option_is_one_line_and_status_2() {
    let key = KeyFile::good();
    for arguments in [
        &[][..],
        &["register"],
        &["register", "--url", "http://mail.example.com"],
        &["register", "--url", "https://mail.example.com/api"],
        &["status", "--enable", "--disable"],
        &["status", "--risc-url", "http://risc.example.com"],
        &["verify", "--port", "1"],
        &["unknown"],
    ] {
        let said = security_events(&[arguments, &["--key", &key.path()]].concat()).await;
        assert_eq!(said.status, Some(2), "{arguments:?}: {said:?}");
        assert!(said.error.starts_with("error: ") && said.error.lines().count() == 1, "{arguments:?}: {said:?}");
    }
}

#[tokio::test]
async fn without_a_key_it_says_how_to_give_one() {
    let said = security_events(&["status"]).await;
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.error.contains("--key FILE") && said.error.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{said:?}");
}

#[tokio::test]
async fn the_key_of_another_kind_is_told_by_name() {
    let mut cut = risc::key_file();
    cut["private_key"] = json!("-----BEGIN PRIVATE KEY-----\nMIIEvCutSecret\n-----END PRIVATE KEY-----\n");
    for (text, expected) in [
        ("no json", "it is not JSON"),
        (r#"{"web": {"client_id": "1"}}"#, "client_secret.json"),
        (r#"{"type": "external_account"}"#, "“external_account”"),
        (&cut.to_string(), "no RSA key"),
    ] {
        let key = KeyFile::new(text);
        let said = security_events(&["status", "--key", &key.path()]).await;
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.error.contains(expected) && said.error.contains(&key.path()), "{said:?}");
        assert!(!said.error.contains("MIIEv"), "{said:?}");
    }
    let said = security_events(&["status", "--key", "/nonexistent/key.json"]).await;
    assert!(said.error.contains("No such file or directory"), "{said:?}");
}

#[tokio::test]
async fn a_documented_refusal_comes_with_its_remedy() {
    let (risc, origin) = Risc::start().await;
    let key = KeyFile::good();
    for (status, message, expected) in [
        (403, "Delivery endpoint does not belong to any of your project's domains.", "custom domain"),
        (403, "Service account needs permission to access your RISC configuration", "roles/riscconfigs.admin"),
        (401, "Unauthorized.", "clock"),
    ] {
        risc.refuse(status, message);
        let register = ["register", "--url", "https://a.example.com", "--key", &key.path(), "--risc-url", &origin];
        let said = security_events(&register).await;
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.error.contains(expected) && said.error.contains(message), "{said:?}");
    }
}

#[tokio::test]
async fn a_reason_in_the_details_is_a_documented_refusal_too() {
    let (risc, origin) = Risc::start().await;
    let body = json!({"error": {"code": 403, "message": "No.", "details": [{}, {"reason": "SERVICE_DISABLED"}]}});
    risc.instead(Instead::Answer(403, body.to_string()));
    let said = security_events(&["status", "--json", "--key", &KeyFile::good().path(), "--risc-url", &origin]).await;
    assert_eq!(said.json()["error"]["code"], "api_disabled");
    assert_eq!(said.json()["error"]["google"], json!({"status": 403, "message": "No."}));
}

#[tokio::test]
async fn an_unknown_refusal_is_shown_as_google_said_it_without_what_harms_a_terminal() {
    let (risc, origin) = Risc::start().await;
    risc.refuse(403, &format!("A new\u{1b}[31m\nrule. {}", "x".repeat(10_000)));
    let said = security_events(&["status", "--key", &KeyFile::good().path(), "--risc-url", &origin]).await;
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.error.contains("A new[31m rule. xxx") && said.error.contains("403"), "{said:?}");
    assert!(said.error.len() < 1_000 && !said.error.contains('\u{1b}'), "{said:?}");
}

#[tokio::test]
async fn what_is_no_answer_of_the_api_is_told() {
    let (risc, origin) = Risc::start().await;
    for (status, body, expected) in [
        (500, r#"{"error": {"message": "Internal"}}"#, "google_unavailable"),
        (503, "<html>", "google_unavailable"),
        (429, "{}", "google_unavailable"),
        (404, "<html>", "strange_answer"),
        (200, "<html>", "strange_answer"),
        (200, "[]", "strange_answer"),
        (302, "", "strange_answer"),
    ] {
        risc.instead(Instead::Answer(status, body.to_owned()));
        let said =
            security_events(&["status", "--json", "--key", &KeyFile::good().path(), "--risc-url", &origin]).await;
        assert_eq!(said.status, Some(1), "{said:?}");
        assert_eq!(said.json()["error"]["code"], expected, "{status} {body}");
    }
}

#[tokio::test]
async fn an_address_with_nobody_behind_it_is_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said =
        security_events(&["status", "--key", &KeyFile::good().path(), "--risc-url", &format!("http://{free}")]).await;
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.error.contains("cannot be reached"), "{said:?}");
}
