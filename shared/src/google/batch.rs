//! Gmail's batch bodies: many requests in one `multipart/mixed`
//! ([batching requests](https://developers.google.com/workspace/gmail/api/guides/batch)).

use std::{fmt::Write, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::mailbox::MessageFormat;

const BOUNDARY: &str = "gmail-connect-batch";

/// The media type of a batch that we send.
pub const CONTENT_TYPE: &str = "multipart/mixed; boundary=gmail-connect-batch";

/// The body of a batch that gets each message; a part's Content-ID is the message's place in the list.
pub fn request(ids: &[&str], format: &MessageFormat) -> String {
    let query = query(format);
    let mut body = String::new();
    for (index, id) in ids.iter().enumerate() {
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        // Writing to a String does not fail.
        let _ = write!(
            body,
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <{index}>\r\n\r\n\
             GET /gmail/v1/users/me/messages/{id}?{query} HTTP/1.1\r\n\r\n\r\n"
        );
    }
    body.push_str("--");
    body.push_str(BOUNDARY);
    body.push_str("--\r\n");
    body
}

fn query(format: &MessageFormat) -> String {
    let name = match format {
        MessageFormat::Ids | MessageFormat::Minimal => "minimal",
        MessageFormat::Metadata { .. } => "metadata",
        MessageFormat::Full => "full",
    };
    let mut query = format!("format={name}&prettyPrint=false");
    if let MessageFormat::Metadata { headers } = format {
        for header in headers {
            let _ = write!(query, "&metadataHeaders={}", utf8_percent_encode(header, NON_ALPHANUMERIC));
        }
    }
    query
}

/// One inner answer.
#[derive(Debug, Eq, PartialEq)]
pub struct Part<'a> {
    /// The place of its request.
    pub index: usize,
    /// The inner HTTP status.
    pub status: u16,
    /// What the inner `Retry-After` says.
    pub retry_after: Option<Duration>,
    /// The inner body.
    pub body: &'a [u8],
}

/// Reads the body of a batch's answer; `None` if it is not one. Parts that make no sense are left out.
pub fn parse<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = boundary(content_type)?;
    let delimiter = format!("\n--{boundary}");
    let mut parts = Vec::new();
    let mut rest = match body.strip_prefix(delimiter.trim_start().as_bytes()) {
        Some(rest) => rest,
        None => split(body, delimiter.as_bytes())?.1,
    };
    while !rest.starts_with(b"--") {
        let (part, next) = split(rest, delimiter.as_bytes())?;
        parts.extend(part_of(part));
        rest = next;
    }
    Some(parts)
}

fn boundary(content_type: &str) -> Option<&str> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let mut parameters = parameters.split(';').map(str::trim);
    let boundary = parameters.find_map(|parameter| parameter.strip_prefix("boundary="))?.trim_matches('"');
    (!boundary.is_empty()).then_some(boundary)
}

/// One part: its own head, then an HTTP answer of status line, head and body.
fn part_of(part: &[u8]) -> Option<Part<'_>> {
    let (head, answer) = split_head(part)?;
    let index = header(head, "content-id")?.trim_matches(['<', '>']);
    let index = index.strip_prefix("response-").unwrap_or(index).parse().ok()?;
    let (answer_head, body) = split_head(answer)?;
    let status = answer_head.lines().next()?.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let retry_after = header(answer_head, "retry-after").and_then(|value| value.parse().ok()).map(Duration::from_secs);
    Some(Part { index, status, retry_after, body: body.trim_ascii() })
}

/// A head and what is behind its empty line.
fn split_head(text: &[u8]) -> Option<(&str, &[u8])> {
    let text = text.trim_ascii_start();
    let (head, body) = split(text, b"\r\n\r\n").or_else(|| split(text, b"\n\n"))?;
    Some((std::str::from_utf8(head).ok()?, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// What is before and behind a separator. Looks for its first byte, which is rare in what is between.
fn split<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let first = separator.first()?;
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.iter().position(|byte| byte == first)?;
        let (before, found) = text.split_at_checked(at)?;
        match found.strip_prefix(separator) {
            Some(behind) => return Some((before, behind)),
            None => from = at + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(parts: &[(usize, u16, &str)]) -> Vec<u8> {
        let mut body = String::from("\r\n");
        for (index, status, json) in parts {
            write!(
                body,
                "--b_x\r\nContent-Type: application/http\r\nContent-ID: <response-{index}>\r\n\r\n\
                 HTTP/1.1 {status} Reason\r\nContent-Type: application/json\r\nRetry-After: 3\r\n\r\n{json}\r\n"
            )
            .unwrap();
        }
        (body + "--b_x--\r\n").into_bytes()
    }

    #[test]
    fn each_part_is_found_by_its_content_id_in_any_order() {
        let body = answer(&[(1, 429, "{\"error\":{}}"), (0, 200, "{\n \"id\": \"a\"\n}")]);
        let wait = Some(Duration::from_secs(3));
        let parts = parse("multipart/mixed; boundary=b_x", &body).unwrap();
        assert_eq!(
            parts,
            [
                Part { index: 1, status: 429, retry_after: wait, body: b"{\"error\":{}}" },
                Part { index: 0, status: 200, retry_after: wait, body: b"{\n \"id\": \"a\"\n}" },
            ]
        );
    }

    #[test]
    fn what_is_no_batch_is_none() {
        let body = answer(&[(0, 200, "{}")]);
        for content_type in
            ["", "text/html", "multipart/mixed", "multipart/mixed; boundary=", "application/json; boundary=b_x"]
        {
            assert!(parse(content_type, &body).is_none(), "{content_type}");
        }
        assert!(parse("multipart/mixed; boundary=b_x", &body[..body.len() - 8]).is_none(), "cut off");
    }

    #[test]
    fn a_request_names_each_message_and_the_wanted_headers() {
        let format = MessageFormat::Metadata { headers: vec!["From".into(), "X-A b".into()] };
        let body = request(&["18c", "a/../b"], &format);
        let lines: Vec<_> = body.lines().filter(|line| line.starts_with("GET")).collect();
        let query = "format=metadata&prettyPrint=false&metadataHeaders=From&metadataHeaders=X%2DA%20b";
        assert_eq!(lines[0], format!("GET /gmail/v1/users/me/messages/18c?{query} HTTP/1.1"));
        assert_eq!(lines[1], format!("GET /gmail/v1/users/me/messages/a%2F%2E%2E%2Fb?{query} HTTP/1.1"));
        assert!(body.ends_with("--gmail-connect-batch--\r\n"));
    }

    proptest! {
        #[test]
        fn no_answer_is_a_surprise(content_type: String, body: Vec<u8>) {
            let _ = parse(&content_type, &body);
            let _ = parse("multipart/mixed; boundary=b", &body);
        }

        #[test]
        fn every_part_of_any_status_is_read(parts in prop::collection::vec((0usize..100, 100u16..600, "[a-z]{0,20}"), 0..20)) {
            let parts: Vec<_> = parts.iter().map(|(index, status, text)| (*index, *status, text.as_str())).collect();
            let body = answer(&parts);
            if parts.is_empty() { return Ok(()); }
            let read = parse("multipart/mixed; boundary=\"b_x\"", &body).unwrap();
            let read: Vec<_> = read.iter().map(|part| (part.index, part.status, std::str::from_utf8(part.body).unwrap())).collect();
            prop_assert_eq!(read, parts);
        }
    }
}
