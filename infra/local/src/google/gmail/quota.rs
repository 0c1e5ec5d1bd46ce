//! Quota units: 6,000 per user and minute.
//!
//! <https://developers.google.com/workspace/gmail/api/reference/quota>

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
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
#[derive(Default)]
pub(in crate::google) struct Quota(Mutex<HashMap<String, Spent>>);

#[derive(Default)]
struct Spent {
    total: u64,
    lately: VecDeque<(Timestamp, u64)>,
}

impl Quota {
    /// Spends units, if the last minute leaves that many.
    pub(super) fn spend(&self, sub: &str, units: u64, now: Timestamp) -> bool {
        let mut all = lock(&self.0);
        let spent = all.entry(sub.to_owned()).or_default();
        spent.lately.retain(|(at, _)| now.since(*at) < MINUTE);
        let lately: u64 = spent.lately.iter().map(|(_, units)| units).sum();
        let allowed = lately + units <= PER_MINUTE;
        if allowed {
            spent.total += units;
            spent.lately.push_back((now, units));
        }
        allowed
    }

    /// All that an account has spent.
    pub(in crate::google) fn total(&self, sub: &str) -> u64 {
        lock(&self.0).get(sub).map(|spent| spent.total).unwrap_or_default()
    }
}
