//! The embedded DynamoDB: its operations by name, run by dynoxide in this process.

use dynoxide::Database;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{AwsError, arn, table};

/// Runs one operation on a request in DynamoDB's JSON.
pub(super) fn call(database: &Database, operation: &str, request: &Value) -> Result<Value, AwsError> {
    match operation {
        "GetItem" => run(request, |it| database.get_item(it)),
        "PutItem" => run(request, |it| database.put_item(it)),
        "UpdateItem" => run(request, |it| database.update_item(it)),
        "DeleteItem" => run(request, |it| database.delete_item(it)),
        "Query" => run(request, |it| database.query(it)),
        "Scan" => run(request, |it| database.scan(it)),
        "BatchGetItem" => run(request, |it| database.batch_get_item(it)),
        "BatchWriteItem" => run(request, |it| database.batch_write_item(it)),
        "TransactGetItems" => run(request, |it| database.transact_get_items(it)),
        "TransactWriteItems" => run(request, |it| database.transact_write_items(it)),
        "DescribeTimeToLive" => run(request, |it| database.describe_time_to_live(it)),
        "UpdateTimeToLive" => run(request, |it| database.update_time_to_live(it)),
        "DescribeContinuousBackups" => table::continuous_backups(database, request),
        "ListTables" => run(request, |it| database.list_tables(it)),
        _ => describe(database, operation, request).map(arn::ours),
    }
}

/// The operations that answer with a table's description, which names it by its ARN.
fn describe(database: &Database, operation: &str, request: &Value) -> Result<Value, AwsError> {
    match operation {
        "CreateTable" => run(request, |it| database.create_table(it)),
        "DescribeTable" => run(request, |it| database.describe_table(it)),
        "UpdateTable" => run(request, |it| database.update_table(it)),
        "DeleteTable" => run(request, |it| database.delete_table(it)),
        _ => Err(AwsError::new("com.amazon.coral.service#UnknownOperationException", "")),
    }
}

/// Whether an operation can change an item.
pub(super) fn is_write(operation: &str) -> bool {
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"].contains(&operation)
}

/// Runs an operation of dynoxide on a request in DynamoDB's JSON.
pub(super) fn run<Q: DeserializeOwned, A: Serialize>(
    request: &Value,
    operation: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Result<Value, AwsError> {
    let request = serde_json::from_value(request.clone())
        .map_err(|error| AwsError::new("com.amazon.coral.service#SerializationException", &error.to_string()))?;
    Ok(serde_json::to_value(operation(request)?)?)
}

/// Makes a table with the string `pk` as its key, on demand, unless it is there.
pub(super) fn create_table(database: &Database, table: &str) -> Result<(), AwsError> {
    let request = json!({
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    });
    match call(database, "CreateTable", &request) {
        Err(error) if error.code() == "ResourceInUseException" => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// The item with that key, in DynamoDB's JSON.
pub(super) fn item(database: &Database, table: &str, pk: &str) -> Result<Option<Value>, AwsError> {
    let request = json!({"TableName": table, "Key": {"pk": {"S": pk}}, "ConsistentRead": true});
    let answer = call(database, "GetItem", &request)?;
    Ok(answer.get("Item").cloned())
}

/// Every item of a table, in DynamoDB's JSON.
pub(super) fn items(database: &Database, table: &str) -> Result<Vec<Value>, AwsError> {
    let mut items = Vec::new();
    let mut request = json!({"TableName": table});
    loop {
        let answer = call(database, "Scan", &request)?;
        items.extend(answer.get("Items").and_then(Value::as_array).into_iter().flatten().cloned());
        match (answer.get("LastEvaluatedKey"), request.as_object_mut()) {
            (Some(last), Some(request)) => request.insert("ExclusiveStartKey".to_owned(), last.clone()),
            _ => return Ok(items),
        };
    }
}
