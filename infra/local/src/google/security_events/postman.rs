//! Brings security events to the endpoint that the stream names: push delivery
//! ([RFC 8935](https://www.rfc-editor.org/rfc/rfc8935)), in order, again and again for a while.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use reqwest::{Client, header::CONTENT_TYPE};
use shared::google::http::client;
use tokio::{runtime::Handle, sync::Mutex};

use super::{Delivery, delivery::Letter};
use crate::google::{EmulatedGoogle, Inner, risc::Stream};

/// How long the endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

impl EmulatedGoogle {
    /// What became of the security events that were announced, in their order; the latest thousand are remembered.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.deliveries.all()
    }

    /// Waits until nothing that was announced is pending: all of it is delivered, rejected or given up.
    pub async fn settled(&self) {
        // An error would say that the deliveries are gone, but this Google holds them.
        let _ = self.0.deliveries.pending().wait_for(|pending| *pending == 0).await;
    }

    /// The wait after a first try that failed: each further one is four times as long. There are six tries.
    pub fn wait_before_redelivery(&self, wait: Duration) {
        self.0.deliveries.set_wait(wait);
    }

    /// Starts to deliver, in the background, what is pending.
    pub(super) fn deliver_announced(&self) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(deliver(Arc::downgrade(&self.0), self.0.deliveries.turn.clone()));
        }
    }
}

/// Delivers until nothing is pending or Google is no more.
async fn deliver(google: Weak<Inner>, turn: Arc<Mutex<()>>) {
    let _turn = turn.lock().await;
    while let Some(wait) = deliver_next(&google).await {
        tokio::time::sleep(wait).await;
    }
}

/// One try for the first that is pending; says how long to wait before the next try, and `None` if nothing is left.
async fn deliver_next(google: &Weak<Inner>) -> Option<Duration> {
    let (letter, url, http) = google.upgrade()?.next_letter()?;
    let status = post(http, &url, letter.set.clone()).await;
    Some(google.upgrade()?.deliveries.answered(&letter, status))
}

/// The status of the endpoint's answer.
async fn post(http: Option<Client>, url: &str, set: String) -> Option<u16> {
    let request = http?.post(url).header(CONTENT_TYPE, "application/secevent+jwt").body(set);
    let answer = request.timeout(TIMEOUT).send().await;
    answer.map(|answer| answer.status().as_u16()).ok()
}

impl Inner {
    fn next_letter(&self) -> Option<(Letter, String, Option<Client>)> {
        let letter = self.deliveries.next()?;
        let Some(stream) = self.risc.stream().filter(Stream::is_enabled) else {
            self.deliveries.give_up();
            return None;
        };
        let http = self.deliveries.http.get_or_init(|| client().ok());
        Some((letter, stream.url, http.clone()))
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{random::SystemRandomness, time::SystemClock};

    use super::*;
    use crate::google::{Account, Options};

    #[tokio::test]
    async fn deliveries_end_with_their_google() {
        let google = EmulatedGoogle::new(Options {
            origin: "http://localhost".to_owned(),
            clients: Vec::new(),
            accounts: Account::samples(0),
            testing: false,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness::default()),
        });
        let google = google.unwrap();
        google.deliver_security_events_to("no URL, so there is no answer");
        google.wait_before_redelivery(Duration::from_hours(1));
        google.0.deliveries.add(Delivery::new("1".to_owned(), "type", "app".to_owned()), "set".to_owned());
        let weak = Arc::downgrade(&google.0);
        assert_eq!(deliver_next(&weak).await, Some(Duration::from_hours(1)));
        drop(google);
        assert!(weak.upgrade().is_none(), "nobody else holds it");
        assert_eq!(deliver_next(&weak).await, None);
    }
}
