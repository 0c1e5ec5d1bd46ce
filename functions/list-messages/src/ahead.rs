//! The first page, asked for with the access token at hand while the store is asked whether the connection stands: a warm
//! listing takes one round trip. Nothing of it is used before the store has answered, and only if the token is still the
//! shared one.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use shared::domain::{
    mailbox::{GmailError, Mailbox, MessagePage, PageRequest},
    quota::units,
    secret::AccessToken,
};

use super::governor::Account;

type Answer = Result<MessagePage, GmailError>;

/// A page that is under way.
pub(crate) struct Ahead<'a> {
    account: Account<'a>,
    token: AccessToken,
    max_results: u64,
    page: BoxFuture<'a, Answer>,
    answer: Option<Answer>,
    is_used: bool,
}

impl<'a> Ahead<'a> {
    /// Asks for a page.
    pub(crate) fn ask(
        mailbox: &'a dyn Mailbox,
        account: Account<'a>,
        token: AccessToken,
        page: &PageRequest<'_>,
        timeout: Duration,
    ) -> Self {
        let PageRequest { query, max_results, page_token } = *page;
        let (own_token, query, page_token) = (token.clone(), query.clone(), page_token.map(str::to_owned));
        let page = async move {
            let request = PageRequest { query: &query, max_results, page_token: page_token.as_deref() };
            mailbox.list(&own_token, &request, timeout).await
        };
        Self { account, token, max_results, page: page.boxed(), answer: None, is_used: false }
    }

    /// Whether it was asked for with that token.
    pub(crate) fn is_with(&self, token: &AccessToken) -> bool {
        self.token.is_same_as(token)
    }

    /// Whether it is a page of that size.
    pub(crate) fn is_of(&self, max_results: u64) -> bool {
        self.max_results == max_results
    }

    /// What a future comes to, beside which the page goes on.
    pub(crate) async fn beside<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|context| {
            if self.answer.is_none()
                && let Poll::Ready(answer) = self.page.poll_unpin(context)
            {
                self.answer = Some(answer);
            }
            future.as_mut().poll(context)
        })
        .await
    }

    /// The page. What it cost is the caller's to charge from here on.
    pub(crate) async fn answer(mut self) -> Answer {
        self.is_used = true;
        match self.answer.take() {
            Some(answer) => answer,
            None => (&mut self.page).await,
        }
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.account.note(units(true, 0));
        }
    }
}
