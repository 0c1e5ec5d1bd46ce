//! Gmail's quota for each user and minute: what instances that know nothing of each other spend of it together.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Effect, Endpoint, Fault, GmailError},
};
use serde_json::Value;
use shared::domain::{
    quota::Spending,
    time::{Clock, Timestamp},
};
use tests::{
    PATIENCE,
    answer::{Answer, problem},
    world::{ANNA, Instance, TABLE, World, sub},
};

use super::{gmail_lists, ids, list, listing, mailbox_of, of, parts_asked};

/// What the quota has for messages: all but what is kept back for plain lists.
const FOR_MESSAGES: u64 = 5_819;

/// The item that holds what Anna spent.
fn item(world: &World) -> Option<Value> {
    world.aws.item(TABLE, &format!("quota#{}", sub(ANNA))).unwrap()
}

/// The units that are written down for Anna.
fn written(world: &World) -> u64 {
    let item = item(world).expect("something is written down");
    let charges = STANDARD.decode(item["charges"]["B"].as_str().unwrap()).unwrap();
    Spending::from_bytes(&charges, world.clock.now()).total(world.clock.now())
}

fn number(answer: &Answer, header: &str) -> Option<u64> {
    answer.header(header).map(|text| text.parse().unwrap())
}

fn units(answer: &Answer) -> Option<u64> {
    number(answer, "x-gmail-quota-units")
}

/// One that walks through the whole mailbox, with an instance of its own.
struct Client {
    instance: Arc<Instance>,
    seen: Vec<String>,
    from: String,
    /// When it may ask again; none once it has all.
    next: Option<Timestamp>,
}

impl Client {
    /// Asks until it is told to wait, or has all.
    async fn go_on(&mut self, now: Timestamp) {
        while self.next.is_some_and(|next| next <= now) {
            let answer = self.instance.send(&of(ANNA, &format!("format=minimal{}", self.from))).await;
            let wait = number(&answer, "retry-after").map(Duration::from_secs);
            if answer.status() == 429 {
                self.next = Some(now.after(wait.unwrap()));
                continue;
            }
            let page = listing(&answer);
            assert_eq!(page["errors"], Value::Null);
            self.seen.extend(ids(&page));
            self.next = page["nextPageToken"].as_str().map(|token| {
                self.from = format!("&pageToken={token}");
                now.after(wait.expect("nothing but the quota ends an answer here"))
            });
        }
    }
}

#[tokio::test]
async fn twenty_instances_that_fetch_one_mailbox_get_all_of_it_as_fast_as_the_quota_allows() {
    let world = mailbox_of(300).await;
    let all: Vec<_> =
        gmail_lists(&world, "").await.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    world.clock.advance(Duration::from_secs(62));
    let (began, before, spent) = (world.clock.now(), world.google.gmail_calls(), world.google.quota_units(&sub(ANNA)));
    let mut clients = Vec::new();
    for _ in 0..20 {
        let instance = world.another_instance().await;
        clients.push(Client { instance, seen: Vec::new(), from: String::new(), next: Some(began) });
    }
    while let Some(next) = clients.iter().filter_map(|client| client.next).min() {
        world.clock.set(next);
        join_all(clients.iter_mut().map(|client| client.go_on(next))).await;
    }
    assert!(clients.iter().all(|client| client.seen == all), "everyone has every message once, in order");
    let took = world.clock.now().since(began).as_secs();
    let needed: u64 = 20 * (300 * 20 + 5);
    let least = 60 * (needed.div_ceil(6_000) - 1);
    assert!(took * 10 <= least * 11, "{took} s instead of {least} s");
    let (calls, limited) = world.google.gmail_calls();
    let (calls, limited) = (calls - before.0, limited - before.1);
    assert!(limited * 50 < calls, "{limited} of {calls}");
    let spent = world.google.quota_units(&sub(ANNA)) - spent;
    assert!(spent < needed + needed / 50, "{spent} units instead of {needed}");
}

#[tokio::test]
async fn an_answer_tells_what_it_cost_and_when_more_can_be_had() {
    let world = mailbox_of(700).await;
    let first = list(&world, "format=metadata").await;
    let page = listing(&first);
    assert_eq!(ids(&page).len(), 290);
    assert_eq!((units(&first), world.google.quota_units(&sub(ANNA))), (Some(290 * 20 + 5), 290 * 20 + 5));
    let wait = number(&first, "retry-after").unwrap();
    assert!((61..=62).contains(&wait), "{wait}");
    let token = page["nextPageToken"].as_str().unwrap();
    let rest = format!("format=metadata&maxResults=20&pageToken={token}");
    let calls = world.google_calls();
    let refused = list(&world, &rest).await;
    problem(&refused, 429, "rate_limited");
    assert_eq!((number(&refused, "retry-after"), units(&refused)), (Some(wait), None));
    assert_eq!(world.google_calls(), calls, "Google is not asked");
    // Another instance does not know yet, and asks for the page beside the quota.
    let another = world.another_instance().await;
    let refused = another.send(&of(ANNA, &rest)).await;
    problem(&refused, 429, "rate_limited");
    assert_eq!((number(&refused, "retry-after"), units(&refused)), (Some(1), Some(5)), "some may be given back yet");
    world.clock.advance(Duration::from_secs(1));
    let refused = another.send(&of(ANNA, &rest)).await;
    problem(&refused, 429, "rate_limited");
    assert_eq!((number(&refused, "retry-after"), units(&refused)), (Some(wait - 1), None));
    world.clock.advance(Duration::from_secs(wait - 1));
    let rest = list(&world, &rest).await;
    assert_eq!((ids(&listing(&rest)).len(), units(&rest)), (20, Some(405)));
    assert_eq!(rest.header("retry-after"), None, "it has what was asked for");
}

#[tokio::test]
async fn an_error_tells_what_it_cost_too_if_gmail_was_asked() {
    let world = mailbox_of(5).await;
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::DomainPolicy));
    assert_eq!(units(&list(&world, "").await), Some(5));
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::BackendError));
    assert_eq!(units(&list(&world, "").await), Some(10), "it was asked for twice");
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::DomainPolicy));
    let answer = list(&world, "format=full").await;
    assert_eq!(
        (answer.status(), units(&answer), written(&world)),
        (403, Some(5), 20),
        "four pages, and the messages are given back"
    );
    assert_eq!(units(&list(&world, "maxResults=0").await), None);
}

#[tokio::test]
async fn a_page_of_five_hundred_takes_one_list_and_twenty_batches_at_once() {
    let world = mailbox_of(600).await;
    world.google.set_gmail_quota(15_000);
    let instance = world.instance_with(&[("GMAIL_QUOTA_UNITS_PER_MINUTE", "15000")]).await.unwrap();
    let slow = Effect::Delay(Duration::from_millis(700));
    world.google.faults().inject(Endpoint::Batch, Fault { times: None, effect: slow });
    let answer = instance.send(&of(ANNA, "format=metadata&maxResults=500")).await;
    assert_eq!((ids(&listing(&answer)).len(), units(&answer)), (500, Some(500 * 20 + 5)));
    let calls = |endpoint| world.google.calls(endpoint);
    assert_eq!((calls(Endpoint::List), calls(Endpoint::Batch), world.random.waits()), (1, 20, 0));
    assert_eq!(world.google.take_gmail_peak(), 500, "all of them fly at once");
}

#[tokio::test]
async fn whole_messages_fly_in_two_batches_whatever_is_configured() {
    let world = mailbox_of(60).await;
    let slow = Effect::Delay(Duration::from_millis(100));
    world.google.faults().inject(Endpoint::Batch, Fault { times: None, effect: slow });
    assert_eq!(ids(&listing(&list(&world, "format=full").await)).len(), 60);
    assert_eq!((world.google.take_gmail_peak(), world.google.calls(Endpoint::Batch)), (20, 6));
}

#[tokio::test]
async fn once_gmail_finds_too_many_at_once_half_as_many_fly() {
    let world = mailbox_of(100).await;
    let instance = world.instance_with(&[("GMAIL_BATCHES_AT_ONCE", "4")]).await.unwrap();
    let slow = Effect::Delay(Duration::from_millis(700));
    world.google.faults().inject(Endpoint::Batch, Fault { times: None, effect: slow });
    let too_many = Effect::Gmail(GmailError::TooManyConcurrentRequests);
    world.google.faults().inject_times(Endpoint::BatchPart, 100, too_many);
    let google = world.google.clone();
    let (tell, first) = std::sync::mpsc::channel();
    world.random.at_next_wait(move || tell.send(google.take_gmail_peak()).unwrap());
    let answer = instance.send(&of(ANNA, "format=minimal")).await;
    assert_eq!((ids(&listing(&answer)).len(), &listing(&answer)["errors"]), (100, &Value::Null));
    assert_eq!((first.recv().unwrap(), world.google.take_gmail_peak()), (100, 50));
    assert_eq!(parts_asked(&world).values().collect::<Vec<_>>(), vec![&2; 100]);
    assert_eq!((units(&answer), written(&world)), (Some(200 * 20 + 5), 200 * 20 + 5), "the second try is charged too");
    for at_once in [50, 75, 100, 100] {
        world.clock.advance(Duration::from_secs(62));
        listing(&instance.send(&of(ANNA, "format=minimal")).await);
        assert_eq!(world.google.take_gmail_peak(), at_once, "the instance remembers, and comes up again one by one");
    }
}

#[tokio::test]
async fn plain_lists_neither_read_nor_write_the_quota_and_count_with_the_next_reservation() {
    let world = mailbox_of(700).await;
    list(&world, "maxResults=1").await;
    let (calls, before) = (world.aws_calls(), world.google.quota_units(&sub(ANNA)));
    for _ in 0..29 {
        assert_eq!(units(&list(&world, "maxResults=1").await), Some(5));
    }
    assert_eq!(world.aws_calls() - calls, 29, "the connection is looked up, and nothing else");
    assert_eq!(item(&world), None);
    assert_eq!(world.google.quota_units(&sub(ANNA)) - before, 29 * 5);
    let answer = list(&world, "format=minimal").await;
    let messages = (FOR_MESSAGES - 30 * 5 - 5) / 20;
    assert_eq!(ids(&listing(&answer)).len() as u64, messages);
    assert_eq!(written(&world), 30 * 5 + 5 + messages * 20);
    // What was spent more than a minute ago is not written down later.
    world.clock.advance(Duration::from_secs(62));
    list(&world, "format=minimal&maxResults=1").await;
    assert_eq!(written(&world), 25);
}

#[tokio::test]
async fn what_is_reserved_and_not_there_is_given_back() {
    let world = mailbox_of(30).await;
    let writes = || world.aws.faults().calls("DynamoDB.UpdateItem");
    let before = writes();
    assert_eq!(units(&list(&world, "format=metadata").await), Some(30 * 20 + 5));
    assert_eq!((written(&world), writes() - before), (30 * 20 + 5, 2));
    world.google.set_mailbox_size(&sub(ANNA), 0);
    assert_eq!(units(&list(&world, "format=metadata").await), Some(5));
    assert_eq!(written(&world), 30 * 20 + 10);
    // As many as are asked for are one write.
    world.google.set_mailbox_size(&sub(ANNA), 700);
    let before = writes();
    assert_eq!(units(&list(&world, "format=metadata&maxResults=10").await), Some(10 * 20 + 5));
    assert_eq!((written(&world), writes() - before), (40 * 20 + 15, 1));
    // Another instance has what is left of it, and no more.
    let answer = world.another_instance().await.send(&of(ANNA, "format=metadata")).await;
    assert_eq!(ids(&listing(&answer)).len() as u64, (FOR_MESSAGES - 40 * 20 - 15 - 5) / 20);
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn a_page_of_which_a_part_is_reserved_goes_on_within_itself() {
    let world = mailbox_of(700).await;
    let all = gmail_lists(&world, "").await;
    world.clock.advance(Duration::from_secs(62));
    list(&world, "format=minimal&maxResults=100").await;
    // It does not know of the first, and asks for a page that there is no quota for.
    let instance = world.another_instance().await;
    let answer = instance.send(&of(ANNA, "format=minimal")).await;
    let page = listing(&answer);
    let token = page["nextPageToken"].as_str().unwrap();
    assert_eq!((ids(&page).len(), token.starts_with('~')), (190, true));
    let wait = Duration::from_secs(number(&answer, "retry-after").unwrap());
    world.clock.advance(wait);
    let rest = listing(&instance.send(&of(ANNA, &format!("format=minimal&pageToken={token}"))).await);
    let seen = [ids(&page), ids(&rest)].concat();
    assert_eq!(seen, all[..seen.len()].iter().map(|entry| entry["id"].as_str().unwrap()).collect::<Vec<_>>());
    assert!(seen.len() >= 290, "{}", seen.len());
}

#[tokio::test]
async fn many_small_answers_at_once_are_all_counted() {
    let world = mailbox_of(50).await;
    let mut instances = Vec::new();
    for _ in 0..20 {
        instances.push(world.another_instance().await);
    }
    let event = of(ANNA, "format=minimal&maxResults=5");
    let answers = join_all(instances.iter().map(|instance| instance.send(&event))).await;
    assert!(answers.iter().all(|answer| ids(&listing(answer)).len() == 5));
    assert_eq!(written(&world), 20 * 105);
    let item = item(&world).unwrap();
    let ends = item["expires_at"]["N"].as_str().unwrap().parse::<i64>().unwrap() - world.clock.now().unix_seconds();
    assert!((61..600).contains(&ends), "{ends}");
    let charges = item["charges"]["B"].as_str().unwrap();
    assert!(charges.len() < 100, "{charges}");
}

#[tokio::test]
async fn a_store_that_fails_stops_no_listing_and_the_instance_counts_for_itself() {
    let denied = AwsEffect::Error { code: "ValidationException".to_owned() };
    for effect in [AwsEffect::Status(500), AwsEffect::Throttle, AwsEffect::Disconnect, AwsEffect::Hang, denied] {
        let world = mailbox_of(700).await;
        list(&world, "").await;
        world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::always(effect.clone()));
        let answer = list(&world, "format=minimal&maxResults=200").await;
        assert_eq!(ids(&listing(&answer)).len(), 200, "{effect:?}");
        let answer = list(&world, "format=minimal").await;
        assert_eq!(ids(&listing(&answer)).len() as u64, (FOR_MESSAGES - 10 - 5 - 200 * 20 - 5) / 20, "{effect:?}");
        assert!(answer.header("retry-after").is_some(), "{effect:?}");
        // Once it can be written to again, what was spent meanwhile is written down.
        world.aws.faults().clear("DynamoDB.UpdateItem");
        world.clock.advance(Duration::from_secs(62));
        list(&world, "format=minimal&maxResults=1").await;
        assert_eq!(written(&world), 25, "{effect:?}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_one_warning_in_the_log() {
    let world = mailbox_of(60).await;
    let process = world.process("list-messages", &[]).await;
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::always(AwsEffect::Throttle));
    let answer = process.ask(&of(ANNA, "format=full")).await;
    assert_eq!(ids(&listing(&answer)).len(), 60, "in three steps, each with a reservation of its own");
    let alone = "Gmail's quota is counted by this instance alone";
    assert!(process.prints(alone, PATIENCE).await);
    assert_eq!(process.output().matches(alone).count(), 1);
}
