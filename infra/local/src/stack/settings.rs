//! How to run the stack, and why it may not start.

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use shared::{
    config::BadVariable,
    domain::{
        random::{NoRandomness, Random, SystemRandomness},
        time::{Clock, SystemClock},
    },
};

use super::{ClientSecretError, Fault};
use crate::{
    aws::{AwsError, AwsStartError},
    google::{Account, InvalidKey},
};

/// How to run the stack. The default is what tests want: free ports, memory, the machine's clock and randomness.
pub struct Settings {
    /// The gateway's port; 0 is any that is free.
    pub port: u16,
    /// The embedded AWS's port; 0 is any that is free.
    pub aws_port: u16,
    /// The emulated Google's port; 0 is any that is free.
    pub google_port: u16,
    /// The file to keep data in; without one, memory.
    pub data: Option<PathBuf>,
    /// The emulated Google's accounts.
    pub accounts: Vec<Account>,
    /// The quota units of each Gmail user and minute, at the emulated Google and for the functions; without a number, Google's
    /// present one.
    pub gmail_quota: Option<u64>,
    /// Whether the application is «External» and «Testing» at the emulated Google: refresh tokens live 7 days.
    pub testing: bool,
    /// The file of a web client, to use the real Google.
    pub client_secret: Option<PathBuf>,
    /// Whether the functions and the gateway run elsewhere; then `port` is theirs.
    pub emulators_only: bool,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
    /// More of the functions' environment, which goes before the stack's own.
    pub variables: BTreeMap<String, String>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes keys, ids and names.
    pub random: Arc<dyn Random>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            aws_port: 0,
            google_port: 0,
            data: None,
            accounts: Account::samples(250),
            gmail_quota: None,
            testing: false,
            client_secret: None,
            emulators_only: false,
            faults: Vec::new(),
            variables: BTreeMap::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness::default()),
        }
    }
}

/// Why the stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A port cannot be listened on.
    #[error("port {port} cannot be used: {reason}; choose another with {option}")]
    Port {
        /// The port.
        port: u16,
        /// The option that chooses it.
        option: &'static str,
        /// What the system says.
        reason: io::Error,
    },
    /// The client's file is not usable.
    #[error(transparent)]
    ClientSecret(#[from] ClientSecretError),
    /// The embedded AWS did not start.
    #[error(transparent)]
    AwsStart(#[from] AwsStartError),
    /// The embedded AWS did not take what it holds at start.
    #[error("the embedded AWS does not work: {0}")]
    Aws(#[from] AwsError),
    /// A function did not start.
    #[error(transparent)]
    Function(#[from] BadVariable),
    /// The emulated Google did not start.
    #[error(transparent)]
    Google(#[from] InvalidKey),
    /// A fault of the emulated Google was asked for, and there is none.
    #[error("the real Google takes no faults: with --client-secret only those of AWS can be had")]
    RealGoogle,
    /// The file holds tokens that the emulated Google cannot read.
    #[error("the data file was written by another version; name another file with --data")]
    Snapshot,
    /// The machine has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}
