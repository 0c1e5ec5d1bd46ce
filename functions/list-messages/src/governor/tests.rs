use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use shared::domain::{
    connection::StoreError,
    quota::{COUNTS_FOR, WriteError},
    random::{NoRandomness, Random},
};

use super::*;

fn later() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

const USER: &str = "118";

#[derive(Default)]
struct Now(AtomicI64);

impl Now {
    fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(1_795_318_652_000 + self.0.load(Ordering::SeqCst))
    }
}

struct Zero;

impl Random for Zero {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        buffer.fill(0);
        Ok(())
    }
}

/// A store that may hang, and that counts its calls.
#[derive(Default)]
struct Shared {
    stored: Mutex<Stored>,
    calls: AtomicUsize,
    hangs: bool,
}

impl Shared {
    async fn call(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.hangs {
            std::future::pending::<()>().await;
        }
    }

    fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }

    fn total(&self, now: Timestamp) -> u64 {
        self.stored.lock().unwrap().spending.total(now)
    }
}

#[async_trait]
impl SpendingStore for Shared {
    async fn find(&self, _: &UserId, _: Timestamp) -> Result<Stored, StoreError> {
        self.call().await;
        Ok(self.stored.lock().unwrap().clone())
    }

    async fn replace(&self, _: &UserId, read: u64, spending: &Spending, _: Timestamp) -> Result<u64, WriteError> {
        self.call().await;
        let mut stored = self.stored.lock().unwrap();
        if stored.generation != read {
            return Err(WriteError::Conflict(stored.clone()));
        }
        *stored = Stored { spending: spending.clone(), generation: read + 1 };
        Ok(stored.generation)
    }
}

struct World {
    clock: Arc<Now>,
    store: Arc<Shared>,
    user_id: UserId,
}

impl World {
    fn new(hangs: bool) -> Self {
        let store = Arc::new(Shared { hangs, ..Shared::default() });
        Self { clock: Arc::default(), store, user_id: UserId::parse(USER).unwrap() }
    }

    fn governor(&self) -> Governor {
        Governor::new(self.store.clone(), Quota::new(6_000), self.clock.clone(), Arc::new(Zero))
    }

    fn written(&self) -> u64 {
        self.store.total(self.clock.now())
    }
}

#[tokio::test]
async fn a_reservation_is_one_write_for_whoever_knows_what_is_stored_and_two_for_others() {
    let world = World::new(false);
    let (first, second) = (world.governor(), world.governor());
    let (first, second) = (first.account(&world.user_id, later()), second.account(&world.user_id, later()));
    assert_eq!((first.reserve(true, 100).await.messages, world.store.calls()), (100, 1));
    assert_eq!((first.reserve(true, 50).await.messages, world.store.calls()), (50, 1));
    assert_eq!((second.reserve(true, 50).await.messages, world.store.calls()), (50, 2));
    assert_eq!(world.written(), 200 * 20 + 3 * 5);
    assert_eq!((second.reserve(true, 500).await.messages, second.is_scarce()), (89, true));
    assert_eq!((second.left(), world.store.calls()), (0, 1));
    // Whoever gets nothing writes nothing.
    assert_eq!((first.reserve(true, 50).await.messages, world.store.calls()), (0, 1));
    assert_eq!((second.reserve(true, 50).await.messages, world.store.calls()), (0, 1));
}

#[tokio::test]
async fn what_is_given_up_is_there_for_others_and_what_is_spent_late_counts_from_then() {
    let world = World::new(false);
    let governor = world.governor();
    let account = governor.account(&world.user_id, later());
    let reservation = account.reserve(true, 100).await;
    assert!(!account.is_old(&reservation));
    world.clock.pass(3_000);
    assert!(account.is_old(&reservation));
    account.settle(reservation, 40).await;
    assert_eq!((world.written(), world.store.calls()), (40 * 20 + 5, 2));
    world.clock.pass(i64::try_from(COUNTS_FOR.as_millis()).unwrap() - 3_000);
    assert_eq!(world.written(), 40 * 20, "the page is over, the messages are not");
    world.clock.pass(3_000);
    assert_eq!(world.written(), 0);
}

#[tokio::test]
async fn whoever_got_nothing_asks_again_soon_if_others_have_just_reserved() {
    let world = World::new(false);
    let (first, second) = (world.governor(), world.governor());
    let (first, second) = (first.account(&world.user_id, later()), second.account(&world.user_id, later()));
    let all = first.reserve(true, 500).await;
    assert_eq!((all.messages, second.reserve(true, 25).await.messages), (290, 0));
    assert_eq!((second.wait_for_any(25).as_secs(), second.wait(25).as_secs()), (1, 61));
    first.settle(all, 10).await;
    world.clock.pass(1_000);
    assert_eq!(second.reserve(true, 25).await.messages, 25, "most was given back");
    world.clock.pass(1_000);
    assert_eq!((first.reserve(true, 500).await.messages, first.reserve(true, 1).await.messages), (255, 0));
    assert!(first.wait_for_any(25).as_secs() > 50, "what it has reserved itself is not given back by anyone else");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_waited_for_once_and_the_instance_counts_alone() {
    let world = World::new(true);
    let governor = world.governor();
    let account = governor.account(&world.user_id, later());
    let started = tokio::time::Instant::now();
    let reservation = account.reserve(true, 200).await;
    assert_eq!((reservation.messages, started.elapsed().as_secs()), (200, 1));
    account.settle(reservation, 100).await;
    assert_eq!(account.reserve(false, 500).await.messages, (5_819 - 100 * 20 - 5) / 20);
    assert_eq!((account.left(), account.reserve(false, 1).await.messages), (0, 0));
    assert_eq!((started.elapsed().as_secs(), world.store.calls()), (1, 1), "it is not asked again");
    world.clock.pass(10_000);
    account.reserve(false, 1).await;
    assert_eq!(world.store.calls(), 1, "but after a while it is");
}

#[tokio::test]
async fn an_instance_remembers_so_many_users_and_forgets_what_is_over_first() {
    let world = World::new(false);
    let governor = world.governor();
    let user = |number: usize| UserId::parse(&number.to_string()).unwrap();
    for number in 0..MAX_USERS {
        governor.account(&user(number), later()).note(5);
    }
    world.clock.pass(62_000);
    governor.account(&world.user_id, later()).note(5);
    governor.account(&user(MAX_USERS), later()).note(5);
    assert!(governor.lock().len() <= 3, "{}", governor.lock().len());
    for number in 0..10 * MAX_USERS {
        governor.account(&user(number), later()).note(5);
        assert!(governor.lock().len() <= MAX_USERS);
    }
}
