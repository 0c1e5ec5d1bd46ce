//! The security events that were announced, and what became of each.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use reqwest::Client;
use tokio::sync::watch;

use crate::google::lock;

/// How many events are remembered.
const KEPT: usize = 1_000;
/// How often an event is sent at most.
const TRIES: u32 = 6;
/// How many times longer each wait is than the one before: with [`WAIT`], all tries take less than three minutes.
const GROWTH: u32 = 4;
/// The wait after the first try.
const WAIT: Duration = Duration::from_millis(500);

/// What became of a security event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// The event's id.
    pub jti: String,
    /// The URI of its type.
    pub event_type: &'static str,
    /// The client that it is for.
    pub client_id: String,
    /// How often it was sent.
    pub tries: u32,
    /// The status that answered last; `None` if there was no answer, or no try yet.
    pub status: Option<u16>,
    /// Where it stands.
    pub outcome: Outcome,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is still to be sent, or to be sent again.
    Pending,
    /// The receiver took it (200 or 202).
    Delivered,
    /// The receiver called it wrong (400); it is not sent again.
    Rejected,
    /// It was sent as often as it may be, or the stream was disabled.
    GivenUp,
}

impl Delivery {
    pub(super) fn new(jti: String, event_type: &'static str, client_id: String) -> Self {
        Self { jti, event_type, client_id, tries: 0, status: None, outcome: Outcome::Pending }
    }

    fn is_pending(&self) -> bool {
        self.outcome == Outcome::Pending
    }

    fn take_answer(&mut self, status: Option<u16>) {
        self.tries += 1;
        self.status = status;
        self.outcome = match status {
            Some(200 | 202) => Outcome::Delivered,
            Some(400) => Outcome::Rejected,
            _ if self.tries >= TRIES => Outcome::GivenUp,
            _ => Outcome::Pending,
        };
    }
}

/// A security event on its way.
#[derive(Clone)]
pub(super) struct Letter {
    delivery: Delivery,
    pub(super) set: String,
}

/// All that was announced, in order.
pub(in crate::google) struct Deliveries {
    letters: Mutex<VecDeque<Letter>>,
    pending: watch::Sender<usize>,
    wait: Mutex<Duration>,
    pub(super) http: OnceLock<Option<Client>>,
    /// Whoever holds it delivers: one after the other.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            letters: Mutex::default(),
            pending: watch::Sender::default(),
            wait: Mutex::new(WAIT),
            http: OnceLock::new(),
            turn: Arc::default(),
        }
    }
}

/// Security events are left out.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.delivery.fmt(f)
    }
}

impl Deliveries {
    pub(super) fn add(&self, delivery: Delivery, set: String) {
        self.change(|letters| {
            if letters.len() >= KEPT {
                letters.pop_front();
            }
            letters.push_back(Letter { delivery, set });
        });
    }

    /// The first letter that is still to be sent.
    pub(super) fn next(&self) -> Option<Letter> {
        lock(&self.letters).iter().find(|letter| letter.delivery.is_pending()).cloned()
    }

    /// Takes down how a letter was answered, and says how long to wait before the next try of any.
    pub(super) fn answered(&self, sent: &Letter, status: Option<u16>) -> Duration {
        self.change(|letters| {
            let letter = letters.iter_mut().find(|letter| letter.delivery.jti == sent.delivery.jti);
            let Some(Letter { delivery, .. }) = letter else { return Duration::ZERO };
            delivery.take_answer(status);
            let waits = delivery.is_pending().then(|| GROWTH.saturating_pow(delivery.tries - 1));
            waits.map_or(Duration::ZERO, |times| lock(&self.wait).saturating_mul(times))
        })
    }

    /// Nothing of what is pending is sent any more.
    pub(super) fn give_up(&self) {
        self.change(|letters| {
            let pending = letters.iter_mut().map(|letter| &mut letter.delivery).filter(|it| it.is_pending());
            pending.for_each(|delivery| delivery.outcome = Outcome::GivenUp);
        });
    }

    pub(super) fn all(&self) -> Vec<Delivery> {
        lock(&self.letters).iter().map(|letter| letter.delivery.clone()).collect()
    }

    pub(super) fn set_wait(&self, wait: Duration) {
        *lock(&self.wait) = wait;
    }

    pub(super) fn pending(&self) -> watch::Receiver<usize> {
        self.pending.subscribe()
    }

    fn change<T>(&self, change: impl FnOnce(&mut VecDeque<Letter>) -> T) -> T {
        let mut letters = lock(&self.letters);
        let result = change(&mut letters);
        self.pending.send_replace(letters.iter().filter(|letter| letter.delivery.is_pending()).count());
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(jti: &str) -> Delivery {
        Delivery::new(jti.to_owned(), "type", "app".to_owned())
    }

    #[test]
    fn each_wait_is_four_times_the_one_before_and_after_six_tries_there_is_none() {
        let deliveries = Deliveries::default();
        deliveries.add(delivery("1"), "set".to_owned());
        let letter = deliveries.next().unwrap();
        let waits: Vec<_> = (0..TRIES).map(|_| deliveries.answered(&letter, Some(503)).as_millis()).collect();
        assert_eq!(waits, [500, 2_000, 8_000, 32_000, 128_000, 0]);
        assert_eq!(deliveries.all()[0].outcome, Outcome::GivenUp);
        assert!(deliveries.next().is_none());
    }

    #[test]
    fn the_latest_thousand_are_remembered() {
        let deliveries = Deliveries::default();
        (0..=KEPT).for_each(|number| deliveries.add(delivery(&number.to_string()), "set".to_owned()));
        assert_eq!((deliveries.all().len(), &*deliveries.all()[0].jti), (KEPT, "1"));
    }
}
