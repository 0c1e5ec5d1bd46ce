//! Google, out of reach, failing or at another time.

use std::{sync::Arc, time::Duration};

use local::doctor::{Inputs, Status};
use shared::domain::time::{Clock, SystemClock};

use super::support::{FixedClock, found, inputs, only, stack, stack_with_fault};

#[tokio::test]
async fn an_endpoint_that_fails_is_named() {
    let stack = stack_with_fault("userinfo=503").await;
    let text = only(&inputs(&stack, &[]), "google", Status::Problem).await;
    assert!(text.contains("userinfo endpoint") && text.contains("503"), "{text}");
}

#[tokio::test]
async fn an_endpoint_out_of_reach_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stack = stack().await;
    let gmail = format!("http://{free}");
    let text = only(&inputs(&stack, &[("GMAIL_BASE_URL", &gmail)]), "google", Status::Problem).await;
    assert!(text.contains("Gmail API") && text.contains("cannot be reached"), "{text}");
}

#[tokio::test]
async fn a_key_set_without_keys_and_a_configuration_without_issuer_are_told() {
    let stack = stack().await;
    let page = format!("{}/authorize-url", stack.base_url());
    for (variable, name) in [("GOOGLE_JWKS_URI", "key set"), ("GOOGLE_RISC_CONFIGURATION_URI", "RISC configuration")] {
        let text = only(&inputs(&stack, &[(variable, &page)]), "google", Status::Problem).await;
        assert!(text.contains(name) && text.contains("none of what it should hold"), "{text}");
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_by_how_much() {
    let stack = stack().await;
    for (seconds, status) in [(20, Status::Warning), (120, Status::Problem)] {
        let clock = Arc::new(FixedClock(SystemClock.now().after(Duration::from_secs(seconds))));
        let inputs = Inputs { clock, ..inputs(&stack, &[]) };
        let findings = found(&inputs, "clock").await;
        assert_eq!(findings[0].status, status, "{findings:?}");
        assert!(findings[0].detail.contains("s ahead of Google's"), "{findings:?}");
    }
}
