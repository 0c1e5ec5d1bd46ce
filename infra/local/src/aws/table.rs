//! The functions' table as it is deployed: key, index, stream, TTL and backups.

use dynoxide::Database;
use serde_json::{Value, json};

use super::{AwsError, dynamodb::call};

/// The index that finds users by the status of their connection.
pub(super) const INDEX: &str = "users-by-status";

/// Makes the table, or gives one of an earlier version what it lacks.
pub(super) fn create(database: &Database, table: &str) -> Result<(), AwsError> {
    match call(database, "DescribeTable", &json!({"TableName": table})) {
        Ok(description) => complete(database, table, &description)?,
        Err(error) if error.code() == "ResourceNotFoundException" => {
            call(database, "CreateTable", &definition(table))?;
        }
        Err(error) => return Err(error),
    }
    expire_items(database, table)
}

fn definition(table: &str) -> Value {
    json!({
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": attributes(),
        "GlobalSecondaryIndexes": [index()],
        "StreamSpecification": stream(),
    })
}

/// The attributes in the keys of the table and of its index.
fn attributes() -> Value {
    ["pk", "status", "user_id"].map(|name| json!({"AttributeName": name, "AttributeType": "S"})).into_iter().collect()
}

fn index() -> Value {
    json!({
        "IndexName": INDEX,
        "KeySchema": [
            {"AttributeName": "status", "KeyType": "HASH"},
            {"AttributeName": "user_id", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["email", "connected_at"]},
    })
}

fn stream() -> Value {
    json!({"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"})
}

/// Adds the index and the stream, one a call as DynamoDB wants it.
fn complete(database: &Database, table: &str, description: &Value) -> Result<(), AwsError> {
    let indexes = description.pointer("/Table/GlobalSecondaryIndexes").and_then(Value::as_array);
    if !indexes.into_iter().flatten().any(|index| index.get("IndexName") == Some(&INDEX.into())) {
        let request = json!({
            "TableName": table,
            "AttributeDefinitions": attributes(),
            "GlobalSecondaryIndexUpdates": [{"Create": index()}],
        });
        call(database, "UpdateTable", &request)?;
    }
    let streaming = description.pointer("/Table/StreamSpecification/StreamEnabled");
    if streaming != Some(&Value::Bool(true)) {
        call(database, "UpdateTable", &json!({"TableName": table, "StreamSpecification": stream()}))?;
    }
    Ok(())
}

/// Makes `expires_at` the table's TTL attribute, unless it is.
fn expire_items(database: &Database, table: &str) -> Result<(), AwsError> {
    let name = json!({"TableName": table});
    let answer = call(database, "DescribeTimeToLive", &name)?;
    if answer.pointer("/TimeToLiveDescription/AttributeName").is_some() {
        return Ok(());
    }
    let specification = json!({"AttributeName": "expires_at", "Enabled": true});
    let request = json!({"TableName": table, "TimeToLiveSpecification": specification});
    call(database, "UpdateTimeToLive", &request).map(drop)
}

/// The answer to `DescribeContinuousBackups`: of every table there is, they are enabled, as they are deployed.
pub(super) fn continuous_backups(database: &Database, request: &Value) -> Result<Value, AwsError> {
    let table = request.get("TableName");
    call(database, "DescribeTable", &json!({"TableName": table})).map_err(|error| match &*error.code() {
        "ResourceNotFoundException" => {
            let message = format!("Table not found: {}", table.and_then(Value::as_str).unwrap_or_default());
            AwsError::new("com.amazonaws.dynamodb.v20120810#TableNotFoundException", &message)
        }
        _ => error,
    })?;
    Ok(json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35},
    }}))
}
