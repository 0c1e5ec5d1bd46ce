//! The security events that were seen, as items of the table that end by themselves.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;

use super::{
    item::text,
    table::{Table, store_error},
};
use crate::{
    domain::{connection::StoreError, security_event::SeenEvents, time::Timestamp},
    telemetry::timed,
};

/// Seen events in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbSeenEvents {
    table: Table,
}

impl DynamoDbSeenEvents {
    /// The seen events of a table.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(config, table) }
    }
}

#[async_trait]
impl SeenEvents for DynamoDbSeenEvents {
    async fn is_seen(&self, jti: &str, now: Timestamp) -> Result<bool, StoreError> {
        let found = self.table.item(key(jti)).await?;
        // DynamoDB may take days to delete what is over.
        let until = found.as_ref().and_then(|item| item.get("expires_at")?.as_n().ok()?.parse::<i64>().ok());
        Ok(until.is_some_and(|until| now.unix_seconds() < until))
    }

    async fn remember(&self, jti: &str, until: Timestamp) -> Result<(), StoreError> {
        let until = AttributeValue::N(until.unix_seconds().to_string());
        let request = self.table.client.put_item().table_name(&self.table.name);
        let request = request.item("pk", text(key(jti))).item("expires_at", until);
        timed("dynamodb.put_item", request.send()).await.map(|_| ()).map_err(|error| store_error(&error))
    }
}

fn key(jti: &str) -> String {
    format!("event#{jti}")
}
