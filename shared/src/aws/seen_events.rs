//! The security events that were seen, as items of the table that end by themselves.

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, config::Builder, types::AttributeValue};
use aws_types::SdkConfig;

use super::{call_log::CallLog, connections::store_error, item::text};
use crate::{
    domain::{connection::StoreError, security_event::SeenEvents, time::Timestamp},
    telemetry::timed,
};

/// Seen events in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDbSeenEvents {
    client: Client,
    table: String,
}

impl DynamoDbSeenEvents {
    /// The seen events of a table.
    pub fn new(config: &SdkConfig, table: String) -> Self {
        let config = Builder::from(config).interceptor(CallLog).build();
        Self { client: Client::from_conf(config), table }
    }
}

#[async_trait]
impl SeenEvents for DynamoDbSeenEvents {
    async fn is_seen(&self, jti: &str, now: Timestamp) -> Result<bool, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key("pk", key(jti)).consistent_read(true);
        let found = timed("dynamodb.get_item", request.send()).await.map_err(|error| store_error(&error))?;
        // DynamoDB may take days to delete what is over.
        let until = found.item.as_ref().and_then(|item| item.get("expires_at")?.as_n().ok()?.parse::<i64>().ok());
        Ok(until.is_some_and(|until| now.unix_seconds() < until))
    }

    async fn remember(&self, jti: &str, until: Timestamp) -> Result<(), StoreError> {
        let until = AttributeValue::N(until.unix_seconds().to_string());
        let request = self.client.put_item().table_name(&self.table).item("pk", key(jti)).item("expires_at", until);
        timed("dynamodb.put_item", request.send()).await.map(|_| ()).map_err(|error| store_error(&error))
    }
}

fn key(jti: &str) -> AttributeValue {
    text(format!("event#{jti}"))
}
