//! A connection as an item of the table.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::{
    connection::{Connection, Lease, SealedAccessToken, SealedTokens, Status, StatusWord, Summary, TokenIndex},
    revocation::DAMAGED,
    time::Timestamp,
    user_id::UserId,
};

/// Stands for a generation that is not there; real ones begin with the time.
pub(super) const NO_GENERATION: u64 = 0;

pub(super) type Item = HashMap<String, AttributeValue>;

/// Where a connection is.
pub(super) fn connection_key(user_id: &UserId) -> String {
    format!("connection#{user_id}")
}

/// Where the entry of a token's hash is.
pub(super) fn index_key(hash: &[u8]) -> String {
    format!("token#{}", URL_SAFE_NO_PAD.encode(hash))
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn time(value: Timestamp) -> AttributeValue {
    text(value.to_string())
}

/// Times that are read by nobody but us: a set of milliseconds, a third of the size.
fn times(values: &[Timestamp]) -> AttributeValue {
    AttributeValue::Ns(values.iter().map(|value| value.unix_millis().to_string()).collect())
}

pub(super) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// The item of a connection. It is replaced whole, so what is not set here is gone.
pub(super) fn from_connection(connection: &Connection) -> Item {
    let (status, reason) = connection.status.parts();
    let tokens = &connection.tokens;
    let always = [
        ("pk", text(connection_key(&connection.user_id))),
        ("user_id", text(connection.user_id.as_str())),
        ("client_id", text(connection.client_id.as_str())),
        ("status", text(status.as_str())),
        ("data_key", bytes(&tokens.data_key)),
        ("refresh_token", bytes(&tokens.refresh_token)),
        ("connected_at", time(connection.connected_at)),
        ("updated_at", time(connection.updated_at)),
        ("used_at", time(connection.used_at)),
        ("generation", number(connection.generation)),
        ("sessions_valid_after", time(connection.sessions_valid_after)),
    ];
    let access_token = tokens.access_token.as_ref();
    let (scopes, index) = (&connection.scopes, &connection.token_index.0);
    let sometimes = [
        ("email", connection.email.as_ref().map(|email| text(email.as_str()))),
        ("scopes", (!scopes.is_empty()).then(|| AttributeValue::Ss(scopes.iter().cloned().collect()))),
        (
            "token_index",
            (!index.is_empty()).then(|| AttributeValue::Bs(index.iter().cloned().map(Blob::new).collect())),
        ),
        ("status_reason", reason.map(text)),
        ("access_token", access_token.map(|token| bytes(&token.sealed))),
        ("access_token_expires_at", access_token.map(|token| time(token.expires_at))),
        ("refresh_token_expires_at", connection.refresh_token_expires_at.map(time)),
        ("mints", (!connection.mints.is_empty()).then(|| times(&connection.mints))),
        ("lease_owner", connection.lease.as_ref().map(|lease| text(lease.owner.as_str()))),
        ("lease_expires_at", connection.lease.as_ref().map(|lease| time(lease.expires_at))),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    always.into_iter().chain(sometimes).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Reads the item that is stored for a user. Whose it is says its key and not an attribute, so that a row copied to
/// another user's key opens for neither.
///
/// A row in which something needed is missing or of another type counts as revoked: it lets nobody in, and the next
/// consent replaces it.
pub(super) fn to_connection(user_id: &UserId, item: &Item) -> Connection {
    let read = Reader(item);
    let status = match read.missing() {
        None => read.status(),
        Some(attribute) => {
            tracing::error!(attribute, "a stored connection is damaged");
            Status::Revoked { reason: DAMAGED.to_owned() }
        }
    };
    let time = |name| read.time(name).unwrap_or(Timestamp::from_unix_millis(0));
    Connection {
        user_id: user_id.clone(),
        email: read.text("email").map(str::to_owned),
        client_id: read.text("client_id").unwrap_or_default().to_owned(),
        scopes: read.texts("scopes"),
        status,
        tokens: SealedTokens {
            data_key: read.bytes("data_key").unwrap_or_default(),
            refresh_token: read.bytes("refresh_token").unwrap_or_default(),
            access_token: read.access_token(),
        },
        token_index: TokenIndex::of_kept(read.byte_strings("token_index")),
        refresh_token_expires_at: read.time("refresh_token_expires_at"),
        connected_at: time("connected_at"),
        updated_at: time("updated_at"),
        used_at: read.time("used_at").unwrap_or_else(|| time("updated_at")),
        mints: read.times("mints"),
        generation: read.number("generation").unwrap_or(NO_GENERATION),
        sessions_valid_after: time("sessions_valid_after"),
        lease: read.lease(),
    }
}

/// Reads an item of the index of all connections. Whose it is says its key; what is no connection is left out.
pub(super) fn to_summary(item: &Item) -> Option<Summary> {
    let read = Reader(item);
    Some(Summary {
        user_id: UserId::parse(read.text("pk")?.strip_prefix("connection#")?)?,
        email: read.text("email").map(str::to_owned),
        connected_at: read.time("connected_at"),
    })
}

struct Reader<'a>(&'a Item);

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    fn texts(&self, name: &str) -> BTreeSet<String> {
        let texts = self.0.get(name).and_then(|value| value.as_ss().ok());
        texts.map(|texts| texts.iter().cloned().collect()).unwrap_or_default()
    }

    fn byte_strings(&self, name: &str) -> BTreeSet<Vec<u8>> {
        let blobs = self.0.get(name).and_then(|value| value.as_bs().ok()).into_iter().flatten();
        blobs.map(|blob| blob.as_ref().to_vec()).collect()
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.0.get(name)?.as_b().ok().map(|blob| blob.as_ref().to_vec())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    /// A time as RFC 3339, or in seconds since the Unix epoch for items that were written by hand.
    fn time(&self, name: &str) -> Option<Timestamp> {
        match self.0.get(name)? {
            AttributeValue::S(text) => Timestamp::parse(text),
            AttributeValue::N(seconds) => seconds.parse().ok().map(Timestamp::from_unix_seconds),
            _ => None,
        }
    }

    /// Times in their order, whatever order the set comes in.
    fn times(&self, name: &str) -> Vec<Timestamp> {
        let texts = self.0.get(name).and_then(|value| value.as_ns().ok()).into_iter().flatten();
        let mut times: Vec<_> = texts.filter_map(|text| text.parse().ok()).map(Timestamp::from_unix_millis).collect();
        times.sort_unstable();
        times
    }

    /// The first needed attribute that is missing or of another type.
    fn missing(&self) -> Option<&'static str> {
        let needed = [
            ("client_id", self.text("client_id").is_some()),
            ("status", self.text("status").is_some_and(|text| StatusWord::parse(text).is_some())),
            ("data_key", self.bytes("data_key").is_some()),
            ("refresh_token", self.bytes("refresh_token").is_some()),
            ("connected_at", self.time("connected_at").is_some()),
            ("updated_at", self.time("updated_at").is_some()),
            ("generation", self.number("generation").is_some()),
            ("sessions_valid_after", self.time("sessions_valid_after").is_some()),
        ];
        needed.into_iter().find(|(_, is_there)| !is_there).map(|(name, _)| name)
    }

    fn status(&self) -> Status {
        if self.text("status") == Some(StatusWord::Active.as_str()) {
            return Status::Active;
        }
        Status::Revoked { reason: self.text("status_reason").unwrap_or("unknown").to_owned() }
    }

    fn access_token(&self) -> Option<SealedAccessToken> {
        // One that does not say its end is over.
        let expires_at = self.time("access_token_expires_at").unwrap_or(Timestamp::from_unix_millis(0));
        Some(SealedAccessToken { sealed: self.bytes("access_token")?, expires_at })
    }

    fn lease(&self) -> Option<Lease> {
        let (owner, expires_at) = (self.text("lease_owner")?.to_owned(), self.time("lease_expires_at")?);
        Some(Lease { owner, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn connections()(
            email in prop::option::of("[a-z]{1,9}@example.com"),
            scopes in prop::collection::btree_set("[a-z]{1,9}", 0..3),
            reason in prop::option::of("[a-z_]{1,9}"),
            access_token in prop::option::of((prop::collection::vec(any::<u8>(), 1..9), 0i64..1_000_000_000_000)),
            end in prop::option::of(0i64..1_000_000_000_000),
            lease in prop::option::of(("[a-z]{1,9}", 0i64..1_000_000_000_000)),
            generation in any::<u64>(),
            mints in prop::collection::btree_set(0i64..1_000_000_000_000, 0..4),
            index in prop::option::of(prop::collection::btree_set(prop::collection::vec(any::<u8>(), 32), 2)),
        ) -> Connection {
            let at = Timestamp::from_unix_millis;
            Connection {
                user_id: UserId::parse("118").unwrap(), email, client_id: "client".into(), scopes,
                status: reason.map_or(Status::Active, |reason| Status::Revoked { reason }),
                tokens: SealedTokens { data_key: vec![1], refresh_token: vec![2, 3],
                    access_token: access_token.map(|(sealed, end)| SealedAccessToken { sealed, expires_at: at(end) }) },
                token_index: index.map(TokenIndex).unwrap_or_default(),
                refresh_token_expires_at: end.map(at), connected_at: at(1), updated_at: at(2), generation,
                used_at: at(4), mints: mints.into_iter().map(at).collect(),
                sessions_valid_after: at(3),
                lease: lease.map(|(owner, end)| Lease { owner, expires_at: at(end) }),
            }
        }
    }

    #[test]
    fn a_time_written_by_hand_is_in_seconds() {
        let item = |time| Item::from([("updated_at".to_owned(), time)]);
        let read = |time| Reader(&item(time)).time("updated_at").map(Timestamp::unix_millis);
        assert_eq!(read(AttributeValue::N("1795318652".to_owned())), Some(1_795_318_652_000));
        assert_eq!(read(text("2026-11-22T03:37:32Z")), Some(1_795_318_652_000));
        assert_eq!(read(AttributeValue::N("soon".to_owned())), None);
        assert_eq!(read(AttributeValue::Bool(true)), None);
    }

    proptest! {
        #[test]
        fn every_connection_is_read_as_it_was_written(connection in connections()) {
            let read = to_connection(&connection.user_id, &from_connection(&connection));
            prop_assert_eq!(format!("{read:?}"), format!("{connection:?}"));
        }

        #[test]
        fn an_item_without_a_needed_attribute_is_revoked(connection in connections(), at in prop::sample::Index::arbitrary()) {
            let needed = ["client_id", "status", "data_key", "refresh_token", "connected_at", "generation"];
            let mut item = from_connection(&connection);
            item.remove(*at.get(&needed));
            let read = to_connection(&connection.user_id, &item);
            prop_assert_eq!(read.status, Status::Revoked { reason: "damaged".into() });
        }
    }
}
