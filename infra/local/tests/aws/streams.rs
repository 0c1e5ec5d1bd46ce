use local::aws::EmbeddedAws;
use serde_json::{Value, json};

use super::support::{TABLE, start};

/// Calls DynamoDB Streams.
async fn call(aws: &EmbeddedAws, operation: &str, request: Value) -> Value {
    // Whoever comes second finds a provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::builder().build().unwrap().post(aws.endpoint()).body(request.to_string());
    let credential = format!("AWS4-HMAC-SHA256 Credential={}/", local::aws::ACCESS_KEY_ID);
    let request = request.header("authorization", credential);
    let answer = request.header("x-amz-target", format!("DynamoDBStreams_20120810.{operation}")).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// The records of the table's stream, as a consumer reads them.
pub(super) async fn records(aws: &EmbeddedAws) -> Vec<Value> {
    let streams = call(aws, "ListStreams", json!({"TableName": TABLE})).await;
    let arn = &streams["Streams"][0]["StreamArn"];
    let described = call(aws, "DescribeStream", json!({"StreamArn": arn})).await;
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let request = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let iterator = call(aws, "GetShardIterator", request).await;
    let answer = call(aws, "GetRecords", json!({"ShardIterator": iterator["ShardIterator"]})).await;
    answer["Records"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_stream_tells_what_was_written_in_order() {
    let aws = start(None).await;
    let item = |email: &str| json!({"pk": {"S": "connection#1"}, "email": {"S": email}});
    aws.put_item(TABLE, &item("a")).unwrap();
    aws.put_item(TABLE, &item("b")).unwrap();
    aws.delete_item(TABLE, "connection#1").unwrap();
    let records = records(&aws).await;
    let told: Vec<Value> = records
        .iter()
        .map(|record| {
            let stream = &record["dynamodb"];
            json!([record["eventName"], stream["OldImage"]["email"]["S"], stream["NewImage"]["email"]["S"]])
        })
        .collect();
    assert_eq!(told, [json!(["INSERT", null, "a"]), json!(["MODIFY", "a", "b"]), json!(["REMOVE", "b", null])]);
    assert!(records.iter().all(|record| record["awsRegion"] == "eu-central-1"));
}

#[tokio::test]
async fn the_stream_is_silent_about_a_write_that_changes_nothing() {
    let aws = start(None).await;
    let item = json!({"pk": {"S": "connection#1"}, "scopes": {"SS": ["a", "b"]}});
    aws.put_item(TABLE, &item).unwrap();
    aws.put_item(TABLE, &item).unwrap();
    assert_eq!(records(&aws).await.len(), 1);
}

#[tokio::test]
async fn a_stream_is_found_again_by_its_arn() {
    let aws = start(None).await;
    aws.create_table("other").unwrap();
    let first = call(&aws, "ListStreams", json!({"Limit": 1})).await;
    let arn = &first["LastEvaluatedStreamArn"];
    assert_eq!(*arn, first["Streams"][0]["StreamArn"]);
    let second = call(&aws, "ListStreams", json!({"ExclusiveStartStreamArn": arn})).await;
    assert_eq!(second["Streams"][0]["TableName"], "other");
    assert_eq!(second["Streams"].as_array().unwrap().len(), 1);
}
