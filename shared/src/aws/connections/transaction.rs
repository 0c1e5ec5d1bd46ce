//! The transactions that put a connection in the place of the one that was read, or delete it, and the index of its
//! token with it.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, Delete, Put, TransactWriteItem},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::unchanged;
use crate::{
    aws::{
        item::{connection_key, from_connection, index_key, text},
        table::store_error,
    },
    domain::{
        connection::{Connection, StoreError, WriteError},
        user_id::UserId,
    },
};

/// The reason of a write whose condition does not hold.
const CHECK_FAILED: &str = "ConditionalCheckFailed";

/// The writes of a replacement.
pub(super) fn replacement(
    table: &str,
    connection: &Connection,
    read: Option<&Connection>,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let (user_id, new, none) = (&connection.user_id, &connection.token_index.0, BTreeSet::new());
    let old = read.map_or(&none, |read| &read.token_index.0);
    let mut writes = vec![put_connection(table, connection, read)];
    writes.extend(old.difference(new).map(|hash| delete_index(table, hash, user_id)));
    writes.extend(new.difference(old).map(|hash| put_index(table, hash, user_id)));
    all(writes)
}

/// The writes of a deletion.
pub(super) fn deletion(table: &str, read: &Connection) -> Result<Vec<TransactWriteItem>, StoreError> {
    let (condition, values) = unchanged(read);
    let connection = Delete::builder()
        .table_name(table)
        .key("pk", text(connection_key(&read.user_id)))
        .condition_expression(condition)
        .set_expression_attribute_values(Some(values.into_iter().collect()));
    let connection = connection.build().map(|delete| TransactWriteItem::builder().delete(delete).build());
    let index = read.token_index.0.iter().map(|hash| delete_index(table, hash, &read.user_id));
    all([connection].into_iter().chain(index).collect())
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

fn put_index(table: &str, hash: &[u8], user_id: &UserId) -> Result<TransactWriteItem, BuildError> {
    let put =
        Put::builder().table_name(table).item("pk", text(index_key(hash))).item("user_id", text(user_id.as_str()));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// An entry goes only if it leads to this user: which entries a connection has says a row that may be another's copy.
fn delete_index(table: &str, hash: &[u8], user_id: &UserId) -> Result<TransactWriteItem, BuildError> {
    let delete = Delete::builder()
        .table_name(table)
        .key("pk", text(index_key(hash)))
        .condition_expression("attribute_not_exists(pk) OR user_id = :user_id")
        .expression_attribute_values(":user_id", text(user_id.as_str()));
    Ok(TransactWriteItem::builder().delete(delete.build()?).build())
}

/// Takes out of a failed transaction the deletions of entries that lead to another user, if those are what it failed for:
/// it is to be tried again without them.
pub(super) fn spare_others(
    writes: &mut Vec<TransactWriteItem>,
    error: &SdkError<TransactWriteItemsError, HttpResponse>,
) -> bool {
    let fails: Vec<_> = reasons(error).iter().map(|reason| reason.code() == Some(CHECK_FAILED)).collect();
    // The first write is the connection's own.
    if fails.len() != writes.len() || fails.first() != Some(&false) || !fails.contains(&true) {
        return false;
    }
    tracing::error!("a connection claims entries of the token index that lead to another user; they stay");
    let mut fails = fails.into_iter();
    writes.retain(|_| fails.next() != Some(true));
    true
}

fn reasons(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
        _ => &[],
    }
}

/// What a failed transaction comes to, by the first reason that says something.
pub(super) fn failure(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> WriteError {
    if !matches!(error.as_service_error(), Some(TransactWriteItemsError::TransactionCanceledException(_))) {
        return store_error(error).into();
    }
    let reasons = reasons(error);
    if reasons.iter().any(|reason| reason.code() == Some(CHECK_FAILED)) {
        return WriteError::Conflict;
    }
    let code = reasons.iter().filter_map(|reason| reason.code()).find(|code| *code != "None").unwrap_or("unknown");
    let transient = matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded");
    StoreError { detail: format!("DynamoDB: transaction cancelled, {code}"), transient }.into()
}
