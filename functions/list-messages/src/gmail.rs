//! Gmail with an access token that is refreshed once if Gmail rejects it, and with patience where Gmail wants it.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use shared::{
    domain::{
        backoff::Backoff,
        mailbox::{Action, GmailError, Mailbox, MessageFormat, MessagePage, PageRequest},
        quota::units,
        random::Random,
    },
    function::Deadline,
    google::gmail::RESPONSE_TOO_LARGE,
    retry::Retry,
    vault::access_tokens::{Access, AccessError, AccessTokens, RETRY_AFTER},
};

use super::{
    ahead::Ahead,
    governor::Account,
    pace::{Pace, chunk, width},
};

/// How long one page may take, and one batch.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);
const BATCH_TIMEOUT: Duration = Duration::from_secs(15);

/// More bytes of messages than an answer holds.
const ENOUGH: usize = 6 * 1024 * 1024;

/// How many access tokens Gmail may reject before there is no telling what it means.
const MAX_REJECTED: u32 = 4;

/// What came of each message, by its id.
pub(crate) type Outcomes = HashMap<String, Result<Box<RawValue>, GmailError>>;

/// Why nothing can be listed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// There is no access token.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Gmail refuses.
    #[error(transparent)]
    Gmail(#[from] GmailError),
    /// The user's quota is used up.
    #[error("there is no quota left for {} s", retry_after.as_secs())]
    Quota {
        /// When there is more.
        retry_after: Duration,
    },
}

impl Failure {
    /// Whether a later try may go better, be it tomorrow: then what was had before is worth more than an error.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Gmail(error) => error.is_transient() || error.action() == Action::WaitForTomorrow,
            Self::Quota { .. } => true,
            Self::Access(error) => matches!(
                error,
                AccessError::GoogleUnavailable { .. } | AccessError::Unavailable(_) | AccessError::Secrets(_)
            ),
        }
    }
}

/// Gmail, for one invocation.
pub(crate) struct Gmail<'a> {
    mailbox: &'a dyn Mailbox,
    tokens: &'a AccessTokens,
    account: Account<'a>,
    /// The units that were spent.
    spent: &'a AtomicU64,
    access: Access,
    rejected: u32,
    /// How many batches fly at once now.
    pace: &'a Pace,
    deadline: Deadline,
    random: &'a dyn Random,
}

impl<'a> Gmail<'a> {
    /// Gmail with an access token, for an account whose spending is counted.
    pub(crate) fn new(
        mailbox: &'a dyn Mailbox,
        tokens: &'a AccessTokens,
        random: &'a dyn Random,
        (account, spent): (Account<'a>, &'a AtomicU64),
        access: Access,
        pace: &'a Pace,
        deadline: Deadline,
    ) -> Self {
        Self { mailbox, tokens, account, spent, access, rejected: 0, pace, deadline, random }
    }

    /// One page, which may be under way. What further tries cost is noted; the first is the caller's to charge.
    pub(crate) async fn page(
        &mut self,
        page: &PageRequest<'_>,
        ahead: Option<Ahead<'_>>,
    ) -> Result<MessagePage, Failure> {
        let (mut tried, mut ahead) = (0, ahead.filter(|ahead| ahead.is_of(page.max_results)));
        loop {
            let answer = match ahead.take() {
                Some(ahead) => ahead.answer().await,
                None => self.try_page(page).await,
            };
            let error = match answer {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            if error.action() == Action::Refresh {
                self.renew().await?;
            } else {
                tried += 1;
                if !error.is_transient() || !self.retry("gmail.list").pause(tried, error.retry_after, &error).await {
                    return Err(error.into());
                }
            }
            self.account.note(units(true, 0));
        }
    }

    async fn try_page(&self, page: &PageRequest<'_>) -> Result<MessagePage, GmailError> {
        self.spend(units(true, 0));
        self.mailbox.list(&self.access.token, page, page_timeout(self.deadline)).await
    }

    /// Many messages, for which there is quota, in batches that fly at once. Those that failed for now are tried again
    /// apart from those that succeeded, as far as there is quota for that, too; once Gmail limits the rate, with half as
    /// many batches at once. What was not asked for, because there is more than enough, is left out.
    pub(crate) async fn messages(&mut self, ids: &[&str], format: &MessageFormat) -> Result<Outcomes, Failure> {
        let (mut outcomes, mut left, mut tried, mut is_too_fast) = (Outcomes::new(), ids.to_vec(), 0, false);
        loop {
            outcomes.extend(self.round(&left, format).await);
            let failed = |id: &&str| outcomes.get(*id).and_then(|outcome| outcome.as_ref().err());
            if left.iter().filter_map(failed).any(|error| error.action() == Action::SlowDown) {
                self.pace.slower();
                is_too_fast = true;
            }
            if left.iter().filter_map(failed).any(|error| error.action() == Action::Refresh) {
                self.renew().await?;
                left.retain(|id| {
                    failed(id).is_some_and(|error| error.action() == Action::Refresh || error.is_transient())
                });
                self.account.note(units_of(&left));
                continue;
            }
            left.retain(|id| failed(id).is_some_and(GmailError::is_transient));
            let Some(error) = left.first().and_then(failed) else {
                if !is_too_fast {
                    self.pace.faster();
                }
                return Ok(outcomes);
            };
            let retry_after = left.iter().filter_map(failed).filter_map(|error| error.retry_after).max();
            tried += 1;
            if !self.retry("gmail.batch").pause(tried, retry_after, error).await {
                return Ok(outcomes);
            }
            left.truncate(self.reserved(left.len()).await);
            if left.is_empty() {
                return Ok(outcomes);
            }
        }
    }

    /// How many of so many messages may be asked for once more.
    async fn reserved(&self, messages: usize) -> usize {
        let wanted = u64::try_from(messages).unwrap_or(u64::MAX);
        usize::try_from(self.account.reserve(false, wanted).await.messages).unwrap_or(messages)
    }

    async fn round(&self, ids: &[&str], format: &MessageFormat) -> Outcomes {
        let had = AtomicUsize::new(0);
        let batches = ids.chunks(chunk(format)).enumerate();
        let batches: Vec<_> = batches.map(|(place, ids)| self.batch(place, ids, format, &had)).collect();
        stream::iter(batches).buffer_unordered(width(self.pace.now(), format)).concat().await
    }

    /// One batch; where its answer is larger than is read, each half on its own. Once more was had than an answer holds,
    /// nothing further is asked for; but the first batch asks until it has that much by itself, so that each round goes on.
    async fn batch(&self, place: usize, ids: &[&str], format: &MessageFormat, had: &AtomicUsize) -> Outcomes {
        let (mut outcomes, mut work, mut own) = (Outcomes::new(), vec![ids], 0);
        while let Some(ids) = work.pop() {
            if own > ENOUGH || place > 0 && had.load(Ordering::Relaxed) > ENOUGH {
                break;
            }
            let timeout = BATCH_TIMEOUT.min(self.deadline.remaining());
            self.spend(units_of(ids));
            match self.mailbox.fetch(&self.access.token, ids, format, timeout).await {
                Ok(fetched) => {
                    let size: usize = fetched.values().flatten().map(|message| message.get().len()).sum();
                    own += size;
                    had.fetch_add(size, Ordering::Relaxed);
                    outcomes.extend(fetched);
                }
                Err(error) if error.reason == RESPONSE_TOO_LARGE && ids.len() > 1 => {
                    self.account.note(units_of(ids));
                    let (first, second) = ids.split_at(ids.len() / 2);
                    work.extend([second, first]);
                }
                Err(error) => outcomes.extend(ids.iter().map(|id| ((*id).to_owned(), Err(error.clone())))),
            }
        }
        outcomes
    }

    /// Gmail rejected the access token: refreshes it once. A fresh one that is rejected too means that the access has
    /// ended, unless the user consented meanwhile.
    async fn renew(&mut self) -> Result<(), Failure> {
        self.rejected += 1;
        self.access = match self.rejected {
            1 => self.tokens.renew(&self.access, self.deadline).await?,
            2..=MAX_REJECTED => self.tokens.give_up(&self.access, self.deadline).await?,
            _ => return Err(AccessError::GoogleUnavailable { retry_after: RETRY_AFTER }.into()),
        };
        Ok(())
    }

    fn spend(&self, units: u64) {
        self.spent.fetch_add(units, Ordering::Relaxed);
    }

    fn retry(&self, call: &'static str) -> Retry<'_> {
        Retry { call, backoff: Backoff::GMAIL, deadline: self.deadline, random: self.random }
    }
}

/// What messages cost.
fn units_of(ids: &[&str]) -> u64 {
    units(false, u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

/// How long a page may take.
pub(crate) fn page_timeout(deadline: Deadline) -> Duration {
    PAGE_TIMEOUT.min(deadline.remaining())
}
