//! Gmail's batches: the request that we write, and the multipart answer.

#![expect(clippy::unwrap_used, reason = "a batch that we wrote is readable, or something does not hold")]

use std::io::Write;

use shared::{
    domain::mailbox::MessageFormat,
    google::batch::{Part, parse, request},
};

/// How many messages are asked for at once, more or less.
const MOST: usize = 30;
const BOUNDARY: &str = "a-boundary-that-is-nowhere-else";

/// The first line is the media type, the rest the body. The parts lie within the body, and are the same once written and
/// read again; identifiers cannot add a request to ours.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let (first, body) = (String::from_utf8_lossy(lines.next().unwrap_or_default()), lines.next().unwrap_or_default());
    one_request_each(&first);
    let Some(parts) = parse(&first, body) else { return };
    let inside: usize = parts.iter().map(|part| part.body.len()).sum();
    assert!(inside <= body.len());
    if parts.iter().any(|part| part.body.windows(BOUNDARY.len()).any(|window| window == BOUNDARY.as_bytes())) {
        return;
    }
    let written = written(&parts);
    assert_eq!(parse(&format!("multipart/mixed; boundary={BOUNDARY}"), &written).unwrap(), parts);
}

fn written(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let wait = part.retry_after.map_or_else(String::new, |wait| format!("Retry-After: {}\r\n", wait.as_secs()));
        let (index, status) = (part.index, part.status);
        write!(body, "--{BOUNDARY}\r\nContent-ID: <response-{index}>\r\n\r\nHTTP/1.1 {status} OK\r\n{wait}\r\n")
            .unwrap();
        body.extend_from_slice(part.body);
        body.extend_from_slice(b"\r\n");
    }
    write!(body, "--{BOUNDARY}--\r\n").unwrap();
    body
}

fn one_request_each(text: &str) {
    let ids: Vec<_> = text.split(' ').take(MOST).collect();
    let headers = ids.iter().map(|id| (*id).to_owned()).collect();
    let body = request(&ids, &MessageFormat::Metadata { headers });
    assert_eq!(body.lines().filter(|line| line.starts_with("GET /gmail/v1/users/me/messages/")).count(), ids.len());
    assert_eq!(body.matches("--gmail-connect-batch").count(), ids.len() + 1);
    assert_eq!(body.lines().count(), 7 * ids.len() + 1);
}
