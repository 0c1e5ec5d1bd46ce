//! Time: an answer comes before the deadline, with whatever was had by then.

use std::time::{Duration, Instant};

use local::google::{Effect, Endpoint};
use serde_json::Value;
use tests::{
    answer::Answer,
    world::{ANNA, Instance, World},
};

use super::{gmail_lists, ids, listing, mailbox_of, of, problem};

/// What handling takes beyond waiting for Google, on a busy machine. A function keeps half a second of its time back.
const SLACK: Duration = Duration::from_millis(490);
const FOREVER: Effect = Effect::Hang(Duration::from_mins(2));

/// The answer, which must come in time.
async fn list_within(world: &World, query: &str, time: Duration) -> Answer {
    answer_within(&world.instance, query, time).await
}

async fn answer_within(instance: &Instance, query: &str, time: Duration) -> Answer {
    let started = Instant::now();
    let answer = instance.send_within(&of(ANNA, query), time).await;
    assert!(started.elapsed() < time + SLACK, "{query}: {:?}", started.elapsed());
    answer
}

/// The first requests at an endpoint are answered as ever, those after them never.
fn hang_after(world: &World, endpoint: Endpoint, first: u32) {
    world.google.faults().inject_times(endpoint, first, Effect::Delay(Duration::ZERO));
    world.google.faults().inject_times(endpoint, 1_000, FOREVER);
}

/// Lists the rest, now that Google answers again.
async fn rest(world: &World, query: &str, page: &Value) -> Vec<String> {
    world.google.faults().clear_all();
    let token = page["nextPageToken"].as_str().expect("a token");
    world.clock.advance(Duration::from_secs(62));
    ids(&listing(&world.instance.send(&of(ANNA, &format!("{query}&pageToken={token}"))).await))
}

#[tokio::test]
async fn while_gmail_hangs_from_the_first_the_answer_says_so_in_time() {
    for (endpoint, query) in
        [(Endpoint::List, ""), (Endpoint::Batch, "format=full"), (Endpoint::BatchPart, "format=minimal")]
    {
        let world = mailbox_of(30).await;
        hang_after(&world, endpoint, 0);
        let answer = list_within(&world, query, Duration::from_millis(900)).await;
        problem(&answer, 503, "google_unavailable");
        assert!(answer.header("retry-after").is_some());
    }
}

#[tokio::test]
async fn a_page_that_hangs_does_not_cost_those_before_it() {
    let world = mailbox_of(700).await;
    hang_after(&world, Endpoint::List, 1);
    let page = listing(&list_within(&world, "", Duration::from_millis(1_500)).await);
    let seen = [ids(&page), rest(&world, "", &page).await].concat();
    assert_eq!((ids(&page).len(), seen.len()), (500, 700));
}

#[tokio::test]
async fn messages_that_hang_do_not_cost_those_before_them() {
    let world = mailbox_of(120).await;
    let all = gmail_lists(&world, "").await;
    let instance = world.instance_with(&[("GMAIL_BATCHES_AT_ONCE", "2")]).await.unwrap();
    hang_after(&world, Endpoint::Batch, 2);
    let page = listing(&answer_within(&instance, "format=metadata", Duration::from_millis(1_600)).await);
    assert_eq!((ids(&page).len(), &page["errors"]), (50, &Value::Null));
    assert!(page["nextPageToken"].as_str().unwrap().starts_with('~'), "it goes on within a page");
    let seen = [ids(&page), rest(&world, "format=metadata", &page).await].concat();
    assert_eq!(seen, all.iter().map(|entry| entry["id"].as_str().unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_batch_of_two_that_hangs_leaves_its_messages_named_or_to_the_next_answer() {
    let world = mailbox_of(40).await;
    let all = gmail_lists(&world, "").await;
    hang_after(&world, Endpoint::Batch, 1);
    let page = listing(&list_within(&world, "format=minimal", Duration::from_millis(900)).await);
    let whole = page["messages"].as_array().unwrap().iter().filter(|message| message["snippet"].is_string()).count();
    let errors = page["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    // Whichever comes to Gmail first is answered.
    assert!([(40, 15, 25), (25, 25, 0)].contains(&(ids(&page).len(), whole, errors.len())), "{page}");
    assert!(errors.iter().all(|error| error["status"] == 503), "{errors:?}");
    let mut seen = ids(&page);
    if page["nextPageToken"].is_string() {
        seen.extend(rest(&world, "format=minimal", &page).await);
    }
    assert_eq!(seen, all.iter().map(|entry| entry["id"].as_str().unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_slow_gmail_is_listed_as_far_as_time_allows() {
    let world = mailbox_of(5_000).await;
    let delay = Effect::Delay(Duration::from_millis(400));
    world.google.faults().inject_times(Endpoint::List, 1_000, delay);
    let page = listing(&list_within(&world, "", Duration::from_millis(2_500)).await);
    let count = ids(&page).len();
    assert!((1_000..=2_500).contains(&count), "{count}");
    let seen = [ids(&page), rest(&world, "", &page).await].concat();
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (5_000, 5_000));
}

#[tokio::test]
async fn with_no_time_at_all_there_is_still_an_answer() {
    let world = mailbox_of(5).await;
    for query in ["", "format=full"] {
        // Gmail may be quicker than the timer.
        let answer = list_within(&world, query, Duration::ZERO).await;
        if answer.status() != 200 {
            problem(&answer, 503, "google_unavailable");
        }
    }
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
}
