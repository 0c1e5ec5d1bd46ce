//! The page to start at: connects an account, shows its messages and how the connection stands, and ends it. Part of the
//! local stack, not of the API.
//!
//! It sees no more than any browser does: it asks the functions with the browser's own cookies.

mod api;
mod connection;
mod disconnect;
mod language;
mod mailbox;
mod page;
mod texts;

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, Method, header},
    response::Response,
    routing::{get, post},
};
use futures_util::future::join;
use url::form_urlencoded;

use self::{
    api::Api,
    connection::Connection,
    language::Language,
    page::{Notice, Page},
    texts::Texts,
};
use crate::gateway::Gateway;

const CONNECTION: &str = "/connection";
const MESSAGES: &str = "/messages?format=metadata&metadataHeaders=From&metadataHeaders=Subject\
                        &metadataHeaders=Date&maxResults=20";

/// The routes of the page, which asks the functions through that gateway.
pub fn router(gateway: Gateway) -> Router {
    Router::new().route("/", get(show)).route("/disconnect", post(disconnect::disconnect)).with_state(gateway)
}

async fn show(
    State(gateway): State<Gateway>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let texts = Texts::of(Language::wanted(wanted));
    let query = query.unwrap_or_default();
    let api = Api { gateway: &gateway, source: source.ip(), headers: &headers };
    let messages = messages(parameter(&query, "pageToken").as_deref());
    let (messages, connection) =
        join(api.ask(Method::GET, &messages, None), api.ask(Method::GET, CONNECTION, None)).await;
    let mut page = Page::new(texts, &messages, Connection::read(&connection));
    if let Some(code) = parameter(&query, "error") {
        page.notice = Some(Notice::of(texts, &code));
    }
    page.into_response()
}

/// The first value of a query's parameter.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
}

/// Where a page of the messages is.
fn messages(page_token: Option<&str>) -> String {
    let mut uri = MESSAGES.to_owned();
    if let Some(token) = page_token {
        uri.push('&');
        uri.push_str(&form_urlencoded::Serializer::new(String::new()).append_pair("pageToken", token).finish());
    }
    uri
}
