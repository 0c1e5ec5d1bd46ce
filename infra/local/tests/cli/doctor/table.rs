//! Tables that are not as the functions need them.

use local::doctor::{Inputs, Status};
use serde_json::{Value, json};

use super::{
    aws::DescribedTable,
    support::{found, inputs, only, stack, stack_with_fault},
};

const CHECK: &str = "table";
const BUS: (&str, &str) = ("EVENT_BUS_NAME", "bus");
/// Without the secrets and the key, which the tests' own DynamoDB does not have.
const TABLE_ONLY: [(&str, &str); 3] =
    [("CLIENT_SECRET_ID", ""), ("COOKIE_KEY_SECRET_ID", ""), ("TOKEN_KMS_KEY_ID", "")];

#[tokio::test]
async fn a_table_as_the_functions_need_it_is_good_in_every_way() {
    let stack = stack().await;
    let (_, aws) = DescribedTable::start(&stack).await;
    let inputs = Inputs { aws, url: None, ..inputs(&stack, &[&TABLE_ONLY[..], &[BUS]].concat()) };
    let findings = found(&inputs, CHECK).await;
    assert_eq!(findings.len(), 8, "{findings:#?}");
    assert!(findings.iter().all(|it| it.status == Status::Ok), "{findings:#?}");
}

#[tokio::test]
async fn each_fault_of_a_table_is_told() {
    const INDEX: &str = "/DescribeTable/Table/GlobalSecondaryIndexes/0";
    let index = |part: &str| format!("{INDEX}{part}");
    let rows: Vec<(String, Value, Status, &str)> = vec![
        ("/DescribeTable/Table/TableStatus".into(), json!("CREATING"), Status::Problem, "not active but CREATING"),
        (
            "/DescribeTable/Table/KeySchema/0/AttributeName".into(),
            json!("id"),
            Status::Problem,
            "not the text pk alone",
        ),
        (
            "/DescribeTable/Table/AttributeDefinitions/0/AttributeType".into(),
            json!("N"),
            Status::Problem,
            "not the text pk",
        ),
        (
            "/DescribeTable/Table/GlobalSecondaryIndexes".into(),
            json!([]),
            Status::Problem,
            "users-by-status is missing",
        ),
        (index("/IndexStatus"), json!("CREATING"), Status::Warning, "not filled yet"),
        (index("/KeySchema/1/AttributeName"), json!("email"), Status::Problem, "not the keys status and user_id"),
        (index("/Projection/NonKeyAttributes"), json!(["email"]), Status::Problem, "lacks email and connected_at"),
        ("/DescribeTable/Table/SSEDescription".into(), Value::Null, Status::Warning, "KMS key"),
        ("/DescribeTable/Table/StreamSpecification".into(), Value::Null, Status::Problem, "NEW_AND_OLD_IMAGES"),
        (
            "/DescribeTable/Table/StreamSpecification/StreamViewType".into(),
            json!("KEYS_ONLY"),
            Status::Problem,
            "stream",
        ),
        (
            "/DescribeTimeToLive/TimeToLiveDescription/TimeToLiveStatus".into(),
            json!("DISABLED"),
            Status::Problem,
            "TTL",
        ),
        ("/DescribeTimeToLive/TimeToLiveDescription/AttributeName".into(), json!("ttl"), Status::Problem, "expires_at"),
        ("/DescribeContinuousBackups/ContinuousBackupsDescription".into(), Value::Null, Status::Warning, "recovery"),
    ];
    let stack = stack().await;
    for (pointer, value, status, part) in rows {
        let (table, aws) = DescribedTable::start(&stack).await;
        table.change(&pointer, value);
        let inputs = Inputs { aws, url: None, ..inputs(&stack, &[&TABLE_ONLY[..], &[BUS]].concat()) };
        let text = only(&inputs, CHECK, status).await;
        assert!(text.contains(part), "{pointer}: {text}");
    }
}

#[tokio::test]
async fn without_an_event_bus_no_stream_is_needed() {
    let stack = stack().await;
    let (table, aws) = DescribedTable::start(&stack).await;
    table.change("/DescribeTable/Table/StreamSpecification", Value::Null);
    let variables = [TABLE_ONLY.as_slice(), &[("EVENT_BUS_NAME", "")]].concat();
    let findings = found(&Inputs { aws, url: None, ..inputs(&stack, &variables) }, CHECK).await;
    assert!(findings.iter().all(|it| it.status == Status::Ok), "{findings:#?}");
}

#[tokio::test]
async fn a_denied_description_names_the_action() {
    let stack = stack().await;
    for call in ["DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"] {
        let (table, aws) = DescribedTable::start(&stack).await;
        table.change(&format!("/{call}"), json!({"__type": "com.amazon.coral.service#AccessDeniedException"}));
        let text = only(&Inputs { aws, url: None, ..inputs(&stack, &TABLE_ONLY) }, CHECK, Status::Warning).await;
        assert!(text.contains(&format!("dynamodb:{call}")), "{text}");
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_or_fails_is_told() {
    let whole = stack().await;
    let text = only(&inputs(&whole, &[("CONNECTIONS_TABLE", "missing")]), CHECK, Status::Problem).await;
    assert!(text.contains("CONNECTIONS_TABLE") && text.contains("does not exist"), "{text}");
    let stack = stack_with_fault("DynamoDB.DescribeTable=UnrecognizedClientException").await;
    let text = only(&inputs(&stack, &[]), CHECK, Status::Problem).await;
    assert!(text.contains("credentials"), "{text}");
}
