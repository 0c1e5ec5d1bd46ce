//! What a check finds.

use serde::Serialize;

/// How good or bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is as it has to be.
    Ok,
    /// It works, and could be better; or it cannot be seen from here.
    Warning,
    /// It does not work.
    Problem,
    /// There was nothing to look at.
    Skipped,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Problem, Self::Skipped];

    /// The status as a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The check that found it.
    pub check: &'static str,
    /// How good or bad it is.
    pub status: Status,
    /// What is so, in a sentence.
    pub detail: String,
    /// What to do about it; for what was skipped, what to give.
    pub remedy: Option<String>,
}

/// A check by its name, as the maker of its findings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check(pub(super) &'static str);

impl Check {
    pub(super) fn ok(self, detail: impl Into<String>) -> Finding {
        Finding { check: self.0, status: Status::Ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn warning(self, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { check: self.0, status: Status::Warning, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn problem(self, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { check: self.0, status: Status::Problem, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn skipped(self, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { check: self.0, status: Status::Skipped, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}
