//! How long the emulated services take, and what of it nothing can avoid.

use std::time::Duration;

use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Effect, Endpoint, Fault},
};
use tests::world::World;

/// What Google takes to answer, in milliseconds.
const GOOGLE: [(Endpoint, u64); 6] = [
    (Endpoint::Token, TOKEN),
    (Endpoint::Certs, 20),
    (Endpoint::UserInfo, 40),
    (Endpoint::List, LIST),
    (Endpoint::Batch, BATCH),
    (Endpoint::BatchPart, PART),
];
/// What AWS takes to answer, in milliseconds.
const AWS: [(&str, u64); 3] = [("DynamoDB", DYNAMODB), ("SecretsManager", SECRETS_MANAGER), ("KMS", KMS)];

pub(crate) const TOKEN: u64 = 80;
pub(crate) const LIST: u64 = 60;
pub(crate) const BATCH: u64 = 40;
pub(crate) const PART: u64 = 1;
pub(crate) const DYNAMODB: u64 = 4;
pub(crate) const SECRETS_MANAGER: u64 = 8;
pub(crate) const KMS: u64 = 6;

/// How long the services take.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Waits {
    /// As long as their emulators work.
    None,
    /// About as long as they do in reality.
    Realistic,
}

impl Waits {
    /// Makes a world's services take that long.
    pub(crate) fn set(self, world: &World) {
        if self == Self::None {
            return;
        }
        for (endpoint, millis) in GOOGLE {
            let effect = Effect::Delay(Duration::from_millis(millis));
            world.google.faults().inject(endpoint, Fault { times: None, effect });
        }
        for (service, millis) in AWS {
            let effect = AwsEffect::Delay(Duration::from_millis(millis));
            world.aws.faults().fail(service, AwsFault::always(effect));
        }
    }
}

/// The waits that no function could do without, one after the other, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Of a cold start with its first invocation.
    pub(crate) cold: u64,
    /// Of an invocation after that.
    pub(crate) warm: u64,
}

impl Limit {
    /// Those of an instance that has its secrets, and those that a cold start adds.
    pub(crate) const fn of(warm: u64, cold_adds: u64) -> Self {
        Self { cold: warm + cold_adds, warm }
    }
}
