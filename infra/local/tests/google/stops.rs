//! Stops, as a client that dies at a certain request.

use std::time::Duration;

use local::google::{Endpoint, When};

use super::support::*;

#[tokio::test]
async fn a_stop_before_leaves_the_request_undone_and_unanswered() {
    let world = world().await;
    let code = world.code(&[]);
    let mut stop = world.google.faults().stop_at(2, When::Before);
    assert_eq!(world.get("/oauth2/v3/certs").await.status().as_u16(), 200, "the first request is not meant");
    {
        let exchange = world.exchange(&code, &[]);
        tokio::select! {
            () = stop.reached() => {}
            (status, _) = exchange => panic!("answered with {status}"),
        }
    }
    assert_eq!(world.google.calls(Endpoint::Token), 1, "it is recorded");
    assert_eq!(world.exchange(&code, &[]).await.0, 200, "the code is as good as before");
}

#[tokio::test]
async fn a_stop_after_has_the_request_done_and_unanswered() {
    let world = world().await;
    let code = world.code(&[]);
    let mut stop = world.google.faults().stop_at(1, When::After);
    {
        let exchange = world.exchange(&code, &[]);
        tokio::select! {
            () = stop.reached() => {}
            (status, _) = exchange => panic!("answered with {status}"),
        }
    }
    assert_eq!(reason(&world.exchange(&code, &[]).await.1), "invalid_grant", "the code is used up");
}

#[tokio::test]
async fn dropping_a_stop_ends_the_request_with_a_broken_connection() {
    let world = world().await;
    let mut stop = world.google.faults().stop_at(1, When::After);
    let request = world.http.get(format!("{}/oauth2/v3/certs", world.origin)).timeout(Duration::from_mins(1));
    let response = tokio::spawn(async move { request.send().await?.bytes().await });
    stop.reached().await;
    assert!(!response.is_finished());
    drop(stop);
    assert!(!response.await.unwrap().unwrap_err().is_timeout());
}

#[tokio::test]
async fn dropping_a_stop_that_was_not_reached_disarms_it() {
    let world = world().await;
    drop(world.google.faults().stop_at(1, When::Before));
    assert_eq!(world.get("/oauth2/v3/certs").await.status().as_u16(), 200);
}

#[tokio::test]
async fn two_stops_count_for_themselves() {
    let world = world().await;
    let mut first = world.google.faults().stop_at(1, When::Before);
    let mut second = world.google.faults().stop_at(2, When::Before);
    for stop in [&mut first, &mut second] {
        tokio::select! {
            () = stop.reached() => {}
            response = world.get("/oauth2/v3/certs") => panic!("answered with {}", response.status()),
        }
    }
    assert_eq!(world.get("/oauth2/v3/certs").await.status().as_u16(), 200);
}
