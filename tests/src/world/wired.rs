//! A world whose functions reach AWS and Google by wires.

use futures_util::future::join;
use shared::{aws::http as aws_http, function::Environment};

use super::{CLIENT_ID, CLIENT_SECRET_ID, Settings, World};
use crate::{
    runtime_api::FunctionProcess,
    wire::{Cut, Wire},
};

/// A world, and the wires to its AWS and its Google; the world's own instance does not use them.
pub struct Wired {
    /// The world.
    pub world: World,
    /// The wire to AWS.
    pub aws: Wire,
    /// The wire to Google.
    pub google: Wire,
}

impl World {
    /// The functions' variables, by wires to AWS and to Google.
    pub fn variables_by(&self, aws: &Wire, google: &Wire) -> Vec<(&str, String)> {
        let (own_aws, own_google) = (self.aws.endpoint(), self.google.origin());
        let by_wire = |value: &str| value.replace(&*own_aws, aws.origin()).replace(own_google, google.origin());
        self.variables().iter().map(|(name, value)| (name.as_str(), by_wire(value))).collect()
    }
}

impl Wired {
    /// A world as most tests want it.
    pub async fn start() -> Self {
        let world = Settings::default().start().await;
        let (aws, google) = join(Wire::recorded(&world.aws.endpoint()), Wire::recorded(world.google.origin())).await;
        let wired = Self { world, aws, google };
        wired.put_client_secret();
        wired
    }

    /// Puts the client's file, as it is now at Google, into Secrets Manager, with a token endpoint that is by the wire.
    pub fn put_client_secret(&self) {
        let mut file = self.world.google.client_secret_file(CLIENT_ID).unwrap();
        file["web"]["token_uri"] = format!("{}/token", self.google.origin()).into();
        self.world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
    }

    /// The functions' variables, by the wires.
    pub fn variables(&self) -> Vec<(&str, String)> {
        self.world.variables_by(&self.aws, &self.google)
    }

    /// A function's own process, with variables over those of the world.
    pub async fn process(&self, function: &str, variables: &[(&str, &str)]) -> FunctionProcess {
        let own = self.variables();
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        self.world.process(function, &own.chain(variables.iter().copied()).collect::<Vec<_>>()).await
    }

    /// The environment of a function in this process, where time can pass; with the HTTP client of a process of its own.
    pub fn environment(&self, function: &str) -> Environment {
        let variables = self.variables();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let environment = self.world.environment(function, &variables);
        let aws =
            environment.aws.into_builder().endpoint_url(self.aws.origin()).http_client(aws_http::client().unwrap());
        Environment { aws: aws.build(), ..environment }
    }

    /// Ends every connection that there is.
    pub async fn cut(&self, cut: Cut) {
        join(self.aws.cut(cut), self.google.cut(cut)).await;
    }
}
