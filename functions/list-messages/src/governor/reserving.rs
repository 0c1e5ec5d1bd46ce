//! Reservations: written down for all instances before they are spent.

use std::time::Duration;

use shared::domain::{
    backoff::Backoff,
    connection::StoreError,
    quota::{Spending, Stored, Tick, WriteError, units},
    time::Timestamp,
};

use super::{Account, Known, Reservation};

/// How long a reservation may wait for the store. It is asked beside a request to Gmail, which takes as long.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an instance goes by its own count after the store failed.
const ALONE_FOR: Duration = Duration::from_secs(10);
/// How soon a write that came second is tried again.
const CONFLICT: Backoff = Backoff {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(50),
    at_least: Duration::ZERO,
    tries: 30,
};

impl Account<'_> {
    /// Reserves as many messages as there is quota for, up to what is wanted, and a page beside them if there is to be one.
    pub(crate) async fn reserve(self, page: bool, wanted: u64) -> Reservation {
        let failed_at = self.known().failed_at;
        if failed_at.is_some_and(|at| self.now().since(at) < ALONE_FOR) {
            return self.reserve_own(page, wanted);
        }
        let patience = self.patience();
        let stored = tokio::time::timeout(patience, self.reserve_stored(page, wanted));
        let error = match stored.await {
            Ok(Ok(reservation)) => return reservation,
            Ok(Err(error)) => error.to_string(),
            // It is the invocation that has no time.
            Err(_) if patience < PATIENCE => return self.reserve_own(page, wanted),
            Err(_) => "the store does not answer in time".to_owned(),
        };
        tracing::warn!(error, "Gmail's quota is counted by this instance alone for a while");
        let now = self.now();
        self.with(|known| known.failed_at = Some(now));
        self.reserve_own(page, wanted)
    }

    async fn reserve_stored(self, page: bool, wanted: u64) -> Result<Reservation, StoreError> {
        let (mut tried, mut has_looked) = (0, false);
        loop {
            let (known, now) = (self.known(), self.now());
            let mut spending = known.spending(now);
            let messages = self.governor.quota.messages(&spending, page, wanted, now);
            let reservation = Reservation { messages, at: now, is_stored: true };
            if messages == 0 && has_looked {
                self.with(|known| known.is_contended = true);
                return Ok(reservation);
            }
            if messages == 0 {
                self.look(self.governor.store.find(self.user_id, now).await?, now);
            } else {
                spending.charge(Tick::of(now), units(page, messages));
                if self.replace(&known, spending, now).await? {
                    self.with(|known| known.is_contended = messages < wanted);
                    return Ok(reservation);
                }
                tried += 1;
                self.pause(tried).await?;
            }
            has_looked = true;
        }
    }

    fn reserve_own(self, page: bool, wanted: u64) -> Reservation {
        let (known, now) = (self.known(), self.now());
        let messages = self.governor.quota.messages(&known.spending(now), page, wanted, now);
        if messages > 0 {
            self.note(units(page, messages));
        }
        Reservation { messages, at: now, is_stored: false }
    }

    /// Gives a reservation up: so many messages are fetched now, the others never. Where that cannot be written down, the
    /// whole of it counts, which errs to the safe side.
    pub(crate) async fn settle(self, reservation: Reservation, fetched: u64) {
        let units = |messages| units(false, messages);
        let (reserved_at, reserved) = (Tick::of(reservation.at), units(reservation.messages));
        let settle = |spending: &mut Spending| {
            spending.refund(reserved_at, reserved);
            spending.charge(Tick::of(self.now()), units(fetched));
        };
        if reservation.is_stored {
            let settled = tokio::time::timeout(self.patience(), self.settle_stored(settle)).await;
            if !matches!(settled, Ok(Ok(()))) {
                tracing::info!("quota that was not used is not given back");
            }
        } else {
            self.with(|known| settle(&mut known.own));
        }
    }

    /// How long the store may take, so that what was had is answered in time.
    fn patience(self) -> Duration {
        PATIENCE.min(self.deadline.remaining())
    }

    async fn settle_stored(self, settle: impl Fn(&mut Spending) + Send) -> Result<(), StoreError> {
        let mut tried = 0;
        loop {
            let (known, now) = (self.known(), self.now());
            let mut spending = known.spending(now);
            settle(&mut spending);
            if self.replace(&known, spending, now).await? {
                return Ok(());
            }
            tried += 1;
            self.pause(tried).await?;
        }
    }

    /// Writes spending in place of what is known to be stored; not if somebody else wrote since.
    async fn replace(self, known: &Known, mut spending: Spending, now: Timestamp) -> Result<bool, StoreError> {
        spending.forget(now);
        match self.governor.store.replace(self.user_id, known.stored.generation, &spending, now).await {
            Ok(generation) => {
                self.with(|present| {
                    present.stored = Stored { spending, generation };
                    present.own.subtract(&known.own);
                });
                Ok(true)
            }
            Err(WriteError::Conflict(stored)) => {
                self.look(stored, now);
                Ok(false)
            }
            Err(WriteError::Store(error)) => Err(error),
        }
    }

    /// Waits a little before the next try, but not before the first: whoever does not know what is stored learns it so.
    async fn pause(self, tried: u32) -> Result<(), StoreError> {
        if tried > 1 {
            let wait = CONFLICT.wait(tried, None, PATIENCE, &*self.governor.random);
            let detail = "others write all the time".to_owned();
            tokio::time::sleep(wait.ok_or(StoreError { detail, transient: true })?).await;
        }
        Ok(())
    }
}
