use std::{collections::HashMap, path::Path};

use aws_sdk_dynamodb::{
    operation::query::{QueryOutput, builders::QueryFluentBuilder},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, ContinuousBackupsStatus, IndexStatus, KeySchemaElement,
        KeyType, PointInTimeRecoveryStatus, Put, ScalarAttributeType, StreamViewType, TransactWriteItem,
    },
};
use local::aws::EmbeddedAws;
use serde_json::json;

use super::support::{TABLE, dynamodb, start, start_without_table, text};

fn connection(user_id: &str, status: &str) -> serde_json::Value {
    json!({
        "pk": {"S": format!("connection#{user_id}")}, "user_id": {"S": user_id}, "status": {"S": status},
        "email": {"S": format!("{user_id}@example.com")}, "connected_at": {"S": "2026-01-01T00:00:00.000Z"},
        "refresh_token": {"S": "sealed"},
    })
}

fn query(aws: &EmbeddedAws, status: &str) -> QueryFluentBuilder {
    let query = dynamodb(aws).query().table_name(TABLE).index_name("users-by-status");
    query
        .key_condition_expression("#status = :status")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":status", text(status))
}

fn user_ids(answer: &QueryOutput) -> Vec<&str> {
    answer.items().iter().map(|item| item["user_id"].as_s().unwrap().as_str()).collect()
}

async fn users(aws: &EmbeddedAws, status: &str) -> Vec<String> {
    let answer = query(aws, status).send().await.unwrap();
    user_ids(&answer).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_index_holds_what_a_list_of_users_shows_and_no_tokens() {
    let aws = start(None).await;
    aws.put_item(TABLE, &connection("1", "active")).unwrap();
    let answer = query(&aws, "active").send().await.unwrap();
    let mut names: Vec<&str> = answer.items()[0].keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["connected_at", "email", "pk", "status", "user_id"]);
}

#[tokio::test]
async fn the_index_is_read_page_by_page_in_the_order_of_user_ids() {
    let aws = start(None).await;
    for user in ["3", "1", "5", "2", "4"] {
        aws.put_item(TABLE, &connection(user, "active")).unwrap();
    }
    aws.put_item(TABLE, &connection("0", "revoked")).unwrap();
    let mut pages = Vec::new();
    let mut start: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let answer = query(&aws, "active").limit(2).set_exclusive_start_key(start).send().await.unwrap();
        pages.push(user_ids(&answer).join(" "));
        start = answer.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(pages, ["1 2", "3 4", "5"]);
}

#[tokio::test]
async fn the_index_is_read_from_a_start_key_whose_item_is_gone() {
    let aws = start(None).await;
    for user in ["1", "2", "3"] {
        aws.put_item(TABLE, &connection(user, "active")).unwrap();
    }
    let first = query(&aws, "active").limit(2).send().await.unwrap();
    aws.delete_item(TABLE, "connection#2").unwrap();
    let answer = query(&aws, "active").set_exclusive_start_key(first.last_evaluated_key).send().await.unwrap();
    assert_eq!(user_ids(&answer), ["3"]);
}

#[tokio::test]
async fn an_item_without_a_status_is_not_in_the_index() {
    let aws = start(None).await;
    aws.put_item(TABLE, &json!({"pk": {"S": "token#a"}, "user_id": {"S": "1"}})).unwrap();
    let answer = dynamodb(&aws).scan().table_name(TABLE).index_name("users-by-status").send().await.unwrap();
    assert!(answer.items().is_empty());
}

#[tokio::test]
async fn the_index_follows_updates_transactions_and_deletions() {
    let aws = start(None).await;
    let put = |user: &str| {
        let item =
            [("pk", format!("connection#{user}")), ("user_id", user.to_owned()), ("status", "active".to_owned())];
        let item = item.into_iter().map(|(name, value)| (name.to_owned(), text(&value))).collect();
        TransactWriteItem::builder().put(Put::builder().table_name(TABLE).set_item(Some(item)).build().unwrap()).build()
    };
    let both = dynamodb(&aws).transact_write_items().transact_items(put("1")).transact_items(put("2"));
    both.send().await.unwrap();
    assert_eq!(users(&aws, "active").await, ["1", "2"]);

    let update = dynamodb(&aws).update_item().table_name(TABLE).key("pk", text("connection#1"));
    let update = update.update_expression("SET #status = :revoked").expression_attribute_names("#status", "status");
    update.expression_attribute_values(":revoked", text("revoked")).send().await.unwrap();
    assert_eq!(users(&aws, "active").await, ["2"]);
    assert_eq!(users(&aws, "revoked").await, ["1"]);

    aws.delete_item(TABLE, "connection#2").unwrap();
    assert!(users(&aws, "active").await.is_empty());
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_neither_the_index_nor_the_stream_changed() {
    let aws = start(None).await;
    aws.put_item(TABLE, &connection("1", "active")).unwrap();
    let put = |user: &str| {
        let put = Put::builder().table_name(TABLE).condition_expression("attribute_not_exists(pk)");
        let put = put.item("pk", text(&format!("connection#{user}"))).item("user_id", text(user));
        TransactWriteItem::builder().put(put.item("status", text("active")).build().unwrap()).build()
    };
    let both = dynamodb(&aws).transact_write_items().transact_items(put("2")).transact_items(put("1"));
    let error = both.send().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
    assert_eq!(users(&aws, "active").await, ["1"]);
    assert_eq!(super::streams::records(&aws).await.len(), 1);
}

#[tokio::test]
async fn the_table_is_described_as_it_is_deployed() {
    let aws = start(None).await;
    let described = dynamodb(&aws).describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    assert_eq!(described.table_arn().unwrap(), "arn:aws:dynamodb:eu-central-1:000000000000:table/connections");
    let index = &described.global_secondary_indexes()[0];
    assert_eq!((index.index_name(), index.index_status()), (Some("users-by-status"), Some(&IndexStatus::Active)));
    assert!(index.index_arn().unwrap().starts_with("arn:aws:dynamodb:eu-central-1:"), "{index:?}");
    assert!(described.latest_stream_arn().unwrap().starts_with("arn:aws:dynamodb:eu-central-1:"), "{described:?}");
    let stream = described.stream_specification.unwrap();
    assert_eq!(stream.stream_view_type, Some(StreamViewType::NewAndOldImages));
    assert!(stream.stream_enabled);
}

#[tokio::test]
async fn the_tables_backups_are_enabled() {
    let aws = start(None).await;
    let answer = dynamodb(&aws).describe_continuous_backups().table_name(TABLE).send().await.unwrap();
    let described = answer.continuous_backups_description.unwrap();
    assert_eq!(described.continuous_backups_status, ContinuousBackupsStatus::Enabled);
    let recovery = described.point_in_time_recovery_description.unwrap();
    assert_eq!(recovery.point_in_time_recovery_status, Some(PointInTimeRecoveryStatus::Enabled));
    let unknown = dynamodb(&aws).describe_continuous_backups().table_name("other").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_table_not_found_exception());
}

/// A file with a table that has neither index nor stream, and one item in it.
async fn file_of_an_earlier_version(file: &Path) {
    let aws = start_without_table(Some(file.to_owned())).await;
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let pk = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build();
    let create = dynamodb(&aws).create_table().table_name(TABLE).key_schema(key);
    let create = create.attribute_definitions(pk.unwrap()).billing_mode(BillingMode::PayPerRequest);
    create.send().await.unwrap();
    aws.put_item(TABLE, &connection("1", "active")).unwrap();
}

#[tokio::test]
async fn a_table_of_an_earlier_version_gets_its_index_and_its_stream() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    file_of_an_earlier_version(&file).await;
    for _ in 0..2 {
        let aws = start(Some(file.clone())).await;
        assert_eq!(users(&aws, "active").await, ["1"]);
    }
    let aws = start(Some(file)).await;
    aws.put_item(TABLE, &connection("2", "active")).unwrap();
    assert_eq!(users(&aws, "active").await, ["1", "2"]);
    assert_eq!(super::streams::records(&aws).await.len(), 1);
}
