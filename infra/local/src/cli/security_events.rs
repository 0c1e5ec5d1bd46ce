//! `security-events`: registers the endpoint for Google's security events, and shows how it is registered.

mod view;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};
use shared::{
    config::BadVariable,
    domain::{
        origin::Origin,
        random::{self, NoRandomness, SystemRandomness},
        time::SystemClock,
    },
};
use url::Url;

use self::view::View;
use super::{options, print};
use crate::security_event_stream::{
    GOOGLE, KeyFileError, Registration, SecurityEventStream, ServiceAccountKey, Status, StreamError,
};

/// The variable that Google's own libraries take a key file from.
const KEY_VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

const EXIT_STATUS: &str = "\
Exit status: 0 if all is as Gmail Connect needs it, 1 if it is not or Google refuses, 2 for a bad option.";

/// Registers this API for Google's security events (Cross-Account Protection), and shows how it is registered.
#[derive(Debug, Args)]
#[command(arg_required_else_help = false, after_help = EXIT_STATUS)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,

    /// JSON key of a service account with the role “RISC Configuration Admin” [default: `$GOOGLE_APPLICATION_CREDENTIALS`]
    #[arg(long, value_name = "FILE", global = true)]
    key: Option<PathBuf>,

    /// Where the stream configuration API is
    #[arg(long, value_name = "URL", global = true, default_value = GOOGLE, value_parser = options::origin)]
    risc_url: Origin,

    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lets Google send every type of security event to this API, and shows what it has on record then
    #[command(after_help = EXIT_STATUS)]
    Register {
        /// The API's base URL, such as `https://mail.example.com`
        #[arg(long, value_name = "URL", value_parser = options::endpoint)]
        url: Url,
    },
    /// Shows what Google has on record, and what differs from what Gmail Connect needs
    #[command(after_help = EXIT_STATUS)]
    Status {
        /// The API's base URL, to see whether the endpoint is its own
        #[arg(long, value_name = "URL", value_parser = options::endpoint)]
        url: Option<Url>,
        /// First let Google send events
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// First let Google send no more events
        #[arg(long)]
        disable: bool,
    },
    /// Asks Google for a verification event, and says where to see it arrive
    #[command(after_help = EXIT_STATUS)]
    Verify,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("give the key of a service account with --key FILE or in {KEY_VARIABLE}")]
    NoKey,
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Http(#[from] BadVariable),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The change was made, and what came of it cannot be read.
    #[error("It is done, but cannot be read back: {0}")]
    ReadBack(StreamError),
}

/// Does what is asked for and prints what came of it.
pub(super) async fn run(arguments: Arguments) -> ExitCode {
    let json = arguments.json;
    let view = match arguments.act().await {
        Ok(view) => view,
        Err(failure) => View::of_failure(&failure),
    };
    if json {
        print(&view.json());
    } else if view.is_failure() {
        eprint!("{}", view.text());
    } else {
        print(&view.text());
    }
    view.exit_code()
}

impl Arguments {
    async fn act(self) -> Result<View, Failure> {
        let file = self.key.or_else(|| std::env::var_os(KEY_VARIABLE).map(PathBuf::from)).ok_or(Failure::NoKey)?;
        let key = ServiceAccountKey::read(&file)?;
        let http = shared::google::http::client()?;
        let stream = SecurityEventStream::new(http, self.risc_url, key, Arc::new(SystemClock));
        match self.action {
            Action::Register { url } => {
                stream.register(&url).await?;
                Ok(shown(read_back(&stream).await?, Some(&url)))
            }
            Action::Status { url, enable, disable } => {
                let registration = match (enable, disable) {
                    (true, _) => changed(&stream, &Status::Enabled).await?,
                    (_, true) => changed(&stream, &Status::Disabled).await?,
                    _ => stream.registration().await?,
                };
                Ok(shown(registration, url.as_ref()))
            }
            Action::Verify => {
                let state = random::token(&SystemRandomness::default())?;
                stream.verify(&state).await?;
                Ok(View::Asked { state })
            }
        }
    }
}

async fn changed(stream: &SecurityEventStream, status: &Status) -> Result<Registration, Failure> {
    stream.set_status(status).await?;
    read_back(stream).await
}

async fn read_back(stream: &SecurityEventStream) -> Result<Registration, Failure> {
    stream.registration().await.map_err(Failure::ReadBack)
}

fn shown(registration: Registration, endpoint: Option<&Url>) -> View {
    let differences = registration.differences(endpoint);
    View::Shown { registration, differences }
}
