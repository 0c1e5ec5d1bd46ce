//! Who holds the lease may die: another takes over when the lease ends by the clock, and not before.

use std::time::Duration;

use local::{
    aws::Gate,
    google::{Effect, Endpoint},
};
use shared::{
    domain::{connection::Lease, time::Clock as _},
    vault::access_tokens::{Access, AccessError},
};
use tokio::task::JoinHandle;

use super::world::*;

/// The shortest step of the clock.
const INSTANT: Duration = Duration::from_millis(1);

type Asked = JoinHandle<Result<Access, AccessError>>;

fn ask(world: &World) -> Asked {
    let instance = world.instance();
    tokio::spawn(async move { instance.obtain(ANNA).await })
}

/// An instance that holds the lease and stands before its last write, with Google's answer in its hands.
async fn holder(world: &World) -> (Asked, Gate) {
    let mut at_the_lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let mut at_the_share = world.aws.faults().hold("DynamoDB.UpdateItem");
    let holder = ask(world);
    at_the_lease.reached().await;
    at_the_lease.release();
    at_the_share.reached().await;
    (holder, at_the_share)
}

/// Waits until the store was read some more times.
async fn looked_again(world: &World) {
    let reads = || world.aws.faults().calls("DynamoDB.GetItem");
    let before = reads();
    until(|| reads() >= before + 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_takes_over_when_the_lease_of_a_dead_instance_ends_and_not_before() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (dead, _gate) = holder(&world).await;
    dead.abort();
    world.clock.pass(Lease::LIFETIME.saturating_sub(INSTANT));
    let other = ask(&world);
    looked_again(&world).await;
    assert_eq!(world.refreshes(), 1);
    assert!(!other.is_finished());
    world.clock.pass(INSTANT);
    let access = other.await.unwrap().unwrap();
    assert_eq!(world.refreshes(), 2);
    assert!(world.works(&access.token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_wakes_up_late_does_not_write_over_its_successor() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (late, gate) = holder(&world).await;
    world.clock.pass(Lease::LIFETIME);
    world.instance().obtain(ANNA).await.unwrap();
    let row = world.row(ANNA);
    gate.release();
    let access = late.await.unwrap().unwrap();
    assert!(world.works(&access.token).await);
    assert_eq!(world.row(ANNA), row);
    assert_eq!(world.refreshes(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_find_a_dead_lease_one_takes_over() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (dead, _gate) = holder(&world).await;
    dead.abort();
    let others = [ask(&world), ask(&world), ask(&world)];
    looked_again(&world).await;
    world.clock.pass(Lease::LIFETIME);
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(world.refreshes(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_was_renewed_meanwhile_is_not_taken() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    // The first answer of Google is late enough for the lease to end, and asks for another try.
    let failing = Effect::Status { status: 503, body: None, headers: vec![("retry-after".to_owned(), "1".to_owned())] };
    world.google.faults().inject_times(Endpoint::Token, 1, failing);
    let owner = ask(&world);
    until(|| world.refreshes() == 1).await;
    world.clock.pass(Lease::LIFETIME);
    let mut at_the_lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let robber = ask(&world);
    at_the_lease.reached().await;
    // Google takes its time over the second try, during which the robber comes to.
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::Delay(Duration::from_millis(300)));
    until(|| world.refreshes() == 2).await;
    at_the_lease.release();
    let (owner, robber) = (owner.await.unwrap().unwrap(), robber.await.unwrap().unwrap());
    assert!(owner.token.is_same_as(&robber.token));
    assert_eq!(world.refreshes(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_another_stops_waiting_at_its_deadline() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (_holder, _gate) = holder(&world).await;
    let waited = world.instance().obtain_within(ANNA, Duration::from_millis(350)).await;
    assert_eq!(outcome(&waited), "google unavailable");
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lasts_over_the_wait_that_google_asks_for() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let headers = [("retry-after".to_owned(), "20".to_owned())].into();
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::Status { status: 503, body: None, headers });
    let waiting = ask(&world);
    let end = world.clock.now().after(Duration::from_secs(20)).after(Lease::LIFETIME).to_string();
    until(|| world.row(ANNA).unwrap()["lease_expires_at"]["S"] == end.as_str()).await;
    waiting.abort();
}
