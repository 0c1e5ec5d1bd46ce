//! Looks at a deployment or a local set-up from outside, and says of each thing whether it is as it has to be and, if
//! not, what to do about it.
//!
//! Nothing is changed: secrets and descriptions are read, one data key is made and thrown away, and the API gets
//! requests that it refuses.

mod aws_failure;
mod client_secret;
mod configuration;
mod cookies;
mod deployment;
mod event_bus;
mod finding;
mod google;
mod key;
mod secrets;
mod site;
mod stream;
mod table;

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use futures_util::join;
use shared::{
    domain::{origin::Origin, time::Clock},
    function::Lookup,
};
use tokio::time::timeout;

use self::{client_secret::KnownClient, configuration::Configuration, finding::Check};
pub use self::{
    configuration::AWS_VARIABLES,
    finding::{Finding, Status},
};

/// How long one check may take.
const LONGEST: Duration = Duration::from_secs(10);
/// How long one request of a check may take.
const REQUEST: Duration = Duration::from_secs(8);

/// What there is to look at, and with what.
pub struct Inputs {
    /// Where the deployed API is.
    pub url: Option<Origin>,
    /// The file of the web client, to be looked at instead of the secret's value.
    pub client_secret: Option<PathBuf>,
    /// The key file of a service account that may see the stream of security events.
    pub key: Option<PathBuf>,
    /// Where Google's stream configuration API is.
    pub risc: Origin,
    /// The functions' environment.
    pub lookup: Lookup,
    /// The AWS SDK's configuration.
    pub aws: SdkConfig,
    /// HTTP to Google and to the API.
    pub http: reqwest::Client,
    /// The time, which is held against Google's.
    pub clock: Arc<dyn Clock>,
}

/// What the checks go by: the inputs and what the variables say.
struct Setup<'a> {
    inputs: &'a Inputs,
    configuration: Configuration,
}

impl Setup<'_> {
    /// Where browsers reach the API.
    fn origin(&self) -> Option<&Origin> {
        self.inputs.url.as_ref().or(self.configuration.public_origin.as_ref())
    }
}

/// Runs every check. The findings have a fixed order.
pub async fn examine(inputs: &Inputs) -> Vec<Finding> {
    let setup = Setup { inputs, configuration: Configuration::read(&inputs.lookup) };
    let (secrets, file) = Box::pin(secrets::examine(&setup)).await;
    let client = KnownClient::find(&setup, file);
    let (google, table, key, event_bus, deployment, stream) = join!(
        bounded(LONGEST, google::CHECK, Box::pin(google::examine(&setup, &client))),
        bounded(LONGEST, table::CHECK, Box::pin(table::examine(&setup))),
        bounded(LONGEST, key::CHECK, Box::pin(key::examine(&setup))),
        bounded(LONGEST, event_bus::CHECK, Box::pin(event_bus::examine(&setup))),
        bounded(LONGEST, deployment::CHECK, Box::pin(deployment::examine(&setup, &client))),
        bounded(LONGEST, stream::CHECK, Box::pin(stream::examine(&setup))),
    );
    let at_once =
        [setup.configuration.examine(inputs), secrets, client.examine(setup.origin()), cookies::examine(&setup)];
    at_once.into_iter().chain([google, table, key, event_bus, deployment, stream]).flatten().collect()
}

/// A check's findings, or that it took too long.
async fn bounded(longest: Duration, check: Check, findings: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    timeout(longest, findings).await.unwrap_or_else(|_| vec![too_long(check)])
}

fn too_long(check: Check) -> Finding {
    check.problem("There was no answer in time.", "Check the network of this machine, and try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_that_takes_too_long_is_a_problem() {
        let findings = bounded(Duration::from_millis(1), Check("key"), std::future::pending()).await;
        assert_eq!(findings, [too_long(Check("key"))]);
        assert_eq!(too_long(Check("key")).status, Status::Problem);
    }
}
