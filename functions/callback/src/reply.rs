//! What the browser or the program is answered: a page, JSON, or the way back to where it came from.

use serde::Serialize;
use shared::{
    domain::{
        connection::Connection, pending_authorization::PendingAuthorization, return_to::ReturnTo, time::Timestamp,
        user_id::UserId,
    },
    front::{Front, Reauthorization, Visit},
    http::{
        Request, Response,
        language::Language,
        page::{Notice, Page},
        preference::Preference,
        problem::{Kind, Problem},
    },
};

/// How to answer a request.
#[derive(Clone, Copy)]
pub(crate) struct Reply<'a> {
    request: &'a Request,
    front: Option<(&'a Front, &'a Visit<'a>)>,
    pending: Option<&'a PendingAuthorization>,
}

impl<'a> Reply<'a> {
    /// For a request of which nothing more can be known.
    pub(crate) fn without_attempt(request: &'a Request) -> Self {
        Self { request, front: None, pending: None }
    }

    /// For a request that reached us here.
    pub(crate) fn at(request: &'a Request, front: &'a Front, visit: &'a Visit<'a>) -> Self {
        Self { request, front: Some((front, visit)), pending: None }
    }

    /// For a request that belongs to an attempt.
    pub(crate) fn of(self, pending: &'a PendingAuthorization) -> Self {
        Self { pending: Some(pending), ..self }
    }

    /// Gmail is connected.
    pub(crate) fn success(&self, connection: &Connection) -> Response {
        if let Some(return_to) = self.return_to() {
            return Response::redirect(303, "ok", return_to.location(&self.state()));
        }
        if self.wants_json() {
            return Response::json("ok", serde_json::to_string(&Success::from(connection)).unwrap_or_default());
        }
        let notice = Notice::Connected { email: connection.email.as_deref() };
        let language = Language::preferred(self.request.header("accept-language"));
        Page { language, notice, restart: None }.into_response(200, "ok")
    }

    /// Asks for consent, and then leads to where this attempt would have led.
    pub(crate) fn ask_for_consent(&self, user_id: &UserId) -> Response {
        let way = Reauthorization { user_id: Some(user_id), consent: true, ..self.way() };
        Response::redirect(303, "consent_required", way.path())
    }

    /// The attempt failed.
    pub(crate) fn failure(&self, problem: Problem, user_id: Option<&UserId>) -> Response {
        if let Some(return_to) = self.return_to() {
            let parameters = [[("error", problem.code())].as_slice(), &self.state()].concat();
            return Response::redirect(303, problem.code(), return_to.location(&parameters));
        }
        let way = Reauthorization { user_id, consent: needs_consent(&problem, user_id), ..self.way() };
        let restartable = problem.kind != Kind::Misconfigured;
        if self.wants_json() {
            let url = self.front.filter(|_| restartable).map(|(_, visit)| visit.authorization_url(&way));
            return Problem { authorization_url: url, ..problem }.to_response();
        }
        Page::of_problem(&problem, self.request, restartable.then(|| way.path()).as_deref())
    }

    fn way(&self) -> Reauthorization<'a> {
        Reauthorization {
            return_to: self.pending.and_then(|pending| pending.return_to.as_deref()),
            state: self.pending.and_then(|pending| pending.caller_state.as_deref()),
            ..Reauthorization::default()
        }
    }

    /// Where the attempt leads back to, by the rules of today.
    fn return_to(&self) -> Option<ReturnTo> {
        let (front, _) = self.front?;
        front.return_to(self.pending?.return_to.as_deref()?)
    }

    fn state(&self) -> Vec<(&'a str, &'a str)> {
        let state = self.pending.and_then(|pending| pending.caller_state.as_deref());
        state.map(|state| ("state", state)).into_iter().collect()
    }

    /// People reach the callback by a redirect, so without a preference it speaks HTML.
    fn wants_json(&self) -> bool {
        Preference::of(self.request.header("accept")) == Preference::Json
    }
}

/// Whether the next attempt has to ask for consent: the refresh token that came with this one is lost, and Google
/// mints another only then.
fn needs_consent(problem: &Problem, user_id: Option<&UserId>) -> bool {
    user_id.is_some() && matches!(problem.kind, Kind::InsufficientScope | Kind::Unavailable)
}

/// A connection, as a program is told of it.
#[derive(Serialize)]
struct Success<'a> {
    user_id: &'a str,
    email: Option<&'a str>,
    scopes: Vec<&'a str>,
    connected_at: Timestamp,
}

impl<'a> From<&'a Connection> for Success<'a> {
    fn from(connection: &'a Connection) -> Self {
        Self {
            user_id: connection.user_id.as_str(),
            email: connection.email.as_deref(),
            scopes: connection.scopes.iter().map(String::as_str).collect(),
            connected_at: connection.connected_at,
        }
    }
}
