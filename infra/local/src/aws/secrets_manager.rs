//! The embedded Secrets Manager: secrets, their versions and the stages that move between them.

mod secret;

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::{random::Random, time::Clock};

use self::secret::{CURRENT, Secret, Version};
use super::{
    ACCOUNT, AwsError, REGION,
    identifiers::{hexadecimal, uuid},
    state::State,
};

/// The secrets of the embedded Secrets Manager.
#[derive(Clone)]
pub struct Secrets {
    pub(super) state: State,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Call {
    name: Option<String>,
    secret_id: Option<String>,
    secret_id_list: Option<Vec<String>>,
    secret_string: Option<String>,
    client_request_token: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
    version_stages: Option<Vec<String>>,
}

impl Secrets {
    /// The current text of a secret; none if there is no such secret.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn current(&self, name: &str) -> Result<Option<String>, AwsError> {
        let secret: Option<Secret> = self.state.document(&key(name))?;
        Ok(secret.and_then(|secret| secret.staged(CURRENT).map(|(_, version)| version.text.clone())))
    }

    /// Makes that text the current one: of a new secret, or as a new version whose forerunner becomes `AWSPREVIOUS`.
    ///
    /// # Errors
    /// If the database cannot be written or the machine has no randomness.
    pub fn put(&self, name: &str, text: &str) -> Result<(), AwsError> {
        let call = Call { secret_string: Some(text.to_owned()), ..Call::default() };
        match self.find(name) {
            Ok(secret) => self.put_version(secret, &call).map(drop),
            Err(_) => self.create(&Call { name: Some(name.to_owned()), ..call }).map(drop),
        }
    }

    /// Makes a secret without a value, as a deployment leaves it to its operator.
    ///
    /// # Errors
    /// If it is there already, or the database cannot be written.
    pub fn create_empty(&self, name: &str) -> Result<(), AwsError> {
        self.create(&Call { name: Some(name.to_owned()), ..Call::default() }).map(drop)
    }

    /// Removes a secret with all its versions.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn remove(&self, name: &str) -> Result<(), AwsError> {
        self.state.remove(&key(name))
    }

    /// Runs one operation on a request in Secrets Manager's JSON; `readable` says whether the caller may read a secret of
    /// a batch.
    pub(super) fn call(
        &self,
        operation: &str,
        request: &Value,
        readable: &dyn Fn(&str) -> Result<(), AwsError>,
    ) -> Result<Value, AwsError> {
        let call: Call = serde_json::from_value(request.clone())?;
        let secret = || self.find(call.secret_id.as_deref().unwrap_or_default());
        match operation {
            "GetSecretValue" => secret()?.value(call.version_id.as_deref(), call.version_stage.as_deref()),
            "BatchGetSecretValue" => self.values(&call, readable),
            "CreateSecret" => self.create(&call),
            "PutSecretValue" => self.put_version(secret()?, &call),
            "DescribeSecret" => Ok(secret()?.description()),
            _ => Err(AwsError::secrets_manager("UnknownOperationException", "")),
        }
    }

    /// All the values at once; a secret without one, or that the caller may not read, is named in `Errors`.
    fn values(&self, call: &Call, readable: &dyn Fn(&str) -> Result<(), AwsError>) -> Result<Value, AwsError> {
        let ids = call.secret_id_list.as_deref().unwrap_or_default();
        if ids.is_empty() || ids.len() > 20 {
            return Err(invalid_parameter("The list of secret ids must hold between 1 and 20 of them."));
        }
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids {
            match readable(id).and_then(|()| self.find(id)).and_then(|secret| secret.value(None, None)) {
                Ok(value) => values.push(value),
                Err(error) => {
                    errors.push(json!({"SecretId": id, "ErrorCode": error.code(), "Message": error.message()}));
                }
            }
        }
        Ok(json!({"SecretValues": values, "Errors": errors}))
    }

    fn create(&self, call: &Call) -> Result<Value, AwsError> {
        let name = call.name.as_deref().filter(|name| is_name(name));
        let name = name.ok_or_else(|| AwsError::secrets_manager("ValidationException", "Invalid name."))?;
        if let Ok(secret) = self.find(name) {
            let token = call.client_request_token.as_deref().unwrap_or_default();
            let same =
                secret.versions.get(token).is_some_and(|version| Some(&version.text) == call.secret_string.as_ref());
            let message = format!("The operation failed because the secret {name} already exists.");
            return if same {
                Ok(secret.named(token))
            } else {
                Err(AwsError::secrets_manager("ResourceExistsException", &message))
            };
        }
        let ending = hexadecimal::<3>(&*self.random)?;
        let now = self.clock.now();
        let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{ending}");
        let secret = Secret { name: name.to_owned(), arn, created_at: now, changed_at: now, versions: BTreeMap::new() };
        if call.secret_string.is_some() {
            return self.put_version(secret, call);
        }
        self.state.put_document(&key(name), &secret)?;
        Ok(json!({"ARN": secret.arn, "Name": name}))
    }

    fn put_version(&self, mut secret: Secret, call: &Call) -> Result<Value, AwsError> {
        let text = call.secret_string.clone();
        let text = text.ok_or_else(|| invalid_parameter("You must provide SecretString."))?;
        let id = call.client_request_token.clone().map_or_else(|| uuid(&*self.random), Ok)?;
        match secret.versions.get(&id) {
            Some(version) if version.text == text => return Ok(secret.named(&id)),
            Some(_) => {
                let message = "You can't modify an existing version, you can only create a new version.";
                return Err(AwsError::secrets_manager("ResourceExistsException", message));
            }
            None => {}
        }
        let stages = call.version_stages.clone().unwrap_or_else(|| vec![CURRENT.to_owned()]);
        secret.add(&id, Version { text, stages, created_at: self.clock.now() });
        self.state.put_document(&key(&secret.name), &secret)?;
        Ok(secret.named(&id))
    }

    /// The secret of that name, ARN, or ARN without its random ending.
    fn find(&self, id: &str) -> Result<Secret, AwsError> {
        let prefix = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:");
        let bare = id.strip_prefix(&prefix);
        let names = [Some(bare.unwrap_or(id)), bare.and_then(|name| name.rsplit_once('-')).map(|(name, _)| name)];
        for name in names.into_iter().flatten() {
            match self.state.document::<Secret>(&key(name))? {
                Some(secret) if bare.is_none_or(|bare| bare == name || secret.arn == id) => return Ok(secret),
                _ => {}
            }
        }
        Err(not_found("Secrets Manager can't find the specified secret."))
    }
}

fn key(name: &str) -> String {
    format!("secret#{name}")
}

fn is_name(name: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/_+=.@-".contains(character);
    (1..=512).contains(&name.len()) && name.chars().all(plain)
}

fn not_found(message: &str) -> AwsError {
    AwsError::secrets_manager("ResourceNotFoundException", message)
}

fn invalid_parameter(message: &str) -> AwsError {
    AwsError::secrets_manager("InvalidParameterException", message)
}
