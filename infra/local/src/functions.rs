//! The functions that the gateway stands before, built as their own binaries build them.

use std::{sync::Arc, time::Duration};

use authorize_url::AuthorizeUrl;
use callback::Callback;
use connection::ConnectionFunction;
use connection_events::ConnectionEvents;
use list_messages::ListMessages;
use security_events::SecurityEvents;
use shared::{
    config::BadVariable,
    function::{Deadline, Environment, Function},
    records,
};

use crate::event_source::Handler;

/// How long a batch may take.
const BATCH: Duration = Duration::from_secs(29);

/// Builds every function, each from the environment of its name.
///
/// # Errors
/// If a variable is missing or bad.
pub async fn connect(environment: impl Fn(&str) -> Environment) -> Result<Vec<Arc<dyn Function>>, BadVariable> {
    Ok(vec![
        Arc::new(AuthorizeUrl::connect(environment("authorize-url")).await?),
        Arc::new(Callback::connect(environment("callback")).await?),
        Arc::new(ListMessages::connect(environment("list-messages")).await?),
        Arc::new(ConnectionFunction::connect(environment("connection")).await?),
        Arc::new(SecurityEvents::connect(environment("security-events")).await?),
    ])
}

/// Builds the function that the table's stream invokes.
///
/// # Errors
/// If a variable is missing or bad.
pub async fn of_stream(environment: Environment) -> Result<Handler, BadVariable> {
    let function = Arc::new(ConnectionEvents::connect(environment).await?);
    Ok(Arc::new(move |event| {
        let function = function.clone();
        Box::pin(async move { Ok(records::invoke(&*function, &event, Deadline::after(BATCH)).await) })
    }))
}
