//! Data keys wrapped by KMS, each bound to its owner by the encryption context
//! ([encryption context](https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html)).

use async_trait::async_trait;
use aws_sdk_kms::{Client, config::Builder, operation::decrypt::DecryptError, primitives::Blob, types::DataKeySpec};
use aws_types::SdkConfig;

use super::{
    call_log::{CallLog, RetryBudget},
    failure::Failure,
};
use crate::{
    domain::data_key::{DataKey, DataKeyError, DataKeys, NewDataKey},
    telemetry::timed,
};

const PURPOSE: (&str, &str) = ("purpose", "gmail-connect");

/// How many bytes KMS takes for a wrapped key ([Decrypt](https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html)).
const WRAPPED_BYTES: std::ops::RangeInclusive<usize> = 1..=6144;

/// Data keys that one KMS key wraps.
#[derive(Clone, Debug)]
pub struct KmsDataKeys {
    client: Client,
    key_id: String,
}

impl KmsDataKeys {
    /// Data keys wrapped by a KMS key.
    pub fn new(config: &SdkConfig, key_id: String) -> Self {
        let config = Builder::from(config).interceptor(CallLog).retry_classifier(RetryBudget).build();
        Self { client: Client::from_conf(config), key_id }
    }
}

#[async_trait]
impl DataKeys for KmsDataKeys {
    async fn generate(&self, owner: &str) -> Result<NewDataKey, DataKeyError> {
        let request = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(PURPOSE.0, PURPOSE.1)
            .encryption_context("user_id", owner);
        let answer = timed("kms.generate_data_key", request.send()).await;
        let answer = answer.map_err(|error| DataKeyError::Unavailable(format!("KMS: {}", Failure::of(&error).code)))?;
        let key = answer.plaintext().and_then(|plain| DataKey::from_slice(plain.as_ref()));
        let wrapped = answer.ciphertext_blob().map(|blob| blob.as_ref().to_vec());
        let incomplete = || DataKeyError::Unavailable("KMS: the answer is incomplete".into());
        Ok(NewDataKey { key: key.ok_or_else(incomplete)?, wrapped: wrapped.ok_or_else(incomplete)? })
    }

    async fn unwrap(&self, owner: &str, wrapped: &[u8]) -> Result<DataKey, DataKeyError> {
        if !WRAPPED_BYTES.contains(&wrapped.len()) {
            return Err(DataKeyError::WrongOwner);
        }
        let request = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(PURPOSE.0, PURPOSE.1)
            .encryption_context("user_id", owner);
        let answer = timed("kms.decrypt", request.send()).await.map_err(|error| match error.as_service_error() {
            Some(DecryptError::InvalidCiphertextException(_) | DecryptError::IncorrectKeyException(_)) => {
                DataKeyError::WrongOwner
            }
            _ => DataKeyError::Unavailable(format!("KMS: {}", Failure::of(&error).code)),
        })?;
        let key = answer.plaintext().and_then(|plain| DataKey::from_slice(plain.as_ref()));
        key.ok_or(DataKeyError::WrongOwner)
    }
}
