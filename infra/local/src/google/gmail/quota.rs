//! Quota units: 6,000 per user and minute, unless it is said otherwise; and how many calls were refused.
//!
//! <https://developers.google.com/workspace/gmail/api/reference/quota>

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use shared::domain::time::Timestamp;

use crate::google::lock;

/// What `messages.list` costs.
pub(super) const LIST: u64 = 5;
/// What `messages.get` costs, whatever the format.
pub(super) const GET: u64 = 20;

const PER_MINUTE: u64 = 6_000;
const MINUTE: Duration = Duration::from_mins(1);

/// What each account has spent.
pub(in crate::google) struct Quota {
    per_minute: AtomicU64,
    spent: Mutex<HashMap<String, Spent>>,
    /// Calls, and how many of them were refused because there were too many.
    calls: AtomicUsize,
    limited: AtomicUsize,
}

#[derive(Default)]
struct Spent {
    total: u64,
    lately: VecDeque<(Timestamp, u64)>,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            per_minute: PER_MINUTE.into(),
            spent: Mutex::default(),
            calls: AtomicUsize::default(),
            limited: AtomicUsize::default(),
        }
    }
}

impl Quota {
    /// From now on each account has so many units a minute.
    pub(in crate::google) fn set_per_minute(&self, units: u64) {
        self.per_minute.store(units, Ordering::SeqCst);
    }

    /// Spends units, if the last minute leaves that many.
    pub(super) fn spend(&self, sub: &str, units: u64, now: Timestamp) -> bool {
        let mut all = lock(&self.spent);
        let spent = all.entry(sub.to_owned()).or_default();
        spent.lately.retain(|(at, _)| now.since(*at) < MINUTE);
        let lately: u64 = spent.lately.iter().map(|(_, units)| units).sum();
        let allowed = lately + units <= self.per_minute.load(Ordering::SeqCst);
        if allowed {
            spent.total += units;
            spent.lately.push_back((now, units));
        }
        allowed
    }

    /// All that an account has spent.
    pub(in crate::google) fn total(&self, sub: &str) -> u64 {
        lock(&self.spent).get(sub).map(|spent| spent.total).unwrap_or_default()
    }

    /// Counts a call's answer.
    pub(super) fn count(&self, is_limited: bool) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.limited.fetch_add(usize::from(is_limited), Ordering::SeqCst);
    }

    /// How many calls there were, and how many of them were refused because there were too many.
    pub(in crate::google) fn counts(&self) -> (usize, usize) {
        (self.calls.load(Ordering::SeqCst), self.limited.load(Ordering::SeqCst))
    }
}
