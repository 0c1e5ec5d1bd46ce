//! What each user spent of Gmail's quota lately, as items of the table that end by themselves.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use aws_types::SdkConfig;

use super::{
    item::{Item, bytes, number, text},
    table::{Table, store_error},
};
use crate::{
    domain::{
        connection::StoreError,
        quota::{COUNTS_FOR, Spending, SpendingStore, Stored, WriteError},
        time::Timestamp,
        user_id::UserId,
    },
    telemetry::timed,
};

/// How long after its last write an item may be deleted: nothing in it counts any more by then.
const ENDS_AFTER: Duration = Duration::from_secs(2 * COUNTS_FOR.as_secs());

/// Spending in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbSpending {
    table: Table,
}

impl DynamoDbSpending {
    /// The spending in a table.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(config, table) }
    }
}

#[async_trait]
impl SpendingStore for DynamoDbSpending {
    async fn find(&self, user_id: &UserId, now: Timestamp) -> Result<Stored, StoreError> {
        let found = self.table.item(key(user_id)).await?;
        Ok(found.map(|item| stored(&item, now)).unwrap_or_default())
    }

    async fn replace(
        &self,
        user_id: &UserId,
        read: u64,
        spending: &Spending,
        now: Timestamp,
    ) -> Result<u64, WriteError> {
        // It begins with the time, so that an item that was deleted and made again is not taken for the one before.
        let next = u64::try_from(now.unix_millis()).unwrap_or_default().max(read.saturating_add(1));
        let ends_at = AttributeValue::N(now.after(ENDS_AFTER).unix_seconds().to_string());
        let request = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .key("pk", text(key(user_id)))
            .update_expression("SET charges = :charges, generation = :next, expires_at = :ends_at")
            .expression_attribute_values(":charges", bytes(&spending.to_bytes()))
            .expression_attribute_values(":next", number(next))
            .expression_attribute_values(":ends_at", ends_at)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = match read {
            0 => request.condition_expression("attribute_not_exists(generation)"),
            read => {
                request.condition_expression("generation = :read").expression_attribute_values(":read", number(read))
            }
        };
        match timed("dynamodb.update_item", request.send()).await {
            Ok(_) => Ok(next),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Err(WriteError::Conflict(failed.item().map(|item| stored(item, now)).unwrap_or_default()))
                }
                _ => Err(store_error(&error).into()),
            },
        }
    }
}

fn key(user_id: &UserId) -> String {
    format!("quota#{user_id}")
}

/// What an item holds. DynamoDB may take days to delete what is over: only what counts now is read.
fn stored(item: &Item, now: Timestamp) -> Stored {
    let charges = item.get("charges").and_then(|value| value.as_b().ok());
    let generation = item.get("generation").and_then(|value| value.as_n().ok()?.parse().ok());
    Stored {
        spending: charges.map(|charges| Spending::from_bytes(charges.as_ref(), now)).unwrap_or_default(),
        generation: generation.unwrap_or_default(),
    }
}
