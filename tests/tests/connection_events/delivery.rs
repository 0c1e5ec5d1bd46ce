//! The stream of a world's table, and the function that takes it to a bus.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use connection_events::ConnectionEvents;
use local::{
    aws::{BusEvent, in_role_of},
    event_source::{EventSource, Handler},
};
use serde_json::Value;
use shared::{
    config::BadVariable,
    function::{Deadline, Environment},
    records::invoke,
};
use tests::{
    PATIENCE,
    world::{TABLE, World},
};
use tokio::time::timeout;

pub(super) const BUS: &str = "connections";

/// Longer than a bus that works again is waited for.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// A process of the function and the event source that invokes it.
pub(super) struct Delivery {
    source: EventSource,
    answers: Arc<Mutex<Vec<String>>>,
}

/// An environment in which a call that gets no answer is given up soon.
pub(super) fn environment(world: &World, bus: Option<&'static str>) -> Environment {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(200)).build();
    let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1));
    let aws = in_role_of("connection-events", &world.aws.sdk_config());
    let aws = aws.into_builder().timeout_config(timeouts).retry_config(retries).build();
    let variables = bus.map(|bus| ("EVENT_BUS_NAME".to_owned(), bus.to_owned())).into_iter().collect();
    world.aws.roles().deploy(&variables);
    let lookup = move |name: &str| bus.filter(|_| name == "EVENT_BUS_NAME").map(str::to_owned);
    Environment { lookup: Box::new(lookup), aws, clock: world.clock.clone(), random: world.random.clone() }
}

/// The function, connected.
pub(super) async fn function(world: &World) -> Result<ConnectionEvents, BadVariable> {
    ConnectionEvents::connect(environment(world, Some(BUS))).await
}

impl Delivery {
    /// Begins where the one before stopped.
    pub(super) async fn start(world: &World) -> Self {
        let function = Arc::new(function(world).await.unwrap());
        let answers = Arc::new(Mutex::new(Vec::new()));
        let kept = answers.clone();
        let handler: Handler = Arc::new(move |event: String| {
            let (function, kept) = (function.clone(), kept.clone());
            Box::pin(async move {
                let answer = invoke(&*function, &event, Deadline::after(PATIENCE)).await;
                kept.lock().unwrap().push(answer.clone());
                Ok(answer)
            })
        });
        let source = EventSource::start(world.aws.clone(), TABLE, handler);
        Self { source: source.unwrap(), answers }
    }

    /// Waits until everything that was written is on the bus.
    pub(super) async fn finished(&self) {
        timeout(SOON, self.source.drained()).await.unwrap();
    }

    /// What the function answered so far.
    pub(super) fn answers(&self) -> Vec<String> {
        self.answers.lock().unwrap().clone()
    }
}

/// The events on the bus.
pub(super) fn events(world: &World) -> Vec<BusEvent> {
    world.aws.event_bus().events(BUS)
}

/// What happened, in the order of arrival, without repeats.
pub(super) fn told(world: &World) -> Vec<(String, Value)> {
    let mut told: Vec<(String, Value)> = Vec::new();
    for event in events(world) {
        let known = told.iter().any(|(_, detail)| detail["event_id"] == event.detail["event_id"]);
        if !known {
            told.push((event.detail_type, event.detail));
        }
    }
    told
}

/// The types of what happened, in the order of arrival, without repeats.
pub(super) fn types(world: &World) -> Vec<String> {
    let words = told(world).into_iter();
    words.map(|(kind, _)| kind.strip_prefix("Connection ").unwrap().to_owned()).collect()
}

/// A world with a bus.
pub(super) async fn world() -> World {
    let world = World::start().await;
    world.aws.event_bus().create(BUS);
    world
}
