//! The API in the time that a caller has for it.

use std::{sync::Arc, time::Duration};

use local::security_event_stream::{SecurityEventStream, ServiceAccountKey, StreamError};
use shared::domain::{origin::Origin, time::SystemClock};

use super::risc::{self, Instead, Risc};

#[tokio::test]
async fn an_api_that_does_not_answer_is_given_up() {
    let (risc, origin) = Risc::start().await;
    risc.instead(Instead::Hang);
    let key = ServiceAccountKey::parse(&risc::key_file().to_string()).unwrap();
    let http = shared::google::http::client().unwrap();
    let stream = SecurityEventStream::new(http, Origin::parse(&origin).unwrap(), key, Arc::new(SystemClock));
    let outcome = stream.with_timeout(Duration::from_millis(50)).registration().await;
    assert_eq!(outcome.unwrap_err(), StreamError::NoAnswer(origin));
}
