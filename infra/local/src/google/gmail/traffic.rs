//! How many requests of one user are under way: past a limit, Gmail refuses more.

use std::{collections::HashMap, sync::Mutex};

use crate::google::lock;

/// How many calls of one user Gmail answers at once; calls of a batch count one by one.
const CONCURRENT: usize = 50;

/// The calls that are under way, by account.
#[derive(Default)]
pub(super) struct Traffic(Mutex<HashMap<String, usize>>);

/// Leave for some calls, given back when it is dropped.
pub(super) struct Permits<'a> {
    traffic: &'a Traffic,
    sub: Option<String>,
    granted: usize,
}

impl Traffic {
    /// Asks for that many calls; who is nobody gets them, and an answer that says so.
    pub(super) fn enter(&self, sub: Option<String>, calls: usize) -> Permits<'_> {
        let mut granted = calls;
        if let Some(sub) = &sub {
            let mut under_way = lock(&self.0);
            let mine = under_way.entry(sub.clone()).or_default();
            granted = calls.min(CONCURRENT.saturating_sub(*mine));
            *mine += granted;
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
        if let Some(mine) = lock(&self.traffic.0).get_mut(sub) {
            *mine = mine.saturating_sub(self.granted);
        }
    }
}
