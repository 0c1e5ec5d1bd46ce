//! The query parameters of a call, refused in Google's words where they are not known or not well formed.

use url::form_urlencoded;

use super::answer::Answer;

/// What every Google API takes.
const SYSTEM: [&str; 7] = ["alt", "fields", "key", "prettyPrint", "quotaUser", "uploadType", "$.xgafv"];

/// The parameters, in their order.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(query: &str, known: &[&str]) -> Result<Self, Answer> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        match pairs.iter().find(|(name, _)| !known.contains(&name.as_str()) && !SYSTEM.contains(&name.as_str())) {
            Some((name, _)) => Err(Answer::invalid(&format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' \
                 could not be found in request message."
            ))),
            None => Ok(Self(pairs)),
        }
    }

    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    /// The value of a parameter that is there and not empty; the last if there are several.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn boolean(&self, name: &str, default: bool) -> Result<bool, Answer> {
        match self.find(name) {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => Err(Answer::invalid(&format!("Invalid value at '{name}' (TYPE_BOOL), \"{other}\""))),
        }
    }

    pub(super) fn number(&self, name: &str, default: u32) -> Result<u32, Answer> {
        let Some(text) = self.find(name) else { return Ok(default) };
        text.parse().map_err(|_| Answer::invalid(&format!("Invalid value at '{name}' (TYPE_UINT32), \"{text}\"")))
    }
}
