//! What the refusals of the configuration API mean, and what to do about each
//! ([error codes](https://developers.google.com/identity/protocols/risc#error_code_reference)).

/// What a refusal means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// A word for programs.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub detail: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Explanation {
    /// The explanation of a refusal by its HTTP status and by what Google says, its reason included; none for one that
    /// is not documented.
    pub fn of(status: u16, message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        let row = TABLE.iter().find(|(of_status, part, _)| *of_status == status && message.contains(part));
        row.map(|(_, _, explanation)| *explanation)
    }
}

const fn explain(code: &'static str, detail: &'static str, remedy: &'static str) -> Explanation {
    Explanation { code, detail, remedy }
}

const API_DISABLED: Explanation = explain(
    "api_disabled",
    "The RISC API is not enabled in the service account's project.",
    "Enable the “RISC API” in the Google Cloud console, accept its terms there, and try again after a few minutes.",
);

const UNAUTHORIZED: Explanation = explain(
    "unauthorized",
    "Google does not accept what this key signs.",
    "Check that this machine's clock is right, and that the key still exists and is enabled in the Google Cloud console; \
     else create a new JSON key of the service account.",
);

const NOT_REGISTERED: Explanation = explain(
    "not_registered",
    "The project has no stream of security events yet.",
    "Run “cargo run -- security-events register --url” with the API's base URL, such as https://mail.example.com.",
);

/// Each refusal by its status and a part of its message in small letters; the first that fits counts.
#[rustfmt::skip]
const TABLE: &[(u16, &str, Explanation)] = &[
    (400, "stream configuration must contain", explain(
        "configuration_incomplete",
        "Google misses a field in the stream's configuration.",
        "The API has changed since this version of Gmail Connect: take a newer one.",
    )),
    (401, "unauthorized", UNAUTHORIZED),
    (401, "invalid authentication credentials", UNAUTHORIZED),
    (403, "service_disabled", API_DISABLED),
    (403, "has not been used in project", API_DISABLED),
    (403, "must be an https url", explain(
        "endpoint_not_https",
        "Google sends security events to https addresses only.",
        "Give the deployed API's base URL, such as https://mail.example.com.",
    )),
    (403, "spec-compliant delivery method", explain(
        "managed_by_firebase",
        "The project belongs to Firebase, which takes the security events for it.",
        "If the project does not use Google Sign-In of Firebase, disable that there and try again after an hour; else use \
         a project of its own for Gmail Connect.",
    )),
    (403, "project could not be found", explain(
        "project_not_found",
        "The service account is of a project that is deleted, or is not the OAuth client's.",
        "Use a key of a service account of the same project as the OAuth client.",
    )),
    (403, "needs permission to access your risc configuration", explain(
        "permission_missing",
        "The service account may not configure security events.",
        "Give it the role “RISC Configuration Admin” (roles/riscconfigs.admin) in the project, and try again after a few \
         minutes.",
    )),
    (403, "only be called by a service account", explain(
        "not_a_service_account",
        "Google takes these calls from service accounts only.",
        "Use a JSON key of a service account of the same project as the OAuth client.",
    )),
    (403, "does not belong to any of your project", explain(
        "endpoint_of_another_domain",
        "The endpoint's domain is not one of the project's authorized domains.",
        "Add the domain to the authorized domains of the project's OAuth consent screen. API Gateway's own host name cannot \
         be added: give the API a custom domain.",
    )),
    (403, "at least one oauth client", explain(
        "no_oauth_client",
        "The service account's project has no OAuth client.",
        "Use a key of a service account of the same project as the OAuth client, or create the client there.",
    )),
    (403, "unsupported status", explain(
        "unsupported_status",
        "Google does not know the status that was asked for.",
        "The API has changed since this version of Gmail Connect: take a newer one.",
    )),
    (404, "project has no risc configuration", NOT_REGISTERED),
    (404, "no existing risc configuration", NOT_REGISTERED),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What Google documents, and the codes for it.
    const DOCUMENTED: [(u16, &str, &str); 15] = [
        (400, "Stream configuration must contain events_requested field.", "configuration_incomplete"),
        (400, "Stream configuration must contain delivery field.", "configuration_incomplete"),
        (401, "Unauthorized.", "unauthorized"),
        (401, "Request had invalid authentication credentials. Expected OAuth 2 access token.", "unauthorized"),
        (403, "Delivery endpoint must be an HTTPS URL.", "endpoint_not_https"),
        (
            403,
            "Existing stream configuration does not have spec-compliant delivery method for RISC.",
            "managed_by_firebase",
        ),
        (403, "Project could not be found.", "project_not_found"),
        (403, "Service account needs permission to access your RISC configuration", "permission_missing"),
        (403, "Stream management APIs should only be called by a service account.", "not_a_service_account"),
        (403, "Delivery endpoint does not belong to any of your project's domains.", "endpoint_of_another_domain"),
        (403, "To use this API, your project must have at least one OAuth client configured.", "no_oauth_client"),
        (403, "Unsupported status. Invalid status.", "unsupported_status"),
        (403, "RISC API has not been used in project 12 before or it is disabled.", "api_disabled"),
        (404, "Project has no RISC configuration.", "not_registered"),
        (404, "Project has no existing RISC configuration, cannot update status.", "not_registered"),
    ];

    #[test]
    fn every_documented_refusal_is_explained() {
        for (status, message, code) in DOCUMENTED {
            assert_eq!(Explanation::of(status, message).map(|it| it.code), Some(code), "{status} {message}");
        }
        assert_eq!(Explanation::of(403, "Permission denied. SERVICE_DISABLED").map(|it| it.code), Some("api_disabled"));
    }

    #[test]
    fn every_explanation_is_of_a_documented_refusal() {
        let of_table: BTreeSet<_> = TABLE.iter().map(|(_, _, explanation)| explanation.code).collect();
        assert_eq!(of_table, DOCUMENTED.iter().map(|(_, _, code)| *code).collect());
        for (_, part, explanation) in TABLE {
            assert_eq!(*part, part.to_lowercase());
            assert!(explanation.detail.ends_with('.') && explanation.remedy.ends_with('.'), "{}", explanation.code);
        }
    }

    #[test]
    fn what_is_not_documented_is_not_explained() {
        for (status, message) in [(400, "Unauthorized."), (403, "Quota exceeded."), (404, "Not Found"), (403, "")] {
            assert_eq!(Explanation::of(status, message), None, "{status} {message}");
        }
    }
}
