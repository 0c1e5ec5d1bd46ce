//! What all calls to AWS have in common, whichever adapter makes them: the log says each try after the first and each denial,
//! and each further try is taken out of the request's budget.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, InterceptorContext,
            },
            dyn_dispatch_hint,
        },
        orchestrator::{HttpResponse, Metadata},
        retries::{
            RequestAttempts,
            classifiers::{ClassifyRetry, RetryAction},
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;

use crate::{
    retry,
    telemetry::{Metric, count},
};

/// Error codes that say «you may not», and those of a KMS key that may not be used at all.
const DENIALS: [&str; 5] = [
    "AccessDeniedException",
    "DisabledException",
    "KMSInvalidStateException",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
];
/// What may be denied: where the secrets cannot be had in one call, each is read by itself, and that must not be denied.
const DISPENSABLE: &str = "BatchGetSecretValue";

/// The log of a client's calls, which also counts further tries.
#[derive(Debug)]
pub struct CallLog;

#[dyn_dispatch_hint]
impl Intercept for CallLog {
    fn name(&self) -> &'static str {
        "CallLog"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let tried = config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        if let (2.., Some(call)) = (tried, config.load::<Metadata>()) {
            retry::spend();
            tracing::warn!(call = format!("{}.{}", call.service(), call.name()), tried = tried - 1, "trying again");
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(code), Some(call)) = (error_code(context.response()), config.load::<Metadata>()) {
            note_denial(call.service(), call.name(), &code);
        }
        Ok(())
    }
}

/// Says no to a further try once the request has had its part of them; all else is left to the SDK.
#[derive(Debug)]
pub struct RetryBudget;

impl ClassifyRetry for RetryBudget {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        if retry::is_affordable() { RetryAction::NoActionIndicated } else { RetryAction::RetryForbidden }
    }

    fn name(&self) -> &'static str {
        "RetryBudget"
    }
}

/// Counts and logs an error of AWS's, if it is a denial.
pub fn note_denial(service: &str, action: &str, code: &str) {
    if !DENIALS.contains(&code) || action == DISPENSABLE {
        return;
    }
    count(Metric::AccessDenied, 1);
    tracing::error!(service, action, error = code, look_at = remedy(service), "AWS denied a call");
}

/// Where the permission has to be.
fn remedy(service: &str) -> &'static str {
    match service {
        "DynamoDB" => {
            "the function's role: it needs the action (a transaction needs that of each write) on the table of \
             CONNECTIONS_TABLE and its index, and kms:Decrypt through DynamoDB on the key that encrypts the table"
        }
        "EventBridge" => {
            "the function's role: it needs events:PutEvents on the bus of EVENT_BUS_NAME; and the bus's policy"
        }
        "KMS" => {
            "the function's role: it needs the action on the key of TOKEN_KMS_KEY_ID, with the encryption context \
             purpose=gmail-connect; the key's policy, which has to let the account's roles use it; and whether the key \
             is enabled"
        }
        "Secrets Manager" => {
            "the function's role: it needs the action on the secrets of CLIENT_SECRET_ID and COOKIE_KEY_SECRET_ID; \
             the secrets' policies; and the key that encrypts them"
        }
        _ => "the function's role",
    }
}

/// The code of an answer that is an error, in
/// [the protocol of the services that are used](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization).
fn error_code(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Error {
        #[serde(rename = "__type")]
        code: String,
    }
    if response.status().is_success() {
        return None;
    }
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let body = || Some(serde_json::from_slice::<Error>(response.body().bytes()?).ok()?.code);
    let code = header.or_else(body)?;
    // Some services put a namespace before the name, some a place behind it.
    let code = code.rsplit('#').next()?.split(':').next()?;
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn code(status: u16, header: Option<&'static str>, body: &str) -> Option<String> {
        let status = StatusCode::try_from(status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some(header) = header {
            response.headers_mut().insert("x-amzn-errortype", header);
        }
        error_code(&response)
    }

    #[test]
    fn the_code_of_an_error_is_found_wherever_a_service_puts_it() {
        let denied = Some("AccessDeniedException".to_owned());
        for (header, body) in [
            (None, r#"{"__type":"AccessDeniedException","Message":"m"}"#),
            (None, r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#),
            (Some("AccessDeniedException"), ""),
            (Some("AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/"), "{}"),
        ] {
            assert_eq!(code(400, header, body), denied, "{header:?} {body}");
        }
        for (status, body) in [(200, r#"{"__type":"AccessDeniedException"}"#), (400, "{}"), (400, "<html>"), (500, "")]
        {
            assert_eq!(code(status, None, body), None, "{status} {body}");
        }
    }

    #[test]
    fn every_service_that_is_called_has_its_remedy() {
        for (service, word) in
            [("DynamoDB", "table"), ("EventBridge", "bus"), ("KMS", "key's policy"), ("Secrets Manager", "secrets")]
        {
            assert!(remedy(service).contains(word), "{service}");
        }
    }
}
