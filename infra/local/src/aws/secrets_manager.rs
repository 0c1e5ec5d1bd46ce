//! The embedded Secrets Manager: secrets, their versions and the stages that move between them.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::domain::{
    random::Random,
    time::{Clock, Timestamp},
};

use super::{
    ACCOUNT, AwsError, REGION,
    identifiers::{hexadecimal, uuid},
    state::State,
};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The secrets of the embedded Secrets Manager.
#[derive(Clone)]
pub struct Secrets {
    pub(super) state: State,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

#[derive(Deserialize, Serialize)]
struct Secret {
    name: String,
    arn: String,
    created_at: Timestamp,
    changed_at: Timestamp,
    versions: BTreeMap<String, Version>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Version {
    text: String,
    stages: Vec<String>,
    created_at: Timestamp,
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
        self.put_version(secret, call)
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

impl Secret {
    /// Adds a version and moves its stages to it; what was current becomes previous, and a version that no stage is
    /// left on is gone.
    fn add(&mut self, id: &str, version: Version) {
        let forerunner = self.staged(CURRENT).map(|(id, _)| id.to_owned());
        let mut moving = version.stages.clone();
        if moving.iter().any(|stage| stage == CURRENT) && forerunner.is_some() {
            moving.push(PREVIOUS.to_owned());
        }
        for (other, version) in &mut self.versions {
            version.stages.retain(|stage| !moving.contains(stage));
            if Some(other) == forerunner.as_ref() && moving.iter().any(|stage| stage == PREVIOUS) {
                version.stages.push(PREVIOUS.to_owned());
            }
        }
        self.versions.retain(|_, version| !version.stages.is_empty());
        self.changed_at = version.created_at;
        self.versions.insert(id.to_owned(), version);
    }

    fn staged(&self, stage: &str) -> Option<(&str, &Version)> {
        let mut versions = self.versions.iter();
        let found = versions.find(|(_, version)| version.stages.iter().any(|it| it == stage));
        found.map(|(id, version)| (id.as_str(), version))
    }

    fn value(&self, id: Option<&str>, stage: Option<&str>) -> Result<Value, AwsError> {
        let wanted = stage.unwrap_or(CURRENT);
        let found = match id {
            Some(id) => self.versions.get_key_value(id).map(|(id, version)| (id.as_str(), version)),
            None => self.staged(wanted),
        };
        let (id, version) = found.ok_or_else(|| {
            let which = id.map_or_else(|| format!("staging label: {wanted}"), |id| format!("VersionId: {id}"));
            not_found(&format!("Secrets Manager can't find the specified secret value for {which}"))
        })?;
        if stage.is_some_and(|stage| !version.stages.iter().any(|it| it == stage)) {
            let message = "You provided a VersionStage that is not associated to the provided VersionId.";
            return Err(AwsError::secrets_manager("InvalidRequestException", message));
        }
        Ok(json!({
            "ARN": self.arn, "Name": self.name, "VersionId": id, "VersionStages": version.stages,
            "SecretString": version.text, "CreatedDate": version.created_at.unix_seconds(),
        }))
    }

    fn named(&self, id: &str) -> Value {
        let stages = self.versions.get(id).map(|version| &version.stages);
        json!({"ARN": self.arn, "Name": self.name, "VersionId": id, "VersionStages": stages})
    }

    fn description(&self) -> Value {
        let stages: BTreeMap<_, _> = self.versions.iter().map(|(id, version)| (id, &version.stages)).collect();
        json!({
            "ARN": self.arn, "Name": self.name, "CreatedDate": self.created_at.unix_seconds(),
            "LastChangedDate": self.changed_at.unix_seconds(), "VersionIdsToStages": stages,
        })
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
