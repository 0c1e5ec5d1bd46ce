//! Why an access ended, and who ended it.

use std::{fmt, time::Duration};

use super::time::Timestamp;

/// Why a connection is revoked; prints as its `status_reason`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// Gmail rejected an access token that Google had just given.
    AccessTokenRejected,
    /// Google disabled the account, and perhaps says why: `hijacking` or `bulk-account`.
    AccountDisabled(Option<String>),
    /// A backend disconnected the account.
    Disconnected,
    /// The user disconnected the account here.
    DisconnectedByUser,
    /// The time that the access was given for is over.
    Expired,
    /// Google refused the refresh token.
    InvalidGrant,
    /// The Google Workspace session control wants the user to sign in again.
    SessionControl,
    /// Google said that this refresh token was revoked.
    TokenRevoked,
    /// Google said that all tokens of the user were revoked.
    TokensRevoked,
}

/// Who ended an access.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// A backend, by disconnecting the account.
    Disconnect,
    /// It was found when the access was used: Google refused a token, or the time was over.
    FailedRefresh,
    /// Google told us by a security event.
    GoogleEvent,
    /// The user, by disconnecting the account here.
    User,
}

impl Reason {
    /// The longest reason of Google's that is kept.
    const MAX_DETAIL: usize = 64;

    /// The account is disabled, for a reason that Google gives or not; what is no plain word is left out.
    pub fn account_disabled(detail: Option<&str>) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let plain = |text: &&str| (1..=Self::MAX_DETAIL).contains(&text.len()) && text.bytes().all(is_plain);
        Self::AccountDisabled(detail.filter(plain).map(str::to_owned))
    }

    /// Its word: the `status_reason`, without what Google says besides.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::AccessTokenRejected => "access_token_rejected",
            Self::AccountDisabled(_) => "account_disabled",
            Self::Disconnected => "disconnected",
            Self::DisconnectedByUser => "disconnected_by_user",
            Self::Expired => "expired",
            Self::InvalidGrant => "invalid_grant",
            Self::SessionControl => "session_control",
            Self::TokenRevoked => "token_revoked",
            Self::TokensRevoked => "tokens_revoked",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountDisabled(Some(detail)) => write!(f, "{}:{detail}", self.word()),
            _ => f.write_str(self.word()),
        }
    }
}

/// Why a stored access is of no use to us where nothing ended it: it is of another OAuth client than ours.
pub const ANOTHER_CLIENT: &str = "another_client";
/// The same: what is stored does not open for its owner.
pub const DOES_NOT_OPEN: &str = "does_not_open";
/// The `status_reason` of a row that cannot be read.
pub const DAMAGED: &str = "damaged";

/// Every word that a reason begins with, and who ends an access so; what may follow, behind a colon, is Google's.
const WORDS: [(&str, Source); 12] = [
    (Reason::AccessTokenRejected.word(), Source::FailedRefresh),
    (Reason::AccountDisabled(None).word(), Source::GoogleEvent),
    (ANOTHER_CLIENT, Source::FailedRefresh),
    (DAMAGED, Source::FailedRefresh),
    (Reason::Disconnected.word(), Source::Disconnect),
    (Reason::DisconnectedByUser.word(), Source::User),
    (DOES_NOT_OPEN, Source::FailedRefresh),
    (Reason::Expired.word(), Source::FailedRefresh),
    (Reason::InvalidGrant.word(), Source::FailedRefresh),
    (Reason::SessionControl.word(), Source::FailedRefresh),
    (Reason::TokenRevoked.word(), Source::GoogleEvent),
    (Reason::TokensRevoked.word(), Source::GoogleEvent),
];

fn known(reason: &str) -> Option<(&'static str, Source)> {
    let found = reason.split(':').next().unwrap_or_default();
    WORDS.into_iter().find(|(word, _)| *word == found)
}

/// The word of ours that a reason begins with, so that reasons can be counted; `unknown` for any other text.
pub fn word(reason: &str) -> &'static str {
    known(reason).map_or("unknown", |(word, _)| word)
}

impl Source {
    /// Who ended the access that has this `status_reason`; what is not known was found when it was used.
    pub fn of(reason: &str) -> Self {
        known(reason).map_or(Self::FailedRefresh, |(_, source)| source)
    }

    /// The word that programs go by.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::FailedRefresh => "failed_refresh",
            Self::GoogleEvent => "google_event",
            Self::User => "user",
        }
    }
}

/// Whether it is a disconnection's `status_reason`.
pub fn is_disconnection(reason: &str) -> bool {
    matches!(Source::of(reason), Source::Disconnect | Source::User)
}

/// Whether all refresh tokens that the account had given are known to be dead with this `status_reason`.
pub fn ends_all_tokens(reason: &str) -> bool {
    reason == Reason::TokensRevoked.word() || is_disconnection(reason)
}

/// How far our clock and Google's may differ.
const SKEW: Duration = Duration::from_secs(5);
/// How long Google may go on to deliver an event; one that claims to be older says nothing about its time.
const DELIVERED_WITHIN: Duration = Duration::from_hours(7 * 24);

/// Until when the sessions were issued that an event as of `issued_at` ends: not those that came after it. Where the time
/// is not said, or makes no sense, all until now.
pub fn sessions_until(issued_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let plausible = issued_at.filter(|issued_at| now <= issued_at.after(DELIVERED_WITHIN));
    plausible.map_or(now, |issued_at| issued_at.after(SKEW).min(now))
}

/// Whether an end that Google announces as of `issued_at` can be that of a refresh token that was minted at `minted_at`.
///
/// Events come late and more than once, and the user may have consented again since: what ended before a token was
/// minted did not end that token. Where the times do not say, the access is taken for ended.
pub fn concerns(issued_at: Option<Timestamp>, minted_at: Option<Timestamp>) -> bool {
    let (Some(issued_at), Some(minted_at)) = (issued_at, minted_at) else { return true };
    minted_at <= issued_at.after(SKEW) || minted_at > issued_at.after(DELIVERED_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_and_a_source() {
        for (reason, text, source, ends_all) in [
            (Reason::AccessTokenRejected, "access_token_rejected", Source::FailedRefresh, false),
            (Reason::account_disabled(None), "account_disabled", Source::GoogleEvent, false),
            (Reason::account_disabled(Some("hijacking")), "account_disabled:hijacking", Source::GoogleEvent, false),
            (
                Reason::account_disabled(Some("bulk-account")),
                "account_disabled:bulk-account",
                Source::GoogleEvent,
                false,
            ),
            (Reason::account_disabled(Some("A\nB")), "account_disabled", Source::GoogleEvent, false),
            (Reason::account_disabled(Some(&"x".repeat(65))), "account_disabled", Source::GoogleEvent, false),
            (Reason::Disconnected, "disconnected", Source::Disconnect, true),
            (Reason::DisconnectedByUser, "disconnected_by_user", Source::User, true),
            (Reason::Expired, "expired", Source::FailedRefresh, false),
            (Reason::InvalidGrant, "invalid_grant", Source::FailedRefresh, false),
            (Reason::SessionControl, "session_control", Source::FailedRefresh, false),
            (Reason::TokenRevoked, "token_revoked", Source::GoogleEvent, false),
            (Reason::TokensRevoked, "tokens_revoked", Source::GoogleEvent, true),
        ] {
            assert_eq!(reason.to_string(), text);
            assert_eq!(Source::of(text), source, "{text}");
            assert_eq!(ends_all_tokens(text), ends_all, "{text}");
            assert_eq!(word(text), text.split(':').next().unwrap());
        }
    }

    #[test]
    fn a_word_is_one_of_ours_whatever_is_stored() {
        for own in [ANOTHER_CLIENT, DAMAGED, DOES_NOT_OPEN] {
            assert_eq!(word(own), own);
        }
        for other in
            ["", ":", "x", "invalid_grant ", "Invalid_grant", "118234567890123456789", "anna@example.com:expired"]
        {
            assert_eq!(word(other), "unknown", "{other}");
        }
    }

    #[test]
    fn an_end_concerns_only_tokens_that_were_there_before_it() {
        let at = Timestamp::from_unix_seconds;
        let minted = Some(at(1_000_000));
        for (issued_at, concerned) in [
            (None, true),
            (Some(at(1_000_000)), true),
            (Some(at(2_000_000)), true),
            (Some(at(999_995)), true),
            (Some(at(999_994)), false),
            (Some(at(1_000_000 - 7 * 24 * 3600)), false),
            (Some(at(1_000_000 - 7 * 24 * 3600 - 1)), true),
            (Some(at(0)), true),
        ] {
            assert_eq!(concerns(issued_at, minted), concerned, "{issued_at:?}");
        }
        assert!(concerns(Some(at(1)), None));
    }

    #[test]
    fn an_event_ends_the_sessions_that_were_there_before_it() {
        let at = Timestamp::from_unix_seconds;
        for (issued_at, until) in [
            (None, 1_000_000),
            (Some(at(1_000_000)), 1_000_000),
            (Some(at(2_000_000)), 1_000_000),
            (Some(at(999_997)), 1_000_000),
            (Some(at(999_000)), 999_005),
            (Some(at(0)), 1_000_000),
        ] {
            assert_eq!(sessions_until(issued_at, at(1_000_000)), at(until), "{issued_at:?}");
        }
    }
}
