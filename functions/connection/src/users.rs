//! The list of connections, a page at a time.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use shared::{
    caller::{Refusal, vault_problem},
    domain::{
        connection::{Place, StatusWord, Summary},
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
/// The most characters of a status.
const MAX_WORD: usize = 16;
/// The most characters of a page token.
const MAX_TOKEN: usize = 5_000;

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
    after: Option<Place>,
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
        let limit = query.positive_number("max_results")?.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let first = Position { status: status.unwrap_or(StatusWord::Active), after: None };
        let from = query.single("page_token", MAX_TOKEN)?.map(|token| {
            let position = Position::of_token(token);
            let of_this_list = |position: &Position| status.is_none_or(|status| status == position.status);
            position.filter(of_this_list).ok_or(bad("page_token", "is not one of this list's"))
        });
        Ok(Self {
            status,
            limit: limit.unwrap_or(DEFAULT_RESULTS).min(MAX_RESULTS),
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
        let token = Token(self.status.as_str().into(), self.after.clone());
        URL_SAFE_NO_PAD.encode(serde_json::to_string(&token).unwrap_or_default())
    }

    fn of_token(token: &str) -> Option<Self> {
        let Token(status, after) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let is_key = |place: &Place| !place.user_id.is_empty() && !place.key.is_empty();
        after.as_ref().is_none_or(is_key).then_some(Self { status: StatusWord::parse(&status)?, after })
    }
}

/// A page token, as it is written down.
#[derive(Deserialize, Serialize)]
struct Token<'a>(Cow<'a, str>, Option<Place>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_leads_back_to_its_place_and_nothing_else_is_one() {
        let place = |user_id: &str| Place { user_id: user_id.into(), key: format!("connection#{user_id}") };
        for after in [None, Some(place("118")), Some(place(&"9".repeat(255))), Some(place("\n\"é"))] {
            for status in StatusWord::ALL {
                let position = Position { status, after: after.clone() };
                assert!(position.to_token().len() <= MAX_TOKEN);
                assert_eq!(Position::of_token(&position.to_token()), Some(position));
            }
        }
        let forged = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for text in
            ["", "active", "[]", r#"["dead",null]"#, r#"["active",{"user_id":"","key":"k"}]"#, r#"["active",1]"#]
        {
            assert_eq!(Position::of_token(&forged(text)), None, "{text}");
        }
        assert_eq!(Position::of_token("*"), None);
    }

    #[test]
    fn what_cannot_be_listed_is_named() {
        let place = Place { user_id: "1".into(), key: "connection#1".into() };
        let revoked = Position { status: StatusWord::Revoked, after: Some(place) }.to_token();
        for (query, name) in [
            ("status=dead", Some("status")),
            ("status=active&status=active", Some("status")),
            ("max_results=0", Some("max_results")),
            ("max_results=-1", Some("max_results")),
            ("max_results=many", Some("max_results")),
            ("max_results=%2B5", Some("max_results")),
            ("max_results=99999999999999999999", None),
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
