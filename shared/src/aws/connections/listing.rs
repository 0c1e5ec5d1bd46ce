//! The list of all connections, read from the index `users-by-status`.
//!
//! Its partition key is `status` and its sort key `user_id`; `email` and `connected_at` are projected. None of them changes
//! when an access token is refreshed, so a refresh writes nothing to the index, and a page is read without looking at
//! anything that is not on it.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::{
    aws::item::{Item, text, to_summary},
    domain::connection::{Page, Place, StatusWord},
};

const INDEX: &str = "users-by-status";

/// The query of a page.
pub(super) fn request(
    query: QueryFluentBuilder,
    status: StatusWord,
    after: Option<&Place>,
    limit: u32,
) -> QueryFluentBuilder {
    let query = query
        .index_name(INDEX)
        .limit(i32::try_from(limit).unwrap_or(i32::MAX))
        .key_condition_expression("#status = :status")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":status", text(status.as_str()));
    match after {
        None => query,
        Some(place) => query
            .exclusive_start_key("status", text(status.as_str()))
            .exclusive_start_key("user_id", text(place.user_id.as_str()))
            .exclusive_start_key("pk", text(place.key.as_str())),
    }
}

/// The page that the items make; `last` is where the query ended, if that was before the list did.
pub(super) fn page(items: &[Item], last: Option<&Item>) -> Page {
    Page { connections: items.iter().filter_map(to_summary).collect(), next: last.and_then(place) }
}

fn place(last: &Item) -> Option<Place> {
    let part = |name: &str| last.get(name)?.as_s().ok().cloned();
    Some(Place { user_id: part("user_id")?, key: part("pk")? })
}
