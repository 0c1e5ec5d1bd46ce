//! How many batches fly at once. Gmail limits that, too, and does not say to how many: an instance begins with as many as are
//! configured, goes down to half where Gmail finds them too many, and comes up again one by one.

use std::sync::atomic::{AtomicUsize, Ordering};

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
