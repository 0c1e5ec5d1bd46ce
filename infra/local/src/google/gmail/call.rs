//! One call of a Gmail method: who asks, whether it is allowed, what it costs, and what comes back.

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{
    answer::Answer,
    fields::Selection,
    list,
    parameters::Parameters,
    quota,
    resource::{Format, resource},
};
use crate::google::{Account, EmulatedGoogle, GmailError, scopes::Scopes};

const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
const READING: [&str; 3] = [
    "https://www.googleapis.com/auth/gmail.readonly",
    "https://www.googleapis.com/auth/gmail.modify",
    "https://mail.google.com/",
];

/// A call, on its own or inside a batch.
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) bearer: Option<&'a str>,
}

/// The methods that are emulated.
enum Target {
    List,
    Get(String),
}

impl Target {
    /// The user and the method that a path names.
    fn parse(path: &str) -> Option<(String, Self)> {
        let (user, rest) = path.strip_prefix("/gmail/v1/users/")?.split_once('/')?;
        let user = percent_decode_str(user).decode_utf8().ok()?.into_owned();
        match rest.strip_prefix("messages")? {
            "" => Some((user, Self::List)),
            id => id.strip_prefix('/').filter(|id| !id.is_empty()).map(|id| (user, Self::Get(id.to_owned()))),
        }
    }

    fn rpc(&self) -> &'static str {
        match self {
            Self::List => "caribou.api.proto.MailboxService.ListMessages",
            Self::Get(_) => "caribou.api.proto.MailboxService.GetMessage",
        }
    }
}

impl EmulatedGoogle {
    pub(super) fn call(&self, call: &Call<'_>) -> Answer {
        self.carry_out(call).unwrap_or_else(|failure| failure)
    }

    fn carry_out(&self, call: &Call<'_>) -> Result<Answer, Answer> {
        let target = Target::parse(call.path).filter(|_| call.method == Method::GET);
        let (user, target) = target.ok_or_else(Answer::not_found)?;
        let now = self.0.clock.now();
        let token = call.bearer.and_then(|bearer| self.grants().access_token(bearer, now).cloned());
        let token = token.ok_or(GmailError::AuthError)?;
        let account = self.account(&token.sub).ok_or(GmailError::AuthError)?;
        if user != "me" && !user.eq_ignore_ascii_case(&account.email) {
            return Err(Answer::forbidden(&format!("Delegation denied for {}", account.email)));
        }
        if !(reads(&token.scopes) || token.scopes.contains(METADATA)) {
            return Err(Answer::insufficient_scope(target.rpc()));
        }
        match target {
            Target::List => self.list(account, &token.scopes, call.query),
            Target::Get(id) => self.get(account, &token.scopes, &id, call.query),
        }
    }

    fn list(&self, account: &Account, scopes: &Scopes, query: &str) -> Result<Answer, Answer> {
        let parameters = Parameters::parse(query, &list::PARAMETERS)?;
        if parameters.find("q").is_some() && !reads(scopes) {
            return Err(Answer::forbidden("Metadata scope does not support 'q' parameter"));
        }
        let request = list::Request::parse(&parameters, &account.sub)?;
        self.spend(account, quota::LIST)?;
        finish(&parameters, request.page(&self.mailbox(account)))
    }

    fn get(&self, account: &Account, scopes: &Scopes, id: &str, query: &str) -> Result<Answer, Answer> {
        let parameters = Parameters::parse(query, &["format", "metadataHeaders"])?;
        let text = parameters.find("format").unwrap_or("full");
        let format = Format::parse(text)
            .ok_or_else(|| Answer::invalid(&format!("Invalid value at 'format' (TYPE_ENUM), \"{text}\"")))?;
        if matches!(format, Format::Full | Format::Raw) && !reads(scopes) {
            return Err(Answer::forbidden(&format!("Metadata scope doesn't allow format {}", text.to_uppercase())));
        }
        if u64::from_str_radix(id, 16).is_err() {
            return Err(Answer::invalid("Invalid id value"));
        }
        self.spend(account, quota::GET)?;
        let mailbox = self.mailbox(account);
        let message = mailbox.find(id).ok_or_else(Answer::not_found)?;
        finish(&parameters, resource(&message, format, &parameters.all("metadataHeaders")))
    }

    fn spend(&self, account: &Account, units: u64) -> Result<(), Answer> {
        let spent = self.0.gmail.quota.spend(&account.sub, units, self.0.clock.now());
        self.0.gmail.quota.count(!spent);
        if spent { Ok(()) } else { Err(GmailError::UserRateLimitExceeded.into()) }
    }
}

impl EmulatedGoogle {
    /// The answer to a call that comes while too many of the user are under way.
    pub(super) fn too_many_at_once(&self) -> Answer {
        self.0.gmail.quota.count(true);
        GmailError::TooManyConcurrentRequests.into()
    }
}

fn reads(scopes: &Scopes) -> bool {
    READING.iter().any(|scope| scopes.contains(*scope))
}

fn finish(parameters: &Parameters, body: Value) -> Result<Answer, Answer> {
    let pretty = parameters.boolean("prettyPrint", true)?;
    let Some(fields) = parameters.find("fields") else { return Ok(Answer::ok(body, pretty)) };
    let selection = Selection::parse(fields);
    let selection = selection.map_err(|part| Answer::invalid(&format!("Invalid field selection {part}")))?;
    Ok(Answer::ok(selection.apply(body), pretty))
}
