use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};
use local::aws::{EmbeddedAws, Options};
use shared::domain::{random::SystemRandomness, time::SystemClock};
use tokio::net::TcpListener;

pub(super) const TABLE: &str = "connections";

pub(super) fn options(file: Option<PathBuf>) -> Options {
    Options { file, clock: Arc::new(SystemClock), random: Arc::new(SystemRandomness::default()) }
}

pub(super) async fn start_without_table(file: Option<PathBuf>) -> EmbeddedAws {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (aws, _) = EmbeddedAws::start(listener, options(file)).unwrap();
    aws.roles().deploy(&BTreeMap::from([("CONNECTIONS_TABLE".to_owned(), TABLE.to_owned())]));
    aws
}

pub(super) async fn start(file: Option<PathBuf>) -> EmbeddedAws {
    let aws = start_without_table(file).await;
    aws.create_table(TABLE).unwrap();
    aws
}

pub(super) fn kms(aws: &EmbeddedAws) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::new(&aws.sdk_config())
}

pub(super) fn secrets(aws: &EmbeddedAws) -> aws_sdk_secretsmanager::Client {
    aws_sdk_secretsmanager::Client::new(&aws.sdk_config())
}

pub(super) fn dynamodb(aws: &EmbeddedAws) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&aws.sdk_config())
}

pub(super) fn events(aws: &EmbeddedAws) -> aws_sdk_eventbridge::Client {
    aws_sdk_eventbridge::Client::new(&aws.sdk_config())
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A data key under a new key, for the user `1`: the key's ARN and the wrapped data key.
pub(super) async fn data_key(aws: &EmbeddedAws) -> (String, Vec<u8>, Blob) {
    let key = aws.kms().create_key().unwrap();
    let request = kms(aws).generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256);
    let answer = request.encryption_context("user_id", "1").send().await.unwrap();
    (key, answer.plaintext.unwrap().into_inner(), answer.ciphertext_blob.unwrap())
}
