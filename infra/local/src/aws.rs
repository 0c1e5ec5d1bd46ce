//! An embedded AWS on one loopback port: DynamoDB, Secrets Manager and KMS, as far as the functions use them.
//!
//! Everything that it holds is in one database, in memory or in a file. Tests look into it, count its calls, let
//! them fail and stop them before they are executed.

mod connection;
mod dynamodb;
mod error;
mod faults;
pub(crate) mod identifiers;
mod kms;
mod secrets_manager;
mod server;
mod state;

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use dynoxide::Database;
use serde_json::{Value, json};
use shared::{
    aws::clients,
    domain::{random::Random, time::Clock},
};
use tokio::{net::TcpListener, task::JoinHandle};

use self::state::State;
pub use self::{
    error::AwsError,
    faults::{AwsFault, Effect, Faults, Gate},
    kms::Kms,
    secrets_manager::Secrets,
};

/// The region that everything is in.
pub const REGION: &str = "eu-central-1";
/// The account that everything belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The access key of the stack, which opens nothing elsewhere.
pub const ACCESS_KEY_ID: &str = "AKIALOCALSTACK000000";
/// The secret of [`ACCESS_KEY_ID`].
pub const SECRET_ACCESS_KEY: &str = "local-stack-secret-access-key";

/// Where the embedded AWS keeps what it holds, and what it takes time and randomness from.
pub struct Options {
    /// The file of the database; without one, memory.
    pub file: Option<PathBuf>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes keys and names.
    pub random: Arc<dyn Random>,
}

/// Why the embedded AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum AwsStartError {
    /// The file is no database of ours, or cannot be opened.
    #[error("{} cannot be used to keep data in: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The listener is not usable.
    #[error("the embedded AWS cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// The database does not work.
    #[error("the embedded AWS does not work: {0}")]
    Database(#[from] AwsError),
}

/// A running embedded AWS; clones are the same one.
#[derive(Clone)]
pub struct EmbeddedAws(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    database: Database,
    faults: Faults,
    secrets: Secrets,
    kms: Kms,
    random: Arc<dyn Random>,
}

impl EmbeddedAws {
    /// Starts on a listener; the task serves until it is aborted.
    ///
    /// # Errors
    /// If the database cannot be opened or the listener has no address.
    pub fn start(listener: TcpListener, options: Options) -> Result<(Self, JoinHandle<()>), AwsStartError> {
        let address = listener.local_addr()?;
        let database = open(options.file)?;
        let state = State::open(database.clone())?;
        let (clock, random) = (options.clock, options.random);
        let secrets = Secrets { state: state.clone(), clock: clock.clone(), random: random.clone() };
        let kms = Kms { state, clock, random: random.clone() };
        let aws = Self(Arc::new(Inner { address, database, faults: Faults::default(), secrets, kms, random }));
        let server = tokio::spawn(server::serve(aws.clone(), listener));
        Ok((aws, server))
    }

    /// Where it listens, as a URL without a path.
    pub fn endpoint(&self) -> String {
        format!("http://localhost:{}", self.0.address.port())
    }

    /// The AWS SDK's settings for this AWS: endpoint, region, credentials, an HTTP client, and the functions' own time-outs
    /// and retries.
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "local-stack");
        let http_client =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.endpoint())
            .http_client(http_client)
            .region(Region::from_static(REGION))
            .retry_config(clients::retries())
            .timeout_config(clients::timeouts())
            .build()
    }

    /// The same settings as the environment of a process.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let endpoint = self.endpoint();
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Makes the functions' table if it is absent: string key `pk`, TTL attribute `expires_at`.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn create_table(&self, table: &str) -> Result<(), AwsError> {
        dynamodb::create_table(&self.0.database, table)?;
        dynamodb::expire_items(&self.0.database, table)
    }

    /// An item in DynamoDB's JSON, such as `{"pk": {"S": "…"}}`; none if there is none.
    ///
    /// # Errors
    /// If there is no such table.
    pub fn item(&self, table: &str, pk: &str) -> Result<Option<Value>, AwsError> {
        dynamodb::item(&self.0.database, table, pk)
    }

    /// Every item of a table, in DynamoDB's JSON.
    ///
    /// # Errors
    /// If there is no such table.
    pub fn items(&self, table: &str) -> Result<Vec<Value>, AwsError> {
        dynamodb::items(&self.0.database, table)
    }

    /// Puts an item, in DynamoDB's JSON, whatever is there.
    ///
    /// # Errors
    /// If there is no such table, or the item has no `pk`.
    pub fn put_item(&self, table: &str, item: &Value) -> Result<(), AwsError> {
        dynamodb::call(&self.0.database, "PutItem", &json!({"TableName": table, "Item": item})).map(drop)
    }

    /// Deletes an item; one that is not there is deleted already.
    ///
    /// # Errors
    /// If there is no such table.
    pub fn delete_item(&self, table: &str, pk: &str) -> Result<(), AwsError> {
        let request = json!({"TableName": table, "Key": {"pk": {"S": pk}}});
        dynamodb::call(&self.0.database, "DeleteItem", &request).map(drop)
    }

    /// The secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// The keys.
    pub fn kms(&self) -> &Kms {
        &self.0.kms
    }

    /// Faults, gates and counts of calls.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Remembers a text in the stack's own table, beside everything else.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn put_state(&self, name: &str, text: &str) -> Result<(), AwsError> {
        self.0.kms.state.put(&format!("state#{name}"), text)
    }

    /// The text that was remembered under that name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn state(&self, name: &str) -> Result<Option<String>, AwsError> {
        self.0.kms.state.get(&format!("state#{name}"))
    }

    fn database(&self) -> &Database {
        &self.0.database
    }

    fn random(&self) -> &dyn Random {
        &*self.0.random
    }
}

fn open(file: Option<PathBuf>) -> Result<Database, AwsStartError> {
    let Some(file) = file else { return Database::memory().map_err(|error| AwsError::from(error).into()) };
    let opened = prepare(&file).map_err(|error| error.to_string()).and_then(|()| {
        let path = file.to_str().ok_or("its name is not UTF-8")?;
        Database::new(path).map_err(|error| error.to_string())
    });
    opened.map_err(|reason| AwsStartError::File { file, reason })
}

/// Makes the file if it is absent, for its owner's eyes only, and looks whether it is a database.
fn prepare(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut start = Vec::new();
    options.open(file)?.take(16).read_to_end(&mut start)?;
    if start.is_empty() || start == b"SQLite format 3\0" {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it holds something else"))
}
