//! The adapters to Google, request by request: what they send, and what they make of every kind of answer.

#[cfg(test)]
mod google_adapters {
    mod answers;
    mod endpoint;
    mod keys;
    mod requests;
    mod security_event_tokens;
}
