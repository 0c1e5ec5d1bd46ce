//! Whether the table of connections is as the functions need it.

mod shape;

use aws_sdk_dynamodb::{Client, types::TimeToLiveStatus};
use futures_util::join;

use super::{
    Setup,
    aws_failure::Call,
    finding::{Check, Finding},
};

pub(super) const CHECK: Check = Check("table");

/// The attribute that says when DynamoDB may delete an item.
const TTL: &str = "expires_at";

const DESCRIBE: Call = Call {
    check: CHECK,
    action: "dynamodb:DescribeTable",
    of: "The table that CONNECTIONS_TABLE names",
    is_needed: false,
};
const DESCRIBE_TTL: Call = Call { action: "dynamodb:DescribeTimeToLive", ..DESCRIBE };
const DESCRIBE_BACKUPS: Call = Call { action: "dynamodb:DescribeContinuousBackups", ..DESCRIBE };

pub(super) async fn examine(setup: &Setup<'_>) -> Vec<Finding> {
    let Some(table) = &setup.configuration.table else {
        return vec![CHECK.skipped("CONNECTIONS_TABLE is not set.", "Set CONNECTIONS_TABLE.")];
    };
    let client = Client::new(&setup.inputs.aws);
    let described = client.describe_table().table_name(table).send().await;
    let description = match described.map(|it| it.table) {
        Ok(Some(description)) => description,
        Ok(None) => return vec![DESCRIBE.explain("the answer made no sense")],
        Err(error) => return vec![DESCRIBE.failed(&error)],
    };
    let (ttl, backups) = join!(time_to_live(&client, table), backups(&client, table));
    let mut findings = shape::examine(&description, setup.configuration.event_bus.is_some());
    findings.extend([ttl, backups]);
    findings
}

async fn time_to_live(client: &Client, table: &str) -> Finding {
    let description = match client.describe_time_to_live().table_name(table).send().await {
        Ok(answer) => answer.time_to_live_description,
        Err(error) => return DESCRIBE_TTL.failed(&error),
    };
    let status = description.as_ref().and_then(|it| it.time_to_live_status.clone());
    let attribute = description.and_then(|it| it.attribute_name);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        && attribute.as_deref() == Some(TTL)
    {
        return CHECK.ok(format!("Items that are over are deleted by {TTL}."));
    }
    CHECK.problem(
        format!("The table does not delete items by {TTL}: what is over would stay for ever."),
        format!("Switch on TTL with the attribute {TTL}."),
    )
}

async fn backups(client: &Client, table: &str) -> Finding {
    let description = match client.describe_continuous_backups().table_name(table).send().await {
        Ok(answer) => answer.continuous_backups_description,
        Err(error) => return DESCRIBE_BACKUPS.failed(&error),
    };
    let status = description
        .and_then(|it| it.point_in_time_recovery_description)
        .and_then(|it| it.point_in_time_recovery_status);
    if status.is_some_and(|it| it.as_str() == "ENABLED") {
        return CHECK.ok("Point-in-time recovery is on.");
    }
    CHECK.warning("Point-in-time recovery is off: a lost table is lost.", "Switch on point-in-time recovery.")
}
