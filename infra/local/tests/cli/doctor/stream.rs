//! The stream of security events, registered or not.

use local::{
    doctor::{Inputs, Status},
    security_event_stream::EVENT_TYPES,
    stack::Stack,
};
use serde_json::json;
use shared::domain::origin::Origin;
use tempfile::TempDir;

use super::support::{found, inputs, only, stack};
use crate::cli::risc::{self, Risc};

const CHECK: &str = "security-event-stream";
const PUSH: &str = "https://schemas.openid.net/secevent/risc/delivery-method/push";

fn with_key(stack: &Stack, folder: &TempDir, origin: &str) -> Inputs {
    let file = folder.path().join("key.json");
    std::fs::write(&file, risc::key_file().to_string()).unwrap();
    Inputs { key: Some(file), risc: Origin::parse(origin).unwrap(), ..inputs(stack, &[]) }
}

#[tokio::test]
async fn a_registered_stream_is_good_and_each_difference_is_a_problem() {
    let ((risc, origin), stack, folder) = (Risc::start().await, stack().await, tempfile::tempdir().unwrap());
    let inputs = with_key(&stack, &folder, &origin);
    let configuration = |base: &str| {
        let delivery = json!({"delivery_method": PUSH, "url": format!("{base}/security-events")});
        json!({"delivery": delivery, "events_requested": EVENT_TYPES})
    };
    risc.hold(configuration(stack.base_url()), "enabled");
    let findings = found(&inputs, CHECK).await;
    assert!(findings.len() == 1 && findings[0].status == Status::Ok, "{findings:?}");
    risc.hold(configuration("https://other.example.com"), "enabled");
    let text = only(&inputs, CHECK, Status::Problem).await;
    assert!(text.contains("https://other.example.com"), "{text}");
    risc.hold(configuration(stack.base_url()), "disabled");
    assert!(only(&inputs, CHECK, Status::Problem).await.contains("status --enable"));
}

#[tokio::test]
async fn a_refusal_comes_with_its_remedy() {
    let ((risc, origin), stack, folder) = (Risc::start().await, stack().await, tempfile::tempdir().unwrap());
    let inputs = with_key(&stack, &folder, &origin);
    assert!(only(&inputs, CHECK, Status::Problem).await.contains("register --url"));
    risc.refuse(403, "Service account needs permission to access your RISC configuration");
    assert!(only(&inputs, CHECK, Status::Problem).await.contains("roles/riscconfigs.admin"));
}

#[tokio::test]
async fn a_file_that_is_no_key_is_told() {
    let (stack, folder) = (stack().await, tempfile::tempdir().unwrap());
    let inputs = with_key(&stack, &folder, "http://localhost");
    std::fs::write(inputs.key.as_ref().unwrap(), r#"{"web": {}}"#).unwrap();
    assert!(only(&inputs, CHECK, Status::Problem).await.contains("client_secret.json"));
}
