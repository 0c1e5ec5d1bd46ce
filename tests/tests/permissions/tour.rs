//! Every kind of call that the functions ever make, and nothing in the table besides.

use std::{collections::BTreeSet, time::Duration};

use local::aws::{Use, permissions::ROLES};
use tests::world::{BASE_URL, COOKIE_KEY_SECRET_ID, DAVID};

use super::*;

/// What the embedded AWS has no part in: logs, traces, and the queue that Lambda fills.
fn is_beyond(resource: Resource) -> bool {
    [Resource::Anything, Resource::OwnLogs, Resource::Queue].contains(&resource)
}

fn granted() -> BTreeSet<Use> {
    let grants = ROLES.iter().flat_map(|role| role.grants().map(|grant| (role.function, grant)));
    let within = grants.filter(|(_, (_, resource))| !is_beyond(*resource));
    within.map(|(function, (action, resource))| (function, action.to_owned(), resource)).collect()
}

async fn assert_status(world: &World, event: &Event, status: u16) {
    let answer = world.instance.send(event).await;
    assert_eq!(answer.status(), status, "{event:?}: {}", answer.body());
    world.clock.advance(Duration::from_mins(1));
}

/// Two users connect; one consents again, the other comes back without a new refresh token.
async fn connect(world: &World) {
    for (email, query) in [(ANNA, ""), (DAVID, ""), (ANNA, "prompt=consent"), (DAVID, "")] {
        let instance = world.another_instance().await;
        assert_eq!(connect_at(world, &instance, email, query).await.status(), 200, "{email} {query}");
        world.clock.advance(Duration::from_mins(1));
    }
}

/// Messages are listed, with a token that is shared, with one that has to be renewed, and with one that is dead.
async fn read_mail(world: &World) {
    world.connect(ANNA).await;
    assert_status(world, &world.visitor.event("/messages?format=metadata"), 200).await;
    world.clock.advance(Duration::from_hours(2));
    assert_status(world, &list(ANNA), 200).await;
    world.google.revoke(&sub(ANNA));
    world.clock.advance(Duration::from_hours(2));
    assert_status(world, &list(ANNA), 401).await;
}

/// Everything that Google may tell.
async fn hear_from_google(world: &World) {
    for (family, name) in OF_ACCOUNTS {
        let event = post(&saying(world, family, name, &about(DAVID)));
        assert_status(world, &event, 202).await;
        assert_status(world, &event, 202).await;
    }
    assert_eq!(connect_at(world, &world.instance, DAVID, "prompt=consent").await.status(), 200);
    world.clock.advance(Duration::from_mins(1));
    let event = post(&saying(world, "oauth", "token-revoked", &about_newest_token(world)));
    assert_status(world, &event, 202).await;
    assert_eq!(world.attribute(DAVID, "status").as_deref(), Some("revoked"));
}

/// Connections are looked at, listed and ended, by a browser and by a backend.
async fn look_after_connections(world: &World) {
    let answer = connect_at(world, &world.instance, DAVID, "prompt=consent").await;
    let session = format!("__Host-session={}", answer.cookie_value("__Host-session").unwrap());
    assert_status(world, &Event::get("/connection").cookie(&session), 200).await;
    assert_status(world, &Event::get("/users").iam(), 200).await;
    assert_status(world, &Event::delete("/connection").cookie(&session).header("origin", BASE_URL), 200).await;
    assert_status(world, &connection(Event::delete, ANNA), 200).await;
}

/// The cookie key changes, and what was sealed before still opens.
async fn rotate_the_cookie_key(world: &World) {
    world.connect(ANNA).await;
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &"another".repeat(10)).unwrap();
    world.clock.advance(Duration::from_mins(6));
    let instance = world.another_instance().await;
    let visitor = world.visitor.duplicate().at(&instance);
    assert_eq!(visitor.get("/messages").await.status(), 200);
    assert_eq!(visitor.get("/connection").await.status(), 200);
}

#[tokio::test]
async fn what_the_functions_may_do_is_what_they_do() {
    let (world, source) = world().await;
    connect(&world).await;
    read_mail(&world).await;
    hear_from_google(&world).await;
    look_after_connections(&world).await;
    rotate_the_cookie_key(&world).await;
    source.drained().await;
    let (used, granted) = (world.aws.roles().used(), granted());
    assert_eq!(used.difference(&granted).collect::<Vec<_>>(), [] as [&Use; 0], "missing in the table");
    assert_eq!(granted.difference(&used).collect::<Vec<_>>(), [] as [&Use; 0], "to spare in the table");
}

#[tokio::test]
#[should_panic(expected = "calls that no role allows")]
async fn a_call_that_no_role_allows_fails_the_test_that_makes_it() {
    let world = World::start().await;
    let kms = aws_sdk_kms::Client::new(&world.environment("authorize-url", &[]).aws);
    let request = kms.decrypt().ciphertext_blob(aws_sdk_kms::primitives::Blob::new("wrapped"));
    request.send().await.unwrap_err();
}
