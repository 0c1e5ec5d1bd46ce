//! The list of all connections, a page at a time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::domain::time::Clock;
use tests::world::{ANNA, DAVID, TABLE, World};

use super::*;

/// Every third is revoked.
fn is_revoked(number: usize) -> bool {
    number.is_multiple_of(3)
}

fn user_id(number: usize) -> String {
    format!("2{number:019}")
}

/// A world with that many connections; without Anna's, of which they are copies.
async fn inhabited(count: usize) -> World {
    let world = connected().await;
    let mut row = world.connection(ANNA).unwrap();
    world.aws.delete_item(TABLE, row["pk"]["S"].as_str().unwrap()).unwrap();
    for number in 0..count {
        row["pk"] = json!({ "S": format!("connection#{}", user_id(number)) });
        row["user_id"] = json!({ "S": user_id(number) });
        row["email"] = json!({ "S": format!("{number}@example.com") });
        row["status"] = json!({ "S": if is_revoked(number) { "revoked" } else { "active" } });
        world.aws.put_item(TABLE, &row).unwrap();
    }
    world
}

/// The identifiers in the order in which they are listed.
fn expected(count: usize, status: Option<&str>) -> Vec<String> {
    let of = |revoked: bool| (0..count).filter(move |number| is_revoked(*number) == revoked).map(user_id);
    match status {
        Some("active") => of(false).collect(),
        Some(_) => of(true).collect(),
        None => of(false).chain(of(true)).collect(),
    }
}

async fn page(world: &World, query: &str) -> Value {
    let answer = world.instance.send(&users(query)).await;
    let page = told(&answer);
    let fields: Vec<_> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(fields == ["users"] || fields == ["users", "next_page_token"], "{fields:?}");
    page
}

fn ids(page: &Value) -> Vec<String> {
    let users = page["users"].as_array().unwrap();
    users.iter().map(|user| user["user_id"].as_str().unwrap().to_owned()).collect()
}

/// Every page of a list.
async fn pages(world: &World, query: &str) -> Vec<Value> {
    let mut pages = vec![page(world, query).await];
    while let Some(token) = pages.last().unwrap()["next_page_token"].as_str() {
        let next = page(world, &format!("{query}&page_token={token}")).await;
        pages.push(next);
        assert!(pages.len() < 2_000, "the list ends");
    }
    pages
}

#[tokio::test]
async fn a_user_is_listed_with_these_fields() {
    let world = connected().await;
    let connected_at = world.clock.now().to_string();
    world.clock.advance(std::time::Duration::from_hours(1));
    let listed = |status: &str| json!({"users": [{"user_id": sub(ANNA), "email": ANNA, "status": status, "connected_at": connected_at}]});
    assert_eq!(page(&world, "").await, listed("active"));
    world.google.revoke(&sub(ANNA));
    assert_eq!(world.instance.send(&messages(ANNA)).await.status(), 401);
    assert_eq!(page(&world, "").await, listed("revoked"));
}

#[tokio::test]
async fn nobody_is_an_empty_list() {
    let world = World::start().await;
    for query in ["", "status=active", "status=revoked", "max_results=1"] {
        assert_eq!(page(&world, query).await, json!({ "users": [] }));
    }
}

#[tokio::test]
async fn what_is_not_known_is_null() {
    let world = connected().await;
    for name in ["email", "connected_at"] {
        world.change_connection(ANNA, |item| drop(item.as_object_mut().unwrap().remove(name)));
    }
    let expected = json!({"user_id": sub(ANNA), "email": null, "status": "active", "connected_at": null});
    assert_eq!(page(&world, "").await["users"][0], expected);
}

#[tokio::test]
async fn pages_of_any_size_lose_nobody_and_name_nobody_twice() {
    const COUNT: usize = 250;
    let world = inhabited(COUNT).await;
    for size in [1, 2, 7, 83, 84, 99, 100, 125, 166, 167, 249, 250, 251, 1000] {
        for status in [None, Some("active"), Some("revoked")] {
            let filter = status.map_or_else(String::new, |status| format!("&status={status}"));
            let pages = pages(&world, &format!("max_results={size}{filter}")).await;
            let sizes: Vec<_> = pages.iter().map(|page| ids(page).len()).collect();
            let (last, full) = sizes.split_last().unwrap();
            assert!(full.iter().all(|length| *length == size) && *last <= size, "{sizes:?}");
            let all: Vec<_> = pages.iter().flat_map(ids).collect();
            assert_eq!(all, expected(COUNT, status), "{size} {status:?}");
            let statuses = pages.iter().flat_map(|page| page["users"].as_array().unwrap());
            for user in statuses {
                let number: usize = user["email"].as_str().unwrap().split('@').next().unwrap().parse().unwrap();
                assert_eq!(user["status"], if is_revoked(number) { "revoked" } else { "active" });
            }
        }
    }
}

#[tokio::test]
async fn a_page_has_a_hundred_unless_told_and_a_thousand_at_most() {
    let world = inhabited(1_600).await;
    for (query, length) in
        [("", 100), ("max_results=1000", 1_000), ("max_results=1001", 1_000), ("max_results=4294967295", 1_000)]
    {
        assert_eq!(ids(&page(&world, query).await).len(), length, "{query}");
    }
    assert_eq!(ids(&page(&world, "max_results=").await).len(), 100, "an empty parameter is none");
}

#[tokio::test]
async fn a_page_is_a_query_of_the_index_for_each_status_and_nothing_else() {
    let world = inhabited(30).await;
    let token = page(&world, "max_results=5").await["next_page_token"].as_str().unwrap().to_owned();
    for (query, queries) in [
        ("status=active&max_results=5", 1),
        ("status=active", 1),
        ("status=revoked&max_results=5", 1),
        ("max_results=5", 1),
        (&format!("max_results=5&page_token={token}"), 1),
        ("max_results=25", 2),
        ("", 2),
    ] {
        let cold = world.another_instance().await;
        let calls = calls_of(&world, async { drop(told(&cold.send(&users(query)).await)) }).await;
        assert_eq!(calls, BTreeMap::from([("DynamoDB", queries), ("DynamoDB.Query", queries)]), "{query}");
    }
}

#[tokio::test]
async fn no_token_and_no_key_is_ever_in_a_list() {
    let world = connected().await;
    world.connect(DAVID).await;
    let answer = world.instance.send(&users("")).await;
    world.assert_nothing_readable("the list", &answer.body());
    let row = world.connection(ANNA).unwrap();
    for name in ["refresh_token", "access_token", "data_key"] {
        assert!(!answer.body().contains(row[name]["B"].as_str().unwrap()), "{name}");
    }
    assert_eq!(answer.cookies().count(), 0);
    let listed: BTreeSet<_> = ids(&told(&answer)).into_iter().collect();
    assert_eq!(listed, BTreeSet::from([sub(ANNA), sub(DAVID)]));
}

#[tokio::test]
async fn a_list_goes_on_after_a_user_who_left_meanwhile() {
    let world = inhabited(12).await;
    let first = page(&world, "max_results=3").await;
    let token = first["next_page_token"].as_str().unwrap();
    world.aws.delete_item(TABLE, &format!("connection#{}", ids(&first)[2])).unwrap();
    let rest = page(&world, &format!("page_token={token}")).await;
    assert_eq!([ids(&first), ids(&rest)].concat(), expected(12, None));
}

#[tokio::test]
async fn a_token_may_be_used_twice_and_with_another_size() {
    let world = inhabited(12).await;
    let token = page(&world, "max_results=3").await["next_page_token"].as_str().unwrap().to_owned();
    for size in [1, 4, 9] {
        let page = page(&world, &format!("max_results={size}&page_token={token}")).await;
        assert_eq!(ids(&page), expected(12, None)[3..3 + size]);
    }
}

#[tokio::test]
async fn who_is_disconnected_is_not_listed_any_more() {
    let world = connected().await;
    world.connect(DAVID).await;
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_eq!(ids(&page(&world, "").await), [sub(DAVID)]);
}

#[tokio::test]
async fn what_is_no_connection_is_not_listed() {
    let world = connected().await;
    for pk in ["token#x", "event#y", "connection#", "connection#with space", "other"] {
        let item = json!({"pk": {"S": pk}, "user_id": {"S": "1"}, "status": {"S": "active"}});
        world.aws.put_item(TABLE, &item).unwrap();
    }
    assert_eq!(pages(&world, "max_results=1").await.iter().flat_map(ids).collect::<Vec<_>>(), [sub(ANNA)]);
}

/// Only a hand makes such rows: two whose `user_id` says the same, under keys of their own.
#[tokio::test]
async fn a_row_that_was_copied_to_another_key_costs_nobody_a_place_in_the_list() {
    let world = inhabited(6).await;
    let mut copy = world.aws.item(TABLE, &format!("connection#{}", user_id(2))).unwrap().unwrap();
    copy["pk"] = json!({ "S": "connection#9" });
    world.aws.put_item(TABLE, &copy).unwrap();
    let listed: BTreeSet<_> = pages(&world, "max_results=1").await.iter().flat_map(ids).collect();
    let all: BTreeSet<_> = expected(6, None).into_iter().chain(["9".to_owned()]).collect();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn a_row_that_names_no_user_does_not_end_the_list() {
    for user_id in ["0 with space", "0ü", &"0".repeat(300)] {
        let world = inhabited(6).await;
        let mut row = world.aws.item(TABLE, &format!("connection#{}", self::user_id(1))).unwrap().unwrap();
        row["pk"] = json!({ "S": "connection#bad row" });
        row["user_id"] = json!({ "S": user_id });
        world.aws.put_item(TABLE, &row).unwrap();
        let listed: Vec<_> = pages(&world, "max_results=1").await.iter().flat_map(ids).collect();
        assert_eq!(listed, expected(6, None), "{user_id}");
    }
}
