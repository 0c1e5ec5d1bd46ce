//! What the doctor found, for people and for programs.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::doctor::{Finding, Status};

/// The findings in JSON, and how many there are of each status.
pub(super) fn json(findings: &[Finding]) -> String {
    let counts: Map<_, _> = counts(findings).map(|(status, count)| (status.word().to_owned(), count.into())).collect();
    format!("{:#}\n", json!({"findings": findings, "counts": Value::Object(counts)}))
}

/// A line for each finding, with what to do about it below; the last line counts them.
pub(super) fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|it| it.check.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Finding { check, status, detail, remedy } in findings {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{:<7}  {check:<width$}  {detail}", status.word());
        if let Some(remedy) = remedy {
            let _ = writeln!(text, "{:<7}  {:<width$}  → {remedy}", "", "");
        }
    }
    let counts: Vec<_> = counts(findings).map(|(status, count)| format!("{count} {}", status.word())).collect();
    let _ = writeln!(text, "\n{}", counts.join(", "));
    text
}

fn counts(findings: &[Finding]) -> impl Iterator<Item = (Status, usize)> {
    Status::ALL.into_iter().map(|status| (status, findings.iter().filter(|it| it.status == status).count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        let finding = |check, status, remedy: Option<&str>| Finding {
            check,
            status,
            detail: "So it is.".to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        vec![
            finding("table", Status::Ok, None),
            finding("client-secret", Status::Problem, Some("Do this.")),
            finding("key", Status::Skipped, Some("Give that.")),
        ]
    }

    #[test]
    fn each_finding_is_a_line_with_its_remedy_below_and_the_last_line_counts() {
        let expected = "\
ok       table          So it is.
problem  client-secret  So it is.
                        → Do this.
skipped  key            So it is.
                        → Give that.

1 ok, 0 warning, 1 problem, 1 skipped
";
        assert_eq!(text(&findings()), expected);
    }

    #[test]
    fn programs_get_the_same() {
        let value: Value = serde_json::from_str(&json(&findings())).unwrap();
        assert_eq!(value["counts"], json!({"ok": 1, "warning": 0, "problem": 1, "skipped": 1}));
        let expected =
            json!({"check": "client-secret", "status": "problem", "detail": "So it is.", "remedy": "Do this."});
        assert_eq!(value["findings"][1], expected);
        assert_eq!(value["findings"][0]["remedy"], Value::Null);
    }
}
