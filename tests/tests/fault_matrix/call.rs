//! The names of calls: what the matrix has its rows by.

/// What comes before an item's key.
const KEY: &str = "\"pk\":{\"S\":\"";

/// The host of a call.
pub(super) fn host_of(call: &str) -> &str {
    call.split('.').next().unwrap()
}

/// Whether a call changes what is stored.
pub(super) fn is_write(call: &str) -> bool {
    ["PutItem", "TransactWriteItems", "UpdateItem"].iter().any(|operation| call.contains(operation))
}

/// The name of a call within its host.
pub(super) fn name_of(host: &str, request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    match header(&text, "x-amz-target:").and_then(|target| target.split_once('.')) {
        Some((_, operation)) => of_aws(host, operation, &text),
        None => of_google(host, &text),
    }
}

/// An operation; of DynamoDB's, with the kind of the first item that it is about.
fn of_aws(host: &str, operation: &str, text: &str) -> String {
    match text.split_once(KEY).filter(|_| host == "DynamoDB") {
        Some((_, key)) => format!("{operation}({})", key.split(['#', '"']).next().unwrap()),
        None => operation.to_owned(),
    }
}

fn of_google(host: &str, text: &str) -> String {
    let path = text.split(' ').nth(1).unwrap();
    match host {
        "Gmail" if path.starts_with("/batch") => "batch".to_owned(),
        "Gmail" => "list".to_owned(),
        "Token" if text.contains("grant_type=authorization_code") => "code".to_owned(),
        "Token" => "refresh".to_owned(),
        "Revocation" => "revoke".to_owned(),
        _ => "get".to_owned(),
    }
}

fn header<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut lines = text.lines().take_while(|line| !line.is_empty());
    lines.find(|line| line.to_ascii_lowercase().starts_with(name)).map(|line| line[name.len()..].trim())
}
