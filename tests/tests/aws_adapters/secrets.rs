//! Secrets: both in one call where that works, each on its own where it does not.

use local::aws::{AwsFault, Effect};
use serde_json::json;
use shared::secrets::{SecretStore, SecretStoreError, SecretText};

use super::recorder::*;

const IDS: [&str; 2] = ["client-secret", "cookie-key"];

async fn aws() -> Aws {
    let aws = Aws::start().await;
    for (id, text) in IDS.into_iter().zip(["{\"web\":{}}", "a cookie key"]) {
        aws.embedded.secrets().put(id, text).unwrap();
    }
    aws
}

fn texts(values: &[SecretText]) -> Vec<&str> {
    values.iter().map(|value| value.as_str()).collect()
}

fn operations(aws: &Aws) -> Vec<String> {
    let mut operations: Vec<_> = aws.take_calls().into_iter().map(|(operation, _)| operation).collect();
    operations.dedup();
    operations
}

#[tokio::test]
async fn both_secrets_come_in_one_call_in_the_order_of_their_ids() {
    let aws = aws().await;
    let values = aws.secrets().current(&IDS).await.unwrap();
    assert_eq!(texts(&values), ["{\"web\":{}}", "a cookie key"]);
    assert_eq!(aws.take_call(), ("BatchGetSecretValue".to_owned(), json!({"SecretIdList": IDS})));
    let values = aws.secrets().current(&[IDS[1], IDS[0]]).await.unwrap();
    assert_eq!(texts(&values), ["a cookie key", "{\"web\":{}}"]);
}

#[tokio::test]
async fn where_the_one_call_is_refused_each_secret_is_read_on_its_own() {
    let aws = aws().await;
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    aws.embedded.faults().fail("SecretsManager.BatchGetSecretValue", AwsFault::always(denied));
    let values = aws.secrets().current(&IDS).await.unwrap();
    assert_eq!(texts(&values), ["{\"web\":{}}", "a cookie key"]);
    assert_eq!(operations(&aws), ["BatchGetSecretValue", "GetSecretValue"]);
    assert_eq!(aws.embedded.faults().calls("SecretsManager.GetSecretValue"), 2);
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named() {
    let aws = aws().await;
    let error = aws.secrets().current(&["client-secret", "nowhere"]).await.unwrap_err();
    assert!(matches!(&error, SecretStoreError::Missing { id } if id == "nowhere"), "{error}");
}

#[tokio::test]
async fn the_previous_value_is_there_once_there_was_another() {
    let aws = aws().await;
    assert!(aws.secrets().previous("cookie-key").await.unwrap().is_none());
    let request = json!({"SecretId": "cookie-key", "VersionStage": "AWSPREVIOUS"});
    assert_eq!(aws.take_call(), ("GetSecretValue".to_owned(), request));
    aws.embedded.secrets().put("cookie-key", "a newer cookie key").unwrap();
    assert_eq!(aws.secrets().previous("cookie-key").await.unwrap().unwrap().as_str(), "a cookie key");
    assert_eq!(texts(&aws.secrets().current(&IDS).await.unwrap())[1], "a newer cookie key");
}
