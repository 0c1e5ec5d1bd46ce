//! Tells the operator's own systems what happened to a connection: as events on an EventBridge bus, from the stream of the
//! table.
//!
//! The write that changes a connection is the outbox: DynamoDB keeps its record for a day, in the order of the writes of
//! each connection, and Lambda delivers it until it is taken. A bus that is down delays no request and loses no event.

mod bus;
mod event;

use async_trait::async_trait;
use shared::{
    config::BadVariable,
    function::{Deadline, Environment},
    records::{Record, RecordsFunction},
};

use self::{bus::EventBus, event::ConnectionEvent};

/// The function.
pub struct ConnectionEvents {
    bus: EventBus,
}

impl ConnectionEvents {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing.
    #[expect(clippy::unused_async, reason = "every function is connected the same way")]
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        let name = environment.variables().required("EVENT_BUS_NAME")?;
        Ok(Self { bus: EventBus::new(&environment.aws, name) })
    }
}

#[async_trait]
impl RecordsFunction for ConnectionEvents {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    async fn take<'a>(&self, records: &'a [Record], deadline: Deadline) -> Option<&'a Record> {
        let events: Vec<_> = records.iter().filter_map(|record| Some((record, ConnectionEvent::of(record)?))).collect();
        for batch in events.chunks(EventBus::MAX_ENTRIES) {
            let put = Box::pin(self.bus.put(batch.iter().map(|(_, event)| event)));
            let told = deadline.bound(put).await.unwrap_or(0);
            if let Some((record, _)) = batch.get(told) {
                return Some(record);
            }
        }
        None
    }
}
