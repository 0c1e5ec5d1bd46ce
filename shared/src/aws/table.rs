//! The one table, and what is the same for all that is kept in it.

use aws_sdk_dynamodb::{Client, config::Builder, error::SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;

use super::{
    call_log::{CallLog, RetryBudget},
    failure::Failure,
    item::{Item, text},
};
use crate::{domain::connection::StoreError, telemetry::timed};

/// A DynamoDB table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

impl Table {
    /// The table of that name.
    pub(super) fn new(config: &SdkConfig, name: String) -> Self {
        let config = Builder::from(config).interceptor(CallLog).retry_classifier(RetryBudget).build();
        Self { client: Client::from_conf(config), name }
    }

    /// The item with that key, as of the last write.
    pub(super) async fn item(&self, pk: String) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.name).key("pk", text(pk)).consistent_read(true);
        let found = timed("dynamodb.get_item", request.send()).await;
        found.map(|found| found.item).map_err(|error| store_error(&error))
    }
}

/// What the SDK's error comes to.
pub(super) fn store_error<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> StoreError {
    let failure = Failure::of(error);
    StoreError { detail: format!("DynamoDB: {}", failure.code), transient: failure.transient }
}
