//! The functions themselves.

use std::collections::BTreeSet;

use tests::{description::Description, event::Event, world::World};

use super::documented;

#[tokio::test]
async fn the_functions_have_the_documented_routes() {
    let world = World::start().await;
    let served = || world.instance.routes();
    let routes = served().map(|(name, route)| (route.pattern.to_owned(), name.to_owned(), route.is_for_backends));
    assert_eq!(routes.collect::<BTreeSet<_>>(), documented());
    assert_eq!(served().count(), documented().len());
}

#[tokio::test]
async fn a_signed_route_and_no_other_is_forbidden_without_the_authorizers_word() {
    let world = World::start().await;
    for operation in Description::get().operations() {
        let (method, path) = operation.route.split_once(' ').unwrap();
        let event = Event::new(method, &path.replace("{user_id}", "1")).header("origin", "https://mail.example.com");
        let answer = world.instance.send(&event).await;
        let is_forbidden = answer.status() == 403 && answer.json().unwrap()["code"] == "forbidden";
        assert_eq!(is_forbidden, operation.is_signed, "{}", operation.route);
    }
}
