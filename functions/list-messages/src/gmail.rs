//! Gmail with an access token that is refreshed once if Gmail rejects it, and with patience where Gmail wants it.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use serde_json::value::RawValue;
use shared::{
    domain::{
        backoff::Backoff,
        mailbox::{Action, GmailError, Mailbox, MessageFormat, MessagePage, PageRequest},
        random::Random,
    },
    function::Deadline,
    google::gmail::RESPONSE_TOO_LARGE,
    retry::Retry,
    vault::access_tokens::{Access, AccessError, AccessTokens, RETRY_AFTER},
};

/// How long one page may take, and one batch.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);
const BATCH_TIMEOUT: Duration = Duration::from_secs(15);

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
}

impl Failure {
    /// Whether a later try may go better, be it tomorrow: then what was had before is worth more than an error.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Gmail(error) => error.is_transient() || error.action() == Action::WaitForTomorrow,
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
    access: Access,
    rejected: u32,
    deadline: Deadline,
    random: &'a dyn Random,
}

impl<'a> Gmail<'a> {
    /// Gmail with an access token.
    pub(crate) fn new(
        mailbox: &'a dyn Mailbox,
        tokens: &'a AccessTokens,
        random: &'a dyn Random,
        access: Access,
        deadline: Deadline,
    ) -> Self {
        Self { mailbox, tokens, access, rejected: 0, deadline, random }
    }

    /// One page.
    pub(crate) async fn page(&mut self, page: &PageRequest<'_>) -> Result<MessagePage, Failure> {
        let mut tried = 0;
        loop {
            let timeout = PAGE_TIMEOUT.min(self.deadline.remaining());
            let error = match self.mailbox.list(&self.access.token, page, timeout).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            if error.action() == Action::Refresh {
                self.renew().await?;
                continue;
            }
            tried += 1;
            if !error.is_transient() || !self.retry("gmail.list").pause(tried, error.retry_after, &error).await {
                return Err(error.into());
            }
        }
    }

    /// Many messages, in batches of `chunk` that fly at once. Those that failed for now are tried again apart from
    /// those that succeeded. Also says how many messages Gmail was asked for in all.
    pub(crate) async fn messages(
        &mut self,
        ids: &[&str],
        format: &MessageFormat,
        chunk: usize,
    ) -> Result<(Outcomes, usize), Failure> {
        let (mut outcomes, mut left, mut asked, mut tried) = (Outcomes::new(), ids.to_vec(), 0, 0);
        loop {
            asked += left.len();
            outcomes.extend(self.round(&left, format, chunk).await);
            let failed = |id: &&str| outcomes.get(*id).and_then(|outcome| outcome.as_ref().err());
            if left.iter().filter_map(failed).any(|error| error.action() == Action::Refresh) {
                self.renew().await?;
                left.retain(|id| {
                    failed(id).is_some_and(|error| error.action() == Action::Refresh || error.is_transient())
                });
                continue;
            }
            left.retain(|id| failed(id).is_some_and(GmailError::is_transient));
            let Some(error) = left.first().and_then(failed) else { return Ok((outcomes, asked)) };
            let retry_after = left.iter().filter_map(failed).filter_map(|error| error.retry_after).max();
            tried += 1;
            if !self.retry("gmail.batch").pause(tried, retry_after, error).await {
                return Ok((outcomes, asked));
            }
        }
    }

    async fn round(&self, ids: &[&str], format: &MessageFormat, chunk: usize) -> Outcomes {
        let batches = ids.chunks(chunk.max(1)).map(|ids| self.batch(ids, format));
        join_all(batches).await.into_iter().flatten().collect()
    }

    /// One batch; where its answer is larger than is read, each half on its own.
    async fn batch(&self, ids: &[&str], format: &MessageFormat) -> Outcomes {
        let (mut outcomes, mut work) = (Outcomes::new(), vec![ids]);
        while let Some(ids) = work.pop() {
            let timeout = BATCH_TIMEOUT.min(self.deadline.remaining());
            match self.mailbox.fetch(&self.access.token, ids, format, timeout).await {
                Ok(fetched) => outcomes.extend(fetched),
                Err(error) if error.reason == RESPONSE_TOO_LARGE && ids.len() > 1 => {
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

    fn retry(&self, call: &'static str) -> Retry<'_> {
        Retry { call, backoff: Backoff::GMAIL, deadline: self.deadline, random: self.random }
    }
}
