//! How many batches fly at once. Gmail limits that, too, and does not say to how many: an instance begins with as many as are
//! configured, goes down to half where Gmail refuses for one of its users, and comes up again one by one. A refusal does not say
//! either whether it is for this user alone; for the others it is slower for a while, and no less.

use std::sync::atomic::{AtomicUsize, Ordering};

use shared::domain::mailbox::MessageFormat;

/// How many batches of whole messages fly at once at most.
const MAX_FULL_WIDTH: usize = 2;

/// The pace of an instance.
pub(crate) struct Pace {
    most: usize,
    now: AtomicUsize,
}

impl Pace {
    /// A pace of at most so many batches at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, now: AtomicUsize::new(most) }
    }

    /// How many there are at most.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many may fly at once now.
    pub(crate) fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    /// They were too many.
    pub(crate) fn slower(&self) {
        self.now.store((self.now() / 2).max(1), Ordering::Relaxed);
    }

    /// They were not too many.
    pub(crate) fn faster(&self) {
        self.now.store((self.now() + 1).min(self.most), Ordering::Relaxed);
    }
}

/// How many messages go into one batch: Gmail takes 100 and advises fewer than 50; 25 are seldom refused. Whole messages
/// are large.
pub(crate) fn chunk(format: &MessageFormat) -> usize {
    if *format == MessageFormat::Full { 10 } else { 25 }
}

/// How many batches fly at once; of whole messages, no more than there is memory for.
pub(crate) fn width(width: usize, format: &MessageFormat) -> usize {
    if *format == MessageFormat::Full { width.min(MAX_FULL_WIDTH) } else { width }
}

/// How many messages fly at once, in so many batches; `None` if none are fetched.
pub(crate) fn at_once(batches: usize, format: &MessageFormat) -> Option<usize> {
    (*format != MessageFormat::Ids).then(|| width(batches, format) * chunk(format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_halves_and_comes_back_by_one() {
        let pace = Pace::new(20);
        pace.faster();
        assert_eq!(pace.now(), 20);
        for expected in [10, 5, 2, 1, 1] {
            pace.slower();
            assert_eq!(pace.now(), expected);
        }
        for expected in 2..=20 {
            pace.faster();
            assert_eq!(pace.now(), expected);
        }
    }
}
