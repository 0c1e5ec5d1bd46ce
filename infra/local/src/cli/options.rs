//! How the options' values are read.

use shared::domain::origin::Origin;
use url::Url;

use crate::security_event_stream;

/// A site: https, or http on this machine, and nothing behind it.
pub(super) fn origin(text: &str) -> Result<Origin, &'static str> {
    Origin::parse(text).ok_or("it is not an https address without a path, such as https://mail.example.com")
}

/// Where security events are to go, from the API's base URL or in full.
pub(super) fn endpoint(text: &str) -> Result<Url, &'static str> {
    security_event_stream::endpoint(text)
        .ok_or("it is not the https address of the API without a path, such as https://mail.example.com")
}
