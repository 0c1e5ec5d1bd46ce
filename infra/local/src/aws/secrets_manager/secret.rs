//! One secret: its versions, and the stages that move between them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::domain::time::Timestamp;

use super::not_found;
use crate::aws::AwsError;

pub(super) const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret.
#[derive(Deserialize, Serialize)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created_at: Timestamp,
    pub(super) changed_at: Timestamp,
    pub(super) versions: BTreeMap<String, Version>,
}

/// One value of a secret.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Version {
    pub(super) text: String,
    pub(super) stages: Vec<String>,
    pub(super) created_at: Timestamp,
}

impl Secret {
    /// Adds a version and moves its stages to it; what was current becomes previous, and a version that no stage is
    /// left on is gone.
    pub(super) fn add(&mut self, id: &str, version: Version) {
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

    pub(super) fn staged(&self, stage: &str) -> Option<(&str, &Version)> {
        let mut versions = self.versions.iter();
        let found = versions.find(|(_, version)| version.stages.iter().any(|it| it == stage));
        found.map(|(id, version)| (id.as_str(), version))
    }

    pub(super) fn value(&self, id: Option<&str>, stage: Option<&str>) -> Result<Value, AwsError> {
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

    pub(super) fn named(&self, id: &str) -> Value {
        let stages = self.versions.get(id).map(|version| &version.stages);
        json!({"ARN": self.arn, "Name": self.name, "VersionId": id, "VersionStages": stages})
    }

    pub(super) fn description(&self) -> Value {
        let stages: BTreeMap<_, _> = self.versions.iter().map(|(id, version)| (id, &version.stages)).collect();
        json!({
            "ARN": self.arn, "Name": self.name, "CreatedDate": self.created_at.unix_seconds(),
            "LastChangedDate": self.changed_at.unix_seconds(), "VersionIdsToStages": stages,
        })
    }
}
