//! The table of connections: consistent reads, and writes that name the generation that was read.

use serde_json::{Value, json};
use shared::domain::{
    connection::{Connection, ConnectionStore, Lease, SealedAccessToken, Status, TokenIndex, WriteError},
    revocation::Reason,
};

use super::recorder::*;

fn index(hashes: &[&str]) -> TokenIndex {
    TokenIndex(hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect())
}

fn lease(owner: &str) -> Lease {
    Lease { owner: owner.to_owned(), expires_at: at(10) }
}

async fn put(aws: &Aws, connection: &Connection, read: Option<&Connection>) -> Result<(), WriteError> {
    aws.connections().put(connection, read).await
}

/// A table that holds a connection of generation 7, with the lease of that owner.
async fn holding(owner: Option<&str>) -> (Aws, Connection) {
    let aws = Aws::start().await;
    let stored = Connection { lease: owner.map(lease), ..connection(7) };
    put(&aws, &stored, None).await.unwrap();
    aws.take_calls();
    (aws, stored)
}

/// Whether a condition demands the generation that was read.
fn is_fenced(request: &Value, generation: u64) -> bool {
    let condition = request["ConditionExpression"].as_str().unwrap();
    condition.contains("generation = :generation")
        && request["ExpressionAttributeValues"][":generation"] == json!({"N": generation.to_string()})
}

fn conflict(outcome: &Result<(), WriteError>) -> bool {
    matches!(outcome, Err(WriteError::Conflict))
}

#[tokio::test]
async fn a_connection_is_read_consistently_and_whole() {
    let (aws, stored) = holding(Some("a")).await;
    let read = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{stored:?}"));
    let (operation, request) = aws.take_call();
    assert_eq!(operation, "GetItem");
    let key = json!({"pk": {"S": "connection#118234567890123456789"}});
    assert_eq!(request, json!({"TableName": TABLE, "Key": key, "ConsistentRead": true}));
}

#[tokio::test]
async fn no_connection_is_none_and_a_damaged_one_is_revoked_and_can_be_replaced() {
    let (aws, _) = holding(None).await;
    let mut item = aws.embedded.items(TABLE).unwrap().remove(0);
    item["generation"] = json!({"S": "seven"});
    aws.embedded.put_item(TABLE, &item).unwrap();
    let damaged = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!(damaged.status, Status::Revoked { reason: "damaged".to_owned() });
    aws.embedded.delete_item(TABLE, item["pk"]["S"].as_str().unwrap()).unwrap();
    assert!(aws.connections().find(&user()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_connection_is_put_where_there_is_none() {
    let (aws, _) = holding(None).await;
    assert!(conflict(&put(&aws, &connection(8), None).await));
    let (operation, request) = aws.take_call();
    assert_eq!(operation, "TransactWriteItems");
    assert_eq!(request["TransactItems"][0]["Put"]["ConditionExpression"], "attribute_not_exists(pk)");
    assert!(request["ClientRequestToken"].is_string());
    assert_eq!(aws.connections().find(&user()).await.unwrap().unwrap().generation, 7);
}

#[tokio::test]
async fn a_replacement_is_one_transaction_with_the_index() {
    let (aws, stored) = holding(None).await;
    let old = Connection { token_index: index(&["a", "b"]), ..connection(7) };
    let new = Connection { token_index: index(&["b", "c"]), ..connection(8) };
    put(&aws, &old, Some(&stored)).await.unwrap();
    aws.take_calls();
    put(&aws, &new, Some(&old)).await.unwrap();
    let (_, request) = aws.take_call();
    let writes = request["TransactItems"].as_array().unwrap();
    assert!(is_fenced(&writes[0]["Put"], 7));
    assert_eq!(writes.len(), 3, "the connection, one entry that goes, one that comes");
    assert_eq!(format!("{:?}", aws.connections().find(&user()).await.unwrap().unwrap()), format!("{new:?}"));
    let held: Vec<_> = ["token#YQ", "token#Yg", "token#Yw"].map(|key| aws.embedded.item(TABLE, key).unwrap()).into();
    let entry = |key: &str| Some(json!({"pk": {"S": key}, "user_id": {"S": user().as_str()}}));
    assert_eq!(held, [None, entry("token#Yg"), entry("token#Yw")]);
}

#[tokio::test]
async fn a_replacement_of_another_generation_is_a_conflict_and_the_index_stays() {
    let (aws, _) = holding(None).await;
    for read in [connection(6), connection(8)] {
        let read = Connection { token_index: index(&["a"]), ..read };
        let new = Connection { token_index: index(&["c"]), ..connection(9) };
        assert!(conflict(&put(&aws, &new, Some(&read)).await));
    }
    assert_eq!(aws.embedded.items(TABLE).unwrap().len(), 1);
    assert_eq!(aws.connections().find(&user()).await.unwrap().unwrap().generation, 7);
}

#[tokio::test]
async fn what_is_not_set_in_a_replacement_is_gone() {
    let (aws, stored) = holding(Some("a")).await;
    let mut bare = Connection { email: None, lease: None, scopes: [].into(), ..connection(8) };
    bare.tokens.access_token = None;
    put(&aws, &bare, Some(&stored)).await.unwrap();
    let read = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{bare:?}"));
}

#[tokio::test]
async fn a_free_lease_is_taken_once() {
    let (aws, stored) = holding(None).await;
    aws.connections().lease(&stored, &lease("a"), at(1)).await.unwrap();
    let (operation, request) = aws.take_call();
    assert_eq!(operation, "UpdateItem");
    assert!(is_fenced(&request, 7));
    assert!(conflict(&aws.connections().lease(&stored, &lease("b"), at(1)).await));
    let read = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!(read.lease, Some(lease("a")));
}

#[tokio::test]
async fn every_update_is_fenced_by_the_generation() {
    for generation in [6, 8] {
        let (aws, _) = holding(Some("a")).await;
        let before = aws.embedded.items(TABLE).unwrap();
        let read = Connection { lease: Some(lease("a")), ..connection(generation) };
        let token = SealedAccessToken { sealed: vec![9], expires_at: at(7200) };
        let connections = aws.connections();
        assert!(conflict(&connections.lease(&read, &lease("a"), at(1)).await));
        assert!(conflict(&connections.share_access_token(&read, "a", &token, at(1)).await));
        assert!(conflict(&connections.release(&read, "a").await));
        assert!(conflict(&connections.mark_revoked(&read, &Reason::TokenRevoked, at(1)).await));
        for (operation, request) in aws.take_calls() {
            assert!(operation == "UpdateItem" && is_fenced(&request, generation), "{request}");
        }
        assert_eq!(aws.embedded.items(TABLE).unwrap(), before);
    }
}

#[tokio::test]
async fn no_update_makes_a_connection_that_is_not_there() {
    let aws = Aws::start().await;
    let read = Connection { lease: Some(lease("a")), ..connection(7) };
    let token = SealedAccessToken { sealed: vec![9], expires_at: at(7200) };
    let connections = aws.connections();
    assert!(conflict(&connections.lease(&connection(7), &lease("a"), at(1)).await));
    assert!(conflict(&connections.share_access_token(&read, "a", &token, at(1)).await));
    assert!(conflict(&connections.release(&read, "a").await));
    assert!(conflict(&connections.mark_revoked(&read, &Reason::TokenRevoked, at(1)).await));
    assert!(conflict(&put(&aws, &connection(8), Some(&read)).await));
    assert!(aws.embedded.items(TABLE).unwrap().is_empty());
}

#[tokio::test]
async fn only_the_owner_of_the_lease_shares_and_releases() {
    let (aws, stored) = holding(Some("a")).await;
    let token = SealedAccessToken { sealed: vec![9], expires_at: at(7200) };
    assert!(conflict(&aws.connections().share_access_token(&stored, "b", &token, at(1)).await));
    assert!(conflict(&aws.connections().release(&stored, "b").await));
    aws.connections().share_access_token(&stored, "a", &token, at(1)).await.unwrap();
    let read = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!((read.tokens.access_token, read.lease, read.updated_at), (Some(token), None, at(1)));
    assert_eq!(read.generation, 7);
}

#[tokio::test]
async fn a_released_lease_leaves_the_rest_as_it_is() {
    let (aws, stored) = holding(Some("a")).await;
    aws.connections().release(&stored, "a").await.unwrap();
    let read = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", connection(7)));
}

#[tokio::test]
async fn a_mark_ends_access_token_and_lease_and_is_made_once() {
    let (aws, stored) = holding(Some("a")).await;
    aws.connections().mark_revoked(&stored, &Reason::InvalidGrant, at(1)).await.unwrap();
    let read = aws.connections().find(&user()).await.unwrap().unwrap();
    assert_eq!(read.status, Status::Revoked { reason: "invalid_grant".to_owned() });
    assert_eq!((read.generation, read.lease, read.tokens.access_token), (8, None, None));
    let again = Connection { generation: 8, ..stored };
    assert!(conflict(&aws.connections().mark_revoked(&again, &Reason::TokenRevoked, at(2)).await));
}

#[tokio::test]
async fn of_two_small_values_the_first_is_kept() {
    let aws = Aws::start().await;
    let connections = aws.connections();
    assert_eq!(connections.kept("key#a").await.unwrap(), None);
    assert_eq!(aws.take_call().1["ConsistentRead"], true);
    assert_eq!(connections.keep("key#a", b"first", None).await.unwrap(), b"first");
    assert_eq!(connections.keep("key#a", b"second", None).await.unwrap(), b"first");
    assert_eq!(connections.keep("key#a", b"third", Some(b"other")).await.unwrap(), b"first");
    assert_eq!(connections.keep("key#a", b"third", Some(b"first")).await.unwrap(), b"third");
    assert_eq!(connections.keep("key#a", b"first", Some(b"third")).await.unwrap(), b"first");
    assert_eq!(connections.kept("key#a").await.unwrap().as_deref(), Some(b"first".as_slice()));
}
