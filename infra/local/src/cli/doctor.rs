//! `doctor`: looks at a deployment or a local set-up from outside.

mod view;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use aws_config::{BehaviorVersion, SdkConfig};
use clap::Args;
use shared::{
    aws::{clients, http},
    config::BadVariable,
    domain::{origin::Origin, time::SystemClock},
};

use super::{options, print};
use crate::{
    doctor::{self, AWS_VARIABLES, Inputs, Status},
    security_event_stream::GOOGLE,
};

const AFTER_HELP: &str = "\
All are optional: what is not given is not looked at, and the answer says what to give.
  From the environment, as the functions have it:
    CLIENT_SECRET_ID, COOKIE_KEY_SECRET_ID, CONNECTIONS_TABLE, TOKEN_KMS_KEY_ID, PUBLIC_BASE_URL,
    ALLOWED_RETURN_ORIGINS, SCOPES, EVENT_BUS_NAME, GOOGLE_…, GMAIL_BASE_URL and AWS_…
  Nothing is changed. At AWS, this needs secretsmanager:GetSecretValue, dynamodb:DescribeTable,
  dynamodb:DescribeTimeToLive, dynamodb:DescribeContinuousBackups, kms:DescribeKey, kms:GenerateDataKey, kms:Decrypt,
  events:DescribeEventBus.

Exit status: 0 if there is no problem (there may be warnings), 1 if there is one, 2 for a bad option.";

/// Looks at a deployment or a local set-up from outside, and says what to do about each problem.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Base URL of the deployed API, such as `https://mail.example.com`
    #[arg(long, value_name = "URL", value_parser = options::origin)]
    url: Option<Origin>,

    /// A web client's `client_secret.json` [default: what the secret `$CLIENT_SECRET_ID` holds]
    #[arg(long, value_name = "FILE")]
    client_secret: Option<PathBuf>,

    /// JSON key of a service account that may see the stream of security events
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Where the stream configuration API is
    #[arg(long, value_name = "URL", default_value = GOOGLE, value_parser = options::origin)]
    risc_url: Origin,

    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Runs every check and prints what they found.
pub(super) async fn run(arguments: Arguments) -> ExitCode {
    let json = arguments.json;
    let inputs = match arguments.inputs().await {
        Ok(inputs) => inputs,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let findings = doctor::examine(&inputs).await;
    print(&if json { view::json(&findings) } else { view::text(&findings) });
    if findings.iter().any(|it| it.status == Status::Problem) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

impl Arguments {
    async fn inputs(self) -> Result<Inputs, BadVariable> {
        Ok(Inputs {
            url: self.url,
            client_secret: self.client_secret,
            key: self.key,
            risc: self.risc_url,
            lookup: Box::new(|name| std::env::var(name).ok()),
            aws: aws().await?,
            http: shared::google::http::client()?,
            clock: Arc::new(SystemClock),
        })
    }
}

/// The SDK's configuration. It is looked for only where it is needed: on a machine that has none, that takes time.
async fn aws() -> Result<SdkConfig, BadVariable> {
    if AWS_VARIABLES.iter().any(|name| std::env::var_os(name).is_some()) {
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http::client()?);
        return Ok(config.timeout_config(clients::timeouts()).retry_config(clients::retries()).load().await);
    }
    Ok(SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build())
}
