//! How many requests of one user are under way: past a limit, Gmail refuses more.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::google::lock;

/// How many calls of one user Gmail answers at once; calls of a batch count one by one. Gmail names no number: these are as
/// many as a page has.
const CONCURRENT: usize = 500;

/// The calls that are under way, by account.
pub(super) struct Traffic {
    most: AtomicUsize,
    peak: AtomicUsize,
    under_way: Mutex<HashMap<String, usize>>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { most: CONCURRENT.into(), peak: AtomicUsize::default(), under_way: Mutex::default() }
    }
}

/// Leave for some calls, given back when it is dropped.
pub(super) struct Permits<'a> {
    traffic: &'a Traffic,
    sub: Option<String>,
    granted: usize,
}

impl Traffic {
    pub(super) fn set_most(&self, calls: usize) {
        self.most.store(calls, Ordering::SeqCst);
    }

    pub(super) fn take_peak(&self) -> usize {
        self.peak.swap(0, Ordering::SeqCst)
    }

    /// Asks for that many calls; who is nobody gets them, and an answer that says so.
    pub(super) fn enter(&self, sub: Option<String>, calls: usize) -> Permits<'_> {
        let mut granted = calls;
        if let Some(sub) = &sub {
            let mut under_way = lock(&self.under_way);
            let mine = under_way.entry(sub.clone()).or_default();
            granted = calls.min(self.most.load(Ordering::SeqCst).saturating_sub(*mine));
            *mine += granted;
            self.peak.fetch_max(*mine, Ordering::SeqCst);
        }
        Permits { traffic: self, sub, granted }
    }
}

impl Permits<'_> {
    /// How many calls may go on.
    pub(super) fn granted(&self) -> usize {
        self.granted
    }
}

impl Drop for Permits<'_> {
    fn drop(&mut self) {
        let Some(sub) = &self.sub else { return };
        if let Some(mine) = lock(&self.traffic.under_way).get_mut(sub) {
            *mine = mine.saturating_sub(self.granted);
        }
    }
}
