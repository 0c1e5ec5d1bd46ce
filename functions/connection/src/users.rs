//! The list of connections, a page at a time.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use shared::{
    caller::{Refusal, vault_problem},
    domain::{
        connection::{StatusWord, Summary},
        time::Timestamp,
        user_id::UserId,
    },
    front::unavailable,
    function::Deadline,
    http::{
        Request, Response,
        query::{BadParameter, Query},
    },
    vault::VaultError,
};

use super::ConnectionFunction;

/// How many connections a page has, unless the caller says.
const DEFAULT_RESULTS: u32 = 100;
/// How many it has at most.
const MAX_RESULTS: u32 = 1000;
/// The most characters of a number or a status.
const MAX_WORD: usize = 16;
/// The most characters of a page token.
const MAX_TOKEN: usize = 512;

#[derive(Serialize)]
struct Answer {
    users: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    user_id: UserId,
    email: Option<String>,
    status: &'static str,
    connected_at: Option<Timestamp>,
}

/// What is asked for.
#[derive(Debug, Eq, PartialEq)]
struct Parameters {
    /// Only of this status.
    status: Option<StatusWord>,
    limit: u32,
    from: Position,
}

/// A place in the list: first all that are active, then all that are revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Position {
    status: StatusWord,
    after: Option<UserId>,
}

impl ConnectionFunction {
    /// A page of the list.
    pub(crate) async fn users(&self, request: &Request, deadline: Deadline) -> Result<Response, Refusal> {
        let parameters =
            Parameters::read(&Query::parse(&request.query)).map_err(shared::http::problem::Problem::from)?;
        let answer = deadline.bound(self.list(&parameters)).await.ok_or_else(unavailable)?;
        let answer = answer.map_err(|error| vault_problem(&error))?;
        Ok(Response::json("ok", serde_json::to_string(&answer).unwrap_or_default()))
    }

    async fn list(&self, parameters: &Parameters) -> Result<Answer, VaultError> {
        let (mut users, mut position) = (Vec::new(), Some(parameters.from.clone()));
        while let Some(Position { status, after }) = &position {
            let room = parameters.limit.saturating_sub(u32::try_from(users.len()).unwrap_or(u32::MAX));
            if room == 0 {
                break;
            }
            let page = self.vault.page(*status, after.as_ref(), room).await?;
            users.extend(page.connections.into_iter().map(|connection| entry(connection, *status)));
            position = match page.next {
                Some(after) => Some(Position { status: *status, after: Some(after) }),
                None => parameters.following(*status).map(|status| Position { status, after: None }),
            };
        }
        Ok(Answer { users, next_page_token: position.as_ref().map(Position::to_token) })
    }
}

fn entry(connection: Summary, status: StatusWord) -> Entry {
    let Summary { user_id, email, connected_at } = connection;
    Entry { user_id, email, status: status.as_str(), connected_at }
}

impl Parameters {
    fn read(query: &Query) -> Result<Self, BadParameter> {
        let bad = |name, problem| BadParameter { name, problem };
        let status = query.single("status", MAX_WORD)?;
        let status = status.map(|text| StatusWord::parse(text).ok_or(bad("status", "is neither active nor revoked")));
        let status = status.transpose()?;
        let limit = query.single("max_results", MAX_WORD)?.map(|text| {
            let number = text.parse().ok().filter(|number| *number > 0);
            number.map(|number: u32| number.min(MAX_RESULTS)).ok_or(bad("max_results", "is not a positive number"))
        });
        let first = Position { status: status.unwrap_or(StatusWord::Active), after: None };
        let from = query.single("page_token", MAX_TOKEN)?.map(|token| {
            let position = Position::of_token(token);
            let of_this_list = |position: &Position| status.is_none_or(|status| status == position.status);
            position.filter(of_this_list).ok_or(bad("page_token", "is not one of this list's"))
        });
        Ok(Self {
            status,
            limit: limit.transpose()?.unwrap_or(DEFAULT_RESULTS),
            from: from.transpose()?.unwrap_or(first),
        })
    }

    /// The status that is listed after this one.
    fn following(&self, status: StatusWord) -> Option<StatusWord> {
        (self.status.is_none() && status == StatusWord::Active).then_some(StatusWord::Revoked)
    }
}

impl Position {
    fn to_token(&self) -> String {
        let after = self.after.as_ref().map_or("", UserId::as_str);
        URL_SAFE_NO_PAD.encode(format!("{} {after}", self.status.as_str()))
    }

    fn of_token(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (status, after) = text.split_once(' ')?;
        let status = StatusWord::parse(status)?;
        if after.is_empty() {
            return Some(Self { status, after: None });
        }
        Some(Self { status, after: Some(UserId::parse(after)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_leads_back_to_its_place_and_nothing_else_is_one() {
        for after in [None, UserId::parse("118"), UserId::parse(&"9".repeat(255))] {
            for status in StatusWord::ALL {
                let position = Position { status, after: after.clone() };
                assert!(position.to_token().len() <= MAX_TOKEN);
                assert_eq!(Position::of_token(&position.to_token()), Some(position));
            }
        }
        for token in ["", "*", "YQ", "YWN0aXZl", "YWN0aXZlIGEgYg", "ZGVhZCAx"] {
            assert_eq!(Position::of_token(token), None, "{token}");
        }
    }

    #[test]
    fn what_cannot_be_listed_is_named() {
        let revoked = Position { status: StatusWord::Revoked, after: UserId::parse("1") }.to_token();
        for (query, name) in [
            ("status=dead", Some("status")),
            ("status=active&status=active", Some("status")),
            ("max_results=0", Some("max_results")),
            ("max_results=-1", Some("max_results")),
            ("max_results=many", Some("max_results")),
            ("page_token=x", Some("page_token")),
            (&format!("status=active&page_token={revoked}"), Some("page_token")),
            (&format!("status=revoked&page_token={revoked}"), None),
            (&format!("page_token={revoked}&max_results=5000"), None),
            ("", None),
        ] {
            assert_eq!(Parameters::read(&Query::parse(query)).err().map(|bad| bad.name), name, "{query}");
        }
    }
}
