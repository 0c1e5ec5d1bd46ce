//! Large messages and batch answers as they should not be.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tests::world::ANNA;

use super::{
    ids, listing, of, problem,
    stub::{Batch, Inner, Script, Stub, id, in_order, message, part},
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// So little time that nothing is tried again.
const NO_WAITS: Duration = Duration::from_secs(1);

fn all_ids(count: usize) -> Vec<String> {
    (0..count).map(id).collect()
}

fn walked(pages: &[Value]) -> Vec<String> {
    pages.iter().flat_map(ids).collect()
}

/// A whole message, not only its identifiers.
fn is_whole(message: &Value) -> bool {
    message["snippet"].is_string()
}

#[tokio::test]
async fn a_listing_ends_where_the_body_does_and_goes_on_exactly_there() {
    let stub = Stub::start(Script::new(45, |place| message(place, 400 * KIB))).await;
    let pages = stub.walk("format=full").await;
    assert_eq!(walked(&pages), all_ids(45));
    assert!(pages.iter().flat_map(|page| page["messages"].as_array().unwrap()).all(is_whole));
    assert!(pages.iter().all(|page| page["errors"].is_null()));
    assert_eq!(pages.iter().map(|page| ids(page).len()).collect::<Vec<_>>(), [12, 12, 12, 9], "as many as fit");
    let tokens: Vec<_> = pages.iter().filter_map(|page| page["nextPageToken"].as_str()).collect();
    assert!(tokens[0].starts_with('~'), "{}", tokens[0]);
    assert!(tokens.iter().all(|token| token.len() <= 7_000));
}

#[tokio::test]
async fn a_message_larger_than_any_answer_is_named_and_the_listing_goes_on() {
    for lonely in [0, 9, 10] {
        let stub =
            Stub::start(Script::new(25, move |place| message(place, if place == lonely { 6 * MIB } else { 9 }))).await;
        let pages = stub.walk("format=full").await;
        assert_eq!(walked(&pages), all_ids(25), "{lonely}");
        let errors: Vec<_> = pages.iter().filter_map(|page| page["errors"].as_array()).flatten().collect();
        let expected = json!({ "id": id(lonely), "status": 413, "reason": "responseTooLarge" });
        assert_eq!(errors, [&expected], "{lonely}");
        let messages: Vec<_> = pages.iter().flat_map(|page| page["messages"].as_array().unwrap()).collect();
        for (place, message) in messages.iter().enumerate() {
            assert_eq!(is_whole(message), place != lonely);
        }
        assert_eq!(messages[lonely].as_object().unwrap().len(), 2, "identifiers stay");
    }
}

#[tokio::test]
async fn a_batch_answer_larger_than_is_read_is_fetched_in_halves() {
    let stub = Stub::start(Script::new(10, |place| message(place, 900 * KIB))).await;
    let answer = stub.instance.send(&of(ANNA, "format=full&maxResults=10")).await;
    assert_eq!(ids(&listing(&answer)), all_ids(5), "they fill the answer");
    let sizes: Vec<_> = stub.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 5, 5]);
    assert_eq!(answer.header("x-gmail-quota-units"), Some("405"), "halves cost as wholes do");
}

#[tokio::test]
async fn a_message_larger_than_is_read_is_named_and_costs_no_other() {
    let stub = Stub::start(Script::new(4, |place| message(place, if place == 2 { 25 * MIB } else { 9 }))).await;
    let listed = listing(&stub.instance.send(&of(ANNA, "format=full")).await);
    assert_eq!(ids(&listed), all_ids(4));
    assert_eq!(listed["errors"], json!([{ "id": id(2), "status": 413, "reason": "responseTooLarge" }]));
    assert_eq!(stub.batches(), [vec![0, 1, 2, 3], vec![0, 1], vec![2, 3], vec![2], vec![3]]);
}

#[tokio::test]
async fn a_message_that_is_mostly_quotation_marks_fits_lambdas_answer_too() {
    let quotes = |place: usize| {
        let text = json!("\"\\".repeat(100 * KIB)).to_string();
        (200, format!("{{\"id\":\"{}\",\"threadId\":\"t\",\"snippet\":{text}}}", id(place)))
    };
    let stub = Stub::start(Script::new(20, quotes)).await;
    let mut seen = Vec::new();
    for page in stub.walk("format=full").await {
        assert!(serde_json::to_string(&page.to_string()).unwrap().len() < 6 * MIB);
        seen.extend(ids(&page));
    }
    assert_eq!(seen, all_ids(20));
}

#[test]
fn whatever_the_sizes_every_message_comes_once_and_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let size = prop_oneof![6 => 0usize..2_000, 3 => 100_000usize..900_000, 1 => 4_000_000usize..6_000_000];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(5));
    let wanted = prop::option::of(1usize..15);
    let outcome = runner.run(&(prop::collection::vec(size, 1..40), any::<bool>(), wanted), |(sizes, full, wanted)| {
        runtime.block_on(async {
            let count = sizes.len();
            let stub = Stub::start(Script::new(count, move |place| message(place, sizes[place]))).await;
            let wanted = wanted.map(|wanted| format!("&maxResults={wanted}")).unwrap_or_default();
            let pages = stub.walk(&format!("format={}{wanted}", if full { "full" } else { "minimal" })).await;
            prop_assert_eq!(walked(&pages), all_ids(count));
            let named: Vec<_> = pages.iter().filter_map(|page| page["errors"].as_array()).flatten().collect();
            prop_assert!(named.iter().all(|error| error["reason"] == "responseTooLarge"));
            for entry in pages.iter().flat_map(|page| page["messages"].as_array().unwrap()) {
                prop_assert_eq!(is_whole(entry), !named.iter().any(|error| error["id"] == entry["id"]));
            }
            Ok(())
        })
    });
    outcome.unwrap();
}

#[tokio::test]
async fn identifiers_end_where_the_body_does_too() {
    let stub = Stub::start(Script::new(120_000, |place| message(place, 9))).await;
    let pages = stub.walk("").await;
    assert_eq!(walked(&pages), all_ids(120_000));
    assert_eq!(pages.len(), 2);
}

#[tokio::test]
async fn a_place_within_a_page_can_be_gone_on_from_in_any_format_and_in_small_steps() {
    let stub = Stub::start(Script::new(20, |place| message(place, 400 * KIB))).await;
    let first = listing(&stub.instance.send(&of(ANNA, "format=full")).await);
    let token = first["nextPageToken"].as_str().unwrap();
    let steps = stub.walk(&format!("maxResults=3&pageToken={token}")).await;
    assert_eq!([ids(&first), walked(&steps)].concat(), all_ids(20));
    assert_eq!(steps.iter().map(|step| ids(step).len()).collect::<Vec<_>>(), [3, 3, 2]);
    for query in ["q=other", "labelIds=INBOX", "includeSpamTrash=true"] {
        let answer = stub.instance.send(&of(ANNA, &format!("{query}&pageToken={token}"))).await;
        assert!(problem(&answer, 400, "invalid_request")["detail"].as_str().unwrap().contains("pageToken"));
    }
}

#[tokio::test]
async fn pages_that_are_short_or_empty_are_not_the_end() {
    let script = || Script { sparse: Some(7), ..Script::new(40, |place| message(place, 9)) };
    for query in ["", "format=minimal", "maxResults=9", "maxResults=9&format=full"] {
        let stub = Stub::start(script()).await;
        let (mut seen, mut from) = (Vec::new(), String::new());
        loop {
            let page = listing(&stub.instance.send(&of(ANNA, &format!("{query}{from}"))).await);
            seen.extend(ids(&page));
            let Some(token) = page["nextPageToken"].as_str() else { break };
            from = format!("&pageToken={token}");
        }
        assert_eq!(seen, all_ids(40), "{query}");
    }
}

fn shuffled(mut answers: Vec<(usize, Inner)>) -> (&'static str, String) {
    answers.sort_by_key(|(index, _)| (index * 7) % 11);
    in_order(answers)
}

#[tokio::test]
async fn the_parts_of_a_batch_may_come_in_any_order() {
    let stub = Stub::start(Script { batch: shuffled, ..Script::new(33, |place| message(place, 20)) }).await;
    let listed = listing(&stub.instance.send(&of(ANNA, "format=minimal")).await);
    assert_eq!(ids(&listed), all_ids(33));
    assert!(listed["messages"].as_array().unwrap().iter().all(is_whole));
}

#[tokio::test]
async fn a_batch_answer_that_is_none_is_googles_trouble() {
    let batches: [Batch; 8] = [
        |_| ("multipart/mixed; boundary=b_1", String::new()),
        |_| ("multipart/mixed; boundary=b_1", "--b_1--".to_owned()),
        |_| ("application/json", "{}".to_owned()),
        |_| ("text/html", "<html>".to_owned()),
        |answers| ("multipart/mixed", in_order(answers).1),
        |answers| ("multipart/mixed; boundary=other", in_order(answers).1),
        |answers| {
            let (kind, body) = in_order(answers);
            (kind, body[..body.len() / 2].to_owned())
        },
        |answers| ("multipart/mixed; boundary=b_1", in_order(answers).1.replace("Content-ID", "X-ID")),
    ];
    for (place, batch) in batches.into_iter().enumerate() {
        let stub = Stub::start(Script { batch, ..Script::new(5, |place| message(place, 20)) }).await;
        let answer = stub.instance.send_within(&of(ANNA, "format=minimal"), NO_WAITS).await;
        problem(&answer, 503, "google_unavailable");
        assert!(answer.header("retry-after").is_some(), "{place}");
    }
}

#[tokio::test]
async fn a_part_that_makes_no_sense_costs_only_its_own_message() {
    let batches: [Batch; 6] = [
        |mut answers| {
            answers.remove(1);
            in_order(answers)
        },
        |mut answers| {
            answers[1].0 = 77;
            in_order(answers)
        },
        |mut answers| {
            answers[1].1.1 = "{\"id\":".to_owned();
            in_order(answers)
        },
        |mut answers| {
            answers[1].1.1 = "\u{fffd}<html>".to_owned();
            in_order(answers)
        },
        |answers| {
            let (kind, body) = in_order(answers);
            (kind, body.replace("<response-1>", "<response-x>"))
        },
        |answers| {
            let nonsense = "--b_1\r\nContent-ID: <response-1>\r\n\r\nnonsense\r\n\r\n";
            let (kind, body) = in_order(answers.clone());
            (kind, body.replace(&part(1, &answers[1].1), nonsense))
        },
    ];
    for (place, batch) in batches.into_iter().enumerate() {
        let stub = Stub::start(Script { batch, ..Script::new(5, |place| message(place, 20)) }).await;
        let listed = listing(&stub.instance.send_within(&of(ANNA, "format=minimal"), NO_WAITS).await);
        assert_eq!(ids(&listed), all_ids(5), "{place}");
        assert_eq!(listed["errors"], json!([{ "id": id(1), "status": 503, "reason": "malformedAnswer" }]), "{place}");
        assert_eq!(listed["messages"][1].as_object().unwrap().len(), 2, "{place}");
    }
}

#[tokio::test]
async fn a_part_that_is_no_message_is_not_passed_on() {
    for body in ["[]", "7", "null", "\"text\"", "{}", "{\"id\":\"another\"}"] {
        let stub = Stub::start(Script::new(
            3,
            move |place| if place == 1 { (200, body.to_owned()) } else { message(place, 9) },
        ))
        .await;
        let listed = listing(&stub.instance.send_within(&of(ANNA, "format=minimal"), NO_WAITS).await);
        let messages = listed["messages"].as_array().unwrap();
        assert!(messages.iter().all(Value::is_object), "{body}: {listed}");
        assert_eq!(
            messages.iter().map(|message| message["id"].clone()).collect::<Value>(),
            json!(all_ids(3)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_reason_without_end_does_not_make_an_answer_without_end() {
    let endless = |place: usize| {
        let error = json!({ "error": { "code": 403, "errors": [{ "reason": "r".repeat(20 * KIB) }] } });
        if place == 0 { message(place, 9) } else { (403, error.to_string()) }
    };
    let stub = Stub::start(Script::new(50, endless)).await;
    let answer = stub.instance.send_within(&of(ANNA, "format=minimal"), NO_WAITS).await;
    assert_eq!(ids(&listing(&answer)).len(), 50);
    assert!(answer.body().len() < 100 * KIB, "{}", answer.body().len());
}

#[tokio::test]
async fn the_instance_that_met_a_strange_gmail_serves_on() {
    let stub =
        Stub::start(Script { batch: |_| ("", String::new()), ..Script::new(5, |place| message(place, 20)) }).await;
    problem(&stub.instance.send_within(&of(ANNA, "format=full"), NO_WAITS).await, 503, "google_unavailable");
    assert_eq!(ids(&listing(&stub.instance.send(&of(ANNA, "")).await)), all_ids(5));
    assert_eq!(stub.world.attribute(ANNA, "status").unwrap(), "active");
}

#[tokio::test]
async fn a_message_that_gmail_keeps_failing_at_is_named_and_what_is_behind_it_is_had() {
    let script = Script::new(3, |place| if place == 1 { (500, "{}".to_owned()) } else { message(place, KIB) });
    let stub = Stub::start(script).await;
    let mut token = String::new();
    let mut had = Vec::new();
    for _ in 0..3 {
        let asked = of(ANNA, &format!("format=minimal&maxResults=1{token}"));
        let page = listing(&stub.instance.send_within(&asked, NO_WAITS).await);
        had.extend(page["messages"].as_array().unwrap().iter().map(|entry| entry["id"].clone()));
        if had.len() == 2 {
            assert_eq!(page["errors"], json!([{"id": id(1), "status": 500, "reason": "unknown"}]));
        }
        token = page["nextPageToken"].as_str().map(|next| format!("&pageToken={next}")).unwrap_or_default();
    }
    assert_eq!(had, [id(0), id(1), id(2)]);
}
