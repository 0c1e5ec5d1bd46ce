//! How connections and sessions end in the table, and how a connection is found by its token.

use serde_json::{Value, json};
use shared::domain::{
    connection::{Connection, ConnectionStore, Lease, SealedAccessToken, Status, TokenIndex, WriteError},
    revocation::Reason,
    user_id::UserId,
};

use super::recorder::*;

fn index(hashes: &[&str]) -> TokenIndex {
    TokenIndex(hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect())
}

fn lease() -> Lease {
    Lease { owner: "a".to_owned(), expires_at: at(10) }
}

/// A table that holds a connection of generation 7 under a lease, and its index.
async fn holding() -> (Aws, Connection) {
    let aws = Aws::start().await;
    let stored = Connection { lease: Some(lease()), ..connected(7) };
    aws.connections().put(&stored, None).await.unwrap();
    aws.take_calls();
    (aws, stored)
}

fn connected(generation: u64) -> Connection {
    Connection { token_index: index(&["a", "b"]), ..connection(generation) }
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
    let (aws, read) = holding().await;
    aws.connections().end_sessions(&read, at(60)).await.unwrap();
    let (operation, request) = aws.take_call();
    assert!(operation == "UpdateItem" && is_fenced(&request, 7), "{request}");
    let expected = Connection { sessions_valid_after: at(60), generation: 8, ..connected(7) };
    assert_eq!(format!("{:?}", stored(&aws).await), format!("{expected:?}"));
}

#[tokio::test]
async fn sessions_of_a_revoked_connection_end_too_and_it_stays_revoked() {
    let (aws, read) = holding().await;
    aws.connections().mark_revoked(&read, &Reason::TokensRevoked, at(1)).await.unwrap();
    let revoked = stored(&aws).await;
    aws.connections().end_sessions(&revoked, at(60)).await.unwrap();
    let after = stored(&aws).await;
    assert_eq!(after.status, Status::Revoked { reason: "tokens_revoked".to_owned() });
    assert_eq!((after.generation, after.sessions_valid_after), (9, at(60)));
}

#[tokio::test]
async fn sessions_are_not_ended_twice_by_what_was_read_once() {
    let (aws, read) = holding().await;
    aws.connections().end_sessions(&read, at(60)).await.unwrap();
    assert_conflict(&aws.connections().end_sessions(&read, at(50)).await);
    assert_eq!(stored(&aws).await.sessions_valid_after, at(60));
}

#[tokio::test]
async fn a_deletion_is_one_transaction_over_the_row_and_its_index() {
    let (aws, read) = holding().await;
    aws.connections().delete(&read).await.unwrap();
    let (operation, request) = aws.take_call();
    let writes = request["TransactItems"].as_array().unwrap();
    assert_eq!((operation.as_str(), writes.len()), ("TransactWriteItems", 3));
    assert!(is_fenced(&writes[0]["Delete"], 7), "{request}");
    assert!(writes.iter().all(|write| write["Delete"]["TableName"] == TABLE), "{request}");
    assert!(request["ClientRequestToken"].is_string());
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn a_deletion_needs_no_index_and_takes_no_other_entry() {
    let (aws, read) = holding().await;
    let read = Connection { token_index: index(&["a", "never"]), ..read };
    aws.connections().delete(&read).await.unwrap();
    let left: Vec<_> = aws.embedded.items(TABLE).unwrap().iter().map(|item| item["pk"]["S"].clone()).collect();
    assert_eq!(left, ["token#Yg"]);
    let (aws, read) = holding().await;
    aws.connections().delete(&Connection { token_index: index(&[]), ..read }).await.unwrap();
    assert_eq!(aws.embedded.items(TABLE).unwrap().len(), 2);
}

#[tokio::test]
async fn entries_that_lead_to_another_user_stay_whatever_the_row_claims() {
    let anothers = json!({"pk": {"S": "token#Yg"}, "user_id": {"S": "118"}});
    for deletes in [true, false] {
        let (aws, read) = holding().await;
        aws.embedded.put_item(TABLE, &anothers).unwrap();
        if deletes {
            aws.connections().delete(&read).await.unwrap();
        } else {
            let new = Connection { token_index: index(&["c", "d"]), ..connection(8) };
            aws.connections().put(&new, Some(&read)).await.unwrap();
        }
        let calls = aws.take_calls();
        assert_eq!(calls.len(), 2, "the entry is tried to be deleted, and then left out");
        assert!(is_fenced(&calls[1].1["TransactItems"][0][if deletes { "Delete" } else { "Put" }], 7));
        assert_eq!(aws.embedded.item(TABLE, "token#Yg").unwrap().as_ref(), Some(&anothers));
        assert_eq!(aws.embedded.item(TABLE, "token#YQ").unwrap(), None);
        assert_eq!(aws.embedded.items(TABLE).unwrap().len(), if deletes { 1 } else { 4 });
    }
}

#[tokio::test]
async fn a_change_meanwhile_is_a_conflict_also_where_an_entry_leads_to_another_user() {
    let (aws, _) = holding().await;
    aws.embedded.put_item(TABLE, &json!({"pk": {"S": "token#Yg"}, "user_id": {"S": "118"}})).unwrap();
    assert_conflict(&aws.connections().delete(&connected(6)).await);
    assert_eq!(aws.take_calls().len(), 1);
    assert_eq!(aws.embedded.items(TABLE).unwrap().len(), 3);
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_neither_deleted_nor_its_sessions_ended() {
    for generation in [6, 8] {
        let (aws, _) = holding().await;
        let (before, read) = (aws.embedded.items(TABLE).unwrap(), connected(generation));
        assert_conflict(&aws.connections().delete(&read).await);
        assert_conflict(&aws.connections().end_sessions(&read, at(60)).await);
        assert_eq!(aws.embedded.items(TABLE).unwrap(), before);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_made() {
    let aws = Aws::start().await;
    for read in [connected(7), connected(0)] {
        assert_conflict(&aws.connections().delete(&read).await);
        assert_conflict(&aws.connections().end_sessions(&read, at(60)).await);
        assert_conflict(&aws.connections().mark_revoked(&read, &Reason::Disconnected, at(1)).await);
    }
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_row_without_a_generation_is_deleted_unless_it_has_another_token_by_now() {
    let (aws, _) = holding().await;
    let mut item = aws.embedded.item(TABLE, "connection#118234567890123456789").unwrap().unwrap();
    let mut replaced = item.clone();
    replaced["refresh_token"] = json!({"B": "AAAA"});
    item.as_object_mut().unwrap().remove("generation");
    aws.embedded.put_item(TABLE, &item).unwrap();
    let damaged = stored(&aws).await;
    aws.embedded.put_item(TABLE, &replaced).unwrap();
    assert_conflict(&aws.connections().delete(&damaged).await);
    aws.embedded.put_item(TABLE, &item).unwrap();
    aws.connections().delete(&damaged).await.unwrap();
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn a_mark_says_why_and_when_and_keeps_the_refresh_token() {
    for reason in [Reason::Disconnected, Reason::DisconnectedByUser, Reason::AccountDisabled(Some("hijacking".into()))]
    {
        let (aws, read) = holding().await;
        aws.connections().mark_revoked(&read, &reason, at(1)).await.unwrap();
        let mut expected = Connection {
            status: Status::Revoked { reason: reason.to_string() },
            updated_at: at(1),
            generation: 8,
            ..connected(7)
        };
        expected.tokens.access_token = None;
        assert_eq!(format!("{:?}", stored(&aws).await), format!("{expected:?}"));
    }
}

#[tokio::test]
async fn a_connection_whose_access_token_changed_since_is_not_marked() {
    let (aws, read) = holding().await;
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
    let (aws, _) = holding().await;
    assert_eq!(aws.connections().indexed(b"a").await.unwrap(), Some(user()));
    let (operation, request) = aws.take_call();
    let expected = json!({"TableName": TABLE, "Key": {"pk": {"S": "token#YQ"}}, "ConsistentRead": true});
    assert_eq!((operation.as_str(), request), ("GetItem", expected));
    assert_eq!(aws.connections().indexed(b"c").await.unwrap(), None);
}

#[tokio::test]
async fn an_entry_that_names_no_user_leads_to_nobody() {
    let aws = Aws::start().await;
    for user_id in [json!(null), json!({"N": "1"}), json!({"S": "with space"}), json!({"B": "AA=="})] {
        let mut item = json!({"pk": {"S": "token#YQ"}});
        if !user_id.is_null() {
            item["user_id"] = user_id.clone();
        }
        // The index over users takes strings only, and only of connections.
        if aws.embedded.put_item(TABLE, &item).is_ok() {
            assert_eq!(aws.connections().indexed(b"a").await.unwrap(), None, "{user_id}");
        }
    }
    let item = json!({"pk": {"S": "token#YQ"}, "user_id": {"S": "118"}});
    aws.embedded.put_item(TABLE, &item).unwrap();
    assert_eq!(aws.connections().indexed(b"a").await.unwrap(), UserId::parse("118"));
}
