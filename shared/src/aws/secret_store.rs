//! Secrets in AWS Secrets Manager.

use async_trait::async_trait;
use aws_sdk_secretsmanager::{
    Client, config::Builder, error::SdkError, operation::get_secret_value::GetSecretValueError, primitives::Blob,
    types::SecretValueEntry,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use futures_util::future::try_join_all;
use zeroize::Zeroizing;

use super::{
    call_log::{CallLog, RetryBudget},
    failure::Failure,
};
use crate::{
    secrets::{SecretStore, SecretStoreError, SecretText},
    telemetry::timed,
};

/// Secrets Manager.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// The Secrets Manager that the configuration leads to.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::from_conf(Builder::from(config).interceptor(CallLog).retry_classifier(RetryBudget).build()),
        }
    }

    /// Every value in one call; `None` if that does not give each of them: where the call is not allowed or not
    /// there, each secret on its own tells more.
    async fn batch(&self, ids: &[&str]) -> Result<Option<Vec<SecretText>>, SecretStoreError> {
        let list = ids.iter().map(ToString::to_string).collect();
        let request = self.client.batch_get_secret_value().set_secret_id_list(Some(list));
        match timed("secretsmanager.batch_get_secret_value", request.send()).await {
            Ok(answer) => {
                let entries = answer.secret_values();
                let value = |id: &&str| entries.iter().find(|entry| is_of(entry, id)).and_then(entry_text);
                Ok(ids.iter().map(value).collect())
            }
            Err(SdkError::ServiceError(_)) => Ok(None),
            Err(error) => Err(unreadable(ids.join(", "), &error)),
        }
    }

    async fn one(&self, id: &str, stage: &str) -> Result<Option<SecretText>, SecretStoreError> {
        let request = self.client.get_secret_value().secret_id(id).version_stage(stage);
        match timed("secretsmanager.get_secret_value", request.send()).await {
            Ok(answer) => Ok(Some(text(answer.secret_string(), answer.secret_binary()))),
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(unreadable(id.to_owned(), &error)),
            },
        }
    }

    async fn current_of(&self, id: &str) -> Result<SecretText, SecretStoreError> {
        self.one(id, "AWSCURRENT").await?.ok_or_else(|| SecretStoreError::Missing { id: id.to_owned() })
    }
}

#[async_trait]
impl SecretStore for SecretsManager {
    async fn current(&self, ids: &[&str]) -> Result<Vec<SecretText>, SecretStoreError> {
        let batch = if ids.len() > 1 { self.batch(ids).await? } else { None };
        match batch {
            Some(values) => Ok(values),
            None => try_join_all(ids.iter().map(|id| self.current_of(id))).await,
        }
    }

    async fn previous(&self, id: &str) -> Result<Option<SecretText>, SecretStoreError> {
        self.one(id, "AWSPREVIOUS").await
    }
}

fn unreadable<E: ProvideErrorMetadata>(id: String, error: &SdkError<E, HttpResponse>) -> SecretStoreError {
    SecretStoreError::Unreadable { id, detail: Failure::of(error).code }
}

/// Whether an entry is the secret with that name or ARN.
fn is_of(entry: &SecretValueEntry, id: &str) -> bool {
    // An ARN without the six random characters at its end is an id too.
    let is_partial = |arn: &str| {
        let rest = arn.strip_prefix(id).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    entry.name() == Some(id) || entry.arn().is_some_and(|arn| arn == id || is_partial(arn))
}

fn entry_text(entry: &SecretValueEntry) -> Option<SecretText> {
    (entry.secret_string().is_some() || entry.secret_binary().is_some())
        .then(|| text(entry.secret_string(), entry.secret_binary()))
}

/// A secret's text, also where it was put there as a file's bytes.
fn text(string: Option<&str>, binary: Option<&Blob>) -> SecretText {
    let bytes = || String::from_utf8_lossy(binary.map(AsRef::as_ref).unwrap_or_default()).into_owned();
    Zeroizing::new(string.map_or_else(bytes, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:";

    #[test]
    fn a_secret_goes_by_its_name_and_its_arn_whole_or_without_the_random_end() {
        let id = |end: &str| format!("{ARN}{end}");
        for (end_of_arn, id, is_it) in [
            ("app-AbC123", "app".to_owned(), true),
            ("app-AbC123", id("app-AbC123"), true),
            ("app-AbC123", id("app"), true),
            ("app-AbC123", "ap".to_owned(), false),
            ("app-AbC123", "other".to_owned(), false),
            ("app-AbC123", id("ap"), false),
            ("app-AbC123", id("app-"), false),
            ("app-AbC123", id("app-AbC124"), false),
            ("app-two-AbC123", id("app"), false),
            ("app-AbC1234", id("app"), false),
            ("app-AbC12", id("app"), false),
            ("app-AbC_23", id("app"), false),
        ] {
            let arn = format!("{ARN}{end_of_arn}");
            let entry = SecretValueEntry::builder().name("app").arn(&arn).build();
            assert_eq!(is_of(&entry, &id), is_it, "{arn} {id}");
        }
    }
}
