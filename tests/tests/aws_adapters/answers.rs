//! What fails for now is tried again by the SDK, and ends as an error that says whether it may go better.

use futures_util::future::join_all;
use local::aws::{AwsFault, Effect};
use shared::{
    domain::{
        connection::{ConnectionStore, Lease, SealedAccessToken, StatusWord, StoreError, WriteError},
        data_key::DataKeys,
        revocation::Reason,
    },
    secrets::SecretStore,
};

use super::recorder::*;

/// One call of each kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Call {
    Find,
    Put,
    Lease,
    Share,
    Release,
    Mark,
    EndSessions,
    Delete,
    Indexed,
    Page,
    Keep,
    Kept,
    Generate,
    Unwrap,
    Secret,
}

const CALLS: [(Call, &str); 15] = [
    (Call::Find, "DynamoDB.GetItem"),
    (Call::Put, "DynamoDB.TransactWriteItems"),
    (Call::Lease, "DynamoDB.UpdateItem"),
    (Call::Share, "DynamoDB.UpdateItem"),
    (Call::Release, "DynamoDB.UpdateItem"),
    (Call::Mark, "DynamoDB.UpdateItem"),
    (Call::EndSessions, "DynamoDB.UpdateItem"),
    (Call::Delete, "DynamoDB.TransactWriteItems"),
    (Call::Indexed, "DynamoDB.GetItem"),
    (Call::Page, "DynamoDB.Query"),
    (Call::Keep, "DynamoDB.UpdateItem"),
    (Call::Kept, "DynamoDB.GetItem"),
    (Call::Generate, "KMS.GenerateDataKey"),
    (Call::Unwrap, "KMS.Decrypt"),
    (Call::Secret, "SecretsManager.GetSecretValue"),
];

/// Something for every call to work on.
async fn world() -> (Aws, Vec<u8>) {
    let aws = Aws::start().await;
    let leased = shared::domain::connection::Connection { lease: Some(lease()), ..connection(7) };
    aws.connections().put(&leased, None).await.unwrap();
    aws.connections().keep("key#a", b"value", None).await.unwrap();
    aws.embedded.secrets().put("cookie-key", "first").unwrap();
    aws.embedded.secrets().put("cookie-key", "second").unwrap();
    let wrapped = aws.data_keys().generate("1").await.unwrap().wrapped;
    (aws, wrapped)
}

fn lease() -> Lease {
    Lease { owner: "a".to_owned(), expires_at: at(10) }
}

impl Call {
    /// Runs it: `ok`, `conflict`, `for now` or `for good`.
    async fn run(self, aws: &Aws, wrapped: &[u8]) -> &'static str {
        let connections = aws.connections();
        let read = shared::domain::connection::Connection { lease: Some(lease()), ..connection(7) };
        let token = SealedAccessToken { sealed: vec![9], expires_at: at(7200) };
        match self {
            Self::Find => read_word(&connections.find(&user()).await),
            Self::Put => write_word(&connections.put(&connection(8), Some(&read)).await),
            Self::Lease => write_word(&connections.lease(&read, &lease(), at(1)).await),
            Self::Share => write_word(&connections.share_access_token(&read, "a", &token, at(1)).await),
            Self::Release => write_word(&connections.release(&read, "a").await),
            Self::Mark => write_word(&connections.mark_revoked(&read, &Reason::TokenRevoked, at(1)).await),
            Self::EndSessions => write_word(&connections.end_sessions(&read, at(9)).await),
            Self::Delete => write_word(&connections.delete(&read).await),
            Self::Indexed => read_word(&connections.indexed(b"a").await),
            Self::Page => read_word(&connections.page(StatusWord::Active, None, 10).await),
            Self::Keep => read_word(&connections.keep("key#b", b"value", None).await),
            Self::Kept => read_word(&connections.kept("key#a").await),
            Self::Generate => word(&aws.data_keys().generate("1").await),
            Self::Unwrap => word(&aws.data_keys().unwrap("1", wrapped).await),
            Self::Secret => word(&aws.secrets().previous("cookie-key").await),
        }
    }

    /// Whether its errors say if they are for now.
    fn tells(self) -> bool {
        !matches!(self, Self::Generate | Self::Unwrap | Self::Secret)
    }
}

fn read_word<T>(outcome: &Result<T, StoreError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(error) if error.transient => "for now",
        Err(_) => "for good",
    }
}

fn write_word(outcome: &Result<(), WriteError>) -> &'static str {
    match outcome {
        Ok(()) => "ok",
        Err(WriteError::Conflict) => "conflict",
        Err(WriteError::Store(error)) if error.transient => "for now",
        Err(WriteError::Store(_)) => "for good",
    }
}

fn word<T, E>(outcome: &Result<T, E>) -> &'static str {
    if outcome.is_ok() { "ok" } else { "for good" }
}

fn denied() -> Effect {
    Effect::Error { code: "AccessDeniedException".to_owned() }
}

/// Runs every call under a fault, which strikes that often: what became of it, and after how many tries.
async fn assert_every(effect: Effect, times: Option<u32>, expected: &str, tries: u64) {
    let fault = AwsFault { times, effect };
    join_all(CALLS.map(|(call, operation)| assert_one(call, operation, &fault, expected, tries))).await;
}

async fn assert_one(call: Call, operation: &str, fault: &AwsFault, expected: &str, tries: u64) {
    let (aws, wrapped) = world().await;
    let before = aws.embedded.faults().calls(operation);
    aws.embedded.faults().fail(operation, fault.clone());
    let outcome = call.run(&aws, &wrapped).await;
    let expected = if call.tells() || expected == "ok" { expected } else { "for good" };
    assert_eq!(outcome, expected, "{call:?} {fault:?}");
    assert_eq!(aws.embedded.faults().calls(operation) - before, tries, "{call:?} {fault:?}");
}

#[tokio::test]
async fn every_call_succeeds_at_once() {
    assert_every(denied(), Some(0), "ok", 1).await;
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_and_succeeds() {
    for effect in [Effect::Status(500), Effect::Status(503), Effect::Throttle, Effect::Disconnect] {
        assert_every(effect, Some(2), "ok", TRIES).await;
    }
}

#[tokio::test]
async fn what_keeps_failing_is_given_up_as_for_now() {
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect] {
        assert_every(effect, None, "for now", TRIES).await;
    }
}

#[tokio::test]
async fn what_never_answers_times_out_is_tried_again_and_is_for_now() {
    assert_every(Effect::Hang, None, "for now", TRIES).await;
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    assert_every(denied(), None, "for good", 1).await;
}
