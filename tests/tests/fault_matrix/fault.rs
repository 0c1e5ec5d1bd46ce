//! The faults: what can become of a call.

use std::{io, time::Duration};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    call::host_of,
    relay::{Journal, with_length},
};

/// More than anything reads of one answer.
const WITHOUT_END: usize = 256 * 1024 * 1024;
/// How a part begins that is a success.
const SUCCESS: &str = "HTTP/1.1 200 OK";
/// How long a slow answer takes for each of its bytes.
const DRIP: Duration = Duration::from_millis(200);

/// What becomes of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// Nobody listens there.
    Refused,
    /// The connection is reset as soon as it is there, before anything of a request is read.
    TurnedAway,
    /// The name leads nowhere.
    NoSuchName,
    /// TLS does not come about.
    NoTls,
    /// The connection is reset before there is an answer; the request has no effect.
    ResetBefore,
    /// The connection is reset within the answer; the request has its effect.
    ResetWithin,
    /// There is no answer, ever.
    Hang,
    /// The answer comes so slowly that it never ends.
    Drip,
    /// An answer with that status and what `Retry-After` says.
    Status(u16, Option<u32>),
    /// The answer breaks off; the request has its effect.
    Truncated,
    /// An answer that is no JSON; the request has its effect.
    Malformed,
    /// A page of somebody else's, as from a portal that stands in the way.
    Page,
    /// The right answer, under a wrong content type.
    WrongType,
    /// An answer that does not end.
    Enormous,
    /// An error of AWS's.
    Aws(&'static str),
    /// One part of an answer in parts has this in place of its success.
    Part(&'static str),
}

/// How often a function is told to try it again, which is sooner than it may give up.
const SOON: u32 = 1;
/// Longer than any request may last.
const LATE: u32 = 3_600;

impl Fault {
    /// What can become of any call.
    pub(super) const ANY: [Self; 18] = [
        Self::TurnedAway,
        Self::ResetBefore,
        Self::ResetWithin,
        Self::Hang,
        Self::Drip,
        Self::Status(408, None),
        Self::Status(429, None),
        Self::Status(429, Some(SOON)),
        Self::Status(429, Some(LATE)),
        Self::Status(500, None),
        Self::Status(502, None),
        Self::Status(503, None),
        Self::Status(503, Some(LATE)),
        Self::Truncated,
        Self::Malformed,
        Self::Page,
        Self::WrongType,
        Self::Enormous,
    ];

    /// What becomes of all calls to a host.
    pub(super) const OF_HOST: [Self; 3] = [Self::Refused, Self::NoSuchName, Self::NoTls];

    /// What else can become of the calls in a batch.
    pub(super) const OF_PARTS: [Self; 5] = [
        Self::Part("HTTP/1.1 404 Not Found"),
        Self::Part("HTTP/1.1 429 Too Many Requests"),
        Self::Part("HTTP/1.1 500 Internal Server Error"),
        Self::Part("HTTP/1.1 503 Service Unavailable"),
        Self::Part("nothing that anyone understands"),
    ];

    /// What the services of AWS say besides.
    pub(super) fn of_aws(host: &str) -> &'static [Self] {
        match host {
            "DynamoDB" => &[
                Self::Aws("AccessDeniedException"),
                Self::Aws("ConditionalCheckFailedException"),
                Self::Aws("ExpiredTokenException"),
                Self::Aws("ProvisionedThroughputExceededException"),
                Self::Aws("ResourceNotFoundException"),
                Self::Aws("TransactionConflictException"),
            ],
            "KMS" => &[
                Self::Aws("AccessDeniedException"),
                Self::Aws("DisabledException"),
                Self::Aws("ExpiredTokenException"),
                Self::Aws("KMSInternalException"),
                Self::Aws("ThrottlingException"),
            ],
            "SecretsManager" | "EventBridge" => &[
                Self::Aws("AccessDeniedException"),
                Self::Aws("ExpiredTokenException"),
                Self::Aws("ThrottlingException"),
            ],
            _ => &[],
        }
    }

    /// Whether it can become of a call: AWS never says when to come again, and only writes have conditions.
    pub(super) fn is_of(&self, call: &str) -> bool {
        match self {
            Self::Status(_, Some(_)) => Self::of_aws(host_of(call)).is_empty(),
            Self::Part(_) => call == "Gmail.batch",
            Self::Aws("ConditionalCheckFailedException" | "TransactionConflictException") => {
                !call.contains("Get") && !call.contains("Query")
            }
            _ => true,
        }
    }

    /// Whether whoever is asked wants to be left alone for longer than there is time.
    pub(super) fn wants_a_long_rest(&self) -> bool {
        matches!(self, Self::Status(_, Some(LATE)))
    }

    /// Whether it is there for as long as it is, and cannot strike once.
    pub(super) fn only_lasts(&self) -> bool {
        *self == Self::TurnedAway || Self::OF_HOST.contains(self)
    }

    /// Does to the connection of a call what it is; `forwarded` carries the request out, and gives the right answer. When the
    /// connection is dropped after that, it is reset where that is the fault, and closed otherwise.
    pub(super) async fn strike(
        &self,
        call: &str,
        client: &mut TcpStream,
        journal: &Journal,
        forwarded: impl AsyncFnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        match self {
            Self::Refused | Self::TurnedAway | Self::NoSuchName | Self::NoTls | Self::ResetBefore => {
                client.set_zero_linger()
            }
            Self::ResetWithin => {
                let answer = forwarded().await?;
                client.write_all(&answer[..answer.len() / 2]).await?;
                client.set_zero_linger()
            }
            Self::Hang => std::future::pending().await,
            Self::Drip => drip(client, &forwarded().await?).await,
            Self::Status(status, retry_after) => client.write_all(refusal(*status, *retry_after).as_bytes()).await,
            Self::Truncated => {
                let answer = forwarded().await?;
                client.write_all(&answer[..answer.len() - 3]).await
            }
            Self::Malformed => {
                forwarded().await?;
                client.write_all(answer("200 OK", "application/json", "{\"messages\":[{").as_bytes()).await
            }
            Self::Page => client.write_all(answer("200 OK", "text/html", "<html>Sign in</html>").as_bytes()).await,
            Self::WrongType => client.write_all(&with_type(&forwarded().await?)).await,
            Self::Enormous => without_end(client, journal).await,
            Self::Part(instead) => {
                let answer = forwarded().await?;
                client.write_all(&with_part(&String::from_utf8_lossy(&answer), instead)).await
            }
            Self::Aws(code) => {
                let body = error(call, code);
                client.write_all(answer("400 Bad Request", "application/x-amz-json-1.1", &body).as_bytes()).await
            }
        }
    }
}

/// An error as AWS writes it. A transaction is cancelled for what another write would fail with.
fn error(call: &str, code: &str) -> String {
    let reason = match code {
        "ConditionalCheckFailedException" => "ConditionalCheckFailed",
        "TransactionConflictException" => "TransactionConflict",
        _ => return format!("{{\"__type\":\"{code}\",\"message\":\"This was asked for.\"}}"),
    };
    if call.starts_with("DynamoDB.TransactWriteItems") {
        return format!(
            "{{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\",\"Message\":\"Cancelled.\",\
             \"CancellationReasons\":[{{\"Code\":\"{reason}\"}},{{\"Code\":\"None\"}}]}}"
        );
    }
    format!("{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{code}\",\"message\":\"This was asked for.\"}}")
}

/// The answer under another content type.
fn with_type(answer: &[u8]) -> Vec<u8> {
    let answer = String::from_utf8_lossy(answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-type:"));
    let head: Vec<_> = kept.chain(["content-type: text/html"]).collect();
    with_length(&format!("{}\r\n\r\n{body}", head.join("\r\n")))
}

/// The answer, whose first part has that in place of its success.
fn with_part(answer: &str, instead: &str) -> Vec<u8> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains(SUCCESS), "{answer}");
    with_length(&format!("{head}\r\n\r\n{}", body.replacen(SUCCESS, instead, 1)))
}

fn answer(status: &str, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn refusal(status: u16, retry_after: Option<u32>) -> String {
    let retry_after = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    format!("HTTP/1.1 {status} Not Now\r\n{retry_after}content-length: 0\r\nconnection: close\r\n\r\n")
}

async fn drip(client: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    for byte in answer {
        client.write_all(&[*byte]).await?;
        tokio::time::sleep(DRIP).await;
    }
    Ok(())
}

/// Sends until nobody takes any more.
async fn without_end(client: &mut TcpStream, journal: &Journal) -> io::Result<()> {
    client
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"messages\":[")
        .await?;
    let (piece, mut sent) = (vec![b' '; 64 * 1024], 0);
    while sent < WITHOUT_END {
        client.write_all(&piece).await?;
        sent += piece.len();
        journal.swallow(sent);
    }
    Ok(())
}
