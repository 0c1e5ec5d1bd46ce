//! What a change of an item means for its connection.

use serde::Serialize;
use shared::{
    domain::{revocation::Source, time::Timestamp},
    records::{Image, Record},
};

/// The most characters of a reason.
const MAX_REASON: usize = 100;

/// Something that happened to a connection. It holds no token and no address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ConnectionEvent<'a> {
    /// The same each time that the event is delivered.
    event_id: &'a str,
    #[serde(skip)]
    what: What,
    user_id: &'a str,
    /// Grows with each event of a user: the order in which they happened.
    generation: u64,
    /// Why the access ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Who ended it, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    occurred_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Created,
    Replaced,
    Revoked,
    Deleted,
}

impl<'a> ConnectionEvent<'a> {
    /// The event that a record is; none if it is not about a connection, or about nothing that anyone has to know, such as
    /// a refreshed access token.
    pub(crate) fn of(record: &'a Record) -> Option<Self> {
        let image = record.new.as_ref().or(record.old.as_ref())?;
        let user_id = image.text("pk")?.strip_prefix("connection#")?;
        let what = what(record.old.as_ref(), record.new.as_ref())?;
        let generation: u64 = image.text("generation").and_then(|text| text.parse().ok()).unwrap_or_default();
        let reason = if is_revoked(image) { image.text("status_reason").map(plain) } else { None };
        Some(Self {
            event_id: &record.event_id,
            what,
            user_id,
            // The deletion comes after all that the connection was.
            generation: if what == What::Deleted { generation.saturating_add(1) } else { generation },
            reason,
            source: reason.map(|reason| Source::of(reason).code()),
            occurred_at: occurred_at(record),
        })
    }

    /// The type, as rules match it.
    pub(crate) fn detail_type(&self) -> &'static str {
        match self.what {
            What::Created => "Connection created",
            What::Replaced => "Connection replaced",
            What::Revoked => "Connection revoked",
            What::Deleted => "Connection deleted",
        }
    }
}

fn what(old: Option<&Image>, new: Option<&Image>) -> Option<What> {
    match (old, new) {
        (None, Some(_)) => Some(What::Created),
        (Some(_), None) => Some(What::Deleted),
        (Some(old), Some(new)) if old.text("refresh_token") != new.text("refresh_token") => Some(What::Replaced),
        (Some(old), Some(new)) if !is_revoked(old) && is_revoked(new) => Some(What::Revoked),
        _ => None,
    }
}

fn is_revoked(image: &Image) -> bool {
    image.text("status") == Some("revoked")
}

/// A reason as we write it, and nothing else that may stand there.
fn plain(reason: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b':');
    if reason.len() <= MAX_REASON && reason.bytes().all(is_plain) { reason } else { "unknown" }
}

/// When it happened: what the item says; a deletion when DynamoDB wrote it, in whole seconds, and after all else.
fn occurred_at(record: &Record) -> Timestamp {
    let said = |image: &Option<Image>| Timestamp::parse(image.as_ref()?.text("updated_at")?);
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    let written = Timestamp::from_unix_millis((record.changed_at * 1000.0) as i64);
    said(&record.new).unwrap_or_else(|| said(&record.old).unwrap_or(written).max(written))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn image(changes: &Value) -> Option<Image> {
        let mut item = json!({"pk": {"S": "connection#118"}, "user_id": {"S": "118"}, "email": {"S": "a@example.com"},
            "status": {"S": "active"}, "refresh_token": {"B": "c2VhbGVk"}, "generation": {"N": "7"},
            "updated_at": {"S": "2026-11-22T10:00:00.000Z"}});
        for (name, value) in changes.as_object()? {
            item[name] = value.clone();
        }
        serde_json::from_value(item).ok()
    }

    fn record(old: Option<Image>, new: Option<Image>) -> Record {
        Record {
            event_id: "e".into(),
            sequence_number: "1".into(),
            changed_at: 1_795_345_200.5,
            old,
            new,
            has_both_images: true,
        }
    }

    fn told(old: &Value, new: &Value) -> Option<(&'static str, Value)> {
        let record = record(image(old), image(new));
        let event = ConnectionEvent::of(&record)?;
        Some((event.detail_type(), serde_json::to_value(&event).unwrap()))
    }

    #[test]
    fn every_change_that_matters_is_told_and_no_other() {
        let (none, same) = (Value::Null, json!({}));
        let at = "2026-11-22T10:00:00.000Z";
        let revoked = |reason: &str| json!({"status": {"S": "revoked"}, "status_reason": {"S": reason}, "generation": {"N": "8"}});
        let detail =
            |generation: u64| json!({"event_id": "e", "user_id": "118", "generation": generation, "occurred_at": at});
        let ended = |generation: u64, reason: &str, source: &str| {
            let mut detail = detail(generation);
            (detail["reason"], detail["source"]) = (reason.into(), source.into());
            detail
        };
        let new_token = json!({"refresh_token": {"B": "b3RoZXI="}, "generation": {"N": "9"}});
        let mut deleted = ended(9, "disconnected_by_user", "user");
        deleted["occurred_at"] = "2026-11-22T11:00:00.500Z".into();
        for (old, new, expected) in [
            (&none, &same, Some(("Connection created", detail(7)))),
            (&same, &new_token, Some(("Connection replaced", detail(9)))),
            (&revoked("invalid_grant"), &new_token, Some(("Connection replaced", detail(9)))),
            (
                &same,
                &revoked("invalid_grant"),
                Some(("Connection revoked", ended(8, "invalid_grant", "failed_refresh"))),
            ),
            (
                &same,
                &revoked("tokens_revoked"),
                Some(("Connection revoked", ended(8, "tokens_revoked", "google_event"))),
            ),
            (&same, &revoked("disconnected"), Some(("Connection revoked", ended(8, "disconnected", "disconnect")))),
            (
                &same,
                &revoked("Anna <a@example.com>"),
                Some(("Connection revoked", ended(8, "unknown", "failed_refresh"))),
            ),
            (&revoked("disconnected_by_user"), &none, Some(("Connection deleted", deleted))),
            (&same, &json!({"access_token": {"B": "bmV3"}}), None),
            (&same, &json!({"sessions_valid_after": {"S": at}, "generation": {"N": "8"}}), None),
            (&revoked("invalid_grant"), &revoked("invalid_grant"), None),
            (&none, &json!({"pk": {"S": "token#x"}}), None),
            (&none, &json!({"pk": {"S": "event#x"}}), None),
            (&none, &json!({"pk": {"S": "quota#118"}, "generation": {"N": "7"}}), None),
            (&none, &none, None),
        ] {
            assert_eq!(told(old, new), expected, "{old} {new}");
        }
    }
}
