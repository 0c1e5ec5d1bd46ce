//! The table of connections in DynamoDB. Every write is conditional on what was read.

mod listing;
mod transaction;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, TransactWriteItem},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;

use super::{
    item::{NO_GENERATION, bytes, connection_key, index_key, number, text, time, to_connection},
    table::{Table, store_error},
};
use crate::{
    domain::{
        connection::{
            Connection, ConnectionStore, Lease, Page, Place, SealedAccessToken, StatusWord, StoreError, WriteError,
        },
        revocation::Reason,
        time::Timestamp,
        user_id::UserId,
    },
    telemetry::timed,
};

/// What DynamoDB says when a condition does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
/// What DynamoDB says when a transaction is writing the same item.
const TRANSACTION_CONFLICT: &str = "TransactionConflictException";

/// Connections in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbConnections {
    table: Table,
}

impl DynamoDbConnections {
    /// The connections of a table.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(config, table) }
    }

    async fn transact(&self, mut writes: Vec<TransactWriteItem>) -> Result<(), WriteError> {
        loop {
            let request = self.table.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = timed("dynamodb.transact_write_items", request.send()).await else { return Ok(()) };
            if !transaction::spare_others(&mut writes, &error) {
                return Err(transaction::failure(&error));
            }
        }
    }

    /// Updates a connection that still has the generation that was read.
    async fn update(&self, read: &Connection, change: Change<'_>) -> Result<(), WriteError> {
        let (unchanged, values) = unchanged(read);
        let mut request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .key("pk", text(connection_key(&read.user_id)))
            .update_expression(change.update)
            .condition_expression(format!("({unchanged}) AND {}", change.condition))
            .set_expression_attribute_values(Some(values.into_iter().collect()));
        if change.update.contains("#status") {
            request = request.expression_attribute_names("#status", "status");
        }
        for (name, value) in change.values {
            request = request.expression_attribute_values(name, value);
        }
        match timed("dynamodb.update_item", request.send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(update_error(&error)),
        }
    }
}

/// One conditional update.
struct Change<'a> {
    update: &'a str,
    condition: &'a str,
    values: Vec<(&'a str, AttributeValue)>,
}

#[async_trait]
impl ConnectionStore for DynamoDbConnections {
    async fn find(&self, user_id: &UserId) -> Result<Option<Connection>, StoreError> {
        let Some(item) = self.table.item(connection_key(user_id)).await? else { return Ok(None) };
        Ok(Some(to_connection(user_id, &item)))
    }

    async fn put(&self, connection: &Connection, read: Option<&Connection>) -> Result<(), WriteError> {
        self.transact(transaction::replacement(&self.table.name, connection, read)?).await
    }

    async fn lease(&self, read: &Connection, lease: &Lease, now: Timestamp) -> Result<(), WriteError> {
        let free = "(attribute_not_exists(lease_owner) OR lease_owner = :owner \
                    OR lease_expires_at <= :now OR lease_expires_at <= :now_seconds \
                    OR NOT (attribute_type(lease_expires_at, :text) OR attribute_type(lease_expires_at, :number)))";
        let (same_token, mut values) = same_access_token(read);
        values.extend([
            (":owner", text(lease.owner.as_str())),
            (":end", time(lease.expires_at)),
            (":now", time(now)),
            (":now_seconds", AttributeValue::N(now.unix_seconds().to_string())),
            (":text", text("S")),
            (":number", text("N")),
        ]);
        let update = "SET lease_owner = :owner, lease_expires_at = :end";
        self.update(read, Change { update, condition: &format!("{free} AND {same_token}"), values }).await
    }

    async fn share_access_token(
        &self,
        read: &Connection,
        owner: &str,
        token: &SealedAccessToken,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let update = "SET access_token = :token, access_token_expires_at = :end, updated_at = :now, \
                      used_at = :now \
                      REMOVE lease_owner, lease_expires_at";
        let values = vec![
            (":token", bytes(&token.sealed)),
            (":end", time(token.expires_at)),
            (":now", time(now)),
            (":owner", text(owner)),
        ];
        self.update(read, Change { update, condition: "lease_owner = :owner", values }).await
    }

    async fn release(&self, read: &Connection, owner: &str) -> Result<(), WriteError> {
        let values = vec![(":owner", text(owner))];
        let update = "REMOVE lease_owner, lease_expires_at";
        self.update(read, Change { update, condition: "lease_owner = :owner", values }).await
    }

    async fn mark_revoked(&self, read: &Connection, reason: &Reason, now: Timestamp) -> Result<(), WriteError> {
        let update = "SET #status = :revoked, status_reason = :reason, updated_at = :now, generation = :next \
                      REMOVE access_token, access_token_expires_at, lease_owner, lease_expires_at";
        let (same_token, mut values) = same_access_token(read);
        values.extend([
            (":revoked", text("revoked")),
            (":reason", text(reason.to_string())),
            (":now", time(now)),
            (":next", number(read.generation.saturating_add(1))),
        ]);
        self.update(read, Change { update, condition: same_token, values }).await
    }

    async fn end_sessions(&self, read: &Connection, valid_after: Timestamp) -> Result<(), WriteError> {
        let update = "SET sessions_valid_after = :valid_after, generation = :next \
                      REMOVE lease_owner, lease_expires_at";
        let values = vec![(":valid_after", time(valid_after)), (":next", number(read.generation.saturating_add(1)))];
        self.update(read, Change { update, condition: "attribute_exists(pk)", values }).await
    }

    async fn delete(&self, read: &Connection) -> Result<(), WriteError> {
        self.transact(transaction::deletion(&self.table.name, read)?).await
    }

    async fn indexed(&self, hash: &[u8]) -> Result<Option<UserId>, StoreError> {
        let item = self.table.item(index_key(hash)).await?.unwrap_or_default();
        Ok(item.get("user_id").and_then(|value| UserId::parse(value.as_s().ok()?)))
    }

    async fn page(&self, status: StatusWord, after: Option<&Place>, limit: u32) -> Result<Page, StoreError> {
        let request = listing::request(self.table.client.query().table_name(&self.table.name), status, after, limit);
        let found = timed("dynamodb.query", request.send()).await.map_err(|error| store_error(&error))?;
        Ok(listing::page(found.items(), found.last_evaluated_key()))
    }

    async fn keep(&self, name: &str, value: &[u8], instead_of: Option<&[u8]>) -> Result<Vec<u8>, StoreError> {
        let request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .key("pk", text(name))
            .update_expression("SET #value = :value")
            .expression_attribute_names("#value", "value")
            .expression_attribute_values(":value", bytes(value));
        let request = match instead_of {
            None => request.condition_expression("attribute_not_exists(#value)"),
            Some(old) => request.condition_expression("#value = :old").expression_attribute_values(":old", bytes(old)),
        };
        match timed("dynamodb.update_item", request.send()).await.map_err(|error| update_error(&error)) {
            Ok(_) => Ok(value.to_vec()),
            Err(WriteError::Conflict) => self.kept(name).await?.ok_or_else(|| no_value(name)),
            Err(WriteError::Store(error)) => Err(error),
        }
    }

    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(item) = self.table.item(name.to_owned()).await? else { return Ok(None) };
        let value = item.get("value").and_then(|value| value.as_b().ok());
        value.map(|value| Some(value.as_ref().to_vec())).ok_or_else(|| no_value(name))
    }
}

/// The condition that the stored connection is still the generation that was read; of a damaged row that does not say
/// its generation, that it still has the refresh token that was read, or none.
fn unchanged(read: &Connection) -> (&'static str, Vec<(String, AttributeValue)>) {
    let (condition, values) = match read.tokens.refresh_token.as_slice() {
        _ if read.generation != NO_GENERATION => {
            ("generation = :generation", vec![(":generation", number(read.generation))])
        }
        [] => (
            "attribute_exists(pk) AND (NOT attribute_type(refresh_token, :bytes) OR refresh_token = :empty)",
            vec![(":bytes", text("B")), (":empty", bytes(&[]))],
        ),
        token => ("refresh_token = :refresh_token", vec![(":refresh_token", bytes(token))]),
    };
    (condition, values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The condition that the stored access token is the one that was read.
fn same_access_token(read: &Connection) -> (&'static str, Vec<(&'static str, AttributeValue)>) {
    match &read.tokens.access_token {
        Some(token) => ("access_token = :seen", vec![(":seen", bytes(&token.sealed))]),
        None => ("NOT attribute_type(access_token, :bytes)", vec![(":bytes", text("B"))]),
    }
}

fn no_value(name: &str) -> StoreError {
    StoreError { detail: format!("the item {name} holds no value"), transient: false }
}

fn update_error(error: &SdkError<UpdateItemError, HttpResponse>) -> WriteError {
    // A transaction on the same item is a change under way: to look again is right for both.
    match error.code() {
        Some(CONDITION_FAILED | TRANSACTION_CONFLICT) => WriteError::Conflict,
        _ => store_error(error).into(),
    }
}
