//! The list of all connections, read from the index `users-by-status`.
//!
//! Its partition key is `status` and its sort key `user_id`; `email` and `connected_at` are projected. None of them changes
//! when an access token is refreshed, so a refresh writes nothing to the index, and a page is read without looking at
//! anything that is not on it.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::{
    aws::item::{Item, text, to_summary},
    domain::{
        connection::{Page, StatusWord},
        user_id::UserId,
    },
};

const INDEX: &str = "users-by-status";

/// The query of a page.
pub(super) fn request(
    query: QueryFluentBuilder,
    status: StatusWord,
    after: Option<&UserId>,
    limit: u32,
) -> QueryFluentBuilder {
    let query = query
        .index_name(INDEX)
        .limit(i32::try_from(limit).unwrap_or(i32::MAX))
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":status", text(status.as_str()));
    match after {
        None => query.key_condition_expression("#status = :status"),
        Some(after) => query
            .key_condition_expression("#status = :status AND user_id > :after")
            .expression_attribute_values(":after", text(after.as_str())),
    }
}

/// The page that the items make; `more` if the query ended before the list did.
pub(super) fn page(items: &[Item], more: bool) -> Page {
    let next = items.last().filter(|_| more).and_then(|last| UserId::parse(last.get("user_id")?.as_s().ok()?));
    Page { connections: items.iter().filter_map(to_summary).collect(), next }
}
