//! Hostile input: what every parser that outsiders reach has to hold to, whatever comes.
//!
//! Each public module is one target. Its `hold` gives an input to the parser, by the way that an outsider has to it, and
//! panics if something does not hold: not only that there is an answer, but that the answer is a sound one. A
//! coverage-guided fuzzer makes the inputs (`.ci/fuzz`); those that are kept in `corpus/` are also tests, for which no
//! fuzzer is needed.

mod at_hand;
mod fake_aws;
mod fake_google;
mod genuine;
mod sound;
mod world;

pub mod accept;
pub mod aws;
pub mod batch;
pub mod client_secret;
pub mod cookies;
pub mod event;
pub mod front_door;
pub mod gmail_list;
pub mod google;
pub mod id_token;
pub mod page;
pub mod query;
pub mod records;
pub mod return_to;
pub mod security_event;

/// A target: what holds for every input.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 15] = [
    ("accept", accept::hold),
    ("aws", aws::hold),
    ("batch", batch::hold),
    ("client_secret", client_secret::hold),
    ("cookies", cookies::hold),
    ("event", event::hold),
    ("front_door", front_door::hold),
    ("gmail_list", gmail_list::hold),
    ("google", google::hold),
    ("id_token", id_token::hold),
    ("page", page::hold),
    ("query", query::hold),
    ("records", records::hold),
    ("return_to", return_to::hold),
    ("security_event", security_event::hold),
];
