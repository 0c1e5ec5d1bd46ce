//! What the function's own process prints: what happened and to whom, and neither tokens nor what names one.

use tests::runtime_api::FunctionProcess;

use super::*;

async fn send(process: &FunctionProcess, token: &str) -> u16 {
    process.ask(&post(token)).await.status()
}

/// The one line that holds these members.
#[track_caller]
fn line<'a>(lines: &'a [Value], level: &str, members: &[(&str, &str)]) -> &'a Value {
    let holds = |line: &&Value| line["level"] == level && members.iter().all(|(name, value)| line[*name] == *value);
    let found: Vec<_> = lines.iter().filter(holds).collect();
    assert_eq!(found.len(), 1, "{members:?} in {lines:?}");
    found[0]
}

#[tokio::test]
async fn a_verification_is_logged_with_its_state_and_the_rest_with_what_happened() {
    let world = connected().await;
    let process = world.process("security-events", &[("RUST_LOG", "info")]).await;
    let anna = sub(ANNA);
    let tokens = [
        saying(&world, "risc", "verification", &json!({ "state": "the state of a test" })),
        saying(&world, "risc", "account-enabled", &about(ANNA)),
        saying(&world, "risc", "account-credential-change-required", &about(ANNA)),
        saying(&world, "risc", "account-purged", &about(ANNA)),
        saying(&world, "risc", "sessions-revoked", &about(ANNA)),
        end(&world),
    ];
    for token in &tokens {
        assert_eq!(send(&process, token).await, 202);
    }
    assert_eq!(send(&process, tokens.last().unwrap()).await, 202);
    assert_eq!(send(&process, "garbage").await, 400);
    let lines = process.lines(tokens.len() + 2).await;
    line(&lines, "info", &[("state", "the state of a test")]);
    line(&lines, "warn", &[("event_type", &uri("risc", "account-purged"))]);
    line(&lines, "info", &[("user_id", &anna), ("event", "tokens_revoked"), ("status", "revoked")]);
    line(&lines, "warn", &[("user_id", &anna), ("message", "Google wants the account's credentials to be changed")]);
    line(&lines, "info", &[("user_id", &anna), ("message", "Google enabled the account again")]);
    line(&lines, "info", &[("user_id", &anna), ("message", "Google ended the user's sessions; ours end too")]);
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    let outcomes: Vec<_> = requests.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    let taken = ["accepted"; 6];
    assert_eq!(outcomes, [&taken[..], &["repeat", "invalid_request"]].concat());
    assert!(requests.iter().all(|line| line["route"] == "POST /security-events"));
}

#[tokio::test]
async fn what_others_wrote_is_cut_before_it_is_printed() {
    let world = connected().await;
    let process = world.process("security-events", &[("RUST_LOG", "info")]).await;
    let long = "s".repeat(20_000);
    let injected = "a\n{\"level\":\"error\",\"message\":\"forged\"}";
    let events = json!({
        uri("risc", "verification"): { "state": long },
        uri("oauth", "verification"): { "state": injected },
        "t".repeat(20_000): {},
    });
    let set = world.google.security_event(&claims(&world, &events));
    assert_eq!(send(&process, &set).await, 202);
    let lines = process.lines(1).await;
    assert!(!lines.iter().any(|line| line["message"] == "forged"));
    assert!(process.output().lines().all(|line| line.len() < 2_000));
}

#[tokio::test]
async fn neither_tokens_nor_what_names_them_are_printed_at_any_level() {
    let world = connected().await;
    let process = world.process("security-events", &[("RUST_LOG", "trace")]).await;
    let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
    let prefix = token_revoked::named(local::google::TokenName::Prefix, &token);
    let hash = token_revoked::named(local::google::TokenName::Hash, &token);
    let sets = [&prefix, &hash].map(|subject| saying(&world, "oauth", "token-revoked", &json!({ "subject": subject })));
    let forged = with_header(&end(&world), &json!({ "alg": "RS256", "kid": "a-kid-of-nobody" }));
    for (set, status) in [(&sets[0], 202), (&sets[1], 202), (&forged, 400)] {
        assert_eq!(send(&process, set).await, status);
    }
    process.lines(3).await;
    let output = process.output();
    world.assert_nothing_readable("the log", &output);
    let [_, payload, signature] = parts(&sets[0]);
    for secret in [prefix["token"].as_str().unwrap(), hash["token"].as_str().unwrap(), &payload, &signature, ANNA] {
        assert!(!output.contains(secret), "{secret}");
    }
}
