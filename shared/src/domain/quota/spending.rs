//! What was spent lately: units by the half second in which they began to count.

use std::{collections::BTreeMap, time::Duration};

use super::COUNTS_FOR;
use crate::domain::{time::Timestamp, varint};

/// How fine time is.
const TICK: Duration = Duration::from_millis(500);
/// How far another instance's clock may be before ours.
const AHEAD: Duration = Duration::from_secs(1);

/// The half second at whose end a charge is taken to be made: never before it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tick(u64);

impl Tick {
    /// The half second of a point in time.
    pub fn of(at: Timestamp) -> Self {
        Self(u64::try_from(at.unix_millis()).unwrap_or_default().div_ceil(millis(TICK)))
    }

    /// The end of the half second.
    fn end(self) -> Timestamp {
        Timestamp::from_unix_millis(i64::try_from(self.0.saturating_mul(millis(TICK))).unwrap_or(i64::MAX))
    }

    /// When a charge no longer counts.
    fn over(self) -> Timestamp {
        self.end().after(COUNTS_FOR)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What was spent lately. However often, it holds no more than a number for each half second that counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Spending(BTreeMap<Tick, u64>);

impl Spending {
    /// Adds units.
    pub fn charge(&mut self, at: Tick, units: u64) {
        let spent = self.0.entry(at).or_default();
        *spent = spent.saturating_add(units);
    }

    /// Takes units back that were charged and not used.
    pub fn refund(&mut self, at: Tick, units: u64) {
        if let Some(spent) = self.0.get_mut(&at) {
            *spent = spent.saturating_sub(units);
        }
    }

    /// Adds what somebody else spent.
    pub fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|(at, units)| self.charge(*at, *units));
    }

    /// Takes away what was written down elsewhere.
    pub fn subtract(&mut self, other: &Self) {
        other.0.iter().for_each(|(at, units)| self.refund(*at, *units));
        self.0.retain(|_, units| *units > 0);
    }

    /// Forgets what no longer counts.
    pub fn forget(&mut self, now: Timestamp) {
        self.0.retain(|at, units| at.over() > now && *units > 0);
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The units that count.
    pub fn total(&self, now: Timestamp) -> u64 {
        self.counting(now).fold(0, |total, (_, units)| total.saturating_add(units))
    }

    /// The units that began to count in the last half second or so: what was just reserved, and may be given back yet.
    pub fn lately(&self, now: Timestamp) -> u64 {
        let late = self.counting(now).filter(|(at, _)| at.end().after(TICK) > now);
        late.fold(0, |total, (_, units)| total.saturating_add(units))
    }

    /// How long until no more than so many units count.
    pub fn wait(&self, most: u64, now: Timestamp) -> Duration {
        let mut total = self.total(now);
        let mut counting = self.counting(now);
        let mut until = now;
        while total > most {
            let Some((at, units)) = counting.next() else { break };
            total = total.saturating_sub(units);
            until = at.over();
        }
        until.since(now)
    }

    fn counting(&self, now: Timestamp) -> impl Iterator<Item = (Tick, u64)> {
        self.0.iter().filter(move |(at, _)| at.over() > now).map(|(at, units)| (*at, *units))
    }

    /// As few bytes: the first half second and its units, then of each the half seconds since the one before, and its
    /// units.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for (Tick(at), units) in &self.0 {
            varint::push(&mut bytes, at - before);
            varint::push(&mut bytes, *units);
            before = *at;
        }
        bytes
    }

    /// Reads the bytes as far as they make sense. What would come later than other instances' clocks can be before ours is
    /// taken to be of then, so that a clock that is wrong by hours blocks nobody for hours.
    pub fn from_bytes(mut bytes: &[u8], now: Timestamp) -> Self {
        let (mut spending, mut before) = (Self::default(), 0u64);
        let latest = Tick::of(now.after(AHEAD));
        while let (Some(after), Some(units)) = (varint::take(&mut bytes), varint::take(&mut bytes)) {
            before = before.saturating_add(after);
            spending.charge(Tick(before).min(latest), units);
        }
        spending.forget(now);
        spending
    }
}
