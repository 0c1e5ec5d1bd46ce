//! The transaction that puts a connection in the place of the one that was read, and the index of its token beside it.

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{Delete, Put, TransactWriteItem},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::store_error;
use crate::{
    aws::item::{NO_GENERATION, from_connection, number, text},
    domain::{
        connection::{Connection, Replacement, StoreError, WriteError},
        user_id::UserId,
    },
};

/// The writes of the transaction.
pub(super) fn writes(
    table: &str,
    connection: &Connection,
    change: &Replacement<'_>,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut writes = vec![put_connection(table, connection, change.read)];
    let stale = change.old_index.0.iter().filter(|key| !change.new_index.0.contains(key));
    writes.extend(stale.map(|key| delete(table, key)));
    writes.extend(change.new_index.0.iter().map(|key| put_index(table, key, &connection.user_id)));
    let incomplete = |_| StoreError { detail: "the request is incomplete".into(), transient: false };
    writes.into_iter().collect::<Result<_, _>>().map_err(incomplete)
}

fn put_connection(
    table: &str,
    connection: &Connection,
    read: Option<&Connection>,
) -> Result<TransactWriteItem, BuildError> {
    let put = Put::builder().table_name(table).set_item(Some(from_connection(connection)));
    let put = match read {
        None => put.condition_expression("attribute_not_exists(pk)"),
        Some(read) if read.generation == NO_GENERATION => put
            .condition_expression("NOT attribute_type(generation, :number) OR generation = :none")
            .expression_attribute_values(":number", text("N"))
            .expression_attribute_values(":none", number(NO_GENERATION)),
        Some(read) => put
            .condition_expression("generation = :generation")
            .expression_attribute_values(":generation", number(read.generation)),
    };
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

fn put_index(table: &str, key: &str, user_id: &UserId) -> Result<TransactWriteItem, BuildError> {
    let put = Put::builder().table_name(table).item("pk", text(key)).item("user_id", text(user_id.as_str()));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

fn delete(table: &str, key: &str) -> Result<TransactWriteItem, BuildError> {
    let delete = Delete::builder().table_name(table).key("pk", text(key));
    Ok(TransactWriteItem::builder().delete(delete.build()?).build())
}

/// What a failed transaction comes to, by the first reason that says something.
pub(super) fn failure(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> WriteError {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
        _ => return store_error(error).into(),
    };
    if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
        return WriteError::Conflict;
    }
    let code = reasons.iter().filter_map(|reason| reason.code()).find(|code| *code != "None").unwrap_or("unknown");
    let transient = matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded");
    StoreError { detail: format!("DynamoDB: transaction cancelled, {code}"), transient }.into()
}
