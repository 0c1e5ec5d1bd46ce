//! The calls inside a `multipart/mixed` body (RFC 2046 §5.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::google::gmail::{call::Call, headers::bearer};

/// A call inside a batch.
pub(super) struct Part<'a> {
    pub(super) content_id: Option<&'a str>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
}

impl Part<'_> {
    /// The call, with the batch's own access token where it has none.
    pub(super) fn call<'a>(&'a self, outer: Option<&'a str>) -> Call<'a> {
        let bearer = if self.headers.contains_key(header::AUTHORIZATION) { bearer(&self.headers) } else { outer };
        let query = self.uri.query().unwrap_or_default();
        Call { method: &self.method, path: self.uri.path(), query, bearer }
    }
}

/// Reads the calls of a batch; `None` if the body is not what the content type says.
pub(super) fn parse<'a>(kind: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("--{}", boundary(kind)?);
    let text = std::str::from_utf8(body).ok()?;
    let (inside, _) = text.rsplit_once(&format!("{delimiter}--"))?;
    let (_, inside) = inside.split_once(&delimiter)?;
    inside.split(&delimiter).map(part).collect()
}

fn boundary(kind: &str) -> Option<&str> {
    let (mime_type, parameters) = kind.split_once(';')?;
    let boundary = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    let boundary = boundary.trim_matches('"');
    (mime_type.trim().eq_ignore_ascii_case("multipart/mixed") && !boundary.is_empty()).then_some(boundary)
}

fn part(text: &str) -> Option<Part<'_>> {
    let (outer, request) = head_and_rest(text.trim_start())?;
    let (head, _) = head_and_rest(request.trim_start()).unwrap_or((request, ""));
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let mut words = line.split_whitespace();
    let (method, uri) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let is_http = fields(outer).any(|(name, value)| is(name, "content-type") && value.starts_with("application/http"));
    let content_id = fields(outer).find(|(name, _)| is(name, "content-id")).map(|(_, value)| value);
    is_http.then(|| Part { content_id, method, uri, headers: header_map(headers) })
}

/// What is before the first empty line, and what is after it.
fn head_and_rest(text: &str) -> Option<(&str, &str)> {
    text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))
}

fn fields(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim()))
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

fn header_map(head: &str) -> HeaderMap {
    let parsed = fields(head)
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)));
    parsed.collect()
}
