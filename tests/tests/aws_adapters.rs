//! The adapters to AWS, call by call: what they send, and what they make of every kind of answer.

#[cfg(test)]
mod aws_adapters {
    mod answers;
    mod connections;
    mod data_keys;
    mod endings;
    mod listing;
    mod quota;
    mod recorder;
    mod secrets;
    mod seen_events;
}
