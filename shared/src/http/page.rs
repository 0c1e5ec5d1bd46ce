//! The pages that a person sees: what became of the connection, and a button to go on from there.

mod english;
mod german;
mod hebrew;
mod href;
mod permission;
mod wording;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use self::{href::navigable, permission::Permission, wording::Wording};
use super::{
    language::Language,
    problem::{Kind, Problem},
    request::Request,
    response::Response,
};

/// The style of every page, inline in it.
const STYLE: &str = include_str!("../../templates/page.css");

/// Nothing is loaded, run, framed or submitted; the one style is known by its hash
/// ([CSP Level 3](https://www.w3.org/TR/CSP3/)).
static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// One page.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// The language it is written in.
    pub language: Language,
    /// What it tells.
    pub notice: Notice<'a>,
    /// Where the button leads: a path on this API or an `http` or `https` URL. With anything else there is no button.
    pub restart: Option<&'a str>,
}

/// What a page tells. Texts of others, such as an address, are shown as text, whatever is in them.
#[derive(Clone, Copy)]
pub enum Notice<'a> {
    /// Gmail is connected.
    Connected {
        /// The address of the account.
        email: Option<&'a str>,
    },
    /// The person said no: `access_denied`.
    Declined,
    /// The person left out a permission that is needed: `insufficient_scope`.
    PermissionMissing {
        /// The scopes that are missing.
        scopes: &'a [String],
    },
    /// This attempt is too old, already used, or another browser's: `invalid_state`, `code_rejected`.
    LinkExpired,
    /// Google ended the attempt for another reason: `authorization_failed`.
    AuthorizationFailed {
        /// Google's error code.
        google_error: Option<&'a str>,
    },
    /// The address of the page is damaged: `invalid_request`.
    InvalidRequest,
    /// Google's answers were none, or wrong: `google_unavailable`, `invalid_id_token`, `no_user_id`,
    /// `no_refresh_token`.
    GoogleTrouble,
    /// We cannot go on just now: `unavailable`.
    Unavailable,
    /// Only the operator can help: `misconfigured`.
    Misconfigured,
}

impl Notice<'_> {
    /// The name of the notice in the page, for browser tests.
    const fn name(self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Declined => "declined",
            Self::PermissionMissing { .. } => "permission-missing",
            Self::LinkExpired => "link-expired",
            Self::AuthorizationFailed { .. } => "authorization-failed",
            Self::InvalidRequest => "invalid-request",
            Self::GoogleTrouble => "google-trouble",
            Self::Unavailable => "unavailable",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// How the page looks: all is well, it is the person's turn, or something is broken.
    const fn mood(self) -> &'static str {
        match self {
            Self::Connected { .. } => "well",
            Self::Declined | Self::PermissionMissing { .. } | Self::LinkExpired => "turn",
            Self::AuthorizationFailed { .. }
            | Self::InvalidRequest
            | Self::GoogleTrouble
            | Self::Unavailable
            | Self::Misconfigured => "broken",
        }
    }
}

impl<'a> Notice<'a> {
    /// What a person is told of a problem.
    fn of_problem(problem: &'a Problem) -> Self {
        match problem.kind {
            Kind::AccessDenied => Self::Declined,
            Kind::InsufficientScope => Self::PermissionMissing { scopes: &problem.missing_scopes },
            Kind::CodeRejected | Kind::InvalidState => Self::LinkExpired,
            Kind::BlockedByPolicy => Self::AuthorizationFailed { google_error: None },
            Kind::AuthorizationFailed => Self::AuthorizationFailed { google_error: problem.google_error.as_deref() },
            Kind::Misconfigured => Self::Misconfigured,
            Kind::Unavailable => Self::Unavailable,
            Kind::GoogleFailedCallback
            | Kind::GoogleUnavailable
            | Kind::InvalidIdToken
            | Kind::NoRefreshToken
            | Kind::NoUserId
            | Kind::QuotaExhausted
            | Kind::RateLimited => Self::GoogleTrouble,
            Kind::ConnectionNotFound
            | Kind::Forbidden
            | Kind::InvalidRequest
            | Kind::NotFound
            | Kind::ReauthorizationRequired
            | Kind::SessionRequired => Self::InvalidRequest,
        }
    }
}

impl Page<'_> {
    /// The page that tells of a problem, in the language of the request.
    pub fn of_problem(problem: &Problem, request: &Request, restart: Option<&str>) -> Response {
        let language = Language::preferred(request.header("accept-language"));
        let notice = Notice::of_problem(problem);
        Page { language, notice, restart }.into_response(problem.status(), problem.code())
    }

    /// The page as a response of that status; `outcome` is the word for the log.
    pub fn into_response(self, status: u16, outcome: &'static str) -> Response {
        let wording = self.language.wording();
        let template = PageTemplate::new(self, wording);
        let html = template.render().unwrap_or_else(|_| wording.heading(self.notice).to_owned());
        Response::new(status, outcome)
            .with_header("content-language", self.language.code())
            .with_header("content-security-policy", CONTENT_SECURITY_POLICY.as_str())
            .with_header("referrer-policy", "no-referrer")
            .with_header("vary", "Accept, Accept-Language")
            .with_header("x-content-type-options", "nosniff")
            .with_body("text/html; charset=utf-8", html)
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate<'a> {
    language: Language,
    notice: Notice<'a>,
    wording: &'static dyn Wording,
    email: Option<&'a str>,
    missing: Vec<Missing<'a>>,
    google_error: Option<&'a str>,
    restart: Option<&'a str>,
}

/// A permission that is missing.
enum Missing<'a> {
    /// In plain words.
    Known(&'static str),
    /// A scope that we have no words for.
    Unknown(&'a str),
}

impl<'a> PageTemplate<'a> {
    fn new(page: Page<'a>, wording: &'static dyn Wording) -> Self {
        let missing = |scope: &'a String| {
            Permission::of(scope).map_or(Missing::Unknown(scope), |known| Missing::Known(wording.permission(known)))
        };
        let (email, scopes, google_error) = match page.notice {
            Notice::Connected { email } => (email, [].as_slice(), None),
            Notice::PermissionMissing { scopes } => (None, scopes, None),
            Notice::AuthorizationFailed { google_error } => (None, [].as_slice(), google_error),
            _ => (None, [].as_slice(), None),
        };
        Self {
            language: page.language,
            notice: page.notice,
            wording,
            email,
            missing: scopes.iter().map(missing).collect(),
            google_error,
            restart: page.restart.filter(|href| navigable(href)),
        }
    }
}
