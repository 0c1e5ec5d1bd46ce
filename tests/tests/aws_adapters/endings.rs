//! How connections and sessions end in the table, and how a connection is found by its token.

use serde_json::{Value, json};
use shared::domain::{
    connection::{Connection, ConnectionStore, Lease, Replacement, SealedAccessToken, Status, TokenIndex, WriteError},
    revocation::Reason,
    user_id::UserId,
};

use super::recorder::*;

fn index(keys: &[&str]) -> TokenIndex {
    TokenIndex(keys.iter().map(|key| (*key).to_owned()).collect())
}

fn lease() -> Lease {
    Lease { owner: "a".to_owned(), expires_at: at(10) }
}

/// A table that holds a connection of generation 7 under a lease, and its index.
async fn holding() -> (Aws, Connection, TokenIndex) {
    let aws = Aws::start().await;
    let (stored, entries) = (Connection { lease: Some(lease()), ..connection(7) }, index(&["token#a", "token#b"]));
    let change = Replacement { read: None, old_index: &TokenIndex::default(), new_index: &entries };
    aws.connections().put(&stored, &change).await.unwrap();
    aws.take_calls();
    (aws, stored, entries)
}

async fn stored(aws: &Aws) -> Connection {
    aws.connections().find(&user()).await.unwrap().unwrap()
}

fn is_fenced(request: &Value, generation: u64) -> bool {
    let condition = request["ConditionExpression"].as_str().unwrap();
    condition.contains("generation = :generation")
        && request["ExpressionAttributeValues"][":generation"] == json!({"N": generation.to_string()})
}

#[track_caller]
fn assert_conflict(outcome: &Result<(), WriteError>) {
    assert!(matches!(outcome, Err(WriteError::Conflict)), "{outcome:?}");
}

#[tokio::test]
async fn sessions_end_at_a_time_with_the_lease_and_a_new_generation_and_the_rest_stays() {
    let (aws, read, _) = holding().await;
    aws.connections().end_sessions(&read, at(60)).await.unwrap();
    let (operation, request) = aws.take_call();
    assert!(operation == "UpdateItem" && is_fenced(&request, 7), "{request}");
    let expected = Connection { sessions_valid_after: at(60), generation: 8, ..connection(7) };
    assert_eq!(format!("{:?}", stored(&aws).await), format!("{expected:?}"));
}

#[tokio::test]
async fn sessions_of_a_revoked_connection_end_too_and_it_stays_revoked() {
    let (aws, read, _) = holding().await;
    aws.connections().mark_revoked(&read, &Reason::TokensRevoked, at(1)).await.unwrap();
    let revoked = stored(&aws).await;
    aws.connections().end_sessions(&revoked, at(60)).await.unwrap();
    let after = stored(&aws).await;
    assert_eq!(after.status, Status::Revoked { reason: "tokens_revoked".to_owned() });
    assert_eq!((after.generation, after.sessions_valid_after), (9, at(60)));
}

#[tokio::test]
async fn sessions_are_not_ended_twice_by_what_was_read_once() {
    let (aws, read, _) = holding().await;
    aws.connections().end_sessions(&read, at(60)).await.unwrap();
    assert_conflict(&aws.connections().end_sessions(&read, at(50)).await);
    assert_eq!(stored(&aws).await.sessions_valid_after, at(60));
}

#[tokio::test]
async fn a_deletion_is_one_transaction_over_the_row_and_its_index() {
    let (aws, read, entries) = holding().await;
    aws.connections().delete(&read, &entries).await.unwrap();
    let (operation, request) = aws.take_call();
    let writes = request["TransactItems"].as_array().unwrap();
    assert_eq!((operation.as_str(), writes.len()), ("TransactWriteItems", 3));
    assert!(is_fenced(&writes[0]["Delete"], 7), "{request}");
    assert!(writes.iter().all(|write| write["Delete"]["TableName"] == TABLE), "{request}");
    assert!(writes[1..].iter().all(|write| write["Delete"].get("ConditionExpression").is_none()), "{request}");
    assert!(request["ClientRequestToken"].is_string());
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn a_deletion_needs_no_index_and_takes_no_other_entry() {
    let (aws, read, _) = holding().await;
    aws.connections().delete(&read, &index(&["token#a", "token#never"])).await.unwrap();
    let left: Vec<_> = aws.embedded.items(TABLE).unwrap().iter().map(|item| item["pk"]["S"].clone()).collect();
    assert_eq!(left, ["token#b"]);
    let (aws, read, _) = holding().await;
    aws.connections().delete(&read, &index(&[])).await.unwrap();
    assert_eq!(aws.embedded.items(TABLE).unwrap().len(), 2);
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_neither_deleted_nor_its_sessions_ended() {
    for generation in [6, 8] {
        let (aws, _, entries) = holding().await;
        let (before, read) = (aws.embedded.items(TABLE).unwrap(), connection(generation));
        assert_conflict(&aws.connections().delete(&read, &entries).await);
        assert_conflict(&aws.connections().end_sessions(&read, at(60)).await);
        assert_eq!(aws.embedded.items(TABLE).unwrap(), before);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_made() {
    let aws = Aws::start().await;
    for read in [connection(7), connection(0)] {
        assert_conflict(&aws.connections().delete(&read, &index(&["token#a"])).await);
        assert_conflict(&aws.connections().end_sessions(&read, at(60)).await);
        assert_conflict(&aws.connections().mark_revoked(&read, &Reason::Disconnected, at(1)).await);
    }
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_row_without_a_generation_is_deleted_unless_it_has_another_token_by_now() {
    let (aws, _, entries) = holding().await;
    let mut item = aws.embedded.item(TABLE, "connection#118234567890123456789").unwrap().unwrap();
    let mut replaced = item.clone();
    replaced["refresh_token"] = json!({"B": "AAAA"});
    item.as_object_mut().unwrap().remove("generation");
    aws.embedded.put_item(TABLE, &item).unwrap();
    let damaged = stored(&aws).await;
    aws.embedded.put_item(TABLE, &replaced).unwrap();
    assert_conflict(&aws.connections().delete(&damaged, &entries).await);
    aws.embedded.put_item(TABLE, &item).unwrap();
    aws.connections().delete(&damaged, &entries).await.unwrap();
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn a_mark_says_why_and_when_and_keeps_the_refresh_token() {
    for reason in [Reason::Disconnected, Reason::DisconnectedByUser, Reason::AccountDisabled(Some("hijacking".into()))]
    {
        let (aws, read, _) = holding().await;
        aws.connections().mark_revoked(&read, &reason, at(1)).await.unwrap();
        let mut expected = Connection {
            status: Status::Revoked { reason: reason.to_string() },
            updated_at: at(1),
            generation: 8,
            ..connection(7)
        };
        expected.tokens.access_token = None;
        assert_eq!(format!("{:?}", stored(&aws).await), format!("{expected:?}"));
    }
}

#[tokio::test]
async fn a_connection_whose_access_token_changed_since_is_not_marked() {
    let (aws, read, _) = holding().await;
    let token = SealedAccessToken { sealed: vec![9], expires_at: at(7200) };
    aws.connections().share_access_token(&read, "a", &token, at(1)).await.unwrap();
    assert_conflict(&aws.connections().mark_revoked(&read, &Reason::Disconnected, at(1)).await);
    let mut none = read.clone();
    none.tokens.access_token = None;
    assert_conflict(&aws.connections().mark_revoked(&none, &Reason::Disconnected, at(1)).await);
    assert_eq!(stored(&aws).await.status, Status::Active);
    aws.connections().mark_revoked(&stored(&aws).await, &Reason::Disconnected, at(1)).await.unwrap();
}

#[tokio::test]
async fn a_key_of_the_index_leads_to_its_user_and_is_read_consistently() {
    let (aws, ..) = holding().await;
    assert_eq!(aws.connections().indexed("token#a").await.unwrap(), Some(user()));
    let (operation, request) = aws.take_call();
    let expected = json!({"TableName": TABLE, "Key": {"pk": {"S": "token#a"}}, "ConsistentRead": true});
    assert_eq!((operation.as_str(), request), ("GetItem", expected));
    assert_eq!(aws.connections().indexed("token#c").await.unwrap(), None);
}

#[tokio::test]
async fn an_entry_that_names_no_user_leads_to_nobody() {
    let aws = Aws::start().await;
    for user_id in [json!(null), json!({"N": "1"}), json!({"S": "with space"}), json!({"B": "AA=="})] {
        let mut item = json!({"pk": {"S": "token#a"}});
        if !user_id.is_null() {
            item["user_id"] = user_id.clone();
        }
        // The index over users takes strings only, and only of connections.
        if aws.embedded.put_item(TABLE, &item).is_ok() {
            assert_eq!(aws.connections().indexed("token#a").await.unwrap(), None, "{user_id}");
        }
    }
    let item = json!({"pk": {"S": "token#a"}, "user_id": {"S": "118"}});
    aws.embedded.put_item(TABLE, &item).unwrap();
    assert_eq!(aws.connections().indexed("token#a").await.unwrap(), UserId::parse("118"));
}
