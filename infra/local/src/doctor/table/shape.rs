//! The table's keys, index, stream, billing and encryption, as its description tells them.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement, KeyType,
    ScalarAttributeType, SseStatus, SseType, StreamViewType, TableDescription, TableStatus,
};

use super::CHECK;
use crate::doctor::finding::Finding;

/// The index by which users are listed.
const INDEX: &str = "users-by-status";
/// What the index carries besides its keys.
const PROJECTED: [&str; 2] = ["email", "connected_at"];

/// What there is to say of a table; a stream is needed only where changes go to an event bus.
pub(super) fn examine(table: &TableDescription, has_event_bus: bool) -> Vec<Finding> {
    let mut findings = vec![status(table), key(table), index(table), billing(table), encryption(table)];
    findings.extend(has_event_bus.then(|| stream(table)));
    findings
}

fn status(table: &TableDescription) -> Finding {
    match table.table_status() {
        Some(TableStatus::Active | TableStatus::Updating) => CHECK.ok("The table is there and active."),
        status => CHECK.problem(
            format!("The table is not active but {}.", status.map_or("in no known status", TableStatus::as_str)),
            "Wait until it is made, or see in the DynamoDB console what happened to it.",
        ),
    }
}

fn key(table: &TableDescription) -> Finding {
    if is_key(table.key_schema(), table.attribute_definitions(), &["pk"]) {
        return CHECK.ok("Its key is the text pk.");
    }
    CHECK.problem("Its key is not the text pk alone.", "A table's key cannot be changed: make the table anew.")
}

/// Whether the keys are texts of these names: the partition key and, if there are two, the sort key.
fn is_key(schema: &[KeySchemaElement], definitions: &[AttributeDefinition], names: &[&str]) -> bool {
    let types = [KeyType::Hash, KeyType::Range];
    let is_text = |name: &str| {
        let definition = definitions.iter().find(|it| it.attribute_name() == name);
        definition.is_some_and(|it| *it.attribute_type() == ScalarAttributeType::S)
    };
    let is_element = |(element, (name, key_type)): (&KeySchemaElement, (&&str, &KeyType))| {
        element.attribute_name() == *name && element.key_type() == key_type && is_text(name)
    };
    schema.len() == names.len() && schema.iter().zip(names.iter().zip(&types)).all(is_element)
}

fn index(table: &TableDescription) -> Finding {
    let index = table.global_secondary_indexes().iter().find(|it| it.index_name() == Some(INDEX));
    let Some(index) = index else {
        return CHECK.problem(
            format!("The index {INDEX} is missing: users cannot be listed."),
            "Deploy the stack of this version, which makes it.",
        );
    };
    if index.index_status() != Some(&IndexStatus::Active) {
        return CHECK.warning(format!("The index {INDEX} is not filled yet."), "Wait until its status is ACTIVE.");
    }
    if is_key(index.key_schema(), table.attribute_definitions(), &["status", "user_id"]) && projects_enough(index) {
        return CHECK.ok(format!("The index {INDEX} is there."));
    }
    CHECK.problem(
        format!("The index {INDEX} has not the keys status and user_id, or lacks {}.", PROJECTED.join(" and ")),
        "Delete the index and deploy the stack of this version, which makes it anew.",
    )
}

fn projects_enough(index: &GlobalSecondaryIndexDescription) -> bool {
    let Some(projection) = index.projection() else { return false };
    let is_included = |name: &&str| projection.non_key_attributes().iter().any(|it| it == name);
    projection.projection_type().is_some_and(|it| it.as_str() == "ALL") || PROJECTED.iter().all(is_included)
}

fn billing(table: &TableDescription) -> Finding {
    let mode = table.billing_mode_summary().and_then(|it| it.billing_mode());
    CHECK.ok(if mode == Some(&BillingMode::PayPerRequest) {
        "It is paid by request (on demand)."
    } else {
        "It has provisioned capacity; on demand is what the stack makes."
    })
}

fn encryption(table: &TableDescription) -> Finding {
    let sse = table.sse_description();
    let is_on = sse.and_then(|it| it.status()).is_some_and(|it| matches!(it, SseStatus::Enabled | SseStatus::Updating));
    if is_on && sse.and_then(|it| it.sse_type()) == Some(&SseType::Kms) {
        return CHECK.ok("It is encrypted with a KMS key.");
    }
    CHECK.warning(
        "It is encrypted with DynamoDB's own key, not with one of the account's. The tokens are sealed in any case.",
        "Set server-side encryption to a KMS key.",
    )
}

fn stream(table: &TableDescription) -> Finding {
    let view = table.stream_specification().filter(|it| it.stream_enabled()).and_then(|it| it.stream_view_type());
    if view == Some(&StreamViewType::NewAndOldImages) {
        return CHECK.ok("Its stream carries new and old images.");
    }
    CHECK.problem(
        "EVENT_BUS_NAME is set, but the table has no stream of new and old images: nothing reaches the bus.",
        "Switch on the stream with NEW_AND_OLD_IMAGES, and let it invoke the function connection-events.",
    )
}
