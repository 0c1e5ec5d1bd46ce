//! The refusals that show that the other routes are there, and closed.

use shared::google::http::NoAnswer;

use super::{CHECK, answer::Answer};
use crate::doctor::finding::Finding;

type Had<'a> = Result<&'a Answer, &'a NoAnswer>;

/// `GET /messages` without a session.
pub(super) fn session(had: Had<'_>) -> Finding {
    judge("GET /messages", had, |answer| {
        (answer.status == 401 && answer.code() == "session_required").then_some("asks for a session")
    })
}

/// `GET /users…` without a signature: API Gateway has to refuse it, so that our own refusal is never needed.
pub(super) fn unsigned(path: &str, had: Had<'_>) -> Finding {
    let route = format!("GET {path}");
    let open = |detail: String| {
        CHECK.problem(detail, format!("Set the authorizer AWS_IAM on the route {route}, as the templates do."))
    };
    match had {
        Ok(answer) if answer.code() == "forbidden" => open(format!(
            "{route} without a signature reaches the function: the route has no IAM authorizer. The function refused."
        )),
        Ok(answer) if answer.status < 300 => open(format!("{route} answers without a signature: mailboxes are open.")),
        had => judge(&route, had, |answer| (answer.status == 403).then_some("takes signed requests only")),
    }
}

/// `POST /security-events` with what is no event.
pub(super) fn security_event(had: Had<'_>) -> Finding {
    judge("POST /security-events", had, |answer| {
        (answer.status == 400 && !answer.text("err").is_empty()).then_some("refuses what Google did not sign")
    })
}

/// `GET /callback` without a `state`.
pub(super) fn callback(had: Had<'_>) -> Finding {
    judge("GET /callback", had, |answer| {
        (answer.status == 400 && answer.code() == "invalid_state").then_some("refuses what was not begun here")
    })
}

/// What answers without TLS, if it does not send browsers to https.
pub(super) fn plain_http(answer: &Answer) -> Option<Finding> {
    let sends_on = (300..400).contains(&answer.status) && answer.location.starts_with("https://");
    (!sends_on && answer.status < 400).then(|| {
        CHECK.warning(
            format!("The API also answers without TLS, with {}.", answer.summary()),
            "Let plain http be redirected to https, or not answered at all.",
        )
    })
}

fn judge(route: &str, had: Had<'_>, good: impl FnOnce(&Answer) -> Option<&'static str>) -> Finding {
    let Ok(answer) = had else {
        return CHECK
            .problem(format!("{route} gives no answer."), "The logs of the function and of API Gateway say why.");
    };
    match good(answer) {
        Some(what) => CHECK.ok(format!("{route} {what}.")),
        None => CHECK.problem(format!("{route} answers with {}.", answer.summary()), answer.remedy()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::Status;

    fn answer(status: u16, json: Value) -> Answer {
        Answer { status, json, ..Answer::default() }
    }

    #[test]
    fn the_right_refusals_are_good() {
        assert_eq!(session(Ok(&answer(401, json!({"code": "session_required"})))).status, Status::Ok);
        assert_eq!(unsigned("/users", Ok(&answer(403, json!({"message": "Forbidden"})))).status, Status::Ok);
        assert_eq!(security_event(Ok(&answer(400, json!({"err": "invalid_request"})))).status, Status::Ok);
        assert_eq!(callback(Ok(&answer(400, json!({"code": "invalid_state"})))).status, Status::Ok);
    }

    #[test]
    fn a_route_without_its_authorizer_is_a_problem_though_the_function_refuses() {
        let finding = unsigned("/users", Ok(&answer(403, json!({"code": "forbidden"}))));
        assert_eq!(finding.status, Status::Problem);
        assert!(finding.detail.contains("no IAM authorizer"), "{finding:?}");
        assert!(finding.remedy.unwrap().contains("AWS_IAM"));
        let open = unsigned("/users", Ok(&answer(200, json!({"users": []}))));
        assert!(open.detail.contains("open"), "{open:?}");
    }

    #[test]
    fn every_other_answer_is_a_problem() {
        let not_found = answer(404, json!({"message": "Not Found"}));
        for finding in [
            session(Ok(&not_found)),
            session(Ok(&answer(401, json!({})))),
            unsigned("/users", Ok(&not_found)),
            security_event(Ok(&answer(202, Value::Null))),
            security_event(Ok(&answer(400, Value::Null))),
            callback(Ok(&answer(200, Value::Null))),
            callback(Err(&NoAnswer::Lost)),
        ] {
            assert_eq!(finding.status, Status::Problem, "{finding:?}");
        }
        assert!(session(Ok(&not_found)).detail.contains("status 404, “Not Found”"));
    }

    #[test]
    fn an_answer_without_tls_has_to_lead_to_https() {
        let redirect = |location: &str| Answer { status: 301, location: location.to_owned(), ..Answer::default() };
        assert_eq!(plain_http(&redirect("https://mail.example.com/")), None);
        assert_eq!(plain_http(&answer(403, Value::Null)), None);
        assert!(plain_http(&redirect("http://mail.example.com/")).is_some());
        assert!(plain_http(&answer(200, Value::Null)).is_some());
    }
}
