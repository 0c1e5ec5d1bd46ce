//! The functions of one deployment, each connected once, as one warm instance of each.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use local::aws::in_role_of;
use shared::{
    config::BadVariable,
    domain::{random::Random, time::Clock},
    function::{Deadline, Environment, Function, invoke},
    http::route::{Route, matching},
};

use crate::{PATIENCE, answer::Answer, event::Event, soundness::assert_kept};

/// What functions are connected with.
pub(super) struct Surroundings {
    pub(super) aws: SdkConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl Surroundings {
    /// A function's environment: what all are told, and the credentials of its own role.
    pub(super) fn environment(&self, function: &str, variables: &BTreeMap<String, String>) -> Environment {
        let variables = variables.clone();
        Environment {
            lookup: Box::new(move |name| variables.get(name).cloned()),
            aws: in_role_of(function, &self.aws),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }
}

/// One instance of every function.
pub struct Instance {
    functions: Vec<Box<dyn Function>>,
}

impl Instance {
    /// Connects every function.
    pub(super) async fn connect(
        surroundings: &Surroundings,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, BadVariable> {
        let environment = |function: &str| surroundings.environment(function, variables);
        Ok(Self {
            functions: vec![
                Box::new(authorize_url::AuthorizeUrl::connect(environment("authorize-url")).await?),
                Box::new(callback::Callback::connect(environment("callback")).await?),
                Box::new(list_messages::ListMessages::connect(environment("list-messages")).await?),
                Box::new(connection::ConnectionFunction::connect(environment("connection")).await?),
                Box::new(security_events::SecurityEvents::connect(environment("security-events")).await?),
            ],
        })
    }

    /// How many functions there are.
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Every route, with the name of the function that has it.
    pub fn routes(&self) -> impl Iterator<Item = (&'static str, &'static Route)> {
        self.functions.iter().flat_map(|function| function.routes().iter().map(|route| (function.name(), route)))
    }

    /// The answer of the function that has the event's route.
    ///
    /// # Panics
    /// If no function has it, or the answer is not as every answer must be.
    pub async fn send(&self, event: &Event) -> Answer {
        self.send_within(event, PATIENCE).await
    }

    /// The answer of the function that has the event's route, which has that long for it.
    ///
    /// # Panics
    /// If no function has it, or the answer is not as every answer must be.
    pub async fn send_within(&self, event: &Event, time_limit: Duration) -> Answer {
        let json = event.json();
        let http = &json["requestContext"]["http"];
        let (method, path) = (http["method"].as_str().unwrap(), http["path"].as_str().unwrap());
        let function = self.functions.iter().find(|function| matching(function.routes(), method, path).is_some());
        take(&**function.unwrap(), &json.to_string(), time_limit).await
    }

    /// The answer of the function of that name to any text at all.
    ///
    /// # Panics
    /// If there is no such function, or the answer is not as every answer must be.
    pub async fn send_raw(&self, function: &str, event: &str) -> Answer {
        let function = self.functions.iter().find(|candidate| candidate.name() == function).unwrap();
        take(&**function, event, PATIENCE).await
    }
}

async fn take(function: &dyn Function, event: &str, time_limit: Duration) -> Answer {
    let response = invoke(function, event, Deadline::after(time_limit)).await;
    let answer = Answer::read(serde_json::to_value(response).unwrap()).unwrap();
    assert_kept(function.name(), event, &answer);
    answer
}
