//! What is known of the end of a connection before it comes
//! ([when refresh tokens stop working](https://developers.google.com/identity/protocols/oauth2#expiration)).

use std::{ops::RangeInclusive, time::Duration};

use serde::Serialize;

use super::{
    connection::{Connection, MINTS_COUNTED_FOR, Status},
    revocation::Reason,
    scope::Scopes,
    time::Timestamp,
};

const DAY: Duration = Duration::from_hours(24);
/// About how long consents live that are given while the application is in «Testing»: seven days, and half a day more or
/// less.
const TESTING_LIFE: RangeInclusive<Duration> = Duration::from_hours(13 * 12)..=Duration::from_hours(15 * 12);
/// How soon a token is found dead that dies at that age, if it is used at all.
const FOUND_BY: Duration = Duration::from_hours(14 * 24);
/// Five months. Google drops a refresh token after six in which it was not used.
const UNUSED_FOR: Duration = Duration::from_hours(152 * 24);
/// Half of the refresh tokens that an account and a client have.
const MANY_MINTS: usize = 50;

/// Something that the operator or the user can see to in time.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Warning {
    /// The word that programs go by.
    pub code: &'static str,
    /// A sentence.
    pub detail: String,
}

/// All that is to be said about a connection, for the client in use and the scopes that it asks for now.
pub fn warnings(connection: &Connection, client_id: &str, scopes: &Scopes, now: Timestamp) -> Vec<Warning> {
    let found = match connection.status_at(now) {
        Status::Active => vec![
            limited_life(connection),
            unused(connection, now),
            another_client(connection, client_id),
            missing_scopes(connection, scopes),
            many_consents(connection, now),
        ],
        Status::Revoked { reason } => vec![dead_after_a_week(connection, &reason), many_consents(connection, now)],
    };
    found.into_iter().flatten().collect()
}

impl Warning {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    fn testing(what: &str) -> Self {
        let why = "as all do that are given while Google's consent screen is in «Testing». Publish the application, and \
                   have the user consent again: a consent given in «Testing» keeps its 7 days.";
        Self::new("testing_state", format!("{what}, {why}"))
    }
}

fn limited_life(connection: &Connection) -> Option<Warning> {
    let end = connection.refresh_token_expires_at?;
    if TESTING_LIFE.contains(&end.since(connection.consented_at())) {
        return Some(Warning::testing(&format!("This access ends on {end}, 7 days after the consent")));
    }
    let detail = format!("The user allowed this access until {end}; then it takes a new consent.");
    Some(Warning::new("limited_time", detail))
}

/// A refresh token whose end Google had set at seven days; or of which it said nothing, and which was alive before and
/// dead after that age.
fn dead_after_a_week(connection: &Connection, reason: &str) -> Option<Warning> {
    let ended = || Warning::testing("This access ended about 7 days after the consent");
    if reason == Reason::Expired.to_string() {
        let end = connection.refresh_token_expires_at?;
        return TESTING_LIFE.contains(&end.since(connection.consented_at())).then(ended);
    }
    let found_dead_after = connection.updated_at.since(connection.consented_at());
    let alive_for = connection.used_at.since(connection.consented_at());
    let unexplained = reason == Reason::InvalidGrant.to_string();
    let at_that_age =
        alive_for <= *TESTING_LIFE.end() && (*TESTING_LIFE.start()..=FOUND_BY).contains(&found_dead_after);
    (unexplained && at_that_age).then(ended)
}

fn unused(connection: &Connection, now: Timestamp) -> Option<Warning> {
    let idle = now.since(connection.used_at);
    let days = idle.as_secs() / DAY.as_secs();
    let detail =
        format!("Unused for {days} days. Google ends an access that is not used for six months; list to keep it.");
    (idle >= UNUSED_FOR).then(|| Warning::new("unused", detail))
}

fn another_client(connection: &Connection, client_id: &str) -> Option<Warning> {
    let detail = "The access was given to another OAuth client than the one in use now; the user has to consent again.";
    (connection.client_id != client_id).then(|| Warning::new("another_client", detail))
}

fn missing_scopes(connection: &Connection, scopes: &Scopes) -> Option<Warning> {
    let missing = scopes.missing_from(&connection.scopes.iter().cloned().collect());
    let detail = format!("The user did not allow what is asked for now: {}.", missing.join(" "));
    (!missing.is_empty()).then(|| Warning::new("missing_scopes", detail))
}

fn many_consents(connection: &Connection, now: Timestamp) -> Option<Warning> {
    let count = connection.mints.iter().filter(|mint| now.since(**mint) < MINTS_COUNTED_FOR).count();
    let detail = format!(
        "{count} refresh tokens were minted for this account in the last six months. Of one account and client, 100 live \
         at once; the next one ends the oldest silently. Ask for prompt=consent only where it is needed."
    );
    (count >= MANY_MINTS).then(|| Warning::new("many_consents", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        connection::{SealedTokens, TokenIndex},
        user_id::UserId,
    };

    const HOUR: Duration = Duration::from_hours(1);

    fn day(days: u32) -> Duration {
        DAY * days
    }

    fn consented() -> Timestamp {
        Timestamp::from_unix_seconds(1_795_318_652)
    }

    /// Connected and used at one time.
    fn connection() -> Connection {
        Connection {
            user_id: UserId::parse("118").unwrap(),
            email: None,
            client_id: "us".into(),
            scopes: ["openid".to_owned()].into(),
            status: Status::Active,
            tokens: SealedTokens { data_key: vec![], refresh_token: vec![], access_token: None },
            token_index: TokenIndex::default(),
            refresh_token_expires_at: None,
            connected_at: consented().before(day(300)),
            updated_at: consented(),
            used_at: consented(),
            mints: vec![consented()],
            generation: 1,
            sessions_valid_after: consented(),
            lease: None,
        }
    }

    fn codes(connection: &Connection, after: Duration) -> Vec<&'static str> {
        let found = warnings(connection, "us", &Scopes::parse("openid"), consented().after(after));
        found.iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn a_sound_connection_has_no_warnings() {
        assert_eq!(codes(&connection(), day(100)), [""; 0]);
    }

    #[test]
    fn an_end_that_google_sets_is_told_with_its_cause() {
        for (life, code) in [
            (day(7), "testing_state"),
            (Duration::from_secs(604_799), "testing_state"),
            (day(1), "limited_time"),
            (day(90), "limited_time"),
        ] {
            let limited = Connection { refresh_token_expires_at: Some(consented().after(life)), ..connection() };
            assert_eq!(codes(&limited, HOUR), [code], "{life:?}");
        }
    }

    #[test]
    fn a_death_at_the_age_of_a_week_is_told_from_others() {
        for (reason, alive_for, dead_at, testing) in [
            ("invalid_grant", day(6), day(7), true),
            ("invalid_grant", HOUR, day(9), true),
            ("invalid_grant", day(2), day(6), false),
            ("invalid_grant", day(8), day(9), false),
            ("invalid_grant", day(2), day(30), false),
            ("tokens_revoked", day(6), day(7), false),
            ("session_control", day(6), day(7), false),
        ] {
            let dead = Connection {
                status: Status::Revoked { reason: reason.into() },
                used_at: consented().after(alive_for),
                updated_at: consented().after(dead_at),
                ..connection()
            };
            assert_eq!(codes(&dead, day(40)) == ["testing_state"], testing, "{reason} {alive_for:?} {dead_at:?}");
        }
    }

    #[test]
    fn five_months_without_use_are_told() {
        assert_eq!(codes(&connection(), day(151)), [""; 0]);
        let found = warnings(&connection(), "us", &Scopes::parse("openid"), consented().after(day(152) + HOUR));
        assert_eq!(found[0].code, "unused");
        assert!(found[0].detail.starts_with("Unused for 152 days."), "{}", found[0].detail);
        assert_eq!(codes(&connection(), day(152)), ["unused"]);
    }

    #[test]
    fn what_is_asked_for_now_and_was_not_given_is_told() {
        let found = warnings(&connection(), "them", &Scopes::parse("openid email"), consented());
        assert_eq!(found.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["another_client", "missing_scopes"]);
        assert!(found[1].detail.contains("now: email."));
    }

    #[test]
    fn fifty_consents_in_half_a_year_are_many() {
        let mints = |count: u32| (0..count).map(|index| consented().before(HOUR * index)).collect();
        let of = |count| Connection { mints: mints(count), ..connection() };
        assert_eq!(codes(&of(49), HOUR), [""; 0]);
        assert_eq!(codes(&of(50), HOUR), ["many_consents"]);
        assert_eq!(codes(&Connection { used_at: consented().after(day(181)), ..of(50) }, day(182)), [""; 0]);
        let at_once = Connection { mints: vec![consented(); 50], used_at: consented().after(day(181)), ..connection() };
        assert_eq!(codes(&at_once, day(181)), ["many_consents"]);
        assert_eq!(codes(&at_once, day(182)), [""; 0], "what is half a year old counts no more");
    }

    #[test]
    fn an_access_whose_time_is_over_is_revoked_before_anyone_runs_into_it() {
        let over = Connection { refresh_token_expires_at: Some(consented().after(day(7))), ..connection() };
        assert_eq!(over.status_at(consented().after(day(7))), Status::Revoked { reason: "expired".into() });
        assert_eq!(over.status_at(consented().after(day(6))), Status::Active);
    }
}
