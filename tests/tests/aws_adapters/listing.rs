//! The list of all connections: one query of the index a page, and nothing beside it.

use serde_json::{Value, json};
use shared::domain::{
    connection::{Connection, ConnectionStore, Page, Place, Status, StatusWord, Summary},
    user_id::UserId,
};

use super::recorder::*;

/// A table with these users, of whom those with an odd number are revoked.
async fn inhabited(count: u32) -> Aws {
    let aws = Aws::start().await;
    for number in 0..count {
        let status = if number % 2 == 1 { Status::Revoked { reason: "expired".into() } } else { Status::Active };
        let connection = Connection { user_id: user(number), status, ..connection(7) };
        aws.connections().put(&connection, None).await.unwrap();
    }
    aws.take_calls();
    aws
}

fn user(number: u32) -> UserId {
    UserId::parse(&format!("{number:03}")).unwrap()
}

fn place(number: u32) -> Place {
    Place { user_id: user(number).to_string(), key: format!("connection#{}", user(number)) }
}

fn numbers(page: &Page) -> Vec<u32> {
    page.connections.iter().map(|connection| connection.user_id.as_str().parse().unwrap()).collect()
}

async fn page(aws: &Aws, status: StatusWord, after: Option<u32>, limit: u32) -> (Page, Value) {
    let after = after.map(place);
    let page = aws.connections().page(status, after.as_ref(), limit).await.unwrap();
    let (operation, request) = aws.take_call();
    assert_eq!(operation, "Query");
    (page, request)
}

#[tokio::test]
async fn the_first_page_is_a_query_of_the_index_by_status() {
    let aws = inhabited(6).await;
    let (page, request) = page(&aws, StatusWord::Active, None, 2).await;
    let expected = json!({
        "TableName": TABLE, "IndexName": "users-by-status", "Limit": 2,
        "KeyConditionExpression": "#status = :status",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":status": {"S": "active"}},
    });
    assert_eq!(request, expected);
    assert_eq!((numbers(&page), page.next), (vec![0, 2], Some(place(2))));
}

#[tokio::test]
async fn a_summary_holds_what_the_index_holds() {
    let aws = inhabited(2).await;
    for (status, number) in [(StatusWord::Active, 0), (StatusWord::Revoked, 1)] {
        let (page, _) = page(&aws, status, None, 10).await;
        let summary = Summary { user_id: user(number), email: Some("a@example.com".into()), connected_at: Some(at(0)) };
        assert_eq!(page, Page { connections: vec![summary], next: None });
    }
}

#[tokio::test]
async fn a_later_page_begins_after_a_user() {
    let aws = inhabited(10).await;
    let (page, request) = page(&aws, StatusWord::Revoked, Some(3), 2).await;
    assert_eq!((numbers(&page), page.next), (vec![5, 7], Some(place(7))));
    assert_eq!(request["KeyConditionExpression"], "#status = :status");
    let after = json!({"status": {"S": "revoked"}, "user_id": {"S": "003"}, "pk": {"S": "connection#003"}});
    assert_eq!(request["ExclusiveStartKey"], after);
}

#[tokio::test]
async fn pages_hang_together_whatever_their_size() {
    let aws = inhabited(11).await;
    for limit in [1, 2, 5, 6, 7, 1_000] {
        let (mut seen, mut after, mut queries) = (Vec::new(), None, 0);
        loop {
            let (page, _) = page(&aws, StatusWord::Active, after, limit).await;
            seen.extend(numbers(&page));
            queries += 1;
            match page.next {
                Some(next) => after = Some(next.user_id.parse().unwrap()),
                None => break,
            }
        }
        assert_eq!(seen, [0, 2, 4, 6, 8, 10], "{limit}");
        assert!(queries <= 6 / limit + 1, "{limit}: {queries}");
    }
}

#[tokio::test]
async fn nobody_is_an_empty_page() {
    let aws = inhabited(1).await;
    let nobody = Page::default();
    assert_eq!(page(&aws, StatusWord::Revoked, None, 10).await.0, nobody);
    assert_eq!(page(&aws, StatusWord::Active, Some(0), 10).await.0, nobody);
    assert_eq!(page(&aws, StatusWord::Active, Some(999), 10).await.0, nobody);
}

#[tokio::test]
async fn a_summary_leaves_out_what_is_not_known_and_goes_by_the_key() {
    let aws = Aws::start().await;
    let rows = [
        json!({"pk": {"S": "connection#1"}, "user_id": {"S": "1"}, "status": {"S": "active"}}),
        json!({"pk": {"S": "connection#3"}, "user_id": {"S": "2"}, "status": {"S": "active"}, "email": {"N": "1"}, "connected_at": {"S": "soon"}}),
        json!({"pk": {"S": "token#4"}, "user_id": {"S": "4"}, "status": {"S": "active"}}),
    ];
    for row in &rows {
        aws.embedded.put_item(TABLE, row).unwrap();
    }
    let (page, _) = page(&aws, StatusWord::Active, None, 10).await;
    let bare = |user_id: &str| Summary { user_id: UserId::parse(user_id).unwrap(), email: None, connected_at: None };
    assert_eq!(page, Page { connections: vec![bare("1"), bare("3")], next: None });
}
