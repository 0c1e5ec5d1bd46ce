//! A page of Gmail's list.

#![expect(clippy::unwrap_used, reason = "a page that we wrote is readable, or something does not hold")]

use serde_json::json;
use shared::{domain::mailbox::MessagePage, google::http::object};

/// A page is the same once written and read again.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let Some(page) = object::<MessagePage>(input) else { return };
    let written = json!({"messages": page.messages, "nextPageToken": page.next_page_token,
        "resultSizeEstimate": page.result_size_estimate});
    let again = object::<MessagePage>(written.to_string().as_bytes()).unwrap();
    assert_eq!(again.messages, page.messages);
    assert_eq!((again.next_page_token, again.result_size_estimate), (page.next_page_token, page.result_size_estimate));
}
