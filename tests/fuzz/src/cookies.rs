//! The cookies that a browser presents.

#![expect(clippy::unwrap_used, reason = "what is ours can be sealed")]

use shared::http::Request;

use crate::{
    at_hand::NOW,
    genuine::{COOKIES, USER_ID, attempt},
    sound::assert_set_cookie,
};

/// The first line is a `state`, each other a cookie. Nothing opens but what we sealed, to the letter; a new attempt costs the
/// browser no more than each cookie once, and puts nothing else into the header.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = text.replace("$session", &COOKIES.session).replace("$pending", &COOKIES.pending);
    let text = text.replace("$state", &COOKIES.state);
    let mut lines = text.split('\n').map(str::to_owned);
    let (state, jar) = (lines.next().unwrap_or_default(), COOKIES.jar());
    let request = Request { cookies: lines.collect(), ..Request::default() };
    if let Some(session) = jar.session(&request) {
        assert_eq!(session.user_id.as_str(), USER_ID);
        assert!(request.cookies.contains(&COOKIES.session) && jar.presents_session(&request));
    }
    if let Some(pending) = jar.pending(&request, &state) {
        assert!(request.cookies.contains(&COOKIES.pending) && jar.presents_pending(&request, &state));
        assert_eq!(pending.has_state(&state), state == COOKIES.state);
    }
    let mut other = attempt();
    other.state = format!("other{}", other.state);
    let set = jar.add_pending(&request, &other, NOW).unwrap();
    assert!(set.len() <= request.cookies.len() + 1);
    for cookie in &set {
        assert_set_cookie(cookie);
        assert!(cookie.starts_with("__Host-pending-") && cookie.len() <= text.len() + 1_000, "{cookie}");
    }
}
