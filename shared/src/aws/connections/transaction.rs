//! The transactions that put a connection in the place of the one that was read, or delete it, and the index of its
//! token with it.

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{Delete, Put, TransactWriteItem},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{store_error, unchanged};
use crate::{
    aws::item::{connection_key, from_connection, text},
    domain::{
        connection::{Connection, Replacement, StoreError, TokenIndex, WriteError},
        user_id::UserId,
    },
};

/// The writes of a replacement.
pub(super) fn replacement(
    table: &str,
    connection: &Connection,
    change: &Replacement<'_>,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut writes = vec![put_connection(table, connection, change.read)];
    let stale = change.old_index.0.iter().filter(|key| !change.new_index.0.contains(key));
    writes.extend(stale.map(|key| delete(table, key)));
    writes.extend(change.new_index.0.iter().map(|key| put_index(table, key, &connection.user_id)));
    all(writes)
}

/// The writes of a deletion.
pub(super) fn deletion(
    table: &str,
    read: &Connection,
    index: &TokenIndex,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let (condition, values) = unchanged(read);
    let connection = Delete::builder()
        .table_name(table)
        .key("pk", text(connection_key(&read.user_id)))
        .condition_expression(condition)
        .set_expression_attribute_values(Some(values.into_iter().collect()));
    let connection = connection.build().map(|delete| TransactWriteItem::builder().delete(delete).build());
    all([connection].into_iter().chain(index.0.iter().map(|key| delete(table, key))).collect())
}

fn all(writes: Vec<Result<TransactWriteItem, BuildError>>) -> Result<Vec<TransactWriteItem>, StoreError> {
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
        Some(read) => {
            let (condition, values) = unchanged(read);
            put.condition_expression(condition).set_expression_attribute_values(Some(values.into_iter().collect()))
        }
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
