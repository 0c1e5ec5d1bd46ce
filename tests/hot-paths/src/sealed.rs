//! A connection whose access token is at hand, sealed as the vault seals it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use shared::{
    domain::{
        connection::{
            Connection, ConnectionStore, Lease, Page, Place, SealedAccessToken, SealedTokens, Status, StatusWord,
            StoreError, TokenIndex, WriteError,
        },
        data_key::{DataKey, DataKeyError, DataKeys, NewDataKey},
        revocation::Reason,
        time::Timestamp,
        user_id::UserId,
    },
    sealing::SealingKey,
    vault::Vault,
};

use crate::parts::{CLIENT_ID, NOW, Repeating, Standing};

/// Whose mailbox it is.
pub(crate) const USER_ID: &str = "104512067890123456781";

const DATA_KEY: [u8; 32] = [7; 32];
const SCOPES: [&str; 3] =
    ["https://www.googleapis.com/auth/gmail.readonly", "https://www.googleapis.com/auth/userinfo.email", "openid"];

/// A vault with that one connection.
pub(crate) fn vault() -> Arc<Vault> {
    let store = Arc::new(OneConnection(connection()));
    Arc::new(Vault::new(store, Arc::new(OneKey), Arc::new(Standing), Arc::new(Repeating)))
}

fn connection() -> Connection {
    let key = SealingKey::new(&DATA_KEY).unwrap();
    let token = format!("ya29.{}", "a0AfB_byC".repeat(24));
    let sealed = key.seal(&Repeating, &format!("access_token\0{USER_ID}"), token.as_bytes()).unwrap();
    Connection {
        user_id: UserId::parse(USER_ID).unwrap(),
        email: Some("anna.schmidt@example.com".to_owned()),
        client_id: CLIENT_ID.to_owned(),
        scopes: SCOPES.map(str::to_owned).into(),
        status: Status::Active,
        tokens: SealedTokens {
            data_key: vec![9; 184],
            refresh_token: Vec::new(),
            access_token: Some(SealedAccessToken { sealed, expires_at: NOW.after(Duration::from_hours(1)) }),
        },
        token_index: TokenIndex::default(),
        refresh_token_expires_at: None,
        connected_at: NOW,
        updated_at: NOW,
        used_at: NOW,
        mints: vec![NOW],
        generation: 1,
        sessions_valid_after: NOW.before(Duration::from_hours(1)),
        lease: None,
    }
}

struct OneKey;

#[async_trait]
impl DataKeys for OneKey {
    async fn generate(&self, _: &str) -> Result<NewDataKey, DataKeyError> {
        Err(DataKeyError::WrongOwner)
    }

    async fn unwrap(&self, _: &str, _: &[u8]) -> Result<DataKey, DataKeyError> {
        DataKey::from_slice(&DATA_KEY).ok_or(DataKeyError::WrongOwner)
    }
}

/// Has one connection, and does nothing else.
struct OneConnection(Connection);

/// What is not called.
pub(crate) fn unused<T>() -> Result<T, StoreError> {
    Err(StoreError { detail: "this is not measured".to_owned(), transient: false })
}

#[async_trait]
impl ConnectionStore for OneConnection {
    async fn find(&self, _: &UserId) -> Result<Option<Connection>, StoreError> {
        Ok(Some(self.0.clone()))
    }

    async fn put(&self, _: &Connection, _: Option<&Connection>) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn lease(&self, _: &Connection, _: &Lease, _: Timestamp) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn share_access_token(
        &self,
        _: &Connection,
        _: &str,
        _: &SealedAccessToken,
        _: Timestamp,
    ) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn release(&self, _: &Connection, _: &str) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn mark_revoked(&self, _: &Connection, _: &Reason, _: Timestamp) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn end_sessions(&self, _: &Connection, _: Timestamp) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn delete(&self, _: &Connection) -> Result<(), WriteError> {
        Ok(unused()?)
    }

    async fn indexed(&self, _: &[u8]) -> Result<Option<UserId>, StoreError> {
        unused()
    }

    async fn page(&self, _: StatusWord, _: Option<&Place>, _: u32) -> Result<Page, StoreError> {
        unused()
    }

    async fn keep(&self, _: &str, _: &[u8], _: Option<&[u8]>) -> Result<Vec<u8>, StoreError> {
        unused()
    }

    async fn kept(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        unused()
    }
}
