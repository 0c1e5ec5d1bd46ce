//! A mailbox: messages that are made from their place in it, and nothing stored but how many there are.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use shared::domain::time::Timestamp;

use super::message::Message;
use crate::google::Account;

/// The oldest messages of a mailbox that is not empty lie in spam and trash, beside those that its size counts.
pub(super) const ASIDE: u64 = 5;

/// How far apart messages are.
const APART: Duration = Duration::from_mins(17);

const FIRST_ID: u64 = 0x1890_0000_0000_0000;

/// What has to be remembered of a mailbox.
#[derive(Clone, Deserialize, Serialize)]
pub(in crate::google) struct MailboxState {
    /// How many messages there ever were.
    count: u64,
    /// How many of them were there when the mailbox was filled.
    filled: u64,
    filled_at: Timestamp,
    deleted: BTreeSet<u64>,
}

impl Default for MailboxState {
    fn default() -> Self {
        Self::new(0, Timestamp::from_unix_millis(0))
    }
}

impl MailboxState {
    pub(in crate::google) fn new(size: usize, now: Timestamp) -> Self {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let count = if size == 0 { 0 } else { size.saturating_add(ASIDE) };
        Self { count, filled: count, filled_at: now, deleted: BTreeSet::new() }
    }

    /// New messages arrive. In a mailbox that was empty none of them goes to spam or trash.
    pub(in crate::google) fn deliver(&mut self, count: usize) {
        if self.count == 0 {
            self.count = ASIDE;
            self.filled = ASIDE;
            self.deleted = (0..ASIDE).collect();
        }
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(super) fn delete(&mut self, serial: u64) {
        self.deleted.insert(serial);
    }

    fn holds(&self, serial: u64) -> bool {
        serial < self.count && !self.deleted.contains(&serial)
    }

    /// When a message came: the old ones 17 minutes apart up to when the mailbox was filled, the later ones each a
    /// second after the one before.
    fn date(&self, serial: u64) -> Timestamp {
        let millis = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        if serial < self.filled {
            self.filled_at.before(APART.saturating_mul(millis(self.filled - serial)))
        } else {
            self.filled_at.after(Duration::from_secs(1).saturating_mul(millis(serial - self.filled)))
        }
    }
}

/// An account's mailbox as it is now.
pub(super) struct Mailbox<'a> {
    pub(super) account: &'a Account,
    pub(super) state: MailboxState,
}

impl Mailbox<'_> {
    /// The messages from a place on towards older ones, or from the newest.
    pub(super) fn newest_first(&self, start: Option<u64>) -> impl Iterator<Item = Message<'_>> {
        let end = start.map_or(self.state.count, |start| self.state.count.min(start.saturating_add(1)));
        (0..end).rev().filter(|serial| self.state.holds(*serial)).map(|serial| self.message(serial))
    }

    /// The message with that id, if the mailbox has it.
    pub(super) fn find(&self, id: &str) -> Option<Message<'_>> {
        let serial = serial(&self.account.sub, id).filter(|serial| self.state.holds(*serial))?;
        Some(self.message(serial))
    }

    fn message(&self, serial: u64) -> Message<'_> {
        Message { account: self.account, serial, date: self.state.date(serial) }
    }
}

/// The id of a message: 16 hexadecimal digits that grow with time and differ between accounts.
pub(super) fn id(sub: &str, serial: u64) -> String {
    format!("{:016x}", FIRST_ID.wrapping_add(serial << 20) | (mixed(sub, serial) & 0xf_ffff))
}

/// The place of the message with that id; `None` if no message of the account can have it.
pub(super) fn serial(sub: &str, id: &str) -> Option<u64> {
    let serial = u64::from_str_radix(id, 16).ok()?.checked_sub(FIRST_ID)? >> 20;
    (self::id(sub, serial) == id).then_some(serial)
}

/// A number that looks random but is always the same for a place in an account's mailbox.
pub(super) fn mixed(sub: &str, serial: u64) -> u64 {
    let seed = sub
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut mixed = seed.wrapping_add(serial.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
