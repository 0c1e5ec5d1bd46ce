//! Whether the bus is there that is told what happens to connections. EventBridge takes events for one that is not, and
//! drops them without a word.

use aws_sdk_eventbridge::{Client, operation::describe_event_bus::DescribeEventBusError};

use super::{
    Setup,
    aws_failure::Call,
    finding::{Check, Finding},
};

pub(super) const CHECK: Check = Check("event-bus");

const DESCRIBE: Call =
    Call { check: CHECK, action: "events:DescribeEventBus", of: "The bus that EVENT_BUS_NAME names", is_needed: false };

pub(super) async fn examine(setup: &Setup<'_>) -> Vec<Finding> {
    let Some(name) = &setup.configuration.event_bus else {
        let detail = "EVENT_BUS_NAME is not set: nobody is told what happens to connections.";
        return vec![CHECK.skipped(detail, "Set EVENT_BUS_NAME if your systems are to hear of it.")];
    };
    let described = Client::new(&setup.inputs.aws).describe_event_bus().name(name).send().await;
    vec![match described {
        Ok(_) => CHECK.ok("The event bus is there."),
        Err(error) if error.as_service_error().is_some_and(DescribeEventBusError::is_resource_not_found_exception) => {
            CHECK.problem(
                format!("There is no event bus {name}: events for it are lost without a word."),
                "Make the bus, or name the one that is there.",
            )
        }
        Err(error) => DESCRIBE.failed(&error),
    }]
}
