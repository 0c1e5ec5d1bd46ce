use local::aws::EmbeddedAws;
use serde_json::json;
use tokio::net::TcpListener;

use super::support::{TABLE, data_key, dynamodb, kms, options, start, text};

#[tokio::test]
async fn a_conditional_write_that_fails_says_so() {
    let aws = start(None).await;
    let put = || {
        let request = dynamodb(&aws).put_item().table_name(TABLE).item("pk", text("a"));
        request.condition_expression("attribute_not_exists(pk)").send()
    };
    put().await.unwrap();
    let error = put().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    assert_eq!(aws.items(TABLE).unwrap(), [json!({"pk": {"S": "a"}})]);
}

#[tokio::test]
async fn the_functions_table_expires_items_by_expires_at() {
    let aws = start(None).await;
    aws.create_table(TABLE).unwrap();
    let answer = dynamodb(&aws).describe_time_to_live().table_name(TABLE).send().await.unwrap();
    assert_eq!(answer.time_to_live_description.unwrap().attribute_name.unwrap(), "expires_at");
}

#[tokio::test]
async fn a_table_that_is_not_there_is_not_found() {
    let aws = start(None).await;
    let answer = dynamodb(&aws).get_item().table_name("other").key("pk", text("a")).send().await;
    assert!(answer.unwrap_err().into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn everything_is_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    let first = start(Some(file.clone())).await;
    let (_, plaintext, wrapped) = data_key(&first).await;
    first.secrets().put("name", "text").unwrap();
    first.put_item(TABLE, &json!({"pk": {"S": "a"}})).unwrap();
    first.put_state("google", "snapshot").unwrap();

    let second = start(Some(file)).await;
    let request = kms(&second).decrypt().ciphertext_blob(wrapped).encryption_context("user_id", "1");
    assert_eq!(request.send().await.unwrap().plaintext.unwrap().into_inner(), plaintext);
    assert_eq!(second.secrets().current("name").unwrap().as_deref(), Some("text"));
    assert!(second.item(TABLE, "a").unwrap().is_some());
    assert_eq!(second.state("google").unwrap().as_deref(), Some("snapshot"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "not a database, but long enough to be looked at. ".repeat(100)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = EmbeddedAws::start(listener, options(Some(file))).err().unwrap();
    assert!(error.to_string().contains("notes.txt cannot be used"), "{error}");
}
