//! Drives the embedded AWS with the AWS SDKs.

#![cfg(test)]

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};
use local::aws::{AwsFault, Effect, EmbeddedAws, Options};
use serde_json::json;
use shared::domain::{random::SystemRandomness, time::SystemClock};
use tokio::net::TcpListener;

const TABLE: &str = "connections";

async fn start(file: Option<PathBuf>) -> EmbeddedAws {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options { file, clock: Arc::new(SystemClock), random: Arc::new(SystemRandomness::default()) };
    let (aws, _) = EmbeddedAws::start(listener, options).unwrap();
    aws.create_table(TABLE).unwrap();
    aws
}

fn kms(aws: &EmbeddedAws) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::new(&aws.sdk_config())
}

fn secrets(aws: &EmbeddedAws) -> aws_sdk_secretsmanager::Client {
    aws_sdk_secretsmanager::Client::new(&aws.sdk_config())
}

fn dynamodb(aws: &EmbeddedAws) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&aws.sdk_config())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A data key under a new key, for the user `1`: the key's ARN and the wrapped data key.
async fn data_key(aws: &EmbeddedAws) -> (String, Vec<u8>, Blob) {
    let key = aws.kms().create_key().unwrap();
    let request = kms(aws).generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256);
    let answer = request.encryption_context("user_id", "1").send().await.unwrap();
    (key, answer.plaintext.unwrap().into_inner(), answer.ciphertext_blob.unwrap())
}

#[tokio::test]
async fn a_data_key_is_unwrapped_with_its_context() {
    let aws = start(None).await;
    let (key, plaintext, wrapped) = data_key(&aws).await;
    let request = kms(&aws).decrypt().key_id(&key).ciphertext_blob(wrapped);
    let answer = request.encryption_context("user_id", "1").send().await.unwrap();
    assert_eq!(answer.plaintext.unwrap().into_inner(), plaintext);
    assert_eq!(plaintext.len(), 32);
}

#[tokio::test]
async fn a_data_key_of_another_context_is_refused() {
    let aws = start(None).await;
    let (key, _, wrapped) = data_key(&aws).await;
    for context in [Some("2"), None] {
        let mut request = kms(&aws).decrypt().key_id(&key).ciphertext_blob(wrapped.clone());
        if let Some(user) = context {
            request = request.encryption_context("user_id", user);
        }
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_ciphertext_exception(), "{error:?}");
    }
}

#[tokio::test]
async fn a_changed_ciphertext_is_refused() {
    let aws = start(None).await;
    let (key, _, wrapped) = data_key(&aws).await;
    let mut changed = wrapped.into_inner();
    *changed.last_mut().unwrap() ^= 1;
    let request = kms(&aws).decrypt().key_id(&key).ciphertext_blob(Blob::new(changed));
    let error = request.encryption_context("user_id", "1").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_ciphertext_exception(), "{error:?}");
}

#[tokio::test]
async fn a_data_key_of_another_key_is_refused() {
    let aws = start(None).await;
    let (_, _, wrapped) = data_key(&aws).await;
    let other = aws.kms().create_key().unwrap();
    let request = kms(&aws).decrypt().key_id(other).ciphertext_blob(wrapped);
    let error = request.encryption_context("user_id", "1").send().await.unwrap_err().into_service_error();
    assert!(error.is_incorrect_key_exception(), "{error:?}");
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let aws = start(None).await;
    let (key, _, wrapped) = data_key(&aws).await;
    let decrypt = || kms(&aws).decrypt().ciphertext_blob(wrapped.clone()).encryption_context("user_id", "1").send();
    aws.kms().disable(&key).unwrap();
    let error = decrypt().await.unwrap_err().into_service_error();
    assert!(error.is_disabled_exception(), "{error:?}");
    aws.kms().enable(&key).unwrap();
    decrypt().await.unwrap();
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let aws = start(None).await;
    let request = kms(&aws).generate_data_key().key_id("00000000-0000-4000-8000-000000000000");
    let error = request.key_spec(DataKeySpec::Aes256).send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
}

#[tokio::test]
async fn keys_are_made_and_described_over_the_wire() {
    let aws = start(None).await;
    let made = kms(&aws).create_key().send().await.unwrap().key_metadata.unwrap();
    let disabled = kms(&aws).disable_key().key_id(&made.key_id).send().await;
    disabled.unwrap();
    let described = kms(&aws).describe_key().key_id(made.arn.unwrap()).send().await.unwrap().key_metadata.unwrap();
    assert!(made.enabled);
    assert!(!described.enabled);
}

#[tokio::test]
async fn a_rotated_secret_has_its_forerunner_as_previous() {
    let aws = start(None).await;
    secrets(&aws).create_secret().name("cookie-key").secret_string("first").send().await.unwrap();
    secrets(&aws).put_secret_value().secret_id("cookie-key").secret_string("second").send().await.unwrap();
    secrets(&aws).put_secret_value().secret_id("cookie-key").secret_string("third").send().await.unwrap();
    let value = async |stage: &str| {
        let request = secrets(&aws).get_secret_value().secret_id("cookie-key").version_stage(stage);
        request.send().await.unwrap().secret_string.unwrap()
    };
    assert_eq!(value("AWSCURRENT").await, "third");
    assert_eq!(value("AWSPREVIOUS").await, "second");
    let described = secrets(&aws).describe_secret().secret_id("cookie-key").send().await.unwrap();
    assert_eq!(described.version_ids_to_stages.unwrap().len(), 2);
}

#[tokio::test]
async fn a_secret_is_found_by_its_arn_and_by_its_version() {
    let aws = start(None).await;
    let made = secrets(&aws).create_secret().name("a/client-secret").secret_string("text").send().await.unwrap();
    let arn = made.arn.unwrap();
    let partial = arn.rsplit_once('-').unwrap().0;
    for id in [arn.as_str(), partial, "a/client-secret"] {
        let request = secrets(&aws).get_secret_value().secret_id(id).version_id(made.version_id.clone().unwrap());
        assert_eq!(request.send().await.unwrap().secret_string.unwrap(), "text");
    }
    let wrong = secrets(&aws).get_secret_value().secret_id(format!("{partial}-ffffff")).send().await;
    assert!(wrong.unwrap_err().into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn a_secret_without_a_previous_version_has_none() {
    let aws = start(None).await;
    aws.secrets().put("cookie-key", "first").unwrap();
    let request = secrets(&aws).get_secret_value().secret_id("cookie-key").version_stage("AWSPREVIOUS");
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}

#[tokio::test]
async fn secrets_read_together_name_the_missing_one() {
    let aws = start(None).await;
    aws.secrets().put("here", "text").unwrap();
    let request = secrets(&aws).batch_get_secret_value().secret_id_list("here").secret_id_list("gone");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.secret_values()[0].secret_string(), Some("text"));
    assert_eq!(answer.errors()[0].secret_id(), Some("gone"));
    assert_eq!(answer.errors()[0].error_code(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn a_secret_is_made_once() {
    let aws = start(None).await;
    aws.secrets().put("name", "text").unwrap();
    let again = secrets(&aws).create_secret().name("name").secret_string("other").send().await;
    assert!(again.unwrap_err().into_service_error().is_resource_exists_exception());
}

#[tokio::test]
async fn a_conditional_write_that_fails_says_so() {
    let aws = start(None).await;
    let put = || {
        let request = dynamodb(&aws).put_item().table_name(TABLE).item("pk", text("a"));
        request.condition_expression("attribute_not_exists(pk)").send()
    };
    put().await.unwrap();
    let error = put().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    assert_eq!(aws.items(TABLE).unwrap(), [json!({"pk": {"S": "a"}})]);
}

#[tokio::test]
async fn the_functions_table_expires_items_by_expires_at() {
    let aws = start(None).await;
    aws.create_table(TABLE).unwrap();
    let answer = dynamodb(&aws).describe_time_to_live().table_name(TABLE).send().await.unwrap();
    assert_eq!(answer.time_to_live_description.unwrap().attribute_name.unwrap(), "expires_at");
}

#[tokio::test]
async fn a_table_that_is_not_there_is_not_found() {
    let aws = start(None).await;
    let answer = dynamodb(&aws).get_item().table_name("other").key("pk", text("a")).send().await;
    assert!(answer.unwrap_err().into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn everything_is_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    let first = start(Some(file.clone())).await;
    let (_, plaintext, wrapped) = data_key(&first).await;
    first.secrets().put("name", "text").unwrap();
    first.put_item(TABLE, &json!({"pk": {"S": "a"}})).unwrap();
    first.put_state("google", "snapshot").unwrap();

    let second = start(Some(file)).await;
    let request = kms(&second).decrypt().ciphertext_blob(wrapped).encryption_context("user_id", "1");
    assert_eq!(request.send().await.unwrap().plaintext.unwrap().into_inner(), plaintext);
    assert_eq!(second.secrets().current("name").unwrap().as_deref(), Some("text"));
    assert!(second.item(TABLE, "a").unwrap().is_some());
    assert_eq!(second.state("google").unwrap().as_deref(), Some("snapshot"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "not a database, but long enough to be looked at. ".repeat(100)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options =
        Options { file: Some(file), clock: Arc::new(SystemClock), random: Arc::new(SystemRandomness::default()) };
    let error = EmbeddedAws::start(listener, options).err().unwrap();
    assert!(error.to_string().contains("notes.txt cannot be used"), "{error}");
}

#[tokio::test]
async fn a_fault_ends_after_its_number_of_calls() {
    let aws = start(None).await;
    aws.faults().fail("DynamoDB.GetItem", AwsFault::times(1, Effect::Error { code: "AccessDeniedException".into() }));
    let get = || dynamodb(&aws).get_item().table_name(TABLE).key("pk", text("a")).send();
    get().await.unwrap_err();
    get().await.unwrap();
    assert_eq!(aws.faults().calls("DynamoDB.GetItem"), 2);
    assert_eq!(aws.faults().calls("DynamoDB"), 2);
    assert_eq!(aws.faults().calls("KMS"), 0);
}

#[tokio::test]
async fn the_sdk_retries_what_it_may() {
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect, Effect::LoseAnswer] {
        let aws = start(None).await;
        aws.faults().fail("SecretsManager", AwsFault::times(1, effect.clone()));
        aws.secrets().put("name", "text").unwrap();
        let answer = secrets(&aws).get_secret_value().secret_id("name").send().await;
        assert!(answer.is_ok(), "{effect:?}: {answer:?}");
        assert_eq!(aws.faults().calls("SecretsManager.GetSecretValue"), 2, "{effect:?}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_done_and_one_whose_connection_is_cut_is_not() {
    for (effect, written) in [(Effect::LoseAnswer, true), (Effect::Disconnect, false)] {
        let aws = start(None).await;
        aws.faults().fail("DynamoDB.PutItem", AwsFault::always(effect.clone()));
        let config = aws_sdk_dynamodb::config::Builder::from(&aws.sdk_config());
        let once = config.retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled()).build();
        let client = aws_sdk_dynamodb::Client::from_conf(once);
        let answer = client.put_item().table_name(TABLE).item("pk", text("a")).send().await;
        assert!(answer.is_err(), "{effect:?}");
        assert_eq!(aws.item(TABLE, "a").unwrap().is_some(), written, "{effect:?}");
    }
}

#[tokio::test]
async fn a_call_that_hangs_never_answers_and_a_delayed_one_does() {
    let aws = start(None).await;
    aws.faults().fail("DynamoDB.GetItem", AwsFault::always(Effect::Hang));
    let get = || dynamodb(&aws).get_item().table_name(TABLE).key("pk", text("a")).send();
    assert!(tokio::time::timeout(Duration::from_millis(200), get()).await.is_err());
    aws.faults().fail("DynamoDB.GetItem", AwsFault::always(Effect::Delay(Duration::from_millis(50))));
    let before = tokio::time::Instant::now();
    get().await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(50));
    aws.faults().clear("DynamoDB.GetItem");
    get().await.unwrap();
}

#[tokio::test]
async fn a_gate_stops_a_call_before_it_is_executed() {
    let aws = start(None).await;
    let mut gate = aws.faults().hold("DynamoDB.PutItem");
    let put = tokio::spawn(dynamodb(&aws).put_item().table_name(TABLE).item("pk", text("a")).send());
    gate.reached().await;
    assert_eq!(aws.item(TABLE, "a").unwrap(), None);
    gate.release();
    put.await.unwrap().unwrap();
    assert!(aws.item(TABLE, "a").unwrap().is_some());
}
