//! An embedded AWS on one loopback port: DynamoDB with its streams, Secrets Manager, KMS and EventBridge, as far as the
//! functions use them.
//!
//! Everything that it holds is in one database, in memory or in a file. Tests look into it, count its calls, let
//! them fail and stop them before they are executed.

mod access;
mod arn;
mod connection;
mod crash;
mod database;
mod dynamodb;
mod error;
mod event_bus;
mod faults;
pub(crate) mod identifiers;
mod kms;
pub mod permissions;
mod roles;
mod secrets_manager;
mod server;
mod state;
mod streams;
mod table;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use dynoxide::{Database, actions::get_records::Record};
use serde_json::{Value, json};
use shared::domain::{random::Random, time::Clock};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use self::{
    access::in_role_of,
    crash::{CrashPoint, When},
    database::AwsStartError,
    error::AwsError,
    event_bus::{BusEvent, EventBus, FailedEntries},
    faults::{AwsFault, Effect, Faults, Gate},
    kms::Kms,
    roles::{Roles, Use, access_key_id},
    secrets_manager::Secrets,
};
pub(crate) use self::{roles::Caller, streams::is_change};
use self::{roles::Need, server::Service, state::State};

/// The region that everything is in.
pub const REGION: &str = "eu-central-1";
/// The account that everything belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The access key of the stack, which opens nothing elsewhere and everything here.
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

/// A running embedded AWS; clones are the same one.
#[derive(Clone)]
pub struct EmbeddedAws(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    database: Database,
    faults: Faults,
    secrets: Secrets,
    kms: Kms,
    event_bus: EventBus,
    roles: Roles,
    random: Arc<dyn Random>,
    writes: watch::Sender<()>,
}

impl EmbeddedAws {
    /// Starts on a listener; the task serves until it is aborted.
    ///
    /// # Errors
    /// If the database cannot be opened or the listener has no address.
    pub fn start(listener: TcpListener, options: Options) -> Result<(Self, JoinHandle<()>), AwsStartError> {
        let address = listener.local_addr()?;
        let database = database::open(options.file)?;
        let state = State::open(database.clone())?;
        let (clock, random) = (options.clock, options.random);
        let secrets = Secrets { state: state.clone(), clock: clock.clone(), random: random.clone() };
        let kms = Kms { state, clock: clock.clone(), random: random.clone() };
        let event_bus = EventBus::new(clock, random.clone());
        let (faults, roles, writes) = (Faults::default(), Roles::default(), watch::Sender::new(()));
        let aws = Self(Arc::new(Inner { address, database, faults, secrets, kms, event_bus, roles, random, writes }));
        let server = tokio::spawn(server::serve(aws.clone(), listener));
        Ok((aws, server))
    }

    /// Where it listens, as a URL without a path.
    pub fn endpoint(&self) -> String {
        format!("http://localhost:{}", self.0.address.port())
    }

    /// Makes the functions' table, with its index, its stream and its TTL attribute, or gives a table that is there
    /// what it lacks.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn create_table(&self, table: &str) -> Result<(), AwsError> {
        table::create(&self.0.database, table)
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
        self.dynamodb("PutItem", &json!({"TableName": table, "Item": item})).map(drop)
    }

    /// Deletes an item; one that is not there is deleted already.
    ///
    /// # Errors
    /// If there is no such table.
    pub fn delete_item(&self, table: &str, pk: &str) -> Result<(), AwsError> {
        let request = json!({"TableName": table, "Key": {"pk": {"S": pk}}});
        self.dynamodb("DeleteItem", &request).map(drop)
    }

    /// The secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// The keys.
    pub fn kms(&self) -> &Kms {
        &self.0.kms
    }

    /// The event buses.
    pub fn event_bus(&self) -> &EventBus {
        &self.0.event_bus
    }

    /// The roles of the functions.
    pub fn roles(&self) -> &Roles {
        &self.0.roles
    }

    /// Faults, gates, crash points and counts of calls.
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

    /// The records of a table's stream after that sequence number, or from its beginning, oldest first.
    pub(crate) fn stream_records(&self, table: &str, after: Option<&str>) -> Result<Vec<Record>, AwsError> {
        streams::records(&self.0.database, table, after)
    }

    /// The sequence number of the newest record of a table's stream; none if it has none yet.
    pub(crate) fn stream_end(&self, table: &str) -> Result<Option<String>, AwsError> {
        streams::end(&self.0.database, table)
    }

    /// Whether Lambda may read a table's stream in that caller's name.
    pub(crate) fn check_reader(&self, caller: Caller, table: &str) -> Result<(), AwsError> {
        let needs = Need::to_read_stream(&self.roles().deployed(), table);
        self.roles().check(caller, &needs).map_err(|refusal| Service::DynamoDbStreams.denied(&refusal))
    }

    /// The ARN of a table's stream.
    pub(crate) fn stream_arn(&self, table: &str) -> Result<String, AwsError> {
        streams::arn(&self.0.database, table)
    }

    /// Changes whenever something may have been written to DynamoDB.
    pub(crate) fn writes(&self) -> watch::Receiver<()> {
        self.0.writes.subscribe()
    }

    /// Runs one operation of DynamoDB, and tells of it if it writes.
    fn dynamodb(&self, operation: &str, request: &Value) -> Result<Value, AwsError> {
        let outcome = dynamodb::call(&self.0.database, operation, request);
        if dynamodb::is_write(operation) {
            self.0.writes.send_replace(());
        }
        outcome
    }

    fn database(&self) -> &Database {
        &self.0.database
    }

    fn random(&self) -> &dyn Random {
        &*self.0.random
    }
}
