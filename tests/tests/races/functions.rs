//! The functions of one instance, as a warm one has them, with patience for calls that stand still.

use std::time::Duration;

use aws_smithy_types::timeout::TimeoutConfig;
use local::google::Decision;
use shared::function::{Deadline, Environment, Function, invoke};
use tests::{
    answer::Answer,
    event::Event,
    world::{NOOR, World, sub},
};

/// Longer than a schedule takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// One instance of the functions that work with connections.
pub(super) struct Functions {
    pub(super) callback: Box<dyn Function>,
    pub(super) connection: Box<dyn Function>,
    pub(super) list_messages: Box<dyn Function>,
    pub(super) security_events: Box<dyn Function>,
}

impl Functions {
    /// An instance that knows what a warm one does.
    pub(super) async fn start(world: &World) -> &'static Self {
        let environment = |function: &str| patient(world.environment(function, &[]));
        let functions = Box::leak(Box::new(Self {
            callback: Box::new(callback::Callback::connect(environment("callback")).await.unwrap()),
            connection: Box::new(connection::ConnectionFunction::connect(environment("connection")).await.unwrap()),
            list_messages: Box::new(list_messages::ListMessages::connect(environment("list-messages")).await.unwrap()),
            security_events: Box::new(
                security_events::SecurityEvents::connect(environment("security-events")).await.unwrap(),
            ),
        }));
        // The key of the token index is at hand from here on.
        let answer = perform(&*functions.callback, returned(world, NOOR, NOOR).await).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        functions
    }
}

/// The same environment, in which a call may stand still for a while.
fn patient(environment: Environment) -> Environment {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE).build();
    let aws = environment.aws.to_builder().timeout_config(timeouts).build();
    Environment { aws, ..environment }
}

/// What the browser of one account is sent back with, at which another one, or the same, has consented.
pub(super) async fn returned(world: &World, browser: &str, account: &str) -> Event {
    let visitor = world.visitor().accepting("application/json");
    let url = visitor.begin(&format!("prompt=consent&login_hint={}", sub(browser))).await;
    visitor.event(&world.consent(&url, &Decision::all(account)))
}

/// What a function answers.
pub(super) async fn perform(function: &dyn Function, event: Event) -> Answer {
    let response = invoke(function, &event.json().to_string(), Deadline::after(PATIENCE)).await;
    Answer::read(serde_json::to_value(response).unwrap()).unwrap()
}
