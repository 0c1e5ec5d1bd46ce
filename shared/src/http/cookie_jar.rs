//! Our cookies: one per pending authorization, and the session's.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite};
use serde::de::DeserializeOwned;

use super::{
    cookie_keys::{CookieKeys, Purpose},
    request::Request,
};
use crate::{
    domain::{
        pending_authorization::{PendingAuthorization, cookie_suffix},
        random::Random,
        session::Session,
        time::Timestamp,
    },
    sealing::CannotSeal,
};

/// How many pending authorizations a browser may have at once. API Gateway refuses requests whose line and headers
/// pass 10,240 bytes, so a browser full of cookies would be locked out.
const MAX_PENDING: usize = 3;
/// The most bytes that the values of all of them may have together, for the same reason.
const MAX_PENDING_BYTES: usize = 6_000;
/// The most bytes that browsers keep of one cookie, its name and attributes included
/// ([RFC 6265 §6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1)).
const MAX_COOKIE_BYTES: usize = 4_096;

/// The cookies of one deployment.
#[derive(Clone, Copy)]
pub struct CookieJar<'a> {
    /// The keys that seal them.
    pub keys: &'a CookieKeys,
    /// Randomness for sealing.
    pub random: &'a dyn Random,
    /// Whether browsers reach us over http on loopback: then neither `Secure` nor the `__Host-` prefix can be had.
    pub plain_http: bool,
}

impl CookieJar<'_> {
    /// The session that the browser presents; `None` if there is none that we sealed. Its age is not looked at.
    pub fn session(&self, request: &Request) -> Option<Session> {
        let name = self.name("session");
        values(request, &name).find_map(|value| self.open(Purpose::Session, &name, value))
    }

    /// Whether the browser presents a session, be it one that opens or not.
    pub fn presents_session(&self, request: &Request) -> bool {
        values(request, &self.name("session")).next().is_some()
    }

    /// Whether the browser presents a pending authorization for a `state`, be it one that opens or not.
    pub fn presents_pending(&self, request: &Request, state: &str) -> bool {
        self.pending_name(state).is_some_and(|name| values(request, &name).next().is_some())
    }

    /// The `Set-Cookie` of a session.
    ///
    /// # Errors
    /// If it cannot be sealed.
    pub fn set_session(&self, session: &Session, lifetime: Duration) -> Result<String, CannotSeal> {
        let name = self.name("session");
        let value = self.seal(Purpose::Session, &name, session)?;
        Ok(self.set(&name, &value, lifetime))
    }

    /// The `Set-Cookie` that ends a session.
    pub fn end_session(&self) -> String {
        self.end(&self.name("session"))
    }

    /// The pending authorization that the browser presents for a `state`; `None` if there is none that we sealed.
    pub fn pending(&self, request: &Request, state: &str) -> Option<PendingAuthorization> {
        let name = self.pending_name(state)?;
        values(request, &name).find_map(|value| self.open(Purpose::Pending, &name, value))
    }

    /// Every `Set-Cookie` that adds a pending authorization: its own, and the ends of those that are too many, the
    /// oldest first.
    ///
    /// # Errors
    /// If it cannot be sealed, or is larger than browsers keep.
    pub fn add_pending(
        &self,
        request: &Request,
        pending: &PendingAuthorization,
        now: Timestamp,
    ) -> Result<Vec<String>, CannotAdd> {
        let name = self.pending_name(&pending.state).ok_or(CannotSeal)?;
        let value = self.seal(Purpose::Pending, &name, pending)?;
        let cookie = self.set(&name, &value, PendingAuthorization::LIFETIME);
        if cookie.len() > MAX_COOKIE_BYTES {
            return Err(CannotAdd::TooLarge);
        }
        let mut cookies = vec![cookie];
        let mut room = MAX_PENDING_BYTES.saturating_sub(value.len());
        for (index, (name, _, size)) in self.others(request, &name, now).into_iter().enumerate() {
            if index + 1 < MAX_PENDING && size <= room {
                room -= size;
            } else {
                room = 0;
                cookies.push(self.end(&name));
            }
        }
        Ok(cookies)
    }

    /// The `Set-Cookie` that ends a pending authorization.
    pub fn end_pending(&self, pending: &PendingAuthorization) -> String {
        self.end(&self.pending_name(&pending.state).unwrap_or_default())
    }

    /// The pending authorizations that the browser holds besides one: name, time and size, the youngest first. Those that
    /// do not open count as older than any that does, for they may be sealed with the previous key; there is no room for
    /// those that are over.
    fn others(&self, request: &Request, besides: &str, now: Timestamp) -> Vec<(String, Option<Timestamp>, usize)> {
        let prefix = self.name("pending-");
        let cookies = request.cookies.iter().filter_map(|cookie| cookie.split_once('='));
        let mut others: Vec<_> = cookies
            .filter(|(name, _)| name.starts_with(&prefix) && *name != besides && is_token(name))
            .map(|(name, value)| {
                let pending = self.open::<PendingAuthorization>(Purpose::Pending, name, value);
                let is_over = pending.as_ref().is_some_and(|pending| !pending.is_live(now));
                let time = pending.filter(|_| !is_over).map(|pending| pending.created_at());
                (name.to_owned(), time, if is_over { usize::MAX } else { value.len() })
            })
            .collect();
        others.sort_by_key(|(_, time, size)| (std::cmp::Reverse(*time), *size));
        others
    }

    /// The name of the cookie of a `state`; `None` if the state is not of our form.
    fn pending_name(&self, state: &str) -> Option<String> {
        Some(self.name(&format!("pending-{}", cookie_suffix(state)?)))
    }

    fn name(&self, base: &str) -> String {
        if self.plain_http { base.to_owned() } else { format!("__Host-{base}") }
    }

    fn seal(&self, purpose: Purpose, name: &str, value: &impl serde::Serialize) -> Result<String, CannotSeal> {
        let value = serde_json::to_vec(value).map_err(|_| CannotSeal)?;
        Ok(URL_SAFE_NO_PAD.encode(self.keys.seal(self.random, purpose, name, &value)?))
    }

    fn open<T: DeserializeOwned>(&self, purpose: Purpose, name: &str, value: &str) -> Option<T> {
        let value = self.keys.open(purpose, name, &URL_SAFE_NO_PAD.decode(value).ok()?)?;
        serde_json::from_slice(&value).ok()
    }

    fn set(&self, name: &str, value: &str, lifetime: Duration) -> String {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(!self.plain_http)
            .max_age(time::Duration::seconds(seconds))
            .to_string()
    }

    fn end(&self, name: &str) -> String {
        self.set(name, "", Duration::ZERO)
    }
}

fn values<'a>(request: &'a Request, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = request.cookies.iter().filter_map(|cookie| cookie.split_once('='));
    pairs.filter(move |(given, _)| *given == name).map(|(_, value)| value)
}

/// Whether a cookie's name is one that can be written back into a header
/// ([RFC 6265 §4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)).
fn is_token(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Why a pending authorization cannot be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CannotAdd {
    /// It cannot be sealed.
    #[error(transparent)]
    CannotSeal(#[from] CannotSeal),
    /// It is larger than browsers keep.
    #[error("the cookie would be larger than browsers keep")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{random::SystemRandomness, secret::CookieKeySecret};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_318_652);

    fn keys() -> CookieKeys {
        CookieKeys::derive(&CookieKeySecret::new("k".repeat(32)), None).unwrap()
    }

    fn pending(seconds_ago: u64) -> PendingAuthorization {
        PendingAuthorization::new(&SystemRandomness::default(), NOW.before(Duration::from_secs(seconds_ago))).unwrap()
    }

    /// A browser that applies each `Set-Cookie`.
    fn apply(request: &mut Request, set_cookies: &[String]) {
        for cookie in set_cookies {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let name = pair.split_once('=').unwrap().0;
            request.cookies.retain(|kept| kept.split_once('=').unwrap().0 != name);
            if !attributes.contains("Max-Age=0") {
                request.cookies.push(pair.to_owned());
            }
        }
    }

    #[test]
    fn a_cookie_is_for_this_host_only_and_out_of_reach_of_scripts() {
        let jar = CookieJar { keys: &keys(), random: &SystemRandomness::default(), plain_http: false };
        let attempt = pending(0);
        let cookies = jar.add_pending(&Request::default(), &attempt, NOW).unwrap();
        assert_eq!(cookies.len(), 1);
        let (pair, attributes) = cookies[0].split_once("; ").unwrap();
        assert!(pair.starts_with(&format!("__Host-pending-{}=", &attempt.state[..8])));
        let mut attributes: Vec<_> = attributes.split("; ").collect();
        attributes.sort_unstable();
        assert_eq!(attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"]);
    }

    #[test]
    fn on_plain_http_a_cookie_has_neither_secure_nor_the_prefix() {
        let jar = CookieJar { keys: &keys(), random: &SystemRandomness::default(), plain_http: true };
        let cookie = &jar.add_pending(&Request::default(), &pending(0), NOW).unwrap()[0];
        assert!(cookie.starts_with("pending-"), "{cookie}");
        assert!(!cookie.contains("Secure"));
    }

    #[test]
    fn three_attempts_live_at_once_and_the_oldest_ends() {
        let (keys, random) = (keys(), SystemRandomness::default());
        let jar = CookieJar { keys: &keys, random: &random, plain_http: false };
        let attempts = [pending(40), pending(30), pending(20), pending(10)];
        let mut browser = Request::default();
        for attempt in &attempts {
            let cookies = jar.add_pending(&browser, attempt, NOW).unwrap();
            apply(&mut browser, &cookies);
        }
        let live: Vec<_> = attempts.iter().map(|attempt| jar.pending(&browser, &attempt.state).is_some()).collect();
        assert_eq!(live, [false, true, true, true]);
    }

    #[test]
    fn large_attempts_end_sooner_so_that_the_headers_stay_small() {
        let (keys, random) = (keys(), SystemRandomness::default());
        let jar = CookieJar { keys: &keys, random: &random, plain_http: false };
        let mut browser = Request::default();
        for seconds_ago in [30, 20, 10] {
            let mut attempt = pending(seconds_ago);
            attempt.caller_state = Some("é".repeat(1000));
            let cookies = jar.add_pending(&browser, &attempt, NOW).unwrap();
            apply(&mut browser, &cookies);
        }
        assert!(browser.cookies.iter().map(String::len).sum::<usize>() < 7_000);
        assert_eq!(browser.cookies.len(), 2);
    }

    #[test]
    fn what_is_over_makes_room_and_what_does_not_open_goes_before_what_does() {
        let (keys, random) = (keys(), SystemRandomness::default());
        let jar = CookieJar { keys: &keys, random: &random, plain_http: false };
        let mut browser = Request::default();
        let cookies = jar.add_pending(&browser, &pending(601), NOW).unwrap();
        apply(&mut browser, &cookies);
        browser.cookies.push("__Host-pending-garbage1=xyz".to_owned());
        browser.cookies.push("other=kept".to_owned());
        let mut begin = |seconds_ago| {
            let cookies = jar.add_pending(&browser, &pending(seconds_ago), NOW).unwrap();
            apply(&mut browser, &cookies);
            let has_garbage = browser.cookies.iter().any(|cookie| cookie.starts_with("__Host-pending-garbage1"));
            (browser.cookies.len(), has_garbage)
        };
        assert_eq!(begin(20), (3, true), "that which is over goes");
        assert_eq!(begin(10), (4, true), "three at once");
        assert_eq!(begin(0), (4, false), "that which does not open is the oldest");
    }

    #[test]
    fn an_attempt_larger_than_browsers_keep_is_refused() {
        let jar = CookieJar { keys: &keys(), random: &SystemRandomness::default(), plain_http: false };
        let mut attempt = pending(0);
        attempt.caller_state = Some("😀".repeat(512));
        attempt.return_to = Some(format!("/{}", "😀".repeat(511)));
        assert_eq!(jar.add_pending(&Request::default(), &attempt, NOW), Err(CannotAdd::TooLarge));
    }

    #[test]
    fn a_cookie_is_as_large_as_browsers_keep_and_no_larger() {
        let length = |plain_http, characters| {
            let jar = CookieJar { keys: &keys(), random: &SystemRandomness::default(), plain_http };
            let mut attempt = pending(0);
            attempt.caller_state = Some("s".repeat(characters));
            jar.add_pending(&Request::default(), &attempt, NOW).ok().map(|cookies| cookies[0].len())
        };
        // base64url has no values of every length, so one of the two has to do.
        let longest = |plain_http| (2_500..3_000).map_while(|characters| length(plain_http, characters)).last();
        assert_eq!(longest(true).max(longest(false)), Some(4_096));
    }

    #[test]
    fn a_name_that_cannot_stand_in_a_header_is_not_written_back() {
        let (keys, random) = (keys(), SystemRandomness::default());
        let jar = CookieJar { keys: &keys, random: &random, plain_http: false };
        let foreign = ["__Host-pending-a\r\nb=x", "__Host-pending-é=x", "__Host-pending-a b=x"].map(str::to_owned);
        let browser = Request { cookies: [foreign.to_vec(), foreign.to_vec()].concat(), ..Request::default() };
        assert_eq!(jar.add_pending(&browser, &pending(0), NOW).unwrap().len(), 1);
    }

    #[test]
    fn a_session_opens_only_as_it_was_sealed() {
        let (keys, random) = (keys(), SystemRandomness::default());
        let jar = CookieJar { keys: &keys, random: &random, plain_http: false };
        let session = Session { user_id: crate::domain::user_id::UserId::parse("1").unwrap(), issued_at: NOW };
        let mut browser = Request::default();
        apply(&mut browser, &[jar.set_session(&session, Duration::from_mins(1)).unwrap()]);
        assert_eq!(jar.session(&browser).unwrap().user_id.as_str(), "1");
        browser.cookies[0] = browser.cookies[0].replace("session=", "session=A");
        assert!(jar.session(&browser).is_none());
    }
}
