//! Secrets that cannot be read or hold something else; and the key.

use local::{
    doctor::{Status, examine},
    stack::{CLIENT_SECRET_ID, COOKIE_KEY_SECRET_ID},
};

use super::support::{found, inputs, only, stack, stack_with_fault};

#[tokio::test]
async fn a_secret_that_does_not_exist_is_named() {
    let stack = stack().await;
    let text = only(&inputs(&stack, &[("COOKIE_KEY_SECRET_ID", "missing")]), "secrets", Status::Problem).await;
    assert!(text.contains("COOKIE_KEY_SECRET_ID") && text.contains("does not exist"), "{text}");
}

#[tokio::test]
async fn a_denied_secret_names_the_action() {
    let stack = stack_with_fault("SecretsManager=AccessDeniedException").await;
    let findings = found(&inputs(&stack, &[]), "secrets").await;
    assert!(findings.iter().all(|it| it.status == Status::Problem), "{findings:#?}");
    assert!(findings[0].detail.contains("secretsmanager:GetSecretValue"), "{findings:#?}");
}

#[tokio::test]
async fn a_secret_that_holds_something_else_is_told_and_never_shown() {
    let stack = stack().await;
    stack.aws().secrets().put(COOKIE_KEY_SECRET_ID, "too-short").unwrap();
    stack.aws().secrets().put(CLIENT_SECRET_ID, r#"{"installed": {"client_secret": "GOCSPX-x"}}"#).unwrap();
    let findings = examine(&inputs(&stack, &[])).await;
    let problem = |check| findings.iter().find(|it| it.check == check && it.status == Status::Problem).unwrap();
    assert!(problem("secrets").detail.contains("fewer than 32 characters"));
    assert!(problem("client-secret").detail.contains("desktop client"));
    let all = format!("{findings:?}");
    assert!(!all.contains("too-short") && !all.contains("GOCSPX"), "{all}");
}

#[tokio::test]
async fn a_disabled_key_is_told() {
    let stack = stack().await;
    let key = stack.variables()["TOKEN_KMS_KEY_ID"].clone();
    aws_sdk_kms::Client::new(&stack.aws().sdk_config()).disable_key().key_id(key).send().await.unwrap();
    let findings = found(&inputs(&stack, &[]), "key").await;
    assert!(findings[0].detail.contains("not enabled (Disabled)"), "{findings:#?}");
    assert!(findings[1].detail.contains("DisabledException"), "{findings:#?}");
}

#[tokio::test]
async fn a_key_that_is_not_there_or_denied_names_the_action() {
    let stack = stack().await;
    let missing = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000";
    let findings = found(&inputs(&stack, &[("TOKEN_KMS_KEY_ID", missing)]), "key").await;
    assert!(findings.iter().all(|it| it.status == Status::Problem), "{findings:#?}");
    assert!(findings[0].detail.contains("TOKEN_KMS_KEY_ID") && findings[0].detail.contains("does not exist"));
    for (fault, status, action) in [
        ("KMS.DescribeKey=AccessDeniedException", Status::Warning, "kms:DescribeKey"),
        ("KMS.GenerateDataKey=AccessDeniedException", Status::Problem, "kms:GenerateDataKey"),
        ("KMS.Decrypt=AccessDeniedException", Status::Problem, "kms:Decrypt"),
    ] {
        let stack = stack_with_fault(fault).await;
        let text = only(&inputs(&stack, &[]), "key", status).await;
        assert!(text.contains(action), "{text}");
    }
}
