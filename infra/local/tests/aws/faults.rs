use std::time::Duration;

use local::aws::{AwsFault, Effect};

use super::support::{TABLE, dynamodb, secrets, start, text};

#[tokio::test]
async fn a_fault_ends_after_its_number_of_calls() {
    let aws = start(None).await;
    aws.faults().fail("DynamoDB.GetItem", AwsFault::times(1, Effect::Error { code: "AccessDeniedException".into() }));
    let get = || dynamodb(&aws).get_item().table_name(TABLE).key("pk", text("a")).send();
    get().await.unwrap_err();
    get().await.unwrap();
    assert_eq!(aws.faults().calls("DynamoDB.GetItem"), 2);
    assert_eq!(aws.faults().calls("DynamoDB"), 2);
    assert_eq!(aws.faults().calls("KMS"), 0);
}

#[tokio::test]
async fn the_sdk_retries_what_it_may() {
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect, Effect::LoseAnswer] {
        let aws = start(None).await;
        aws.faults().fail("SecretsManager", AwsFault::times(1, effect.clone()));
        aws.secrets().put("name", "text").unwrap();
        let answer = secrets(&aws).get_secret_value().secret_id("name").send().await;
        assert!(answer.is_ok(), "{effect:?}: {answer:?}");
        assert_eq!(aws.faults().calls("SecretsManager.GetSecretValue"), 2, "{effect:?}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_done_and_one_whose_connection_is_cut_is_not() {
    for (effect, written) in [(Effect::LoseAnswer, true), (Effect::Disconnect, false)] {
        let aws = start(None).await;
        aws.faults().fail("DynamoDB.PutItem", AwsFault::always(effect.clone()));
        let config = aws_sdk_dynamodb::config::Builder::from(&aws.sdk_config());
        let once = config.retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled()).build();
        let client = aws_sdk_dynamodb::Client::from_conf(once);
        let answer = client.put_item().table_name(TABLE).item("pk", text("a")).send().await;
        assert!(answer.is_err(), "{effect:?}");
        assert_eq!(aws.item(TABLE, "a").unwrap().is_some(), written, "{effect:?}");
    }
}

#[tokio::test]
async fn a_call_that_hangs_never_answers_and_a_delayed_one_does() {
    let aws = start(None).await;
    aws.faults().fail("DynamoDB.GetItem", AwsFault::always(Effect::Hang));
    let get = || dynamodb(&aws).get_item().table_name(TABLE).key("pk", text("a")).send();
    assert!(tokio::time::timeout(Duration::from_millis(200), get()).await.is_err());
    aws.faults().fail("DynamoDB.GetItem", AwsFault::always(Effect::Delay(Duration::from_millis(50))));
    let before = tokio::time::Instant::now();
    get().await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(50));
    aws.faults().clear("DynamoDB.GetItem");
    get().await.unwrap();
}

#[tokio::test]
async fn a_gate_stops_a_call_before_it_is_executed() {
    let aws = start(None).await;
    let mut gate = aws.faults().hold("DynamoDB.PutItem");
    let put = tokio::spawn(dynamodb(&aws).put_item().table_name(TABLE).item("pk", text("a")).send());
    gate.reached().await;
    assert_eq!(aws.item(TABLE, "a").unwrap(), None);
    gate.release();
    put.await.unwrap().unwrap();
    assert!(aws.item(TABLE, "a").unwrap().is_some());
}
