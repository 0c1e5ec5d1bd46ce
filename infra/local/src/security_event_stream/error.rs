//! Why a call to the configuration API failed.

use super::{explanation::Explanation, printable};

/// A call to the configuration API failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StreamError {
    /// The key signs nothing.
    #[error("The key signs nothing.")]
    Signature,
    /// The API's address has no one behind it, as seen from here.
    #[error("{0} cannot be reached.")]
    Unreachable(String),
    /// There was no answer in time, or the connection broke.
    #[error("{0} gave no answer in time.")]
    NoAnswer(String),
    /// Google fails, or has too much to do.
    #[error("Google cannot do it at present (status {0}).")]
    Failing(u16),
    /// The answer is none of this API.
    #[error("The answer (status {0}) is not one of Google's stream configuration API.")]
    Strange(u16),
    /// Google refused.
    #[error("{}", .0.detail())]
    Refused(Refusal),
}

impl StreamError {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Unreachable(_) => "unreachable",
            Self::NoAnswer(_) => "no_answer",
            Self::Failing(_) => "google_unavailable",
            Self::Strange(_) => "strange_answer",
            Self::Refused(refusal) => refusal.explanation().map_or("refused", |it| it.code),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Signature => "Create a new JSON key of the service account.",
            Self::Unreachable(_) => "Check the network of this machine, its name service and its proxy.",
            Self::NoAnswer(_) | Self::Failing(_) => "Try again in a few minutes.",
            Self::Strange(_) => "Check --risc-url, and whether a proxy answers in Google's place.",
            Self::Refused(refusal) => refusal.explanation().map_or(
                "This refusal is not among those that Google documents: what Google said is all that is known.",
                |it| it.remedy,
            ),
        }
    }

    /// What Google said, where it refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// What Google said when it refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The message, fit for a terminal.
    pub message: String,
    /// The reason in the details, such as `SERVICE_DISABLED`; or nothing.
    pub reason: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: &str, reason: &str) -> Self {
        Self { status, message: printable(message), reason: printable(reason) }
    }

    /// What it means, if it is documented.
    pub fn explanation(&self) -> Option<Explanation> {
        Explanation::of(self.status, &format!("{} {}", self.message, self.reason))
    }

    fn detail(&self) -> String {
        self.explanation().map_or_else(
            || format!("Google refuses (status {}): {}", self.status, self.message),
            |it| it.detail.to_owned(),
        )
    }
}
