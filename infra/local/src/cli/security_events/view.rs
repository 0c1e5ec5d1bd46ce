//! What the command shows, for people and for programs.

use std::{fmt::Write, process::ExitCode};

use serde_json::{Value, json};

use super::Failure;
use crate::security_event_stream::{Difference, Refusal, Registration, short_name};

/// What came of the command.
pub(super) enum View {
    /// What Google has on record, and what differs from what is needed.
    Shown { registration: Registration, differences: Vec<Difference> },
    /// A verification event is on its way.
    Asked { state: String },
    /// Nothing came of it.
    Failed { code: &'static str, detail: String, remedy: &'static str, refusal: Option<Refusal>, usage: bool },
}

impl View {
    pub(super) fn of_failure(failure: &Failure) -> Self {
        let (code, remedy, refusal) = match failure {
            Failure::NoKey => ("no_key", "", None),
            Failure::KeyFile(_) => ("key_file", "", None),
            Failure::Http(_) | Failure::Random(_) => ("machine", "", None),
            Failure::Stream(error) | Failure::ReadBack(error) => {
                (error.code(), error.remedy(), error.refusal().cloned())
            }
        };
        Self::Failed { code, detail: failure.to_string(), remedy, refusal, usage: matches!(failure, Failure::NoKey) }
    }

    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Asked { .. } => ExitCode::SUCCESS,
            Self::Shown { differences, .. } if differences.is_empty() => ExitCode::SUCCESS,
            Self::Failed { usage: true, .. } => ExitCode::from(2),
            Self::Shown { .. } | Self::Failed { .. } => ExitCode::FAILURE,
        }
    }

    pub(super) fn json(&self) -> String {
        let value = match self {
            Self::Shown { registration, differences } => shown_json(registration, differences),
            Self::Asked { state } => json!({"state": state}),
            Self::Failed { code, detail, remedy, refusal, .. } => {
                let google = refusal.as_ref().map(|it| json!({"status": it.status, "message": it.message}));
                json!({"error": {"code": code, "detail": detail, "remedy": remedy, "google": google}})
            }
        };
        format!("{value:#}\n")
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Shown { registration, differences } => shown_text(registration, differences),
            Self::Asked { state } => format!(
                "Google was asked for a verification event with this state:\n\n  {state}\n\n\
                 Within seconds, the function security-events logs it: look for the state in that function's log, such \
                 as\nthe log group /aws/lambda/…security-events. If it does not come, see “cargo run -- security-events status”.\n"
            ),
            Self::Failed { detail, remedy, refusal, .. } => failed_text(detail, remedy, refusal.as_ref()),
        }
    }
}

fn shown_json(registration: &Registration, differences: &[Difference]) -> Value {
    let difference = |it: &Difference| json!({"code": it.code(), "detail": it.detail(), "remedy": it.remedy()});
    json!({
        "endpoint": registration.endpoint,
        "delivery_method": registration.delivery_method,
        "events": registration.events,
        "status": registration.status.to_string(),
        "differences": differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

fn shown_text(registration: &Registration, differences: &[Difference]) -> String {
    let mut text = format!("Endpoint  {}\nStatus    {}\n", registration.endpoint, registration.status);
    for (index, event) in registration.events.iter().enumerate() {
        let name = if index == 0 { "Events" } else { "" };
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name:<10}{}", short_name(event));
    }
    text.push('\n');
    if differences.is_empty() {
        text.push_str("This is what Gmail Connect needs.\n");
    }
    for difference in differences {
        let _ = writeln!(text, "{}\n  {}", difference.detail(), difference.remedy());
    }
    text
}

fn failed_text(detail: &str, remedy: &str, refusal: Option<&Refusal>) -> String {
    let mut text = format!("error: {detail}\n");
    if !remedy.is_empty() {
        let _ = writeln!(text, "  {remedy}");
    }
    if let Some(refusal) = refusal.filter(|it| it.explanation().is_some()) {
        let _ = writeln!(text, "  Google said, with status {}: {}", refusal.status, refusal.message);
    }
    text
}
