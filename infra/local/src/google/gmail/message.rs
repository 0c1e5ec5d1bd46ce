//! One sample message, made from its place in the mailbox.

use shared::domain::time::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::{
    mailbox::{self, ASIDE, mixed},
    sample::{SAMPLES, SPAM, Sample},
};
use crate::google::Account;

/// Within so many messages, the second, fourth and seventh are one conversation.
const BLOCK: u64 = 8;
const CONVERSATION: [u64; 3] = [1, 3, 6];

/// A message of a mailbox.
pub(super) struct Message<'a> {
    pub(super) account: &'a Account,
    pub(super) serial: u64,
    pub(super) date: Timestamp,
}

impl Message<'_> {
    pub(super) fn id(&self) -> String {
        mailbox::id(&self.account.sub, self.serial)
    }

    /// The id of the conversation's first message.
    pub(super) fn thread_id(&self) -> String {
        mailbox::id(&self.account.sub, self.thread())
    }

    fn thread(&self) -> u64 {
        let (block, place) = (self.serial / BLOCK, self.serial % BLOCK);
        let talks = self.serial >= ASIDE && block > 0 && CONVERSATION.contains(&place);
        if talks { block * BLOCK + 1 } else { self.serial }
    }

    fn is_reply(&self) -> bool {
        self.thread() != self.serial
    }

    /// Whether the account's owner wrote it: the middle of each conversation.
    fn is_sent(&self) -> bool {
        self.is_reply() && self.serial % BLOCK == 3
    }

    fn sample(&self) -> &'static Sample {
        if self.serial < ASIDE {
            return &SPAM;
        }
        let count = u64::try_from(SAMPLES.len()).unwrap_or(1);
        let chosen = usize::try_from(mixed(&self.account.sub, self.thread()) / 7 % count).unwrap_or_default();
        SAMPLES.get(chosen).unwrap_or(&SPAM)
    }

    pub(super) fn label_ids(&self) -> Vec<&'static str> {
        let luck = mixed(&self.account.sub, self.serial);
        match self.serial {
            0..3 => return vec!["SPAM", "UNREAD"],
            3..ASIDE => return vec!["TRASH"],
            _ if self.is_sent() => return vec!["SENT"],
            _ => {}
        }
        let mut labels = Vec::from([("UNREAD", 4), ("IMPORTANT", 3), ("STARRED", 11)]);
        labels.retain(|(_, one_in)| luck.is_multiple_of(*one_in));
        let mut labels: Vec<_> = labels.into_iter().map(|(label, _)| label).collect();
        labels.extend([self.sample().category, "INBOX"]);
        labels
    }

    pub(super) fn is_aside(&self) -> bool {
        self.serial < ASIDE
    }

    pub(super) fn from(&self) -> String {
        let sample = self.sample();
        if self.is_sent() { self.me() } else { mailbox_of(sample.name, sample.address) }
    }

    pub(super) fn to(&self) -> String {
        let sample = self.sample();
        if self.is_sent() { mailbox_of(sample.name, sample.address) } else { self.me() }
    }

    fn me(&self) -> String {
        mailbox_of(&self.account.name, &self.account.email)
    }

    pub(super) fn subject(&self) -> String {
        let subject = self.sample().subject;
        if self.is_reply() { format!("Re: {subject}") } else { subject.to_owned() }
    }

    /// The plain text.
    pub(super) fn text(&self) -> String {
        format!("{}\r\n\r\n(No. {})\r\n", self.sample().text, self.serial)
    }

    /// The same as HTML.
    pub(super) fn html(&self) -> String {
        format!("<p>{}</p><p>(No. {})</p>\r\n", escaped(self.sample().text), self.serial)
    }

    /// The beginning of the text, escaped for HTML as Gmail does it.
    pub(super) fn snippet(&self) -> String {
        escaped(&self.text().split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The headers in their order. Some senders write `Message-Id`, as in real life.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let message_id = if self.serial.is_multiple_of(2) { "Message-ID" } else { "Message-Id" };
        let mut headers = vec![
            ("Date", self.date_header()),
            ("From", self.from()),
            ("To", self.to()),
            (message_id, rfc822_id(&self.id())),
            ("Subject", self.subject()),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", format!("multipart/alternative; boundary=\"{}\"", self.boundary())),
        ];
        if self.is_reply() {
            headers.push(("In-Reply-To", rfc822_id(&self.thread_id())));
            headers.push(("References", rfc822_id(&self.thread_id())));
        }
        headers
    }

    pub(super) fn boundary(&self) -> String {
        format!("part-{}", self.id())
    }

    fn date_header(&self) -> String {
        let date = OffsetDateTime::from_unix_timestamp(self.date.unix_seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        date.format(&Rfc2822).unwrap_or_default()
    }
}

fn rfc822_id(id: &str) -> String {
    format!("<{id}@mail.example.com>")
}

fn mailbox_of(name: &str, address: &str) -> String {
    if name.contains('&') { format!("\"{name}\" <{address}>") } else { format!("{name} <{address}>") }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}
