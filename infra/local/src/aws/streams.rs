//! The embedded DynamoDB Streams: what was written to a table, in order.

use dynoxide::{
    Database,
    actions::{
        describe_stream::{DescribeStreamRequest, Shard},
        get_records::{GetRecordsRequest, Record},
        get_shard_iterator::GetShardIteratorRequest,
        list_streams::ListStreamsRequest,
    },
    streams::LOCAL_REGION,
};
use serde_json::Value;

use super::{AwsError, REGION, arn, dynamodb::run};

/// How many records [`records`] reads at once.
const PAGE: usize = 100;

/// Runs one operation on a request in DynamoDB Streams' JSON.
pub(super) fn call(database: &Database, operation: &str, request: &Value) -> Result<Value, AwsError> {
    if operation == "GetRecords" {
        return get_records(database, request);
    }
    let request = &arn::theirs(request.clone());
    let answer = match operation {
        "ListStreams" => run(request, |it| database.list_streams(it)),
        "DescribeStream" => run(request, |it| database.describe_stream(it)),
        "GetShardIterator" => run(request, |it| database.get_shard_iterator(it)),
        _ => Err(AwsError::new("com.amazon.coral.service#UnknownOperationException", "")),
    };
    answer.map(arn::ours)
}

/// Like DynamoDB, and unlike dynoxide, tells nothing of a write that changed nothing.
fn get_records(database: &Database, request: &Value) -> Result<Value, AwsError> {
    run(request, |it| {
        let mut answer = database.get_records(it)?;
        answer.records.retain(is_change);
        for record in &mut answer.records {
            REGION.clone_into(&mut record.aws_region);
        }
        Ok(answer)
    })
}

/// Whether the item was another one after the write.
pub(crate) fn is_change(record: &Record) -> bool {
    record.dynamodb.new_image != record.dynamodb.old_image
}

/// The next records after that sequence number, or from the beginning; also those that changed nothing.
pub(super) fn records(database: &Database, table: &str, after: Option<&str>) -> Result<Vec<Record>, AwsError> {
    let (stream_arn, shard) = stream(database, table)?;
    let start = if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
    let iterator = database.get_shard_iterator(GetShardIteratorRequest {
        stream_arn,
        shard_id: shard.shard_id,
        shard_iterator_type: start.to_owned(),
        sequence_number: after.map(str::to_owned),
    })?;
    let shard_iterator = iterator.shard_iterator.unwrap_or_default();
    Ok(database.get_records(GetRecordsRequest { shard_iterator, limit: Some(PAGE) })?.records)
}

/// The sequence number of the newest record.
pub(super) fn end(database: &Database, table: &str) -> Result<Option<String>, AwsError> {
    Ok(stream(database, table)?.1.sequence_number_range.ending_sequence_number)
}

/// The ARN of a table's stream.
pub(super) fn arn(database: &Database, table: &str) -> Result<String, AwsError> {
    Ok(stream(database, table)?.0.replacen(LOCAL_REGION, REGION, 1))
}

/// The ARN that dynoxide gives to a table's stream, and its one shard.
fn stream(database: &Database, table: &str) -> Result<(String, Shard), AwsError> {
    let none = || {
        let message = format!("Requested resource not found: Stream of table: {table} not found");
        AwsError::new("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", &message)
    };
    let request = ListStreamsRequest { table_name: Some(table.to_owned()), ..ListStreamsRequest::default() };
    let stream_arn = database.list_streams(request)?.streams.into_iter().next().ok_or_else(none)?.stream_arn;
    let request = DescribeStreamRequest { stream_arn: stream_arn.clone(), ..DescribeStreamRequest::default() };
    let shards = database.describe_stream(request)?.stream_description.shards;
    Ok((stream_arn, shards.into_iter().next().ok_or_else(none)?))
}
