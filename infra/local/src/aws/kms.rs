//! The embedded KMS: symmetric keys that wrap data keys, strict about context, key and state.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::domain::{
    random::{self, Random},
    time::{Clock, Timestamp},
};

use super::{ACCOUNT, AwsError, REGION, identifiers::uuid, state::State};

/// The first byte of a ciphertext of ours.
const FORMAT: u8 = 1;
const KEY_ID_LENGTH: usize = 36;

/// The keys of the embedded KMS.
#[derive(Clone)]
pub struct Kms {
    pub(super) state: State,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

#[derive(Deserialize, Serialize)]
struct Key {
    id: String,
    material: String,
    enabled: bool,
    created_at: Timestamp,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Call {
    key_id: Option<String>,
    encryption_context: BTreeMap<String, String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    ciphertext_blob: String,
}

impl Kms {
    /// Makes a key and returns its ARN.
    ///
    /// # Errors
    /// If the database cannot be written or the machine has no randomness.
    pub fn create_key(&self) -> Result<String, AwsError> {
        let material = STANDARD.encode(random::bytes::<32>(&*self.random)?);
        let key = Key { id: uuid(&*self.random)?, material, enabled: true, created_at: self.clock.now() };
        self.put(&key)?;
        Ok(key.arn())
    }

    /// Makes a key usable again.
    ///
    /// # Errors
    /// `NotFoundException` if there is no such key.
    pub fn enable(&self, key_id: &str) -> Result<(), AwsError> {
        let key = self.key(key_id)?;
        self.put(&Key { enabled: true, ..key })
    }

    /// Makes every use of a key fail with `DisabledException`.
    ///
    /// # Errors
    /// `NotFoundException` if there is no such key.
    pub fn disable(&self, key_id: &str) -> Result<(), AwsError> {
        let key = self.key(key_id)?;
        self.put(&Key { enabled: false, ..key })
    }

    /// Runs one operation on a request in KMS's JSON.
    pub(super) fn call(&self, operation: &str, request: &Value) -> Result<Value, AwsError> {
        let call: Call = serde_json::from_value(request.clone())?;
        let key_id = call.key_id.as_deref().unwrap_or_default();
        match operation {
            "GenerateDataKey" => self.generate_data_key(&call),
            "Decrypt" => self.decrypt(&call),
            "CreateKey" => {
                let arn = self.create_key()?;
                self.describe(&arn)
            }
            "DescribeKey" => self.describe(key_id),
            "EnableKey" => self.enable(key_id).map(|()| json!({})),
            "DisableKey" => self.disable(key_id).map(|()| json!({})),
            _ => Err(AwsError::new("UnknownOperationException", "")),
        }
    }

    fn generate_data_key(&self, call: &Call) -> Result<Value, AwsError> {
        let key = self.key(call.key_id.as_deref().unwrap_or_default())?.usable()?;
        let length = match (call.key_spec.as_deref(), call.number_of_bytes) {
            (Some("AES_256"), None) => 32,
            (Some("AES_128"), None) => 16,
            (None, Some(length @ 1..=1024)) => length,
            _ => {
                return Err(AwsError::new("ValidationException", "Please specify either number of bytes or key spec."));
            }
        };
        let mut data_key = vec![0; length];
        self.random.fill(&mut data_key)?;
        let blob = self.seal(&key, &call.encryption_context, &data_key)?;
        Ok(json!({
            "KeyId": key.arn(), "Plaintext": STANDARD.encode(&data_key), "CiphertextBlob": STANDARD.encode(blob),
        }))
    }

    fn decrypt(&self, call: &Call) -> Result<Value, AwsError> {
        let named = call.key_id.as_deref().map(|id| self.key(id)).transpose()?;
        let blob = STANDARD.decode(&call.ciphertext_blob).map_err(|_| invalid_ciphertext())?;
        let (key_id, sealed) = split(&blob).ok_or_else(invalid_ciphertext)?;
        if named.is_some_and(|named| named.id != key_id) {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(AwsError::new("IncorrectKeyException", message));
        }
        let key = self.key(key_id).map_err(|_| invalid_ciphertext())?.usable()?;
        let plaintext = open(&key, &call.encryption_context, sealed).ok_or_else(invalid_ciphertext)?;
        Ok(json!({
            "KeyId": key.arn(), "Plaintext": STANDARD.encode(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }))
    }

    fn describe(&self, key_id: &str) -> Result<Value, AwsError> {
        let key = self.key(key_id)?;
        Ok(json!({"KeyMetadata": {
            "AWSAccountId": ACCOUNT, "Arn": key.arn(), "KeyId": key.id, "Enabled": key.enabled,
            "KeyState": if key.enabled { "Enabled" } else { "Disabled" },
            "CreationDate": key.created_at.unix_seconds(), "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false,
        }}))
    }

    fn seal(&self, key: &Key, context: &BTreeMap<String, String>, plaintext: &[u8]) -> Result<Vec<u8>, AwsError> {
        let nonce = random::bytes::<NONCE_LEN>(&*self.random)?;
        let mut sealed = plaintext.to_vec();
        let cipher = key.cipher().ok_or_else(|| AwsError::internal("the key's material is unreadable"))?;
        cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(context), &mut sealed)
            .map_err(|_| AwsError::internal("the key did not seal"))?;
        Ok([&[FORMAT], key.id.as_bytes(), &nonce, &sealed].concat())
    }

    /// The key of that id or ARN.
    fn key(&self, id: &str) -> Result<Key, AwsError> {
        let prefix = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/");
        let bare = id.strip_prefix(&prefix).unwrap_or(id);
        let key = self.state.document(&format!("kms-key#{bare}"))?;
        key.ok_or_else(|| AwsError::new("NotFoundException", &format!("Key '{prefix}{bare}' does not exist")))
    }

    fn put(&self, key: &Key) -> Result<(), AwsError> {
        self.state.put_document(&format!("kms-key#{}", key.id), key)
    }
}

impl Key {
    fn arn(&self) -> String {
        format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{}", self.id)
    }

    fn usable(self) -> Result<Self, AwsError> {
        if self.enabled {
            return Ok(self);
        }
        Err(AwsError::new("DisabledException", &format!("{} is disabled.", self.arn())))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        let material = STANDARD.decode(&self.material).ok()?;
        UnboundKey::new(&AES_256_GCM, &material).ok().map(LessSafeKey::new)
    }
}

/// The key's id and the nonce with what it seals.
fn split(blob: &[u8]) -> Option<(&str, &[u8])> {
    let rest = blob.strip_prefix(&[FORMAT])?;
    let (key_id, sealed) = rest.split_at_checked(KEY_ID_LENGTH)?;
    Some((std::str::from_utf8(key_id).ok()?, sealed))
}

fn open(key: &Key, context: &BTreeMap<String, String>, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut buffer = sealed.to_vec();
    let plaintext = key.cipher()?.open_in_place(nonce, associated(context), &mut buffer).ok()?;
    Some(plaintext.to_vec())
}

/// The encryption context as additional data: JSON of sorted pairs, the same for equal contexts only.
fn associated(context: &BTreeMap<String, String>) -> Aad<Vec<u8>> {
    Aad::from(json!(context).to_string().into_bytes())
}

/// KMS gives no message with this one.
fn invalid_ciphertext() -> AwsError {
    AwsError { status: 400, body: json!({"__type": "InvalidCiphertextException"}).to_string() }
}
