//! What a function's role does not allow is refused as AWS refuses it.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};
use aws_sdk_kms::types::DataKeySpec;
use local::aws::{EmbeddedAws, access_key_id, in_role_of, permissions::Resource};

use super::support::{TABLE, start, text};

/// A deployment with everything that the roles refer to; gives the key's ARN.
async fn deployed() -> (EmbeddedAws, String) {
    let aws = start(None).await;
    aws.secrets().put("client-secret", "{}").unwrap();
    aws.secrets().put("cookie-key", "text").unwrap();
    aws.event_bus().create("bus");
    let key = aws.kms().create_key().unwrap();
    let names = [
        ("CLIENT_SECRET_ID", "client-secret"),
        ("CONNECTIONS_TABLE", TABLE),
        ("COOKIE_KEY_SECRET_ID", "cookie-key"),
        ("EVENT_BUS_NAME", "bus"),
        ("TOKEN_KMS_KEY_ID", &key),
    ];
    aws.roles().deploy(&names.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    (aws, key)
}

fn role(aws: &EmbeddedAws, function: &str) -> SdkConfig {
    in_role_of(function, &aws.sdk_config())
}

/// Asserts that it is AWS's denial of an action on a resource, or without one.
#[track_caller]
fn assert_denied(error: &impl ProvideErrorMetadata, function: &str, action: &str, on: &str) {
    let role = format!("arn:aws:sts::000000000000:assumed-role/gmail-connect-{function}/gmail-connect-{function}");
    let on = if on.is_empty() { String::new() } else { format!(" on resource: {on}") };
    let message = format!(
        "User: {role} is not authorized to perform: {action}{on} because no identity-based policy allows the {action} action"
    );
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some(message.as_str())));
}

#[tokio::test]
async fn each_service_says_no_in_its_own_words() {
    let (aws, key) = deployed().await;
    let table = format!("arn:aws:dynamodb:eu-central-1:000000000000:table/{TABLE}");
    let secrets = aws_sdk_secretsmanager::Client::new(&role(&aws, "security-events"));
    let error = secrets.get_secret_value().secret_id("cookie-key").send().await.unwrap_err();
    assert_denied(&error, "security-events", "secretsmanager:GetSecretValue", "cookie-key");
    let error = secrets.batch_get_secret_value().secret_id_list("client-secret").send().await.unwrap_err();
    assert_denied(&error, "security-events", "secretsmanager:BatchGetSecretValue", "");
    let kms = aws_sdk_kms::Client::new(&role(&aws, "list-messages"));
    let error = kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).send().await.unwrap_err();
    assert_denied(&error, "list-messages", "kms:GenerateDataKey", &key);
    let dynamodb = aws_sdk_dynamodb::Client::new(&role(&aws, "list-messages"));
    let error = dynamodb.delete_item().table_name(TABLE).key("pk", text("1")).send().await.unwrap_err();
    assert_denied(&error, "list-messages", "dynamodb:DeleteItem", &table);
    let query = dynamodb.query().table_name(TABLE).index_name("users-by-status");
    let query = query.key_condition_expression("user_id = :user").expression_attribute_values(":user", text("1"));
    let error = query.send().await.unwrap_err();
    assert_denied(&error, "list-messages", "dynamodb:Query", &format!("{table}/index/users-by-status"));
    let bus = aws_sdk_eventbridge::Client::new(&role(&aws, "callback"));
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder().event_bus_name("bus").detail("{}");
    let entry = entry.source("source").detail_type("type").build();
    let error = bus.put_events().entries(entry).send().await.unwrap_err();
    assert_denied(&error, "callback", "events:PutEvents", "arn:aws:events:eu-central-1:000000000000:event-bus/bus");
    assert_eq!(aws.roles().refused().len(), 6);
}

#[tokio::test]
async fn a_batch_gives_what_may_be_read_and_names_the_rest() {
    let (aws, _) = deployed().await;
    aws.secrets().put("another", "text").unwrap();
    let secrets = aws_sdk_secretsmanager::Client::new(&role(&aws, "callback"));
    let request = secrets.batch_get_secret_value().secret_id_list("client-secret").secret_id_list("another");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.secret_values().len(), 1);
    assert_eq!(answer.errors()[0].secret_id(), Some("another"));
    assert_eq!(answer.errors()[0].error_code(), Some("AccessDeniedException"));
    assert!(answer.errors()[0].message().unwrap().contains("secretsmanager:GetSecretValue on resource: another"));
}

fn put() -> TransactWriteItem {
    let put = Put::builder().table_name(TABLE).item("pk", text("1")).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

fn delete() -> TransactWriteItem {
    let delete = Delete::builder().table_name(TABLE).key("pk", text("2")).build().unwrap();
    TransactWriteItem::builder().delete(delete).build()
}

fn update() -> TransactWriteItem {
    let update = Update::builder().table_name(TABLE).key("pk", text("3")).update_expression("REMOVE a");
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

fn condition_check() -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name(TABLE).key("pk", text("4"));
    let check = check.condition_expression("attribute_not_exists(pk)").build().unwrap();
    TransactWriteItem::builder().condition_check(check).build()
}

#[tokio::test]
async fn a_transaction_needs_what_each_of_its_parts_needs() {
    let (aws, _) = deployed().await;
    for (function, parts, missing) in [
        ("callback", vec![put(), delete(), update()], None),
        ("callback", vec![put(), condition_check()], Some("dynamodb:ConditionCheckItem")),
        ("connection", vec![update(), delete()], None),
        ("connection", vec![delete(), put()], Some("dynamodb:PutItem")),
        ("security-events", vec![put(), update()], None),
        ("security-events", vec![put(), delete()], Some("dynamodb:DeleteItem")),
        ("authorize-url", vec![put()], Some("dynamodb:PutItem")),
    ] {
        let client = aws_sdk_dynamodb::Client::new(&role(&aws, function));
        let before = aws.items(TABLE).unwrap();
        let outcome = client.transact_write_items().set_transact_items(Some(parts)).send().await;
        match missing {
            None => assert!(outcome.is_ok(), "{function}: {outcome:?}"),
            Some(action) => {
                let table = format!("arn:aws:dynamodb:eu-central-1:000000000000:table/{TABLE}");
                assert_denied(&outcome.unwrap_err(), function, action, &table);
                assert_eq!(aws.items(TABLE).unwrap(), before, "{function}");
            }
        }
    }
}

#[tokio::test]
async fn a_data_key_needs_its_purpose_and_a_user_in_the_encryption_context() {
    let (aws, key) = deployed().await;
    let kms = aws_sdk_kms::Client::new(&role(&aws, "callback"));
    for (context, is_allowed) in [
        (&[("purpose", "gmail-connect"), ("user_id", "1")][..], true),
        (&[("purpose", "gmail-connect"), ("user_id", "1"), ("more", "2")], true),
        (&[("purpose", "gmail-connect")], false),
        (&[("user_id", "1")], false),
        (&[("purpose", "another"), ("user_id", "1")], false),
        (&[], false),
    ] {
        let context = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256);
        let outcome = request.set_encryption_context(Some(context)).send().await;
        assert_eq!(outcome.is_ok(), is_allowed, "{outcome:?}");
    }
    let another = aws.kms().create_key().unwrap();
    let request = kms.generate_data_key().key_id(&another).key_spec(DataKeySpec::Aes256);
    let request = request.encryption_context("purpose", "gmail-connect").encryption_context("user_id", "1");
    assert_denied(&request.send().await.unwrap_err(), "callback", "kms:GenerateDataKey", &another);
}

#[tokio::test]
async fn what_is_withheld_is_denied_until_it_is_given_back_and_is_no_defect() {
    let (aws, _) = deployed().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&role(&aws, "connection"));
    let get = || dynamodb.get_item().table_name(TABLE).key("pk", AttributeValue::S("1".to_owned())).send();
    get().await.unwrap();
    for (action, resource) in [("dynamodb:GetItem", Resource::Table), ("kms:Decrypt", Resource::TableKey)] {
        aws.roles().withhold("connection", action, resource);
        assert_eq!(get().await.unwrap_err().code(), Some("AccessDeniedException"), "{action}");
        aws.roles().restore();
        get().await.unwrap();
    }
    assert_eq!(aws.roles().refused(), [""; 0]);
    let used = aws.roles().used();
    assert_eq!(used.len(), 2, "{used:?}");
}

#[tokio::test]
async fn who_has_no_key_of_the_stack_or_of_a_function_is_nobody() {
    let (aws, _) = deployed().await;
    assert_eq!(access_key_id("list-messages"), "AKIALOCALLISTMESSAGES");
    let dynamodb = aws_sdk_dynamodb::Client::new(&role(&aws, "another-function"));
    let error = dynamodb.get_item().table_name(TABLE).key("pk", text("1")).send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let call = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(aws.endpoint())
        .header("x-amz-target", "DynamoDB_20120810.ListTables");
    let answer = call.body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("MissingAuthenticationTokenException"));
}
